// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Map`]: the table by which the names of another program become ours, a TOML text.
//!
//! The maps in `maps/` are built in; a user writes others in the same form. How one is written:
//! the comments in `maps/estrnn-strcnn.toml`.

use serde::Deserialize;

use rirn::networks::{Cell, SlotKind, Spec};

use super::compose::{Before, BeforeText};
use super::error::{ConvertError, shown};
use super::pattern::{Numbers, Pattern};
use super::sizes::{Base, Blocks};
use super::{BUILT_IN, Source};

/// Longest text of a map, in bytes.
const MAX_MAP: u64 = 1 << 18;

/// A mapping table.
#[derive(Debug, Clone)]
pub struct Map {
    text: Text,
    layers: Vec<Layer>,
    drops: Vec<(Pattern, String)>,
}

/// The TOML text as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    about: String,
    #[serde(default)]
    notes: Vec<String>,
    impossible: Option<String>,
    cell: Option<String>,
    #[serde(default = "none")]
    hidden: String,
    #[serde(default = "none")]
    feature: String,
    #[serde(default)]
    skip: bool,
    #[serde(default)]
    irm_relu: bool,
    #[serde(default)]
    blue_first: bool,
    base: Option<Base>,
    blocks: Option<Blocks>,
    #[serde(default, rename = "layer")]
    layers: Vec<LayerText>,
    #[serde(default, rename = "drop")]
    drops: Vec<DropText>,
}

fn none() -> String {
    "none".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerText {
    to: String,
    from: String,
    before: Option<BeforeText>,
    norm: Option<String>,
    #[serde(default = "usual_eps")]
    eps: f64,
    #[serde(default)]
    norm_axis: usize,
    #[serde(default)]
    swap: bool,
    #[serde(default)]
    zero_bias: bool,
    #[serde(default)]
    misfit: String,
}

/// The default of PyTorch's batch normalisation.
fn usual_eps() -> f64 {
    1e-5
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct DropText {
    name: String,
    why: String,
}

/// One rule: where a layer of ours comes from.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    to: Pattern,
    from: Pattern,
    /// The convolution before the layer that is multiplied into it.
    pub(super) before: Option<Before>,
    norm: Option<Pattern>,
    /// What is added to the variance.
    pub(super) eps: f64,
    /// The dimension of the weight that counts its outputs.
    pub(super) norm_axis: usize,
    /// Whether the first two dimensions of the weight are exchanged.
    pub(super) swap: bool,
    /// Whether an absent bias is zero.
    pub(super) zero_bias: bool,
    /// What to say if shapes differ.
    pub(super) misfit: String,
}

/// A rule applied to one layer.
pub(super) struct Found<'m> {
    pub(super) layer: &'m Layer,
    pub(super) from: String,
    pub(super) before: Option<String>,
    pub(super) norm: Option<String>,
}

impl Map {
    /// Names of the built-in maps.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in map of this name.
    ///
    /// # Errors
    /// [`ConvertError::Map`] if there is none.
    pub fn built_in(name: &str) -> Result<Self, ConvertError> {
        let map = BUILT_IN.iter().find(|(known, _)| *known == name);
        let known = || Self::names().collect::<Vec<_>>().join(", ");
        let unknown = || {
            format!(
                "there is none named \"{}\", there are {}",
                shown(name),
                known()
            )
        };
        Self::parse(map.ok_or_else(|| ConvertError::map(unknown()))?.1)
    }

    /// Reads a map.
    ///
    /// # Errors
    /// [`ConvertError::Map`] says where the text is wrong; [`ConvertError::TooLarge`].
    pub fn parse(text: &str) -> Result<Self, ConvertError> {
        ConvertError::limit("the map, in bytes,", text.len() as u64, MAX_MAP)?;
        let text: Text = toml::from_str(text)
            .map_err(|error| ConvertError::map(error.to_string().trim_end()))?;
        let layers = text
            .layers
            .iter()
            .map(Layer::parse)
            .collect::<Result<_, _>>()?;
        let drop = |drop: &DropText| Ok((Pattern::parse(&drop.name)?, drop.why.clone()));
        let drops = text.drops.iter().map(drop);
        let drops = drops.collect::<Result<_, ConvertError>>()?;
        Ok(Self {
            text,
            layers,
            drops,
        })
    }

