// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pools with padding and what allocation queries ask for. `docs/ELEMENT.md`, pads and formats, rules.

use crate::harness::{Rig, caps, frame, identity, info, with_stub};
use crate::layout::{spread, visible};
use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoAlignment, VideoMeta};
use rirn::pixel::PixelFormat;
use rirn::testing::Stub;

#[test]
fn a_pool_with_padding_is_used_and_its_strides_are_honoured() {
    for format in PixelFormat::ALL {
        let caps = caps(format.name(), 33, 17);
        let mut rig = Rig::silent(identity());
        offer_padded_pool(&rig);
        rig.harness.set_src_caps(caps.clone());
        let input = frame(&caps, 0, 13);
        let output = rig.one(input.clone());
        let meta = output.meta::<VideoMeta>().expect("the pool adds it");
        assert!(meta.stride()[0] > info(&caps).stride()[0], "{format}");
        assert!(meta.offset()[0] > 0, "{format}");
        let same = visible(&output, &caps) == visible(&input, &caps);
        assert!(same, "{format}");
    }
}

/// Makes the pad behind the element answer allocation queries with a pool of padded pictures.
fn offer_padded_pool(rig: &Rig) {
    offer(rig, padded_pool);
}

/// Makes the pad behind the element answer allocation queries with this pool.
fn offer(rig: &Rig, pool: impl Fn(&gst::Caps, u32) -> gst::BufferPool + Send + Sync + 'static) {
    let pad = rig.harness.sinkpad().expect("a pad behind the element");
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, move |_, probe| {
        let Some(query) = probe.query_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        let gst::QueryViewMut::Allocation(query) = query.view_mut() else {
            return gst::PadProbeReturn::Ok;
        };
        let caps = query.get_owned().0.expect("caps");
        let size = u32::try_from(info(&caps).size()).expect("a size");
        let pool = pool(&caps, size);
        query.add_allocation_pool(Some(&pool), size, 2, 0);
        query.add_allocation_meta::<VideoMeta>(None);
        gst::PadProbeReturn::Handled
    });
}

fn padded_pool(caps: &gst::Caps, size: u32) -> gst::BufferPool {
    let pool = gst_video::VideoBufferPool::new();
    let mut config = pool.config();
    config.set_params(Some(caps), size, 2, 0);
    config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_META.as_str());
    config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_ALIGNMENT.as_str());
    config.set_video_alignment(&VideoAlignment::new(6, 2, 10, 4, &[0; 4]));
    pool.set_config(config)
        .expect("the pool takes its configuration");
    pool.upcast()
}

#[test]
fn untouched_frames_with_strides_of_their_own_are_copied_for_those_who_do_not_read_them() {
    for format in PixelFormat::ALL {
        let caps = caps(format.name(), 33, 17);
        let input = spread(&caps, 5, 11);
        for (reads, property, value) in [
            (false, "enabled", false.to_value()),
            (false, "strength", 0.0.to_value()),
            (true, "enabled", false.to_value()),
        ] {
            let mut rig = Rig::silent(identity());
            if reads {
                offer_padded_pool(&rig);
            }
            rig.harness.set_src_caps(caps.clone());
            rig.element.set_property_from_value(property, &value);
            let output = rig.one(input.clone());
            let same = visible(&output, &caps) == visible(&input, &caps);
            assert!(same, "{format}, {property}");
            assert_eq!(output.as_ptr() == input.as_ptr(), reads, "{format}");
            if !reads {
                let meta = output.meta::<VideoMeta>();
                let plain = meta.is_none_or(|meta| meta.stride() == info(&caps).stride());
                assert!(plain && output.size() == info(&caps).size(), "{format}");
            }
        }
    }
}

#[test]
fn an_untouched_gap_that_is_copied_stays_one() {
    let caps = caps("I420", 33, 17);
    let mut input = spread(&caps, 5, 11);
    input.make_mut().set_flags(gst::BufferFlags::GAP);
    let output = Rig::new(identity(), &caps).one(input.clone());
    assert_ne!(output.as_ptr(), input.as_ptr());
    assert!(output.flags().contains(gst::BufferFlags::GAP));
}

#[test]
fn a_pool_that_is_in_use_already_does_no_harm() {
    let caps = caps("I420", 33, 17);
    let size = u32::try_from(info(&caps).size()).expect("a size");
    let pool = padded_pool(&caps, size);
    pool.set_active(true).expect("an active pool");
    let mut rig = Rig::silent(identity());
    offer(&rig, move |_, _| pool.clone());
    rig.harness.set_src_caps(caps.clone());
    let input = frame(&caps, 0, 13);
    let output = rig.one(input.clone());
    assert!(visible(&output, &caps) == visible(&input, &caps));
}

#[test]
fn a_network_that_waits_for_later_frames_asks_for_more_buffers() {
    for (ahead, expected) in [(0, None), (2, Some(3))] {
        let caps = caps("NV12", 64, 48);
        let rig = Rig::new(with_stub(move || Stub::delay(2, ahead)), &caps);
        let mut query = gst::query::Allocation::new(Some(&caps), true);
        let source = rig.harness.srcpad().expect("a pad before the element");
        assert!(source.peer_query(&mut query));
        let least = query.allocation_pools().next().map(|(_, _, min, _)| min);
        assert_eq!(least, expected);
    }
}

#[test]
fn the_sink_pad_proposes_video_meta() {
    let caps = caps("NV12", 64, 48);
    let rig = Rig::new(identity(), &caps);
    let mut query = gst::query::Allocation::new(Some(&caps), true);
    let source = rig.harness.srcpad().expect("a pad before the element");
    assert!(source.peer_query(&mut query));
    assert!(query.find_allocation_meta::<VideoMeta>().is_some());
}
