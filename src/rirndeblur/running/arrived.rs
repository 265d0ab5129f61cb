// SPDX-License-Identifier: MIT OR Apache-2.0
//! A buffer that came in, and what is known about it.

use super::super::continuity::BufferFacts;

/// A question that the worker asks.
pub(crate) type Wanted = Box<dyn FnOnce() -> bool + Send>;

/// A buffer that came in.
pub(crate) struct Arrived {
    pub(crate) buffer: gst::Buffer,
    /// It is late and passes as it came.
    pub(crate) late: bool,
    /// The application has asked to forget before it.
    pub(crate) reset: bool,
    /// Whether it is still in time when its turn on the worker has come; none: it is not asked.
    pub(crate) wanted: Option<Wanted>,
}

/// Flags of buffers that the network does not see.
const UNTOUCHED: gst::BufferFlags = gst::BufferFlags::GAP
    .union(gst::BufferFlags::CORRUPTED)
    .union(gst::BufferFlags::DECODE_ONLY);

impl Arrived {
    /// What the timeline looks at.
    pub(super) fn facts(&self) -> BufferFacts {
        let buffer = &self.buffer;
        let flags = buffer.flags();
        BufferFacts {
            pts: buffer.pts().map(gst::ClockTime::nseconds),
            duration: buffer.duration().map(gst::ClockTime::nseconds),
            discont: flags.contains(gst::BufferFlags::DISCONT),
            resync: flags.contains(gst::BufferFlags::RESYNC),
            untouched: self.late || flags.intersects(UNTOUCHED),
        }
    }
}
