// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Card`]: what a weights file is, without running it.
//!
//! A file gets a card only if the engine would take it: it passes the nine checks of
//! `docs/WEIGHTS.md` first. Costs are counted from the network's own layer table. What the paper
//! printed for such a network stands beside it and is marked as the paper's: a card says nothing
//! about how good a file is. As text: [`Display`](std::fmt::Display) and [`Card::layer_table`];
//! for programs: [`json`].

mod facts;
mod layer;
mod text;

pub use facts::{Delay, MultiplyAdds, Network, Paper, Published, State};
pub use layer::Layer;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rirn::layers::Outline;
use rirn::networks::{Network as _, Rirn, StateProfile, expected_tensors};
use rirn::weights::{Installed, MAX_FILE, Place, Weights, WeightsError, shipped};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::visible::{visible, visible_json};

/// Height and width of the frame for which the cost is told.
const HD: (i64, i64) = (720, 1280);

/// The same for the larger one.
const FULL_HD: (i64, i64) = (1080, 1920);

/// A weights file described. As JSON its fields keep these names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Card {
    /// The file as it was named, or the name of the built-in weights; may hold any character.
    pub name: String,
    /// Whether it is built into the library.
    pub built_in: bool,
    /// Size of the file.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// What the file says it is.
    pub network: Network,
    /// The row of the paper's tables; none if the paper does not have such a network.
    pub paper: Option<Paper>,
    /// Number of weights and biases.
    pub parameters: i64,
    /// Cost of one frame.
    pub multiply_adds: MultiplyAdds,
    /// How late a frame leaves the network.
    pub delay: Delay,
    /// What is carried from frame to frame.
    pub states: Vec<State>,
    /// Memory of all states for a frame of 1280×720 pixels in float32, in bytes.
    pub state_bytes_1280x720: i64,
    /// Metadata beyond those of the network, as they are in the file: may hold any character.
    pub notes: BTreeMap<String, String>,
    /// All convolutions, in the order of the network's tables. Left out of JSON when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
}

impl Card {
    /// The card of what a user calls `word`: weights of this name, built in or `installed`, else a
    /// file. A file that is called like such weights is `./NAME`.
    ///
    /// # Errors
    /// [`Error::NoSuchWeights`] if it is neither, else as [`Card::open`].
    pub fn find(word: &OsStr, installed: &Installed) -> Result<Self> {
        let file = match installed.meant(word) {
            Place::BuiltIn(name) => return Self::built_in(&name),
            Place::File(file) => file,
        };
        match Self::open(&file) {
            Err(Error::Library(rirn::Error::Weights(WeightsError::NotFound))) => {
                let known = visible(&installed.names().join(", "));
                Err(Error::NoSuchWeights { known })
            }
            other => other,
        }
    }

    /// The card of a weights file.
    ///
    /// # Errors
    /// [`Error::Library`] for every file that the engine refuses, in the engine's words.
    pub fn open(path: &Path) -> Result<Self> {
        // The library's own reader comes first: it does not read what is no regular file, too
        // long, or faulty in its header. Then once more, for a hash of the very bytes described.
        drop(Weights::open(path)?);
        let bytes = read(path).map_err(|error| WeightsError::Unreadable {
            cause: error.to_string(),
        })?;
        let facts = Facts::of(&bytes);
        Self::describe(
            &path.to_string_lossy(),
            false,
            facts,
            &Weights::parse(bytes)?,
        )
    }

    /// The card of built-in weights.
    ///
    /// # Errors
    /// [`Error::Library`] if there are none of this name.
    pub fn built_in(name: &str) -> Result<Self> {
        let weights = Weights::built_in(name)?;
        let facts = Facts::of(shipped(name).unwrap_or_default());
        Self::describe(name, true, facts, &weights)
    }

    /// The card without its layers, of which JSON then says nothing.
    #[must_use]
    pub fn without_layers(mut self) -> Self {
        self.layers.clear();
        self
    }

    fn describe(name: &str, built_in: bool, facts: Facts, weights: &Weights) -> Result<Self> {
        let spec = weights.spec();
        weights.verify(&expected_tensors(spec)?)?;
        let network = Rirn::build(spec, &mut Outline::default())?;
        let profile = network.profile();
        let hd = network.multiply_adds(HD.0, HD.1);
        let layer = |row| Layer::new(row, HD, hd);
        Ok(Self {
            name: name.to_owned(),
            built_in,
            bytes: facts.bytes,
            sha256: facts.sha256,
            network: Network::new(spec),
            paper: Paper::new(spec),
            parameters: network.parameters(),
            multiply_adds: MultiplyAdds {
                hd,
                full_hd: network.multiply_adds(FULL_HD.0, FULL_HD.1),
            },
            delay: Delay::new(profile.look_ahead),
            state_bytes_1280x720: profile.states.iter().map(state_bytes).sum(),
            states: profile.states.iter().map(State::new).collect(),
            notes: weights.notes().clone(),
            layers: network.rows().iter().map(layer).collect(),
        })
    }
}

/// Several cards as one JSON list, in visible characters only.
///
/// # Errors
/// [`Error::Json`], which a card gives no reason for.
pub fn json(cards: &[Card]) -> Result<String> {
    Ok(visible_json(&serde_json::to_string_pretty(cards)?))
}

/// What is known of a file before it is understood.
struct Facts {
    bytes: u64,
    sha256: String,
}

impl Facts {
    fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self {
            bytes: bytes.len() as u64,
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// A whole file; of one that has grown too long no more than shows it.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Size of one state for a frame of 1280×720 pixels, float32.
fn state_bytes(state: &StateProfile) -> i64 {
    let values = state.channels * (HD.0 / state.divisor) * (HD.1 / state.divisor);
    values * size_of::<f32>() as i64
}
