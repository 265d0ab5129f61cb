// SPDX-License-Identifier: MIT OR Apache-2.0
//! The description from which a network is built, and its two text forms.
//!
//! A weights file stores it as seven metadata keys; people write the short form
//! `<cell>-<hidden>-<feature>`, which leaves the size to the paper's table. Sizes and limits:
//! `docs/NETWORKS.md`, after tables S1 to S4 of the paper's supplement.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::SpecError;

/// Largest base channel count. The paper's largest is 32; this leaves room, yet bounds the
/// memory that a file of a few bytes can ask for.
const MAX_BASE: u32 = 256;

/// Largest number of residual blocks, bounded for the same reason.
const MAX_BLOCKS: u32 = 64;

/// The baseline network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// IFI-RNN, configuration C1H1.
    Ifi,
    /// STRCNN without its temporal blending.
    Strcnn,
    /// ESTRNN without its global attention.
    Rdbn,
    /// The GRU made from IFI-RNN (table S2).
    Gru,
    /// The LSTM made from IFI-RNN (table S1).
    Lstm,
}

impl Cell {
    /// All baselines, in the paper's order.
    pub const ALL: [Self; 5] = [Self::Ifi, Self::Strcnn, Self::Rdbn, Self::Gru, Self::Lstm];

    /// The word for it in files and in short network names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ifi => "ifi",
            Self::Strcnn => "strcnn",
            Self::Rdbn => "rdbn",
            Self::Gru => "gru",
            Self::Lstm => "lstm",
        }
    }

    /// Base channel count and number of blocks in the paper.
    #[must_use]
    pub fn paper_size(self) -> (u32, u32) {
        match self {
            Self::Ifi => (20, 6),
            Self::Strcnn => (32, 4),
            Self::Rdbn => (16, 15),
            Self::Gru | Self::Lstm => (20, 0),
        }
    }

    /// Fewest blocks it works with: rdbn merges its blocks' outputs and needs one to merge.
    fn least_blocks(self) -> u32 {
        u32::from(self == Self::Rdbn)
    }
}

/// The module in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// Nothing: what enters the slot leaves it unchanged.
    None,
    /// The inner recurrence module (table S3).
    Irm,
    /// The adaptive temporal blending (table S4).
    Atb,
}

impl SlotKind {
    /// All kinds, the empty one first.
    pub const ALL: [Self; 3] = [Self::None, Self::Irm, Self::Atb];

    /// The word for it in files and in short network names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Irm => "irm",
            Self::Atb => "atb",
        }
    }
}

/// Everything that decides which layers a network has; weights excepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spec {
    /// The baseline.
    pub cell: Cell,
    /// Base channel count, 1 to 256; every width of the network is a multiple of it.
    pub base: u32,
    /// Residual blocks per stack, 0 to 64; at least 1 for rdbn.
    pub blocks: u32,
    /// Module on the hidden state.
    pub hidden: SlotKind,
    /// Module on the feature.
    pub feature: SlotKind,
    /// Whether the blurry frame is added to the output.
    pub skip: bool,
    /// Whether the convolutions of an IRM are followed by ReLU.
    pub irm_relu: bool,
}

impl Spec {
    /// The metadata keys of a spec, all of them required.
    pub const KEYS: [&'static str; 7] = [
        "cell", "base", "blocks", "hidden", "feature", "skip", "irm_relu",
    ];

    /// The network at the paper's size, without the options that the paper does not mention.
    #[must_use]
    pub fn paper(cell: Cell, hidden: SlotKind, feature: SlotKind) -> Self {
        let (base, blocks) = cell.paper_size();
        Self {
            cell,
            base,
            blocks,
            hidden,
            feature,
            skip: false,
            irm_relu: false,
        }
    }

    /// Whether base and blocks are within their limits.
    ///
    /// # Errors
    /// [`SpecError::OutOfRange`] names the first that is not.
    pub fn check(&self) -> Result<(), SpecError> {
        within("base", self.base, 1, MAX_BASE)?;
        within("blocks", self.blocks, self.cell.least_blocks(), MAX_BLOCKS)
    }

