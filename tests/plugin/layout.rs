// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the pixels of a buffer lie: strides and offsets of a GstVideoMeta, and
//! buffers that are not what they promise. `docs/ELEMENT.md`, pads and formats, rules.

use crate::harness::{Rig, bytes, caps, frame, identity, info, noise, timed, wait_for};
use gst_video::{VideoFrameFlags, VideoInfo, VideoMeta, VideoPackFlags};
use rirn::pixel::PixelFormat;

/// The pixels of a buffer, without what lies between the rows.
pub(crate) fn visible(buffer: &gst::Buffer, caps: &gst::Caps) -> Vec<u8> {
    let info = info(caps);
    let bytes = bytes(buffer);
    let mut seen = Vec::new();
    for (plane, (offset, stride)) in places(buffer, &info).into_iter().enumerate() {
        let (row_bytes, rows) = plane_size(&info, plane);
        for row in 0..rows {
            seen.extend_from_slice(&bytes[offset + row * stride..][..row_bytes]);
        }
    }
    seen
}

/// The codes of a component at every pixel, row by row, as GStreamer reads them: a chroma sample is repeated.
pub(crate) fn codes(buffer: &gst::Buffer, caps: &gst::Caps, component: u8) -> Vec<u32> {
    let info = info(caps);
    let (format, width, height) = (info.format_info(), info.width() as usize, info.height());
    let depth = format.depth()[usize::from(component)];
    // Alpha comes first, bytes stay bytes, and words are filled up to 16 bits.
    let place = (usize::from(component) + 1) % 4;
    let code = |row: &[u8], x: usize| match depth {
        8 => u32::from(row[4 * x + place]),
        _ => {
            let word = &row[8 * x + 2 * place..];
            u32::from(u16::from_ne_bytes([word[0], word[1]])) >> (16 - depth)
        }
    };
    let (bytes, places) = (bytes(buffer), places(buffer, &info));
    let mut row = vec![0; 8 * width];
    let mut codes = Vec::new();
    for y in 0..height as usize {
        // Planes that begin in this row: of others the binding thinks that all have as many rows.
        let here = places.iter().enumerate().map(|(plane, (offset, stride))| {
            let is_halved = plane_size(&info, plane).1 < height as usize;
            &bytes[offset + (y >> usize::from(is_halved)) * stride..]
        });
        let strides: Vec<_> = places.iter().map(|(_, stride)| *stride as i32).collect();
        let (flags, here) = (VideoPackFlags::empty(), here.collect::<Vec<_>>());
        format.unpack(flags, &mut row, &here, &strides, 0, 0, width as i32);
        codes.extend((0..width).map(|x| code(&row, x)));
    }
    codes
}

/// Offset and stride of each plane.
fn places(buffer: &gst::Buffer, info: &VideoInfo) -> Vec<(usize, usize)> {
    let (offsets, strides) = match buffer.meta::<VideoMeta>() {
        Some(meta) => (meta.offset().to_vec(), meta.stride().to_vec()),
        None => (info.offset().to_vec(), info.stride().to_vec()),
    };
    let strides = strides.into_iter().map(usize::try_from);
    let strides = strides.map(|stride| stride.expect("a stride"));
    offsets.into_iter().zip(strides).collect()
}

fn plane_size(info: &VideoInfo, plane: usize) -> (usize, usize) {
    let format = PixelFormat::from_name(info.format().to_str()).expect("a format of ours");
    let (width, height) = (info.width() as usize, info.height() as usize);
    let size = format.plane_size(plane, width, height);
    size.expect("the format has this plane")
}

/// A random picture whose rows are `extra` bytes apart, with `extra` bytes before each plane and
/// not one behind the last pixel.
pub(crate) fn spread(caps: &gst::Caps, extra: usize, seed: u64) -> gst::Buffer {
    let info = info(caps);
    let (mut offsets, mut strides, mut end) = (Vec::new(), Vec::new(), 0);
    for plane in 0..info.n_planes() as usize {
        let (row_bytes, rows) = plane_size(&info, plane);
        let stride = row_bytes + extra;
        offsets.push(end + extra);
        strides.push(i32::try_from(stride).expect("a stride"));
        end += extra + (rows - 1) * stride + row_bytes;
    }
    let mut buffer = timed(noise(end, seed), 0);
    add_meta(&mut buffer, &info, &offsets, &strides);
    buffer
}

