// SPDX-License-Identifier: MIT OR Apache-2.0
//! Colours and dashes of lines, told apart by colour-blind readers, too.

use crate::eval::scores::Evaluation;

/// Colours without a page around the chart. The first is the blurred input's.
const COLOURS: [&str; 7] = [
    "#6b7280", "#0072b2", "#d55e00", "#009e73", "#b8609a", "#a87800", "#3fa0d8",
];
/// Dashes of one round of colours after the other.
const DASHES: [&str; 4] = ["none", "7 3", "2 3", "9 3 2 3"];

/// Which colour a name has, the same in all charts of a page.
#[derive(Debug, Clone, Default)]
pub struct Palette {
    names: Vec<String>,
}

impl Palette {
    /// The entries of an evaluation first, then what else its curves name.
    #[must_use]
    pub fn new(evaluation: &Evaluation) -> Self {
        let entries = evaluation.entries.iter().map(|entry| &entry.name);
        let series = evaluation.curves.iter().flat_map(|curve| &curve.series);
        let mut names: Vec<String> = Vec::new();
        for name in entries.chain(series.map(|series| &series.name)) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        Self { names }
    }

    /// Attributes of a line of this name: colour and dashes.
    pub(super) fn stroke(&self, name: &str) -> String {
        let known = self.names.iter().position(|other| other == name);
        let place = known.unwrap_or(self.names.len());
        // The grey of the first is not used again, and it is dashed: it is what is compared with.
        let (colour, dash) = match place.checked_sub(1) {
            None => (0, "5 4"),
            Some(rest) => (1 + rest % 6, DASHES[rest / 6 % DASHES.len()]),
        };
        let fallback = COLOURS[colour];
        format!("stroke=\"var(--c{colour}, {fallback})\" stroke-dasharray=\"{dash}\"")
    }
}
