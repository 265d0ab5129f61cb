// SPDX-License-Identifier: MIT OR Apache-2.0
//! The frames that the page shows, caught while they are scored.

use anyhow::{Context, Result, ensure};
use rirn_lab::data::{RgbImage, Sequence};
use rirn_lab::eval::Shown;
use rirn_lab::report::{Figure, Panel};

/// A wanted frame and what has been seen of it.
struct Wanted {
    index: usize,
    figure: Figure,
    truth: Option<RgbImage>,
}

/// All wanted frames.
pub(crate) struct Figures(Vec<Wanted>);

impl Figures {
    /// Refuses places that the sequences do not have.
    pub(crate) fn new(places: &[(String, usize)], sequences: &[Sequence]) -> Result<Self> {
        let mut all = Vec::with_capacity(places.len());
        for (name, index) in places {
            let sequence = sequences.iter().find(|sequence| sequence.name == *name);
            let sequence = sequence.with_context(|| format!("there is no sequence {name}"))?;
            ensure!(
                *index < sequence.len(),
                "sequence {name} has no frame {index}, the last one is {}",
                sequence.len() - 1
            );
            all.push(Wanted {
                index: *index,
                figure: Figure {
                    sequence: name.clone(),
                    file: String::new(),
                    panels: Vec::new(),
                },
                truth: None,
            });
        }
        Ok(Self(all))
    }

    /// Keeps a frame if it is wanted. The blurred one comes first.
    pub(crate) fn keep(&mut self, shown: &Shown<'_>) {
        for wanted in &mut self.0 {
            if wanted.index != shown.index || wanted.figure.sequence != shown.sequence {
                continue;
            }
            wanted.figure.file = shown.file.to_owned();
            wanted.figure.panels.push(Panel {
                name: shown.entry.to_owned(),
                score: shown.score.cloned(),
                picture: shown.picture.clone(),
            });
            wanted.truth.get_or_insert_with(|| shown.truth.clone());
        }
    }

    /// The figures, each with the truth as its last panel.
    pub(crate) fn finish(self) -> Vec<Figure> {
        let finish = |wanted: Wanted| {
            let mut figure = wanted.figure;
            figure.panels.extend(wanted.truth.map(|picture| Panel {
                name: "sharp".to_owned(),
                score: None,
                picture,
            }));
            figure
        };
        self.0.into_iter().map(finish).collect()
    }
}
