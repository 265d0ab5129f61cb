// SPDX-License-Identifier: MIT OR Apache-2.0
//! A golden file, and networks made from it.

use rirn::error::Result;
use rirn::layers::Source;
use rirn::networks::{Network, Rirn, Spec, State};
use safetensors::SafeTensors;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/golden")
}

/// A golden file: weights `w.*`, frames `in`, `out`, `states.*`, and the network's description.
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) spec: Spec,
    pub(crate) tensors: BTreeMap<String, Tensor>,
}

impl Golden {
    pub(crate) fn read(path: &Path) -> Self {
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

    pub(crate) fn all() -> Vec<Self> {
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
    pub(crate) fn frame(&self, name: &str, t: i64) -> Tensor {
        self.tensors[name].narrow(0, t, 1)
    }

    pub(crate) fn frames(&self) -> i64 {
        self.tensors["in"].size()[0]
    }

    /// The window of frame `t`; ends are continued by repeats.
    pub(crate) fn window(&self, t: i64, network: &Rirn) -> Tensor {
        let last = self.frames() - 1;
        self.window_by(t, network, |t| t.clamp(0, last))
    }

    /// The window of time `t` where `which` says which frame is shown at a time.
    pub(crate) fn window_by(&self, t: i64, network: &Rirn, which: impl Fn(i64) -> i64) -> Tensor {
        let profile = network.profile();
        let (behind, ahead) = (profile.look_behind as i64, profile.look_ahead as i64);
        let frames: Vec<_> = (t - behind..=t + ahead)
            .map(|t| self.frame("in", which(t)))
            .collect();
        Tensor::cat(&frames, 1)
    }

    /// The states before the first frame.
    pub(crate) fn initial_state(&self, network: &Rirn) -> State {
        let size = self.tensors["in"].size();
        network.initial_state(1, size[2], size[3]).expect("zeros")
    }

    pub(crate) fn network(&self, kind: Kind) -> Rirn {
        self.network_on(kind, Device::Cpu)
    }

    pub(crate) fn network_on(&self, kind: Kind, device: Device) -> Rirn {
        let mut weights = Weights {
            golden: self,
            placement: (kind, device),
        };
        Rirn::build(&self.spec, &mut weights).expect("the network builds")
    }
}

struct Weights<'g> {
    golden: &'g Golden,
    placement: (Kind, Device),
}

impl Source for Weights<'_> {
    fn tensor(&mut self, name: &str, shape: &[i64]) -> Result<Tensor> {
        let tensor = &self.golden.tensors[&format!("w.{name}")];
        assert_eq!(tensor.size(), shape, "{} {name}", self.golden.name);
        let (kind, device) = self.placement;
        Ok(tensor.to_kind(kind).to_device(device))
    }
}

pub(crate) fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let difference = a.to_kind(Kind::Double) - b.to_kind(Kind::Double);
    difference.abs().max().double_value(&[])
}
