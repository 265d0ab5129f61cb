// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks against the oracle: outputs before the clamp and states after every frame, for every
//! file of `tests/data/golden`, within the numerical contract of `docs/NETWORKS.md`.

use rirn::error::Result;
use rirn::layers::Source;
use rirn::networks::{Network, Rirn, Spec};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};

/// Largest difference that counts as equal; a float32 run of the oracle differs by 2e-6.
const TOLERANCE: f64 = 2e-5;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden")
}

/// A golden file: weights `w.*`, frames `in`, `out`, `states.*`, and the network's description.
struct Golden {
    name: String,
    spec: Spec,
    tensors: BTreeMap<String, Tensor>,
}

impl Golden {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the file can be read");
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a sound file");
        let metadata = header.metadata().clone().expect("with metadata");
        let spec = Spec::from_metadata(&metadata.into_iter().collect()).expect("a known network");
        let file = SafeTensors::deserialize(&bytes).expect("a sound file");
        let tensors = file.tensors().into_iter().map(|(name, view)| {
            let shape: Vec<_> = view.shape().iter().map(|side| *side as i64).collect();
            (
                name,
                Tensor::from_data_size(view.data(), &shape, Kind::Float),
            )
        });
        Self {
            name: path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            spec,
            tensors: tensors.collect(),
        }
    }

    fn all() -> Vec<Self> {
        // Maps of a few pixels are not worth a second thread, least of all in parallel tests.
        tch::set_num_threads(1);
        let files = std::fs::read_dir(folder()).expect("tests/data/golden is there");
        let mut paths: Vec<_> = files.map(|file| file.expect("an entry").path()).collect();
        paths.retain(|path| {
            path.extension()
                .is_some_and(|ending| ending == "safetensors")
        });
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Frame `t` of the tensor `name`, with a batch of one.
    fn frame(&self, name: &str, t: i64) -> Tensor {
        self.tensors[name].narrow(0, t, 1)
    }

    fn frames(&self) -> i64 {
        self.tensors["in"].size()[0]
    }

    fn network(&self, kind: Kind) -> Rirn {
        Rirn::build(&self.spec, &mut Weights { golden: self, kind }).expect("the network builds")
    }
}

struct Weights<'g> {
    golden: &'g Golden,
    kind: Kind,
}

impl Source for Weights<'_> {
    fn tensor(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        let tensor = &self.golden.tensors[&format!("w.{name}")];
        assert_eq!(tensor.size(), shape, "{} {name}", self.golden.name);
        Ok(tensor.to_kind(self.kind))
    }
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let difference = a.to_kind(Kind::Double) - b.to_kind(Kind::Double);
    difference.abs().max().double_value(&[])
}

/// Runs all frames and gives the largest difference to the oracle, of outputs and states.
fn run(golden: &Golden, network: &Rirn) -> f64 {
    let input = golden.frame("in", 0);
    let (height, width) = (input.size()[2], input.size()[3]);
    let mut state = network.initial_state(1, height, width).expect("zeros");
    let mut largest: f64 = 0.0;
    for t in 0..golden.frames() {
        let (out, next) = network.step(&golden.frame("in", t), state).expect("a step");
        largest = largest.max(largest_difference(&out, &golden.frame("out", t)));
        for (name, tensor) in next.iter() {
            let expected = golden.frame(&format!("states.{name}"), t);
            assert_eq!(
                tensor.size(),
                expected.size(),
                "{} state {name}",
                golden.name
            );
            largest = largest.max(largest_difference(tensor, &expected));
        }
        state = next;
    }
    largest
}

#[test]
fn every_golden_network_gives_the_frames_and_states_of_the_oracle() {
    let all = Golden::all();
    assert!(all.len() >= 7, "only {} golden files", all.len());
    for golden in all {
        let difference = run(&golden, &golden.network(Kind::Float));
        assert!(difference <= TOLERANCE, "{}: {difference:e}", golden.name);
    }
}

#[test]
fn every_tensor_of_a_golden_file_belongs_to_its_network() {
    for golden in Golden::all() {
        let expected = rirn::networks::expected_tensors(&golden.spec).expect("a known network");
        let mut expected: Vec<_> = expected.into_iter().map(|(name, _)| name).collect();
        expected.sort();
        let found: Vec<_> = golden
            .tensors
            .keys()
            .filter_map(|name| name.strip_prefix("w."))
            .collect();
        assert_eq!(expected, found, "{}", golden.name);
    }
}

#[test]
fn zeroing_any_tensor_changes_the_output() {
    for golden in Golden::all() {
        let names: Vec<_> = golden
            .tensors
            .keys()
            .filter(|name| name.starts_with("w."))
            .cloned()
            .collect();
        for name in names {
            let mut broken = Golden::read(&folder().join(format!("{}.safetensors", golden.name)));
            let zeros = broken.tensors[&name].zeros_like();
            broken.tensors.insert(name.clone(), zeros);
            let difference = run(&broken, &broken.network(Kind::Float));
            assert!(difference > 5e-4, "{} {name}: {difference:e}", golden.name);
        }
    }
}
