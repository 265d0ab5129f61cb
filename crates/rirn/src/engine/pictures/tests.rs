// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ops/picture` against the pixel floor, on random bytes of every format, range, siting and of sizes
//! down to one pixel. Here and not beside it, for a GPU has to be asked for first.

use crate::engine::{DeviceChoice, EngineConfig, placement};
use crate::frame::Frame;
use crate::ops::picture::{Planes, pack, unpack};
use crate::pixel::tests::reference::{codes as codes_of, without_codes};
use crate::pixel::tests::{Dice, Owned, for_all, moved};
use crate::pixel::{Matrix, Mix, Split};
use std::sync::OnceLock;
use tch::{Device, Tensor};

/// `cuda` where RIRN_TEST_DEVICE says so. Asked before any other call of LibTorch, which looks for
/// CUDA only once.
fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    *DEVICE.get_or_init(|| {
        let wish = std::env::var("RIRN_TEST_DEVICE");
        let config = EngineConfig {
            device: wish
                .map_or(Ok(DeviceChoice::Cpu), |wish| wish.parse())
                .expect("a device"),
            ..EngineConfig::default()
        };
        placement(&config).expect("the device is there").0
    })
}

fn planes(picture: &Owned) -> Planes {
    let (device, view) = (device(), picture.view());
    let mut bytes = vec![0; view.shape().bytes()];
    let run = view.shape().view_mut(&mut bytes);
    run.expect("long enough").copy_from(&view);
    let bytes = Tensor::from_slice(&bytes).to_device(device);
    Planes::new(view.shape(), &bytes).expect("planes")
}

fn tensor(frame: &Frame) -> Tensor {
    let size = [1, frame.height() as i64, frame.width() as i64, 3];
    Tensor::from_slice(frame.data())
        .view(size)
        .permute([0, 3, 1, 2])
        .to_device(device())
}

fn numbers(frame: &Tensor) -> Vec<f32> {
    let flat = frame.permute([0, 2, 3, 1]).contiguous().view([-1]);
    let flat = flat.to_device(Device::Cpu);
    Vec::try_from(flat).expect("numbers")
}

/// The picture that the tensor form makes, and whether it says that all was finite.
fn packed(picture: &Owned, sharp: &Tensor, mix: &Mix) -> (Owned, bool) {
    let planes = planes(picture);
    let blurred = unpack(&planes).expect("a frame");
    let bytes = pack(&planes, &blurred, sharp, mix).expect("bytes");
    let bytes: Vec<u8> = bytes.to_device(Device::Cpu).try_into().expect("bytes");
    let mut output = picture.clone();
    let run = picture.view().shape().view(&bytes);
    output.view_mut().copy_from(&run.expect("long enough"));
    assert_eq!(bytes.len(), picture.view().shape().bytes() + 1);
    (output, bytes[bytes.len() - 1] == 1)
}

#[test]
fn frames_are_those_of_the_pixel_floor() {
    for_all(&[Matrix::Bt601, Matrix::Bt2020], |picture, _| {
        let frame = unpack(&planes(picture)).expect("a frame");
        assert!(crate::ops::is_channels_last(&frame));
        let off = numbers(&frame)
            .into_iter()
            .zip(picture.unpacked().into_data());
        let most = off.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(most < 1e-6, "{}: {most}", picture.view().format());
    });
}

#[test]
fn what_is_left_alone_comes_out_bit_by_bit() {
    for_all(&[Matrix::Bt709], |picture, _| {
        let same = unpack(&planes(picture)).expect("a frame");
        let (output, finite) = packed(picture, &same, &Mix::default());
        assert!(finite);
        assert_eq!(output.rows(), picture.rows(), "{}", picture.view().format());
    });
}

/// One of the mixes that there are.
fn mix(dice: &mut Dice) -> Mix {
    let position = dice.signed().abs();
    let split = match dice.next() % 4 {
        0 => Split::None,
        1 => Split::Vertical(position),
        2 => Split::Horizontal(position),
        _ => Split::Difference,
    };
    let strength = dice.signed().abs();
    Mix { strength, split }
}

#[test]
fn corrections_are_those_of_the_pixel_floor_to_one_code() {
    let (mut codes, mut others) = (0_usize, 0_usize);
    for_all(&[Matrix::Bt709], |picture, dice| {
        let (blurred, mix) = (picture.unpacked(), mix(dice));
        let sharp = moved(&blurred, dice);
        let (output, _) = packed(picture, &tensor(&sharp), &mix);
        let expected = picture.packed(&blurred, &sharp, &mix);
        // A step of a word below the code is no step of the code: compare codes.
        let [found, expected] = [&output, &expected].map(codes_of);
        for (found, expected) in found.into_iter().zip(expected) {
            codes += 1;
            others += usize::from(found != expected);
            let off = (found - expected).abs();
            assert!(off <= 1.0, "{} {mix:?}: {off}", picture.view().format());
        }
        let [found, expected] = [&output, picture].map(without_codes);
        assert_eq!(found.rows(), expected.rows());
    });
    assert!(others * 10_000 < codes, "{others} of {codes} codes differ");
}

#[test]
fn a_frame_with_a_value_that_is_not_finite_says_so() {
    let mut pictures = 0;
    for_all(&[Matrix::Fcc], |picture, dice| {
        pictures += 1;
        if pictures % 29 > 0 {
            return;
        }
        let sharp = tensor(&picture.unpacked());
        let at = dice.next() as i64 % sharp.numel() as i64;
        for value in [f64::NAN, f64::INFINITY] {
            let spoiled = sharp.copy().contiguous().view([-1]);
            let _ = spoiled.get(at).fill_(value);
            let spoiled = spoiled.view_as(&sharp.contiguous());
            assert!(!packed(picture, &spoiled, &Mix::default()).1);
        }
    });
}
