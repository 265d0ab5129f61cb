// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Slots`]: the two places where an add-on module may sit. A slot does not know which place it
//! serves, so that the swaps of table S5 (ATB on the hidden state, IRM on the feature) are plain
//! specs.

use super::atb::Atb;
use super::irm::Irm;
use super::{SlotKind, Spec, State};
use crate::error::Result;
use crate::layers::Builder;
use crate::ops::spare;
use tch::Tensor;

enum Slot {
    None,
    Irm(Irm),
    Atb(Atb),
}

impl Slot {
    fn new(
        builder: &mut Builder,
        name: &str,
        kind: SlotKind,
        channels: i64,
        irm_relu: bool,
    ) -> Result<Self> {
        Ok(match kind {
            SlotKind::None => Self::None,
            SlotKind::Irm => Self::Irm(Irm::new(
                builder,
                &format!("{name}.irm"),
                channels,
                irm_relu,
            )?),
            SlotKind::Atb => Self::Atb(Atb::new(builder, &format!("{name}.atb"), channels)?),
        })
    }

    /// `new`, refined by the state `name` of the past; as it is if the slot is empty.
    fn apply(&self, new: Tensor, past: &State, name: &str) -> Result<Tensor> {
        let refined = match self {
            Self::None => return Ok(new),
            Self::Irm(irm) => irm.apply(&new, past.get(name)?)?,
            Self::Atb(atb) => atb.apply(&new, past.get(name)?)?,
        };
        spare::give_back(new);
        Ok(refined)
    }
}

/// The pair of slots of a network.
pub struct Slots {
    hidden: Slot,
    feature: Slot,
}

impl Slots {
    /// Slots for `hidden` and `feature` channels at the map size where the builder stands.
    pub(super) fn new(
        builder: &mut Builder,
        spec: &Spec,
        hidden: i64,
        feature: i64,
    ) -> Result<Self> {
        let relu = spec.irm_relu;
        Ok(Self {
            hidden: Slot::new(builder, "hidden", spec.hidden, hidden, relu)?,
            feature: Slot::new(builder, "feature", spec.feature, feature, relu)?,
        })
    }

    /// The hidden state h refined by the past one.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub fn hidden(&self, h: Tensor, past: &State) -> Result<Tensor> {
        self.hidden.apply(h, past, "h")
    }

    /// The feature f refined by the past one.
    ///
    /// # Errors
    /// What LibTorch reports.
    pub fn feature(&self, f: Tensor, past: &State) -> Result<Tensor> {
        self.feature.apply(f, past, "f")
    }
}
