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

/// Largest difference over all frames between the converted network and the module.
fn difference(file: &str, map: &str, frames: &str) -> (Spec, f64) {
    tch::set_num_threads(1);
    let (source, frames) = (open(file), open(frames));
    let map = Map::built_in(map).expect("it is built in");
    let spec = map.spec(&source).expect("a file of this kind");
    let made = convert(&source, &map, &spec).expect("all tensors are there");
    let network = Rirn::build(&spec, &mut Converted(made)).expect("it is built in");
    let (blurred, sharp) = (tensor(&frames, "in"), tensor(&frames, "out"));
    let size = blurred.size();
    let mut state: State = network.initial_state(1, size[2], size[3]).expect("zeros");
    let mut largest: f64 = 0.0;
    for t in 0..size[0] {
        let (out, new) = network
            .step(&window(&blurred, t, &network), state)
            .expect("a step");
        state = new;
        let apart = (out - sharp.narrow(0, t, 1)).abs().max().double_value(&[]);
        assert!(apart.is_finite());
        largest = largest.max(apart);
    }
    (spec, largest)
}

#[test]
fn a_converted_network_gives_the_frames_of_the_python_module() {
    for (file, map, frames, cell) in [
        ("ifirnn.pth", "estrnn-ifirnn", "ifirnn", "ifi"),
        ("ifirnn.safetensors", "estrnn-ifirnn", "ifirnn", "ifi"),
        ("strcnn.pt", "estrnn-strcnn", "strcnn", "strcnn"),
        ("estrnn-one-frame.pth", "estrnn-estrnn", "estrnn", "rdbn"),
        ("estrnn-one-frame.pth", "simdeblur-estrnn", "estrnn", "rdbn"),
    ] {
        let (spec, apart) = difference(file, map, &format!("{frames}-frames.safetensors"));
        assert_eq!(spec.cell.word(), cell);
        assert!(apart <= TOLERANCE, "{file} by {map}: {apart}");
    }
}
