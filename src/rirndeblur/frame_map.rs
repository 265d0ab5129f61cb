// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bytes of a mapped video frame, plane by plane, and not one more.
//!
//! GStreamer gives a pointer and a stride for each plane. The binding takes stride × height bytes
//! from there, which reaches beyond the memory where the last row is cut short, and it believes
//! the offsets of a GstVideoMeta. Here each plane ends where its mapping ends; whether that is
//! enough for the picture is checked by [`rirn::pixel`].

use gst_video::prelude::*;
use gst_video::{VideoFrameRef, ffi};
use std::slice;

/// Start of a plane and how many bytes are mapped from there, none if it lies outside.
fn extent(frame: &ffi::GstVideoFrame, plane: usize) -> Option<(*mut u8, usize)> {
    // Without a GstVideoMeta the whole buffer is mapped once, as the first mapping.
    let map = if frame.meta.is_null() {
        &frame.map[0]
    } else {
        &frame.map[plane]
    };
    let start = frame.data[plane].cast::<u8>();
    let skipped = (start as usize).checked_sub(map.data as usize)?;
    let length = map.size.checked_sub(skipped)?;
    Some((start, length))
}

/// The stride of a plane in bytes; upside-down pictures have none.
fn stride(frame: &ffi::GstVideoFrame, plane: usize) -> Option<usize> {
    usize::try_from(frame.info.stride[plane]).ok()
}

/// Planes of a frame mapped for reading with their strides.
#[allow(unsafe_code)]
pub(crate) fn planes<'f>(
    frame: &'f VideoFrameRef<&gst::BufferRef>,
) -> Option<Vec<(&'f [u8], usize)>> {
    // SAFETY: the frame lives as long as the reference to it.
    let raw = unsafe { &*VideoFrameExt::as_ptr(frame) };
    let plane = |plane| {
        let (start, length) = extent(raw, plane)?;
        // SAFETY: `extent` keeps to the mapping, which lives as long as the frame and is not
        // written through.
        let bytes = unsafe { slice::from_raw_parts(start, length) };
        Some((bytes, stride(raw, plane)?))
    };
    (0..frame.n_planes() as usize).map(plane).collect()
}

/// Planes of a frame mapped for writing with their strides.
#[allow(unsafe_code)]
pub(crate) fn planes_mut<'f>(
    frame: &'f mut VideoFrameRef<&mut gst::BufferRef>,
) -> Option<Vec<(&'f mut [u8], usize)>> {
    let count = frame.n_planes() as usize;
    // SAFETY: as in `planes`.
    let raw = unsafe { &*VideoFrameExt::as_ptr(frame) };
    let mut extents = Vec::with_capacity(count);
    for plane in 0..count {
        let (start, length) = extent(raw, plane)?;
        extents.push((start, length, stride(raw, plane)?));
    }
    // A plane ends where the next one begins, so that no two of the slices share a byte.
    let starts: Vec<_> = extents.iter().map(|(start, ..)| *start as usize).collect();
    let until_next = |start: usize| {
        let later = starts.iter().filter(|other| **other > start);
        later.map(|other| other - start).min().unwrap_or(usize::MAX)
    };
    if (1..count).any(|plane| starts[..plane].contains(&starts[plane])) {
        return None;
    }
    let planes = extents.iter().map(|(start, length, stride)| {
        let length = (*length).min(until_next(*start as usize));
        // SAFETY: within the mapping, which is writable and borrowed for as long as the slice;
        // the slices do not overlap.
        (
            unsafe { slice::from_raw_parts_mut(*start, length) },
            *stride,
        )
    });
    Some(planes.collect())
}
