// SPDX-License-Identifier: MIT OR Apache-2.0
//! GStreamer's video description to the pixel floor's, and mapped buffers to pictures.

use super::frame_map;
use gst_video::{
    VideoCapsBuilder, VideoChromaSite, VideoColorMatrix, VideoColorRange, VideoFormat,
    VideoFrameRef, VideoInfo, VideoMeta, VideoTransferFunction,
};
use rirn::Deblurrer;
use rirn::engine::{PackedPicture, Staged};
use rirn::error::PixelError;
use rirn::pixel::{Colorimetry, Luma, Matrix, Picture, PictureMut, PixelFormat, Range, Siting};

/// Smallest and largest side of a picture in pixels.
const SIDES: std::ops::RangeInclusive<i32> = 16..=16384;

/// Raw video in system memory, in every format that the pixel floor has.
pub(crate) fn template_caps() -> gst::Caps {
    let formats = PixelFormat::ALL
        .iter()
        .map(|format| VideoFormat::from_string(format.name()));
    VideoCapsBuilder::new()
        .format_list(formats)
        .width_range(SIDES)
        .height_range(SIDES)
        .framerate_range(gst::Fraction::new(0, 1)..=gst::Fraction::new(i32::MAX, 1))
        .build()
}

/// Why a buffer cannot be used as a picture.
pub(crate) type Unreadable = String;

/// Negotiated video: the caps' own description and the pixel floor's.
#[derive(Debug, Clone)]
pub(crate) struct Video {
    info: VideoInfo,
    format: PixelFormat,
    colorimetry: Colorimetry,
}

impl Video {
    /// Reads caps; none if they are not fixed raw video of a known format.
    pub(crate) fn from_caps(caps: &gst::CapsRef) -> Option<Self> {
        let info = VideoInfo::from_caps(caps).ok()?;
        let format = PixelFormat::from_name(info.format().to_str().as_str())?;
        let colorimetry = colorimetry(&info);
        Some(Self {
            info,
            format,
            colorimetry,
        })
    }

    /// Bytes of a picture in GStreamer's own layout.
    pub(crate) fn bytes(&self) -> usize {
        self.info.size()
    }

    /// Height in pixels.
    pub(crate) fn height(&self) -> usize {
        self.info.height() as usize
    }

    /// Width in pixels.
    pub(crate) fn width(&self) -> usize {
        self.info.width() as usize
    }

    /// Whether a picture holds two fields.
    pub(crate) fn is_interlaced(&self) -> bool {
        self.info.is_interlaced()
    }

    /// Whether the transfer curve is that of HDR video: PQ or HLG.
    pub(crate) fn is_hdr(&self) -> bool {
        let curve = self.info.colorimetry().transfer();
        matches!(
            curve,
            VideoTransferFunction::Smpte2084 | VideoTransferFunction::AribStdB67
        )
    }

    /// Time between frames in nanoseconds; none if the rate is variable or unknown.
    pub(crate) fn interval(&self) -> Option<u64> {
        let rate = self.info.fps();
        let (frames, seconds) = (
            u64::try_from(rate.numer()).ok()?,
            u64::try_from(rate.denom()).ok()?,
        );
        seconds.checked_mul(1_000_000_000)?.checked_div(frames)
    }

    /// Reads the luma of these rows of a buffer.
    pub(crate) fn read_luma(
        &self,
        buffer: &gst::BufferRef,
        luma: &mut Luma,
        rows: impl Iterator<Item = usize>,
    ) -> Result<(), Unreadable> {
        self.with_picture(buffer, |picture| luma.read(&picture, rows))
    }

    /// Copies a buffer for the network.
    pub(crate) fn stage(
        &self,
        buffer: &gst::BufferRef,
        deblurrer: &mut Deblurrer,
    ) -> Result<Staged, Unreadable> {
        self.with_picture(buffer, |picture| deblurrer.stage(&picture))
    }

    /// Copies a picture into `output`.
    pub(crate) fn write(
        &self,
        picture: &PackedPicture,
        output: &mut gst::BufferRef,
    ) -> Result<(), Unreadable> {
        self.with_picture_mut(output, |mut output| picture.write_to(&mut output))
    }

    /// Whether the rows of a buffer lie where its caps say.
    pub(crate) fn is_plain(&self, buffer: &gst::BufferRef) -> bool {
        buffer.meta::<VideoMeta>().is_none_or(|meta| {
            meta.stride() == self.info.stride() && meta.offset() == self.info.offset()
        })
    }

