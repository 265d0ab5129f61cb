// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every network of the paper through the element, with weights files made here; and weights by
//! the name under which they are installed.

use crate::harness::{INTERVAL, Rig, caps, frames};
use crate::launch::{launch, stderr};
use crate::streams::send;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::networks::{Cell, SlotKind, Spec};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A narrow network with random weights, as a file of this name.
fn weights(folder: &Path, name: &str, cell: Cell, hidden: SlotKind, feature: SlotKind) -> PathBuf {
    let spec = Spec {
        base: 2,
        blocks: 1,
        ..Spec::paper(cell, hidden, feature)
    };
    let tensors = rirn::testing::random_weights(&spec, 3).expect("a built-in network");
    let file = folder.join(format!("{name}.safetensors"));
    rirn::weights::save(&file, &spec, &BTreeMap::new(), &tensors).expect("the file is written");
    file
}

fn element(file: &Path) -> RirnDeblur {
    crate::harness::init();
    let element = gst::ElementFactory::make("rirndeblur")
        .property("model-file", file.to_str().expect("plain text"))
        .property("threads", 1)
        .property("processing-latency", 7_u64)
        // The frames are random, nothing but cuts.
        .property("scene-cut-detection", false)
        .build()
        .expect("the element");
    element.downcast().expect("ours")
}

#[test]
fn every_network_of_the_paper_gives_as_many_frames_as_it_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    for cell in Cell::ALL {
        for (hidden, feature) in [
            (SlotKind::None, SlotKind::None),
            (SlotKind::None, SlotKind::Atb),
            (SlotKind::Irm, SlotKind::None),
            (SlotKind::Irm, SlotKind::Atb),
            (SlotKind::Atb, SlotKind::Irm),
        ] {
            let file = weights(folder.path(), "w", cell, hidden, feature);
            let caps = caps("I420", 21, 18);
            let mut rig = Rig::new(element(&file), &caps);
            let inputs = frames(&caps, 4, 5);
            let mut outputs = rig.run(inputs.clone());
            send(&mut rig, gst::event::Eos::new());
            outputs.extend(rig.outputs());
            let pts =
                |buffers: &[gst::Buffer]| -> Vec<_> { buffers.iter().map(|b| b.pts()).collect() };
            assert_eq!(
                pts(&outputs),
                pts(&inputs),
                "{cell:?} {hidden:?} {feature:?}"
            );
            let model: String = rig.element.property("active-model");
            assert!(model.contains(cell.word()), "{model}");
        }
    }
}

#[test]
fn strcnn_is_late_by_two_frames_live_and_loses_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = weights(
        folder.path(),
        "w",
        Cell::Strcnn,
        SlotKind::Irm,
        SlotKind::Atb,
    );
    for count in [1, 2, 3, 10] {
        let caps = caps("RGB", 20, 18);
        let mut rig = Rig::new(element(&file), &caps);
        rig.harness.set_live(true);
        let wanted = INTERVAL * 2 + gst::ClockTime::from_nseconds(7);
        assert_eq!(rig.harness.query_latency(), Some(wanted));
        let mut outputs = rig.run(frames(&caps, count, 5));
        assert_eq!(outputs.len() as u64, count.saturating_sub(2));
        send(&mut rig, gst::event::Eos::new());
        outputs.extend(rig.outputs());
        assert_eq!(outputs.len() as u64, count);
    }
}

#[test]
fn installed_weights_are_found_by_their_name_and_listed_when_the_name_is_wrong() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("rirndeblur/models");
    std::fs::create_dir_all(&folder).expect("a folder");
    weights(&folder, "mine", Cell::Gru, SlotKind::Irm, SlotKind::None);
    let run = |model: &str| {
        let mut command = launch(&format!(
            "videotestsrc num-buffers=2 ! video/x-raw,width=32,height=32 ! videoconvert ! \
             rirndeblur model={model} ! fakesink"
        ));
        command.env("XDG_DATA_HOME", home.path());
        command
    };
    stderr(&mut run("mine"));
    // A name is no path, even where the path leads to a weights file.
    for wrong in ["other", "../models/mine", ".mine"] {
        let output = run(wrong).output().expect("gst-launch-1.0");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        let sentence =
            format!("There are no weights named \"{wrong}\"; there are: lite, mine, standard.");
        assert!(said.contains(&sentence), "{said}");
    }
}
