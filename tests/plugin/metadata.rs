// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a buffer bears beside its pixels, and frames that pass as they are: `docs/ELEMENT.md`,
//! buffers, metas, events.

use crate::harness::{INTERVAL, Rig, brighter, bytes, caps, frame, frames, stat, timed};
use gst::BufferFlags;
use gst::meta::{CustomMeta, ReferenceTimestampMeta};
use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoBufferFlags, VideoMeta, VideoRegionOfInterestMeta};

fn rgb() -> gst::Caps {
    caps("RGB", 64, 48)
}

#[test]
fn times_and_offsets_are_those_of_the_input() {
    let mut rig = Rig::new(brighter(0.1), &rgb());
    for index in 0..3 {
        let mut input = frame(&rgb(), index, 30);
        let fields = input.make_mut();
        fields.set_pts(INTERVAL * index + gst::ClockTime::from_nseconds(7));
        fields.set_dts(INTERVAL * index + gst::ClockTime::from_nseconds(3));
        fields.set_duration(gst::ClockTime::from_nseconds(11));
        fields.set_offset(1000 + index);
        fields.set_offset_end(2000 + index);
        let output = rig.one(input.clone());
        assert_eq!(output.pts(), input.pts());
        assert_eq!(output.dts(), input.dts());
        assert_eq!(output.duration(), input.duration());
        assert_eq!(output.offset(), input.offset());
        assert_eq!(output.offset_end(), input.offset_end());
    }
}

#[test]
fn absent_times_stay_absent() {
    let mut rig = Rig::new(brighter(0.1), &rgb());
    for index in 0..3 {
        let mut input = frame(&rgb(), index, 31);
        let fields = input.make_mut();
        fields.set_pts(None);
        fields.set_duration(None);
        let output = rig.one(input);
        assert_eq!((output.pts(), output.dts()), (None, None));
        assert_eq!(output.duration(), None);
    }
}

#[test]
fn flags_are_those_of_the_input() {
    let each = [
        BufferFlags::empty(),
        BufferFlags::DISCONT,
        BufferFlags::MARKER,
        BufferFlags::HEADER,
        BufferFlags::DROPPABLE,
        BufferFlags::DELTA_UNIT,
        BufferFlags::LIVE,
        // RESYNC alone forgets the past, which is told by DISCONT.
        BufferFlags::DISCONT | BufferFlags::RESYNC,
        BufferFlags::DISCONT | BufferFlags::MARKER | BufferFlags::DELTA_UNIT,
    ];
    let mut rig = Rig::new(brighter(0.1), &rgb());
    rig.one(frame(&rgb(), 0, 32));
    for (index, flags) in (1..).zip(each) {
        let mut input = frame(&rgb(), index, 32);
        input.make_mut().set_flags(flags);
        let output = rig.one(input);
        // Where the memory comes from is no fact of the picture.
        assert_eq!(output.flags() - BufferFlags::TAG_MEMORY, flags);
    }
}

#[test]
fn flags_of_video_are_those_of_the_input() {
    let mut rig = Rig::new(brighter(0.1), &rgb());
    for (index, flags) in (0..).zip([
        VideoBufferFlags::INTERLACED,
        VideoBufferFlags::INTERLACED | VideoBufferFlags::TFF,
        VideoBufferFlags::INTERLACED | VideoBufferFlags::RFF,
        VideoBufferFlags::empty(),
    ]) {
        let mut input = frame(&rgb(), index, 37);
        input.make_mut().set_video_flags(flags);
        assert_eq!(rig.one(input).video_flags(), flags);
    }
}

#[test]
fn metas_are_copied_unless_they_describe_the_memory() {
    crate::harness::init();
    CustomMeta::register("RirnDeblurTestMeta", &[]);
    CustomMeta::register(
        "RirnDeblurTestPictureMeta",
        &["video", "size", "colorspace"],
    );
    CustomMeta::register("RirnDeblurTestMemoryMeta", &["memory"]);
    let reference = gst::Caps::new_empty_simple("timestamp/x-ntp");
    let mut input = frame(&rgb(), 0, 33);
    let fields = input.make_mut();
    let second = gst::ClockTime::SECOND;
    ReferenceTimestampMeta::add(fields, &reference, second, INTERVAL);
    for id in [3, 4] {
        let mut region = VideoRegionOfInterestMeta::add(fields, "face", (1, 2, 3, 4));
        region.set_id(id);
        region.add_param(gst::Structure::builder("score").field("of", 0.5).build());
    }
    for name in ["", "Picture", "Memory"] {
        let name = format!("RirnDeblurTest{name}Meta");
        let mut custom = CustomMeta::add(fields, &name).expect("it is registered");
        custom.mut_structure().set("answer", 42);
    }
    let mut rig = Rig::new(brighter(0.1), &rgb());
    let output = rig.one(input);
    let stamp = output.meta::<ReferenceTimestampMeta>().expect("the stamp");
    assert_eq!(stamp.reference(), reference.as_ref());
    assert_eq!(
        (stamp.timestamp(), stamp.duration()),
        (second, Some(INTERVAL))
    );
    let regions: Vec<_> = output.iter_meta::<VideoRegionOfInterestMeta>().collect();
    let ids: Vec<_> = regions.iter().map(|region| region.id()).collect();
    assert_eq!(ids, [3, 4]);
    assert_eq!(regions[1].rect(), (1, 2, 3, 4));
    assert!(regions[1].param("score").is_some());
    for name in ["RirnDeblurTestMeta", "RirnDeblurTestPictureMeta"] {
        let custom = CustomMeta::from_buffer(&output, name).expect("the meta");
        assert_eq!(custom.structure().get::<i32>("answer"), Ok(42));
    }
    assert!(CustomMeta::from_buffer(&output, "RirnDeblurTestMemoryMeta").is_err());
    assert!(output.iter_meta::<VideoMeta>().count() <= 1);
}