    /// Reads the seven keys of [`Spec::KEYS`]; other keys are ignored.
    ///
    /// # Errors
    /// [`SpecError::Missing`], [`SpecError::UnknownCell`], [`SpecError::UnknownValue`],
    /// [`SpecError::NotANumber`] or [`SpecError::OutOfRange`], for the first fault.
    pub fn from_metadata(metadata: &BTreeMap<String, String>) -> Result<Self, SpecError> {
        if let Some(key) = Self::KEYS
            .into_iter()
            .find(|key| !metadata.contains_key(*key))
        {
            return Err(SpecError::Missing { key });
        }
        let text = |key: &str| metadata.get(key).map_or("", String::as_str);
        let spec = Self {
            cell: cell(text("cell"))?,
            base: number("base", text("base"))?,
            blocks: number("blocks", text("blocks"))?,
            hidden: slot("hidden", text("hidden"))?,
            feature: slot("feature", text("feature"))?,
            skip: truth("skip", text("skip"))?,
            irm_relu: truth("irm_relu", text("irm_relu"))?,
        };
        spec.check()?;
        Ok(spec)
    }

    /// The seven keys of [`Spec::KEYS`] with this spec's values.
    #[must_use]
    pub fn to_metadata(&self) -> BTreeMap<String, String> {
        let values = [
            self.cell.word().to_string(),
            self.base.to_string(),
            self.blocks.to_string(),
            self.hidden.word().to_string(),
            self.feature.word().to_string(),
            self.skip.to_string(),
            self.irm_relu.to_string(),
        ];
        Self::KEYS
            .into_iter()
            .map(String::from)
            .zip(values)
            .collect()
    }
}

/// The short form, `<cell>-<hidden>-<feature>`; it does not tell size and options.
impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}-{}",
            self.cell.word(),
            self.hidden.word(),
            self.feature.word()
        )
    }
}

/// Reads the short form; size and options are those of [`Spec::paper`].
impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let words: Vec<&str> = text.split('-').collect();
        let [cell_word, hidden, feature] = words[..] else {
            return Err(SpecError::not_a_spec(text));
        };
        let (hidden, feature) = (slot("hidden", hidden), slot("feature", feature));
        Ok(Self::paper(cell(cell_word)?, hidden?, feature?))
    }
}

fn cell(found: &str) -> Result<Cell, SpecError> {
    let known = || SpecError::unknown("cell", found, &Cell::ALL.map(Cell::word));
    Cell::ALL
        .into_iter()
        .find(|cell| cell.word() == found)
        .ok_or_else(known)
}

fn slot(key: &'static str, found: &str) -> Result<SlotKind, SpecError> {
    let known = || SpecError::unknown(key, found, &SlotKind::ALL.map(SlotKind::word));
    SlotKind::ALL
        .into_iter()
        .find(|kind| kind.word() == found)
        .ok_or_else(known)
}

fn truth(key: &'static str, found: &str) -> Result<bool, SpecError> {
    found
        .parse()
        .map_err(|_| SpecError::unknown(key, found, &["true", "false"]))
}

/// Decimal without sign or leading zero. `parse` alone would take "+1" and "007".
fn number(key: &'static str, found: &str) -> Result<u32, SpecError> {
    let digits = matches!(found.len(), 1..=3) && found.bytes().all(|b| b.is_ascii_digit());
    let plain = digits && (found == "0" || !found.starts_with('0'));
    let value = found.parse().ok().filter(|_| plain);
    value.ok_or_else(|| SpecError::not_a_number(key, found))
}

fn within(key: &'static str, found: u32, least: u32, most: u32) -> Result<(), SpecError> {
    match found {
        n if n < least || n > most => Err(SpecError::OutOfRange {
            key,
            found,
            least,
            most,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