fn add_meta(buffer: &mut gst::Buffer, info: &VideoInfo, offsets: &[usize], strides: &[i32]) {
    let (width, height) = (info.width(), info.height());
    let flags = VideoFrameFlags::empty();
    let buffer = buffer.make_mut();
    VideoMeta::add_full(
        buffer,
        flags,
        info.format(),
        width,
        height,
        offsets,
        strides,
    )
    .expect("the meta is added");
}

#[test]
fn strides_and_offsets_of_the_input_are_honoured() {
    for format in PixelFormat::ALL {
        for extra in [1, 5, 64] {
            let caps = caps(format.name(), 33, 17);
            let mut rig = Rig::new(identity(), &caps);
            let input = spread(&caps, extra, 11);
            let output = rig.one(input.clone());
            let same = visible(&output, &caps) == visible(&input, &caps);
            assert!(same, "{format} with {extra} bytes between rows");
        }
    }
}

#[test]
fn planes_in_memories_of_their_own_are_read() {
    let caps = caps("I420", 32, 18);
    let info = info(&caps);
    let whole = noise(info.size(), 12);
    let mut buffer = gst::Buffer::new();
    let cuts = [0, info.offset()[1], info.offset()[2], info.size()];
    for cut in cuts.windows(2) {
        let part = gst::Memory::from_slice(whole[cut[0]..cut[1]].to_vec());
        buffer.make_mut().append_memory(part);
    }
    add_meta(&mut buffer, &info, info.offset(), info.stride());
    let mut rig = Rig::new(identity(), &caps);
    let output = rig.one(buffer);
    assert_eq!(visible(&output, &caps), whole);
}

#[test]
fn a_buffer_too_small_for_its_caps_is_an_error() {
    for format in PixelFormat::ALL {
        let caps = caps(format.name(), 33, 17);
        for size in [0, 1, info(&caps).size() - 1] {
            assert_unreadable(&caps, timed(noise(size, 14), 0));
        }
    }
}

#[test]
fn a_meta_that_points_out_of_its_buffer_is_an_error() {
    for format in PixelFormat::ALL {
        let caps = caps(format.name(), 33, 17);
        // One byte of the last pixel is missing, then nearly all.
        let full = spread(&caps, 5, 15).size();
        for kept in [full - 1, 64, 1] {
            let mut buffer = spread(&caps, 5, 15);
            buffer.make_mut().set_size(kept);
            assert_unreadable(&caps, buffer);
        }
    }
}

#[test]
fn a_meta_with_senseless_numbers_is_an_error() {
    let caps = caps("I420", 32, 18);
    let info = info(&caps);
    let (size, stride) = (info.size(), info.stride());
    let offsets: [&[usize]; 3] = [&[0, 576, size], &[0, 576, 1 << 40], &[0, usize::MAX, 720]];
    for offsets in offsets {
        let mut buffer = frame(&caps, 0, 16);
        add_meta(&mut buffer, &info, offsets, stride);
        assert_unreadable(&caps, buffer);
    }
    let strides: [&[i32]; 4] = [
        &[31, 16, 16],
        &[-32, 16, 16],
        &[i32::MAX, 16, 16],
        &[0, 0, 0],
    ];
    for strides in strides {
        let mut buffer = frame(&caps, 0, 17);
        add_meta(&mut buffer, &info, info.offset(), strides);
        assert_unreadable(&caps, buffer);
    }
}

/// The element refuses the buffer with one ERROR, RESOURCE READ, and flow error.
#[track_caller]
fn assert_unreadable(caps: &gst::Caps, buffer: gst::Buffer) {
    let mut rig = Rig::new(identity(), caps);
    assert_eq!(rig.harness.push(buffer), Err(gst::FlowError::Error));
    let message = wait_for(&rig.bus, gst::MessageType::Error);
    let gst::MessageView::Error(error) = message.view() else {
        panic!("an error was waited for");
    };
    assert!(error.error().matches(gst::ResourceError::Read));
    assert_eq!(error.error().message(), "Video frame could not be read.");
    assert!(rig.messages(gst::MessageType::Error).is_empty());
    assert!(rig.outputs().is_empty());
}