#[test]
fn flagged_frames_pass_as_they_are_and_do_not_enter_the_memory() {
    for flag in [
        BufferFlags::GAP,
        BufferFlags::CORRUPTED,
        BufferFlags::DECODE_ONLY,
    ] {
        let mut rig = Rig::new(brighter(0.1), &rgb());
        rig.one(frame(&rgb(), 0, 34));
        let mut input = frame(&rgb(), 1, 34);
        input.make_mut().set_flags(flag);
        assert_same_buffer(&mut rig, input);
        rig.one(frame(&rgb(), 2, 34));
        assert_eq!(stat(&rig.element, "processed"), 2, "{flag:?}");
        assert_eq!(stat(&rig.element, "bypassed"), 1, "{flag:?}");
        assert_eq!(stat(&rig.element, "frames-out"), 3, "{flag:?}");
    }
}

#[test]
fn a_flagged_frame_needs_no_readable_picture() {
    let mut rig = Rig::new(brighter(0.1), &rgb());
    let mut input = timed(Vec::new(), 0);
    input.make_mut().set_flags(BufferFlags::GAP);
    assert_same_buffer(&mut rig, input);
}

#[test]
fn without_strength_and_switched_off_the_input_itself_goes_out() {
    for format in ["RGB", "I420", "GRAY8"] {
        let caps = caps(format, 33, 17);
        let mut rig = Rig::new(brighter(0.1), &caps);
        rig.element.set_property("strength", 0.0);
        assert_same_buffer(&mut rig, frame(&caps, 0, 35));
        assert_same_buffer(&mut rig, frame(&caps, 1, 35));
        rig.element.set_property("strength", 1.0);
        rig.element.set_property("enabled", false);
        assert_same_buffer(&mut rig, frame(&caps, 2, 35));
        assert_same_buffer(&mut rig, frame(&caps, 3, 35));
        rig.element.set_property("enabled", true);
        let input = frame(&caps, 4, 35);
        assert_ne!(rig.one(input.clone()).as_ptr(), input.as_ptr());
    }
}

/// The buffer comes out as it went in; another reference is held, so that a write would copy it.
#[track_caller]
fn assert_same_buffer(rig: &mut Rig, input: gst::Buffer) {
    let output = rig.one(input.clone());
    assert_eq!(output.as_ptr(), input.as_ptr(), "not the same buffer");
}

#[test]
fn half_the_strength_is_half_the_correction() {
    let grey = vec![100; 64 * 48 * 3];
    let mut rig = Rig::new(brighter(0.2), &rgb());
    for (index, (strength, code)) in (0..).zip([(1.0, 151), (0.5, 126), (0.25, 113)]) {
        rig.element.set_property("strength", strength);
        let output = bytes(&rig.one(timed(grey.clone(), index)));
        let wrong = output.iter().find(|found| found.abs_diff(code) > 1);
        assert_eq!(wrong, None, "{strength} should give {code}");
    }
}

#[test]
fn a_split_view_shows_the_input_left_or_above_and_the_result_on_the_other_side() {
    for (view, is_vertical) in [("vertical", true), ("horizontal", false)] {
        for position in [0.0, 0.25, 0.5, 1.0] {
            let mut rig = Rig::new(brighter(0.1), &rgb());
            rig.element.set_property_from_str("split-view", view);
            rig.element.set_property("split-position", position);
            for input in frames(&rgb(), 2, 36) {
                let output = rig.one(darker(input.clone()));
                assert_split(
                    &bytes(&darker(input)),
                    &bytes(&output),
                    is_vertical,
                    position,
                );
            }
        }
    }
}

/// Without codes that cannot be made brighter.
fn darker(buffer: gst::Buffer) -> gst::Buffer {
    let mut buffer = buffer.copy_deep().expect("a copy");
    let mut map = buffer.make_mut().map_writable().expect("the copy maps");
    map.as_mut_slice().iter_mut().for_each(|byte| *byte /= 2);
    drop(map);
    buffer
}

#[track_caller]
fn assert_split(before: &[u8], after: &[u8], is_vertical: bool, position: f64) {
    for (index, (before, after)) in before.iter().zip(after).enumerate() {
        let (row, column) = (index / (64 * 3), index % (64 * 3) / 3);
        let place = if is_vertical {
            column as f64 / 64.0
        } else {
            row as f64 / 48.0
        };
        let is_input = place < position;
        assert_eq!(
            before == after,
            is_input,
            "row {row}, column {column}, split {position}"
        );
    }
}