    /// One line on whose names these are.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.text.about
    }

    /// In what the converted network differs from the one the file was made for.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.text.notes
    }

    /// Why files of this kind cannot be converted at all, if so.
    #[must_use]
    pub fn impossible(&self) -> Option<&str> {
        self.text.impossible.as_deref()
    }

    /// The network of which `source` holds the weights, its sizes read from shapes.
    ///
    /// # Errors
    /// [`ConvertError::Impossible`] if the map says that there is none;
    /// [`ConvertError::Missing`] if the file has no tensor to read a size from;
    /// [`ConvertError::Spec`] if the sizes are out of range; [`ConvertError::Map`].
    pub fn spec(&self, source: &Source) -> Result<Spec, ConvertError> {
        let text = &self.text;
        if let Some(reason) = text.impossible.clone() {
            return Err(ConvertError::Impossible { reason });
        }
        let lacks = |key: &str| ConvertError::map(format!("it lacks \"{key}\""));
        let word = text.cell.as_deref().ok_or_else(|| lacks("cell"))?;
        let base = text.base.as_ref().ok_or_else(|| lacks("base"))?;
        let cell = Cell::ALL.into_iter().find(|cell| cell.word() == word);
        let spec = Spec {
            cell: cell.ok_or_else(|| unknown("cell", word))?,
            base: base.read(source)?,
            blocks: text.blocks.as_ref().map_or(Ok(0), |b| b.read(source))?,
            hidden: slot("hidden", &text.hidden)?,
            feature: slot("feature", &text.feature)?,
            skip: text.skip,
            irm_relu: text.irm_relu,
        };
        spec.check()?;
        Ok(spec)
    }

    /// Whether the file's network takes and gives blue first.
    #[must_use]
    pub fn blue_first(&self) -> bool {
        self.text.blue_first
    }

    /// The first rule for a layer of ours.
    pub(super) fn layer(&self, ours: &str) -> Result<Option<Found<'_>>, ConvertError> {
        let found = |layer| Layer::matches(layer, ours).map(|numbers| (layer, numbers));
        let Some((layer, numbers)) = self.layers.iter().find_map(found) else {
            return Ok(None);
        };
        let from = layer.from.with(&numbers)?;
        let named = |name: &Pattern| name.with(&numbers);
        let before = layer.before.as_ref().map(|before| named(&before.from));
        Ok(Some(Found {
            layer,
            from,
            before: before.transpose()?,
            norm: layer.norm.as_ref().map(named).transpose()?,
        }))
    }

    /// Why a tensor of the file is dropped, if it is.
    pub(super) fn drops(&self, name: &str) -> Option<&str> {
        let mut drops = self.drops.iter();
        let drop = drops.find(|(pattern, _)| pattern.matches(name).is_some());
        drop.map(|(_, why)| why.as_str())
    }
}

impl Layer {
    fn parse(text: &LayerText) -> Result<Self, ConvertError> {
        let norm = text.norm.as_deref().map(Pattern::parse).transpose()?;
        let before = text.before.as_ref().map(|before| before.parse(&text.to));
        let before = before.transpose()?;
        if before.is_some() && (norm.is_some() || text.swap) {
            let to = shown(&text.to);
            return Err(ConvertError::map(format!(
                "layer \"{to}\" has \"before\", which does not go with \"norm\" or \"swap\""
            )));
        }
        if !(text.eps.is_finite() && text.eps >= 0.0) {
            let to = shown(&text.to);
            return Err(ConvertError::map(format!(
                "eps of layer \"{to}\" is no number above 0"
            )));
        }
        Ok(Self {
            to: Pattern::parse(&text.to)?,
            from: Pattern::parse(&text.from)?,
            before,
            norm,
            eps: text.eps,
            norm_axis: text.norm_axis,
            swap: text.swap,
            zero_bias: text.zero_bias,
            misfit: text.misfit.clone(),
        })
    }

    fn matches(&self, ours: &str) -> Option<Numbers> {
        self.to.matches(ours)
    }
}

fn slot(key: &str, word: &str) -> Result<SlotKind, ConvertError> {
    let slot = SlotKind::ALL.into_iter().find(|kind| kind.word() == word);
    slot.ok_or_else(|| unknown(key, word))
}

fn unknown(key: &str, word: &str) -> ConvertError {
    ConvertError::map(format!("unknown {key} \"{}\"", shown(word)))
}
