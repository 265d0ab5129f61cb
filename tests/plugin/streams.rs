// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests of streams share: pictures of one grey whose output tells the whole past, and
//! events as upstream sends them.

use crate::harness::{self, INTERVAL, Rig};
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::Stub;

/// The grey of the three frames that [`remembering`] pushes.
pub(crate) const PAST: u8 = 40;
/// The grey of the frame that asks what is remembered; forgotten, it stays as it is.
pub(crate) const NEW: u8 = 200;
/// What `NEW` becomes behind three frames of `PAST`: the mean of the four.
pub(crate) const KEPT: u8 = 80;
/// The end of the third frame, where the fourth one begins.
pub(crate) const NEXT: u64 = 3;

/// Caps of [`grey`].
pub(crate) fn small() -> gst::Caps {
    harness::init();
    harness::caps("RGB", 16, 16)
}

/// A picture of one grey, the frame of this index.
pub(crate) fn grey(value: u8, index: u64) -> gst::Buffer {
    harness::init();
    harness::timed(vec![value; 16 * 16 * 3], index)
}

/// The frame that asks what is remembered, at this time.
pub(crate) fn asking_at(pts: impl Into<Option<gst::ClockTime>>) -> gst::Buffer {
    let mut buffer = grey(NEW, NEXT);
    buffer.make_mut().set_pts(pts);
    buffer
}

/// The frame that asks what is remembered, right behind the third one, with these flags.
pub(crate) fn asking_with(flags: gst::BufferFlags) -> gst::Buffer {
    let mut buffer = grey(NEW, NEXT);
    buffer.make_mut().set_flags(flags);
    buffer
}

/// The grey of a picture.
#[track_caller]
pub(crate) fn shade(buffer: &gst::Buffer) -> u8 {
    let bytes = harness::bytes(buffer);
    assert!(
        bytes.iter().all(|byte| *byte == bytes[0]),
        "one grey only: {bytes:?}"
    );
    bytes[0]
}

/// An element whose output is the mean of everything that it remembers.
pub(crate) fn mean() -> RirnDeblur {
    harness::with_stub(Stub::mean_of_all)
}

/// [`mean`], running, behind three frames of `PAST`.
#[track_caller]
pub(crate) fn remembering() -> Rig {
    remember(Rig::new(mean(), &small()))
}

/// Pushes three frames of `PAST`.
#[track_caller]
pub(crate) fn remember(mut rig: Rig) -> Rig {
    let outputs = rig.run((0..NEXT).map(|index| grey(PAST, index)).collect());
    let shades: Vec<_> = outputs.iter().map(shade).collect();
    assert_eq!(shades, [PAST; 3]);
    rig
}

/// Pushes the asking frame and finds that three frames of `PAST` are remembered.
#[track_caller]
pub(crate) fn keeps(rig: &mut Rig, asking: gst::Buffer) {
    assert_eq!(shade(&rig.one(asking)), KEPT, "the past is kept");
    assert_eq!(harness::stat(&rig.element, "resets"), 0);
    assert_eq!(reason(&rig.element), "start");
}

/// Pushes the asking frame and finds that all was forgotten once, for this reason.
#[track_caller]
pub(crate) fn forgets(rig: &mut Rig, asking: gst::Buffer, why: &str) {
    assert_eq!(shade(&rig.one(asking)), NEW, "the past is forgotten");
    assert_eq!(reason(&rig.element), why);
    assert_eq!(harness::stat(&rig.element, "resets"), 1);
}

/// `last-reset-reason`.
pub(crate) fn reason(element: &RirnDeblur) -> String {
    let stats = element.property::<gst::Structure>("stats");
    stats.get("last-reset-reason").expect("a reason")
}

/// Every frame taken in has come out, was dropped or waits.
#[track_caller]
pub(crate) fn adds_up(element: &RirnDeblur) {
    let stats = element.property::<gst::Structure>("stats");
    let count = |name: &str| stats.get::<u64>(name).expect("a counter");
    let queued = u64::from(stats.get::<u32>("queued").expect("queued"));
    let sum = count("frames-out") + count("dropped") + queued;
    assert_eq!(count("frames-in"), sum, "{stats}");
}

/// A segment in time that begins here, played at this rate.
pub(crate) fn segment(rate: f64, start: gst::ClockTime) -> gst::FormattedSegment<gst::ClockTime> {
    let mut segment = gst::FormattedSegment::new();
    segment.set_rate(rate);
    segment.set_start(start);
    segment.set_time(start);
    if rate < 0.0 {
        segment.set_stop(gst::ClockTime::from_seconds(10));
    }
    segment
}

/// Sends an event down to the element.
#[track_caller]
pub(crate) fn send(rig: &mut Rig, event: gst::Event) {
    let kind = event.type_();
    assert!(rig.harness.push_event(event), "{kind} is taken");
}

/// Sends a segment down to the element.
#[track_caller]
pub(crate) fn send_segment(rig: &mut Rig, segment: &gst::FormattedSegment<gst::ClockTime>) {
    send(rig, gst::event::Segment::new(segment));
}

/// What a flushing seek sends down: flush start, flush stop and the segment.
#[track_caller]
pub(crate) fn flush(rig: &mut Rig, start: gst::ClockTime) {
    send(rig, gst::event::FlushStart::new());
    send(rig, gst::event::FlushStop::new(true));
    send_segment(rig, &segment(1.0, start));
}

/// The begin of frame `index`.
pub(crate) fn time(index: u64) -> gst::ClockTime {
    INTERVAL * index
}

/// Brings the element to READY and back, and begins the stream anew.
#[track_caller]
pub(crate) fn restart(rig: &mut Rig, through: gst::State, caps: &gst::Caps) {
    rig.element.set_state(through).expect("down");
    rig.element.set_state(gst::State::Playing).expect("up");
    send(rig, gst::event::StreamStart::new("again"));
    send(rig, gst::event::Caps::new(caps));
    send_segment(rig, &segment(1.0, gst::ClockTime::ZERO));
}
