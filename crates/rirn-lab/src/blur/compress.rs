// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a camera's compression leaves of its pictures: JPEG here, H.264 through ffmpeg.
//!
//! Both take and give frames `[frames, size, size, 3]`. JPEG is the image crate's; its result is the
//! same everywhere. That of H.264 depends on the ffmpeg that is installed.

use super::program::{ProgramError, Stop, with_output};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageFormat};
use rand::Rng;
use std::io::Read;

/// The program that compresses to H.264.
const FFMPEG: &str = "ffmpeg";

/// Why frames could not be compressed.
#[derive(Debug, thiserror::Error)]
pub enum CompressError {
    /// By the JPEG coder.
    #[error("jpeg: {0}")]
    Jpeg(#[from] image::ImageError),
    /// By ffmpeg.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The output could not be read.
    #[error("reading from ffmpeg: {0}")]
    Read(#[from] std::io::Error),
    /// More or fewer frames than went in.
    #[error("h.264 gave {found} bytes of frames, expected {expected}")]
    Length {
        /// Bytes that came back.
        found: usize,
        /// Bytes that went in.
        expected: usize,
    },
}

/// Compresses each frame of `size` x `size` pixels at `quality` (1 to 100) and opens it again.
///
/// # Errors
/// [`CompressError::Jpeg`] where the coder refuses, such as sizes above 65535.
pub fn jpeg(frames: &mut [u8], size: usize, quality: u8) -> Result<(), CompressError> {
    let side = u32::try_from(size).unwrap_or(u32::MAX);
    let mut file = Vec::new();
    for frame in frames.chunks_exact_mut(size * size * 3) {
        file.clear();
        JpegEncoder::new_with_quality(&mut file, quality).encode(
            frame,
            side,
            side,
            ExtendedColorType::Rgb8,
        )?;
        let opened = image::load_from_memory_with_format(&file, ImageFormat::Jpeg)?;
        frame.copy_from_slice(opened.to_rgb8().as_raw());
    }
    Ok(())
}

/// H.264 at a constant quality, in the way of a camera: no frames from the future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct H264 {
    /// x264's constant rate factor: 18 is hardly visible, 36 very.
    pub factor: u8,
    /// Frames from one key frame to the next.
    pub key: u8,
}

impl H264 {
    /// A factor from 20 to 34, mostly a key frame only at the start.
    pub fn random(random: &mut impl Rng) -> Self {
        Self {
            factor: random.random_range(20..=34),
            key: random.random_range(4..=30),
        }
    }

    /// Compresses `frames` of `size` x `size` pixels, `size` even, and opens them again.
    ///
    /// # Errors
    /// [`CompressError`] where ffmpeg is missing, lacks libx264 or fails.
    pub fn apply(&self, frames: &mut [u8], size: usize) -> Result<(), CompressError> {
        let (size, factor, key) = (
            format!("{size}x{size}"),
            self.factor.to_string(),
            self.key.to_string(),
        );
        let raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"];
        let mut encode = vec!["-v", "error"];
        encode.extend(raw);
        encode.extend(["-s", &size, "-r", "25", "-i", "-", "-c:v", "libx264"]);
        encode.extend(["-preset", "veryfast", "-bf", "0", "-threads", "1"]);
        encode.extend(["-crf", &factor, "-g", &key, "-pix_fmt", "yuv420p"]);
        encode.extend(["-sws_flags", EXACT, "-f", "h264", "-"]);
        let stream = run(&encode, frames)?;
        let mut decode = vec!["-v", "error", "-threads", "1", "-f", "h264", "-i", "-"];
        decode.extend(["-sws_flags", EXACT, "-fps_mode", "passthrough"]);
        decode.extend(raw);
        decode.push("-");
        let opened = run(&decode, &stream)?;
        let (found, expected) = (opened.len(), frames.len());
        if found != expected {
            return Err(CompressError::Length { found, expected });
        }
        frames.copy_from_slice(&opened);
        Ok(())
    }
}

/// Conversion of colours without shortcuts that differ from machine to machine.
const EXACT: &str = "bicubic+accurate_rnd+full_chroma_int+bitexact";

fn run(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, CompressError> {
    with_output(FFMPEG, arguments, input, |output| {
        let mut bytes = Vec::new();
        output.read_to_end(&mut bytes)?;
        Ok((bytes, Stop::AtEnd))
    })
}
