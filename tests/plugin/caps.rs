// SPDX-License-Identifier: MIT OR Apache-2.0
//! Negotiation: `docs/ELEMENT.md`, pads and formats, the rules about caps.

use crate::harness::{Rig, caps, frame, identity};
use gst::prelude::*;

fn parsed(text: &str) -> gst::Caps {
    text.parse().expect("caps")
}

/// The caps that have arrived behind the element.
#[track_caller]
fn arrived(rig: &mut Rig) -> gst::Caps {
    while let Some(event) = rig.harness.try_pull_event() {
        if let gst::EventView::Caps(caps) = event.view() {
            return caps.caps_owned();
        }
    }
    panic!("no caps arrived");
}

#[test]
fn fields_that_the_element_does_not_know_pass() {
    crate::harness::init();
    let fields = [
        "pixel-aspect-ratio=4/3",
        "interlace-mode=progressive",
        "interlace-mode=interleaved,field-order=top-field-first",
        "interlace-mode=mixed",
        "chroma-site=mpeg2",
        "colorimetry=bt2100-pq",
        "multiview-mode=mono",
        "mastering-display-info=(string)\"1:2:3:4:5:6:7:8:9:10\"",
        "content-light-level=(string)\"100:200\"",
        "max-framerate=60/1",
        "views=(int)2,x-ours=(string)whatever",
    ];
    for field in fields {
        let text = format!("video/x-raw,format=I420,width=33,height=17,framerate=25/1,{field}");
        let caps = parsed(&text);
        let mut rig = Rig::new(identity(), &caps);
        rig.one(frame(&caps, 0, 20));
        let found = arrived(&mut rig);
        assert_eq!(found, caps, "{field}");
    }
}

#[test]
fn a_caps_query_gives_what_the_template_and_the_neighbour_have_in_common() {
    let mut rig = Rig::silent(identity());
    let behind = "video/x-raw,format={RGB,I420,v210},width=[1,100],height=48,framerate=25/1";
    rig.harness.set_sink_caps(parsed(behind));
    let sink = rig.element.static_pad("sink").expect("the pad");
    let all = sink.query_caps(None);
    let wanted = "video/x-raw,format={RGB,I420},width=[16,100],height=48,framerate=25/1";
    assert_eq!(all, parsed(wanted));
    let filter = parsed("video/x-raw,format={GRAY8,I420},width=[50,500]");
    let some = sink.query_caps(Some(&filter));
    let wanted = "video/x-raw,format=I420,width=[50,100],height=48,framerate=25/1";
    assert_eq!(some, parsed(wanted));
    let nothing = parsed("video/x-raw,format=GRAY8");
    assert!(sink.query_caps(Some(&nothing)).is_empty());
}

#[test]
fn accepting_caps_asks_the_template_alone() {
    let mut rig = Rig::silent(identity());
    rig.harness.set_sink_caps(caps("RGB", 64, 48));
    let sink = rig.element.static_pad("sink").expect("the pad");
    assert!(sink.query_accept_caps(&caps("I420", 33, 17)));
    for refused in [
        "video/x-raw,format=v210,width=64,height=48,framerate=25/1",
        "video/x-raw,format=RGB,width=15,height=48,framerate=25/1",
        "video/x-raw(memory:GLMemory),format=RGB,width=64,height=48,framerate=25/1",
        "video/x-raw(format:Interlaced),format=I420,width=64,height=48,framerate=25/1,interlace-mode=alternate",
        "image/jpeg",
    ] {
        assert!(!sink.query_accept_caps(&parsed(refused)), "{refused}");
    }
}

#[test]
fn both_pads_settle_on_the_same_caps() {
    let caps = caps("NV21", 47, 31);
    let mut rig = Rig::new(identity(), &caps);
    rig.one(frame(&caps, 0, 21));
    for name in ["sink", "src"] {
        let pad = rig.element.static_pad(name).expect("the pad");
        assert_eq!(pad.current_caps().as_ref(), Some(&caps));
    }
}