    /// Copies a picture into `output` as it is.
    pub(crate) fn copy(
        &self,
        input: &gst::BufferRef,
        output: &mut gst::BufferRef,
    ) -> Result<(), Unreadable> {
        let (width, height) = (self.width(), self.height());
        let sizes = (0..self.format.plane_count())
            .map_while(|plane| self.format.plane_size(plane, width, height));
        let write = |from: Picture<'_>, mut to: PictureMut<'_>| {
            for (plane, (_, rows)) in sizes.enumerate() {
                for y in 0..rows {
                    to.row_mut(plane, y).copy_from_slice(from.row(plane, y));
                }
            }
        };
        let copied = self.with_picture(input, |from| {
            Ok(self.with_picture_mut(output, |to| {
                write(from, to);
                Ok(())
            }))
        });
        copied.flatten()
    }

    fn with_picture_mut(
        &self,
        buffer: &mut gst::BufferRef,
        work: impl FnOnce(PictureMut<'_>) -> Result<(), PixelError>,
    ) -> Result<(), Unreadable> {
        let mut mapped = VideoFrameRef::from_buffer_ref_writable(buffer, &self.info)
            .map_err(|_| "the output buffer cannot be mapped")?;
        let planes = frame_map::planes_mut(&mut mapped)
            .ok_or("the output buffer's planes lie outside its memory or on each other")?;
        PictureMut::new(
            self.format,
            self.width(),
            self.height(),
            self.colorimetry,
            planes,
        )
        .and_then(work)
        .map_err(|error| error.to_string())
    }

    fn with_picture<T>(
        &self,
        buffer: &gst::BufferRef,
        work: impl FnOnce(Picture<'_>) -> Result<T, PixelError>,
    ) -> Result<T, Unreadable> {
        let mapped = VideoFrameRef::from_buffer_ref_readable(buffer, &self.info)
            .map_err(|_| "the buffer cannot be mapped or is too small for its caps")?;
        let planes = frame_map::planes(&mapped).ok_or("the planes lie outside the memory")?;
        Picture::new(
            self.format,
            self.width(),
            self.height(),
            self.colorimetry,
            planes,
        )
        .and_then(work)
        .map_err(|error| error.to_string())
    }
}

fn colorimetry(info: &VideoInfo) -> Colorimetry {
    let color = info.colorimetry();
    let site = info.chroma_site();
    Colorimetry {
        matrix: match color.matrix() {
            VideoColorMatrix::Bt709 => Matrix::Bt709,
            VideoColorMatrix::Smpte240m => Matrix::Smpte240m,
            VideoColorMatrix::Bt2020 => Matrix::Bt2020,
            VideoColorMatrix::Fcc => Matrix::Fcc,
            // Grey and unset colorimetry; RGB formats do not use it.
            _ => Matrix::Bt601,
        },
        range: match color.range() {
            VideoColorRange::Range16_235 => Range::Limited,
            VideoColorRange::Range0_255 => Range::Full,
            _ if info.is_yuv() => Range::Limited,
            _ => Range::Full,
        },
        siting: Siting {
            h_cosited: site.contains(VideoChromaSite::H_COSITED),
            v_cosited: site.contains(VideoChromaSite::V_COSITED),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Video, template_caps};
    use rirn::pixel::{Matrix, PixelFormat, Range};

    fn video(caps: &str) -> Option<Video> {
        gst::init().expect("GStreamer starts");
        Video::from_caps(&caps.parse::<gst::Caps>().expect("caps"))
    }

    #[test]
    fn every_pixel_format_is_one_of_gstreamer_and_offered() {
        gst::init().expect("GStreamer starts");
        let offered = template_caps();
        for format in PixelFormat::ALL {
            let caps = format!(
                "video/x-raw,format={},width=33,height=17,framerate=30/1",
                format.name()
            );
            let video = video(&caps).expect("caps are understood");
            assert_eq!(video.format, format);
            assert!(offered.can_intersect(&caps.parse::<gst::Caps>().expect("caps")));
        }
    }

    #[test]
    fn colorimetry_and_interval_come_from_the_caps() {
        let caps = "video/x-raw,format=I420,width=64,height=48,framerate=25/1,colorimetry=";
        let full = video(&format!("{caps}1:3:5:1")).expect("caps are understood");
        assert_eq!(
            (full.colorimetry.matrix, full.colorimetry.range),
            (Matrix::Bt709, Range::Full)
        );
        assert_eq!(full.interval(), Some(40_000_000));
        let small = video("video/x-raw,format=I420,width=64,height=48,framerate=0/1");
        let small = small.expect("caps are understood");
        assert_eq!(
            (small.colorimetry.matrix, small.colorimetry.range),
            (Matrix::Bt601, Range::Limited)
        );
        assert_eq!(small.interval(), None);
    }

    #[test]
    fn other_caps_are_not_understood() {
        assert!(video("audio/x-raw").is_none());
        assert!(video("video/x-raw,format=v210,width=64,height=48,framerate=25/1").is_none());
    }
}
