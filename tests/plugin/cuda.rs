// SPDX-License-Identifier: MIT OR Apache-2.0
//! The element on a GPU: what comes out, and that nothing is left behind there.

use crate::harness::{Rig, alone, bytes, caps, element, frames, info, timed};
use crate::streams::{flush, restart};
use gst::ClockTime;
use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use std::process::Command;

/// The built-in network on a device, which does not look for cuts.
fn on(device: &str, precision: &str) -> RirnDeblur {
    let element = element();
    element.set_property("scene-cut-detection", false);
    element.set_property("qos", false);
    element.set_property("device", device);
    element.set_property_from_str("precision", precision);
    element
}

/// A smooth moving picture, the frame of this index.
fn waves(caps: &gst::Caps, index: u64) -> gst::Buffer {
    let info = info(caps);
    let mut picture = vec![128; info.size()];
    let (width, height, stride) = (info.width(), info.height(), info.stride()[0]);
    for y in 0..height {
        for x in 0..width {
            let phase = (x as f64 + 2.0 * index as f64) / 5.0;
            let value = 128.0 + 90.0 * phase.sin() * (f64::from(y) / 7.0).cos();
            picture[y as usize * stride as usize + x as usize] = value as u8;
        }
    }
    timed(picture, index)
}

/// What an element makes of `count` frames of waves.
fn outputs(element: RirnDeblur, caps: &gst::Caps, count: u64) -> Vec<Vec<u8>> {
    let mut rig = Rig::new(element, caps);
    let outputs = rig.run((0..count).map(|index| waves(caps, index)).collect());
    outputs.iter().map(bytes).collect()
}

fn largest(a: &[u8], b: &[u8]) -> u8 {
    let differences = a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    differences.max().unwrap_or_default()
}

/// Memory of the device in use, in MiB.
fn used() -> u64 {
    let output = Command::new("nvidia-smi")
        .args(["--query-gpu=memory.used", "--format=csv,noheader,nounits"])
        .output()
        .expect("nvidia-smi runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.lines().next().map(str::trim).unwrap_or_default();
    first.parse().expect("a number of MiB")
}

#[test]
#[ignore = "needs CUDA"]
fn float32_on_cuda_is_the_cpus_to_one_grey_level_in_every_kind_of_format() {
    for format in [
        "I420", "NV12", "YUY2", "RGB", "BGRx", "GBR", "GRAY8", "Y444",
    ] {
        let caps = caps(format, 328, 182);
        let cuda = outputs(on("cuda:0", "float32"), &caps, 4);
        let cpu = outputs(on("cpu", "float32"), &caps, 4);
        assert_eq!((cuda.len(), cpu.len()), (4, 4));
        for (cuda, cpu) in cuda.iter().zip(&cpu) {
            let most = largest(cuda, cpu);
            assert!(most <= 1, "{format}: {most}");
        }
    }
}

#[test]
#[ignore = "needs CUDA"]
fn two_elements_on_one_gpu_do_not_disturb_each_other() {
    let caps = caps("I420", 320, 180);
    let alone = outputs(on("cuda", "float32"), &caps, 6);
    let make = || Rig::new(on("cuda", "float32"), &caps);
    let (mut one, mut other) = (make(), make());
    for index in 0..6 {
        let a = one.one(waves(&caps, index));
        // Behind it by two frames.
        if index >= 2 {
            other.one(waves(&caps, index - 2));
        }
        let most = largest(&bytes(&a), &alone[usize::try_from(index).expect("few")]);
        assert!(most <= 1, "frame {index}: {most}");
    }
}

#[test]
#[ignore = "needs CUDA"]
fn the_device_changes_in_ready() {
    let caps = caps("I420", 160, 120);
    let expected = outputs(on("cpu", "float32"), &caps, 1);
    let mut rig = Rig::new(on("cuda", "float32"), &caps);
    for device in ["cpu", "cuda:0", "cpu", "auto", "cuda"] {
        rig.element.set_state(gst::State::Ready).expect("down");
        rig.element.set_property("device", device);
        restart(&mut rig, gst::State::Ready, &caps);
        let output = rig.one(waves(&caps, 0));
        assert!(largest(&bytes(&output), &expected[0]) <= 1, "{device}");
        let active = rig.element.property::<String>("active-device");
        assert_eq!(active, if device == "cpu" { "cpu" } else { "cuda:0" });
    }
}

#[test]
#[ignore = "needs CUDA"]
fn flushes_and_cycles_leave_the_memory_of_the_device_level() {
    alone(|| {
        let caps = caps("I420", 640, 360);
        let mut rig = Rig::new(on("cuda", "auto"), &caps);
        let mut early = 0;
        for round in 0..300 {
            assert_eq!(rig.run(frames(&caps, 2, 1)).len(), 2);
            flush(&mut rig, ClockTime::ZERO);
            while rig.harness.try_pull_event().is_some() {}
            if round == 9 {
                early = used();
            }
        }
        let late = used();
        assert!(late <= early + 16, "{early} MiB, then {late}");
        for round in 0..50 {
            restart(&mut rig, gst::State::Null, &caps);
            assert_eq!(rig.run(frames(&caps, 2, 1)).len(), 2);
            if round == 4 {
                early = used();
            }
        }
        let late = used();
        assert!(late <= early + 16, "cycles: {early} MiB, then {late}");
    });
}
