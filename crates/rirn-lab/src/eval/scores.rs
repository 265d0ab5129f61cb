// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result of an evaluation as plain data: scores of frames, means, tables and curves. Written
//! and read as JSON with these names; how it is shown is no matter of this module.

use serde::{Deserialize, Serialize};

/// An evaluation of one or more weights on one set of sequences.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evaluation {
    /// Says which data these are.
    pub title: String,
    /// `P1` or `P2`.
    pub protocol: String,
    /// First the blurred input, then each weights.
    pub entries: Vec<Entry>,
    /// Results of experiments.
    pub tables: Vec<Table>,
    /// Results of experiments.
    pub curves: Vec<Curve>,
    /// What a reader has to know.
    pub notes: Vec<String>,
}

/// The blurred input, or the output of one network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// Name, different from all others of the evaluation.
    pub name: String,
    /// What it is and how it was run.
    pub about: String,
    /// All sequences, in the same order in every entry.
    pub sequences: Vec<SequenceScores>,
}

/// Scores of one sequence.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SequenceScores {
    /// Its name.
    pub name: String,
    /// The scored frames.
    pub frames: Vec<FrameScore>,
    /// Mean change of the error between neighbouring scored frames, in grey levels.
    pub flicker: f64,
}

/// Score of one frame.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FrameScore {
    /// Position in the sequence, from 0.
    pub index: usize,
    /// File name of the blurred frame.
    pub file: String,
    /// dB; 100 for equal frames.
    pub psnr: f64,
    /// 1 for equal frames.
    pub ssim: f64,
}

/// A mean over frames or over sequences.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Mean {
    /// dB.
    pub psnr: f64,
    /// SSIM.
    pub ssim: f64,
    /// Grey levels.
    pub flicker: f64,
    /// Scored frames.
    pub frames: usize,
}

impl SequenceScores {
    /// Mean over the sequence's scored frames; zeros without any.
    #[must_use]
    pub fn mean(&self) -> Mean {
        let count = self.frames.len().max(1) as f64;
        let sum = |value: fn(&FrameScore) -> f64| self.frames.iter().map(value).sum::<f64>();
        Mean {
            psnr: sum(|frame| frame.psnr) / count,
            ssim: sum(|frame| frame.ssim) / count,
            flicker: self.flicker,
            frames: self.frames.len(),
        }
    }

    /// Pairs of neighbouring frames, which flicker is a mean over.
    fn pairs(&self) -> usize {
        self.frames.len().saturating_sub(1)
    }
}

impl Entry {
    /// Mean over all scored frames of all sequences, flicker over all pairs of neighbours.
    #[must_use]
    pub fn mean(&self) -> Mean {
        self.weighted(|sequence| sequence.frames.len(), SequenceScores::pairs)
    }

    /// Mean over the sequences' means, each sequence counting once.
    #[must_use]
    pub fn mean_of_sequences(&self) -> Mean {
        self.weighted(|_| 1, |_| 1)
    }

    fn weighted(
        &self,
        weight: impl Fn(&SequenceScores) -> usize,
        flicker_weight: impl Fn(&SequenceScores) -> usize,
    ) -> Mean {
        let mut mean = Mean::default();
        let (mut sum, mut flicker_sum) = (0.0_f64, 0.0_f64);
        for sequence in &self.sequences {
            let own = sequence.mean();
            let (share, flicker_share) = (weight(sequence) as f64, flicker_weight(sequence) as f64);
            mean.psnr += share * own.psnr;
            mean.ssim += share * own.ssim;
            mean.flicker += flicker_share * own.flicker;
            mean.frames += own.frames;
            sum += share;
            flicker_sum += flicker_share;
        }
        mean.psnr /= sum.max(1.0);
        mean.ssim /= sum.max(1.0);
        mean.flicker /= flicker_sum.max(1.0);
        mean
    }
}

/// A table: every row has as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    /// What it shows, with the unit of its numbers.
    pub title: String,
    /// Heads of the columns.
    pub columns: Vec<String>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

/// Lines over one axis.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Curve {
    /// What it shows.
    pub title: String,
    /// Words at the horizontal axis.
    pub x: String,
    /// Words at the vertical axis.
    pub y: String,
    /// The lines.
    pub series: Vec<Series>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Series {
    /// What it is of.
    pub name: String,
    /// Points from left to right; all numbers finite.
    pub points: Vec<(f64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::{Entry, Evaluation, FrameScore, SequenceScores};

    fn sequence(scores: &[f64], flicker: f64) -> SequenceScores {
        let frame = |(index, psnr): (usize, &f64)| FrameScore {
            index,
            file: format!("{index}.png"),
            psnr: *psnr,
            ssim: psnr / 100.0,
        };
        SequenceScores {
            name: "a".to_owned(),
            frames: scores.iter().enumerate().map(frame).collect(),
            flicker,
        }
    }

    fn entry() -> Entry {
        Entry {
            sequences: vec![sequence(&[20.0, 30.0, 40.0], 1.0), sequence(&[10.0], 0.0)],
            ..Entry::default()
        }
    }

    #[test]
    fn one_mean_counts_frames_and_the_other_sequences() {
        let (frames, sequences) = (entry().mean(), entry().mean_of_sequences());
        assert_eq!((frames.psnr, frames.frames), (25.0, 4));
        assert!((frames.ssim - 0.25).abs() < 1e-12);
        assert_eq!((sequences.psnr, sequences.frames), (20.0, 4));
    }

    #[test]
    fn a_sequence_of_one_frame_has_no_pair_that_could_flicker() {
        assert_eq!(entry().mean().flicker, 1.0);
        assert_eq!(entry().mean_of_sequences().flicker, 0.5);
    }

    #[test]
    fn means_of_nothing_are_zero_and_not_undefined() {
        let mean = Entry::default().mean();
        assert_eq!(
            (mean.psnr, mean.ssim, mean.flicker, mean.frames),
            (0.0, 0.0, 0.0, 0)
        );
    }

    #[test]
    fn json_comes_back_as_it_was() {
        let evaluation = Evaluation {
            entries: vec![entry()],
            ..Evaluation::default()
        };
        let text = serde_json::to_string(&evaluation).unwrap();
        assert_eq!(
            serde_json::from_str::<Evaluation>(&text).unwrap(),
            evaluation
        );
    }
}
