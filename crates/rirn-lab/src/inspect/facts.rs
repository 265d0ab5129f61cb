// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parts of a [`Card`](super::Card).

use rirn::networks::{Spec, StateProfile};
use serde::Serialize;

use crate::published::{Row, Score};

/// Frames per second at which the delay is told in milliseconds.
const RATE: f64 = 30.0;

/// Stands beside the paper's numbers wherever they go.
const DISCLAIMER: &str = "printed in the paper for its authors' weights, not measured on this file";

/// The metadata that decide which network it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Short name, for example `ifi-irm-atb`.
    pub label: String,
    /// Baseline.
    pub cell: &'static str,
    /// Base channel count.
    pub base: u32,
    /// Residual blocks per stack.
    pub blocks: u32,
    /// Module on the hidden state.
    pub hidden: &'static str,
    /// Module on the feature.
    pub feature: &'static str,
    /// Whether the blurry frame is added to the output.
    pub skip: bool,
    /// Whether the convolutions of an IRM are followed by ReLU.
    pub irm_relu: bool,
}

/// The paper's network with the same baseline and modules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Paper {
    /// Its name in the tables.
    pub row: &'static str,
    /// The tables: S5, S6.
    pub tables: &'static [&'static str],
    /// Base channel count in the paper.
    pub base: u32,
    /// Residual blocks per stack in the paper.
    pub blocks: u32,
    /// Whether the file has the paper's base and blocks and none of the options that the paper
    /// does not mention.
    pub exact: bool,
    /// The paper's results.
    pub published: Published,
}

/// Results that the paper printed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    /// That they are not this file's.
    pub note: &'static str,
    /// On GOPRO.
    pub gopro: Score,
    /// On REDS.
    pub reds: Score,
}

/// Multiply-adds of one frame: convolutions only, at the padded size, without biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MultiplyAdds {
    /// For 1280×720 pixels.
    #[serde(rename = "1280x720")]
    pub hd: i64,
    /// For 1920×1080 pixels.
    #[serde(rename = "1920x1080")]
    pub full_hd: i64,
}

/// The frames that a network waits for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Delay {
    /// Frames between a picture and its result, computing time left out.
    pub frames: usize,
    /// The same in milliseconds at 30 frames per second.
    pub milliseconds_at_30_fps: f64,
}

/// One tensor that is carried from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct State {
    /// `h` hidden state, `c` memory cell, `f` feature.
    pub name: &'static str,
    /// Channels.
    pub channels: i64,
    /// Frame size over state size.
    pub divisor: i64,
}

impl Network {
    /// What a weights file of this network says of it.
    #[must_use]
    pub fn new(spec: &Spec) -> Self {
        Self {
            label: spec.to_string(),
            cell: spec.cell.word(),
            base: spec.base,
            blocks: spec.blocks,
            hidden: spec.hidden.word(),
            feature: spec.feature.word(),
            skip: spec.skip,
            irm_relu: spec.irm_relu,
        }
    }
}

impl Paper {
    pub(super) fn new(spec: &Spec) -> Option<Self> {
        let row = Row::of(spec)?;
        let (base, blocks) = spec.cell.paper_size();
        Some(Self {
            row: row.name,
            tables: row.tables,
            base,
            blocks,
            exact: *spec == Spec::paper(spec.cell, spec.hidden, spec.feature),
            published: Published {
                note: DISCLAIMER,
                gopro: row.gopro,
                reds: row.reds,
            },
        })
    }
}

impl Delay {
    pub(super) fn new(frames: usize) -> Self {
        Self {
            frames,
            milliseconds_at_30_fps: frames as f64 * 1000.0 / RATE,
        }
    }
}

impl State {
    pub(super) fn new(profile: &StateProfile) -> Self {
        Self {
            name: profile.name,
            channels: profile.channels,
            divisor: profile.divisor,
        }
    }
}
