// SPDX-License-Identifier: MIT OR Apache-2.0
//! A converted network gives the frames that the Python module gave, computed there in float64.
//!
//! Files: `data/make.py`, which also holds the modules.

use std::path::{Path, PathBuf};

use rirn::layers::Source as Tensors;
use rirn::networks::{Network, Rirn, Spec, State};
use rirn_lab::convert::{Map, Source, convert};
use tch::Tensor;

/// The contract of `docs/NETWORKS.md` for float32.
const TOLERANCE: f64 = 2e-5;

fn open(name: &str) -> Source {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let path: PathBuf = folder.join(name);
    Source::open(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn tensor(source: &Source, name: &str) -> Tensor {
    let shape = source.shape(name).expect("it is there");
    let values = source.values(name).expect("finite values");
    Tensor::from_slice(&values).reshape(shape)
}

struct Converted(Vec<(String, Vec<i64>, Vec<f32>)>);

impl Tensors for Converted {
    fn tensor(&mut self, name: &str, shape: &[i64]) -> rirn::Result<Tensor> {
        let mut all = self.0.iter();
        let (_, found, values) = all.find(|(known, _, _)| known == name).expect("it is made");
        assert_eq!(found, shape, "{name}");
        Ok(Tensor::from_slice(values).reshape(shape))
    }
}

/// The window around frame `t`; ends are continued by repeats.
fn window(frames: &Tensor, t: i64, network: &Rirn) -> Tensor {
    let profile = network.profile();
    let (behind, ahead) = (profile.look_behind as i64, profile.look_ahead as i64);
    let last = frames.size()[0] - 1;
    let at = |t: i64| frames.narrow(0, t.clamp(0, last), 1);
    let seen: Vec<Tensor> = (t - behind..=t + ahead).map(at).collect();
    Tensor::cat(&seen, 1)
}

/// The frames that the converted network makes of those in a file, [frames, 3, height, width].
fn frames(file: &str, map: &str, frames: &Source) -> (Spec, Tensor) {
    tch::set_num_threads(1);
    let source = open(file);
    let map = Map::built_in(map).expect("it is built in");
    let spec = map.spec(&source).expect("a file of this kind");
    let made = convert(&source, &map, &spec).expect("all tensors are there");
    let network = Rirn::build(&spec, &mut Converted(made)).expect("it is built in");
    // The Python modules do not care which colour comes first; a map may know that it is blue.
    let turned = |frames: Tensor| match map.blue_first() {
        true => frames.flip([1]),
        false => frames,
    };
    let blurred = turned(tensor(frames, "in"));
    let size = blurred.size();
    let mut state: State = network.initial_state(1, size[2], size[3]).expect("zeros");
    let mut all = Vec::new();
    for t in 0..size[0] {
        let (out, new) = network
            .step(&window(&blurred, t, &network), state)
            .expect("a step");
        state = new;
        all.push(out);
    }
    (spec, turned(Tensor::cat(&all, 0)))
}

fn largest(difference: &Tensor) -> f64 {
    let largest = difference.abs().max().double_value(&[]);
    assert!(largest.is_finite());
    largest
}

#[test]
fn a_converted_network_gives_the_frames_of_the_python_module() {
    for (file, map, expected, cell) in [
        ("ifirnn.pth", "estrnn-ifirnn", "ifirnn", "ifi"),
        ("ifirnn.safetensors", "estrnn-ifirnn", "ifirnn", "ifi"),
        ("strcnn.pt", "estrnn-strcnn", "strcnn", "strcnn"),
        ("estrnn-one-frame.pth", "estrnn-estrnn", "estrnn", "rdbn"),
        ("estrnn-one-frame.pth", "simdeblur-estrnn", "estrnn", "rdbn"),
        (
            "estrnn-no-bias.pth",
            "estrnn-estrnn",
            "estrnn-no-bias",
            "rdbn",
        ),
        ("estrnn-bias.pth", "estrnn-estrnn", "estrnn-bias", "rdbn"),
        ("estrnn-bias.pth", "simdeblur-estrnn", "estrnn-bias", "rdbn"),
    ] {
        let expected = open(&format!("{expected}-frames.safetensors"));
        let (spec, made) = frames(file, map, &expected);
        let apart = largest(&(made - tensor(&expected, "out")));
        assert_eq!(spec.cell.word(), cell);
        assert!(apart <= TOLERANCE, "{file} by {map}: {apart}");
    }
}

#[test]
fn of_the_bias_before_the_decoder_only_a_pattern_of_mean_zero_is_lost() {
    let expected = open("estrnn-bias-frames.safetensors");
    let (_, made) = frames("estrnn-bias.pth", "estrnn-estrnn", &expected);
    let lost = tensor(&expected, "exact") - made;
    // Enough that the test can fail, and the same in every frame.
    assert!(largest(&lost) > 0.01);
    assert!(largest(&(&lost - lost.narrow(0, 0, 1))) <= TOLERANCE);
    // Two pixels from the upper and left border, five from the others.
    let inside = |x: i64| lost.narrow(2, 2, 4).narrow(3, x, 4);
    assert!(largest(&(inside(2) - inside(6))) <= TOLERANCE);
    let mean = inside(2).mean_dim(&[2_i64, 3][..], false, tch::Kind::Float);
    assert!(largest(&mean) <= TOLERANCE);
}
