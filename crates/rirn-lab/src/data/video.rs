// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames of a video file, decoded by ffmpeg or else by GStreamer as a subprocess.
//!
//! Both are asked for uncompressed PNG pictures one after the other on their standard output: those
//! carry their size. The program is ended as soon as there are enough frames.

use super::error::DataError;
use crate::blur::{ProgramError, Stop, is_installed, reduce, with_output};
use image::{ImageFormat, RgbImage};
use std::io::Read;
use std::path::Path;

/// The longer side that frames are reduced to by area: the truth is then sharp at the pixel, and
/// motion between frames is shorter.
const LONGEST: u32 = 960;
/// Largest part of a PNG file that is believed, in bytes.
const LARGEST_CHUNK: usize = 1 << 28;
/// How PNG files begin.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// A program that decodes video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoder {
    /// `ffmpeg`.
    Ffmpeg,
    /// `gst-launch-1.0`.
    GstLaunch,
}

impl Decoder {
    /// The first of `programs` that is installed: names, by default `ffmpeg` and `gst-launch-1.0`.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming `videos` where none is.
    pub fn find(programs: [&str; 2]) -> Result<Self, DataError> {
        let found = programs.iter().position(|program| is_installed(program));
        match found {
            Some(0) => Ok(Self::Ffmpeg),
            Some(_) => Ok(Self::GstLaunch),
            None => Err(DataError::Setting {
                name: "videos",
                reason: format!(
                    "neither {} nor {} is installed, expected one of them to decode videos",
                    programs[0], programs[1]
                ),
            }),
        }
    }

    /// The first frames of the video `path`: at most `most`, and at most `bytes` of pixels. Frames
    /// longer than 960 pixels are reduced to that.
    ///
    /// # Errors
    /// [`DataError::Read`] where there is no such file, [`DataError::Video`] where it does not
    /// decode or changes its size.
    pub fn frames(
        self,
        path: &Path,
        most: usize,
        bytes: usize,
    ) -> Result<Vec<RgbImage>, DataError> {
        let path = path.canonicalize().map_err(|source| DataError::Read {
            path: path.to_owned(),
            source,
        })?;
        let text = path.display().to_string();
        let (program, arguments) = self.command(&text, most);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let read = with_output(program, &arguments, &[], |output| {
            read_frames(output, most, bytes)
        });
        let wrong = |reason: String| {
            let path = path.clone();
            DataError::Video { path, reason }
        };
        let frames = read.map_err(|Wrong(reason)| wrong(reason))?;
        let Some(first) = frames.first() else {
            return Err(wrong(format!("{program} found no frames in it")));
        };
        let size = first.dimensions();
        if frames.iter().any(|frame| frame.dimensions() != size) {
            return Err(wrong("its frames change in size".to_owned()));
        }
        Ok(frames)
    }

    fn command(self, path: &str, most: usize) -> (&'static str, Vec<String>) {
        match self {
            Self::Ffmpeg => {
                let words = format!(
                    "-frames:v {most} -an -c:v png -compression_level 0 -pred none \
                     -pix_fmt rgb24 -fps_mode passthrough -f image2pipe -"
                );
                let mut arguments = vec!["-v", "error", "-nostdin", "-i", path];
                arguments.extend(words.split_whitespace());
                ("ffmpeg", arguments.into_iter().map(str::to_owned).collect())
            }
            Self::GstLaunch => {
                // The buffer that brings the end is not passed on.
                let after = most.saturating_add(1);
                let words = format!(
                    "! decodebin ! videoconvert ! video/x-raw,format=RGB ! identity \
                     eos-after={after} ! pngenc compression-level=0 ! fdsink fd=1"
                );
                let mut arguments = vec!["-q".to_owned(), "filesrc".to_owned()];
                arguments.push(format!("location={path}"));
                arguments.extend(words.split_whitespace().map(str::to_owned));
                ("gst-launch-1.0", arguments)
            }
        }
    }
}

/// What is wrong with a stream of frames.
struct Wrong(String);

impl From<ProgramError> for Wrong {
    fn from(error: ProgramError) -> Self {
        Self(error.to_string())
    }
}

fn read_frames(
    output: &mut impl Read,
    most: usize,
    bytes: usize,
) -> Result<(Vec<RgbImage>, Stop), Wrong> {
    let mut frames: Vec<RgbImage> = Vec::new();
    let mut used = 0;
    let mut file = Vec::new();
    while frames.len() < most {
        if !read_png(output, &mut file).map_err(|error| Wrong(error.to_string()))? {
            return Ok((frames, Stop::AtEnd));
        }
        let picture = image::load_from_memory_with_format(&file, ImageFormat::Png);
        let picture = picture.map_err(|error| Wrong(error.to_string()))?;
        let mut picture = picture.into_rgb8();
        let longer = picture.width().max(picture.height());
        if longer > LONGEST {
            picture = reduce(&picture, f64::from(LONGEST) / f64::from(longer));
        }
        used += picture.as_raw().len();
        if used > bytes {
            break;
        }
        frames.push(picture);
    }
    Ok((frames, Stop::Early))
}

/// Puts the next PNG file of `stream` into `file`; `false` at the end of the stream.
fn read_png(stream: &mut impl Read, file: &mut Vec<u8>) -> std::io::Result<bool> {
    file.clear();
    stream.by_ref().take(8).read_to_end(file)?;
    if file.is_empty() {
        return Ok(false);
    }
    let invalid = |text: &'static str| std::io::Error::new(std::io::ErrorKind::InvalidData, text);
    if *file != SIGNATURE {
        return Err(invalid("the decoder's output is not a row of PNG files"));
    }
    loop {
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        file.extend(head);
        let [a, b, c, d, kind @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > LARGEST_CHUNK {
            return Err(invalid("a part of a PNG file is too long"));
        }
        // The checksum follows.
        let end = file.len() + length + 4;
        let more = stream.by_ref().take(length as u64 + 4);
        { more }.read_to_end(file)?;
        if file.len() != end {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if kind == *b"IEND" {
            return Ok(true);
        }
    }
}
