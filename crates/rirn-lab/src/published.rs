// SPDX-License-Identifier: MIT OR Apache-2.0
//! The results that the paper prints: tables S5 and S6 of the supplement of Park, Nah, Lee,
//! "Recurrence-in-Recurrence Networks for Video Deblurring", BMVC 2022, arXiv 2203.06418.
//!
//! They are from the authors' own training on GOPRO and REDS (RGB, 8 bit) at full size. The
//! authors' weights are not public; these numbers are aims and say nothing of any weights file.

use rirn::networks::Cell::{self, Gru, Ifi, Lstm, Rdbn, Strcnn};
use rirn::networks::SlotKind::{self, Atb, Irm, None as Empty};
use rirn::networks::Spec;
use serde::Serialize;

/// Mean over a data set's test frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// Peak signal to noise ratio in dB.
    pub psnr: f64,
    /// Structural similarity, 1 for equal pictures.
    pub ssim: f64,
}

/// One network of the tables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// The paper's name for it.
    pub name: &'static str,
    /// The tables in which it stands.
    pub tables: &'static [&'static str],
    /// Baseline.
    pub cell: Cell,
    /// Module on the hidden state.
    pub hidden: SlotKind,
    /// Module on the feature.
    pub feature: SlotKind,
    /// Score on GOPRO.
    pub gopro: Score,
    /// Score on REDS.
    pub reds: Score,
}

impl Row {
    /// The row with this network's baseline and modules, of whatever size; none if the paper
    /// does not have the combination.
    #[must_use]
    pub fn of(spec: &Spec) -> Option<&'static Self> {
        let wanted = (spec.cell, spec.hidden, spec.feature);
        ROWS.iter()
            .find(|row| (row.cell, row.hidden, row.feature) == wanted)
    }
}

const S5: &[&str] = &["S5"];
const S6: &[&str] = &["S6"];
const BOTH: &[&str] = &["S5", "S6"];

/// PSNR and SSIM on GOPRO, then on REDS.
type Numbers = [f64; 4];

const fn row(
    name: &'static str,
    (cell, hidden, feature): (Cell, SlotKind, SlotKind),
    tables: &'static [&'static str],
    numbers: Numbers,
) -> Row {
    let [gopro_psnr, gopro_ssim, reds_psnr, reds_ssim] = numbers;
    Row {
        name,
        tables,
        cell,
        hidden,
        feature,
        gopro: Score {
            psnr: gopro_psnr,
            ssim: gopro_ssim,
        },
        reds: Score {
            psnr: reds_psnr,
            ssim: reds_ssim,
        },
    }
}

/// All rows: the two networks that only S5 has stand behind those of S6 with the same baseline.
#[rustfmt::skip]
pub const ROWS: [Row; 22] = [
    row("IFI-RNN", (Ifi, Empty, Empty), BOTH, [28.30, 0.8668, 30.01, 0.8762]),
    row("IFI-RNN + ATB", (Ifi, Empty, Atb), S6, [28.65, 0.8779, 30.61, 0.8800]),
    row("IFI-RNN + IRM", (Ifi, Irm, Empty), S6, [28.88, 0.8805, 30.75, 0.8845]),
    row("IFI-RNN + IRM + ATB", (Ifi, Irm, Atb), BOTH, [29.14, 0.8894, 31.08, 0.8905]),
    row("IFI-RNN + ATB + ATB", (Ifi, Atb, Atb), S5, [28.65, 0.8812, 30.75, 0.8822]),
    row("IFI-RNN + IRM + IRM", (Ifi, Irm, Irm), S5, [28.76, 0.8874, 30.95, 0.8900]),
    row("STRCNN", (Strcnn, Empty, Empty), S6, [28.72, 0.8460, 30.23, 0.8708]),
    row("STRCNN + ATB", (Strcnn, Empty, Atb), S6, [28.75, 0.8554, 30.43, 0.8752]),
    row("STRCNN + IRM", (Strcnn, Irm, Empty), S6, [28.82, 0.8602, 30.66, 0.8829]),
    row("STRCNN + IRM + ATB", (Strcnn, Irm, Atb), S6, [28.87, 0.8781, 30.76, 0.8902]),
    row("RDBN", (Rdbn, Empty, Empty), S6, [29.82, 0.9043, 32.29, 0.9222]),
    row("RDBN + ATB", (Rdbn, Empty, Atb), S6, [29.87, 0.9048, 32.55, 0.9221]),
    row("RDBN + IRM", (Rdbn, Irm, Empty), S6, [29.96, 0.9086, 32.44, 0.9308]),
    row("RDBN + IRM + ATB", (Rdbn, Irm, Atb), S6, [30.17, 0.9120, 32.71, 0.9322]),
    row("GRU", (Gru, Empty, Empty), S6, [25.11, 0.7890, 26.69, 0.7956]),
    row("GRU + ATB", (Gru, Empty, Atb), S6, [25.49, 0.7961, 26.77, 0.8043]),
    row("GRU + IRM", (Gru, Irm, Empty), S6, [26.03, 0.8179, 28.52, 0.8338]),
    row("GRU + IRM + ATB", (Gru, Irm, Atb), S6, [26.36, 0.8217, 28.60, 0.8428]),
    row("LSTM", (Lstm, Empty, Empty), S6, [25.22, 0.7948, 26.87, 0.8046]),
    row("LSTM + ATB", (Lstm, Empty, Atb), S6, [25.33, 0.8011, 27.69, 0.8198]),
    row("LSTM + IRM", (Lstm, Irm, Empty), S6, [26.97, 0.8291, 28.75, 0.8335]),
    row("LSTM + IRM + ATB", (Lstm, Irm, Atb), S6, [27.24, 0.8400, 29.12, 0.8584]),
];

#[cfg(test)]
mod tests {
    use super::{ROWS, Row};

    #[test]
    fn a_row_has_the_numbers_of_the_supplement() {
        let row = Row::of(&"rdbn-irm-atb".parse().expect("a network")).expect("a row");
        assert_eq!((row.name, row.tables), ("RDBN + IRM + ATB", &["S6"][..]));
        assert_eq!((row.gopro.psnr, row.gopro.ssim), (30.17, 0.9120));
        assert_eq!((row.reds.psnr, row.reds.ssim), (32.71, 0.9322));
        assert_eq!(Row::of(&"rdbn-atb-irm".parse().expect("a network")), None);
    }

    #[test]
    fn each_table_has_its_rows_and_a_module_never_makes_a_baseline_worse() {
        let rows = |table| ROWS.iter().filter(move |row| row.tables.contains(&table));
        assert_eq!((rows("S5").count(), rows("S6").count()), (4, 20));
        for row in &ROWS {
            let base = ROWS.iter().find(|base| base.cell == row.cell);
            let base = base.expect("every baseline has a row of its own");
            assert!(row.gopro.psnr >= base.gopro.psnr && row.reds.psnr >= base.reds.psnr);
        }
    }
}
