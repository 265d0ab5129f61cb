// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`collect`]: what the rows of a grid came to, beside the paper's tables S5 and S6.

use super::AblationError;
use super::grid::{Grid, GridRow, Paper};
use super::row::{extent, scores};
use crate::eval::scores::{Evaluation, Mean, Table};
use crate::published::{ROWS, Row};
use crate::report;
use rirn::layers::Outline;
use rirn::networks::Rirn;
use serde::Serialize;
use std::path::Path;

/// Results of all rows of a grid that are done.
#[derive(Debug, Clone, Serialize)]
pub struct Collected {
    /// Data and budget.
    pub title: String,
    /// PSNR in dB and SSIM of the blurred input.
    pub blurred: Option<(f64, f64)>,
    /// In the paper's order.
    pub rows: Vec<RowResult>,
}

/// One network.
#[derive(Debug, Clone, Serialize)]
pub struct RowResult {
    /// The paper's name.
    pub name: String,
    /// Tables in which it stands.
    pub tables: Vec<&'static str>,
    /// Parameters of the network that was trained.
    pub parameters: i64,
    /// Seeds that are done.
    pub runs: usize,
    /// Mean PSNR in dB over all frames, and over seeds.
    pub psnr: Option<f64>,
    /// Standard deviation of the PSNR over seeds, if there is more than one.
    pub deviation: Option<f64>,
    /// Mean SSIM.
    pub ssim: Option<f64>,
    /// The paper's PSNR and SSIM on GOPRO.
    pub paper_gopro: (f64, f64),
    /// The paper's PSNR and SSIM on REDS.
    pub paper_reds: (f64, f64),
    /// Networks of the same table and baseline that the paper has below this one on the grid's data
    /// set, and that are above it here.
    pub below: Vec<String>,
    /// Networks of the same table and baseline that are done.
    pub compared: usize,
}

/// Joins the rows that are done in `folder`.
///
/// # Errors
/// A row of another grid, or scores that cannot be read.
pub fn collect(grid: &Grid, folder: &Path) -> Result<Collected, AblationError> {
    let (mut rows, mut blurred, mut known) = (Vec::new(), None, None);
    for published in &ROWS {
        let own = |row: &&GridRow| row.published.name == published.name;
        let own: Vec<&GridRow> = grid.rows.iter().filter(own).collect();
        let Some(first) = own.first() else { continue };
        let mut means: Vec<Mean> = Vec::new();
        for row in &own {
            let Some(scores) = scores(folder, row)? else {
                continue;
            };
            if let [input, network, ..] = &scores.entries[..] {
                if *known.get_or_insert_with(|| extent(input)) != extent(input) {
                    return Err(AblationError::OtherSequences {
                        folder: folder.join(&row.name).display().to_string(),
                    });
                }
                let input = input.mean();
                blurred = Some((input.psnr, input.ssim));
                means.push(network.mean());
            }
        }
        rows.push(RowResult::new(published, parameters(first)?, &means));
    }
    let order: Vec<_> = rows
        .iter()
        .map(|row| order(row, &rows, grid.settings.paper))
        .collect();
    for (row, (below, compared)) in rows.iter_mut().zip(order) {
        (row.below, row.compared) = (below, compared);
    }
    Ok(Collected {
        title: grid.settings.title.clone(),
        blurred,
        rows,
    })
}

fn parameters(row: &GridRow) -> Result<i64, AblationError> {
    let spec = row.recipe.network_spec()?;
    let network = Rirn::build(&spec, &mut Outline::default());
    Ok(network
        .map_err(crate::train::TrainError::from)?
        .parameters())
}

impl RowResult {
    fn new(row: &Row, parameters: i64, means: &[Mean]) -> Self {
        let count = means.len() as f64;
        let mean = |of: fn(&Mean) -> f64| {
            (!means.is_empty()).then(|| means.iter().map(of).sum::<f64>() / count)
        };
        let psnr = mean(|mean| mean.psnr);
        let deviation = psnr.filter(|_| means.len() > 1).map(|centre| {
            let squares = means.iter().map(|mean| (mean.psnr - centre).powi(2));
            (squares.sum::<f64>() / (count - 1.0)).sqrt()
        });
        Self {
            name: row.name.to_owned(),
            tables: row.tables.to_vec(),
            parameters,
            runs: means.len(),
            psnr,
            deviation,
            ssim: mean(|mean| mean.ssim),
            paper_gopro: (row.gopro.psnr, row.gopro.ssim),
            paper_reds: (row.reds.psnr, row.reds.ssim),
            below: Vec::new(),
            compared: 0,
        }
    }

    /// Baseline, as the paper names it.
    fn baseline(&self) -> &str {
        self.name.split(" + ").next().unwrap_or_default()
    }
}

/// Rows of the same baseline and a common table that the paper has lower and that are higher here, and
/// how many such rows are done.
fn order(row: &RowResult, rows: &[RowResult], paper: Paper) -> (Vec<String>, usize) {
    let figure = |row: &RowResult| match paper {
        Paper::Gopro => row.paper_gopro.0,
        Paper::Reds => row.paper_reds.0,
    };
    let together = rows.iter().filter(|other| {
        other.name != row.name
            && other.psnr.is_some()
            && other.baseline() == row.baseline()
            && other.tables.iter().any(|table| row.tables.contains(table))
    });
    let together: Vec<_> = together.collect();
    let above = together.iter().filter(|other| {
        let ours = other.psnr.zip(row.psnr);
        ours.is_some_and(|(other, own)| other > own) && figure(other) < figure(row)
    });
    (
        above.map(|other| other.name.clone()).collect(),
        together.len(),
    )
}

impl Collected {
    /// Rows that are not done in full.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.rows.iter().filter(|row| row.psnr.is_none()).count()
    }

    /// Tables S5 and S6, ours beside the paper's; without one of which the grid has no row.
    #[must_use]
    pub fn tables(&self) -> Vec<Table> {
        let tables = ["S5", "S6"].map(|name| self.table(name));
        let made = tables.into_iter().filter(|table| !table.rows.is_empty());
        made.collect()
    }

    /// The tables as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut notes = Vec::new();
        if let Some((psnr, ssim)) = self.blurred {
            notes.push(format!("The blurred input has {psnr:.3} dB and {ssim:.4}."));
        }
        if self.missing() > 0 {
            notes.push(format!(
                "Not done: {} of {} rows.",
                self.missing(),
                self.rows.len()
            ));
        }
        notes.push(
            "The paper's figures are for its own training on whole data sets at full size; only the \
             order of rows can be compared."
                .to_owned(),
        );
        report::markdown(&Evaluation {
            title: self.title.clone(),
            tables: self.tables(),
            notes,
            ..Evaluation::default()
        })
    }

    fn table(&self, name: &str) -> Table {
        let columns = [
            "network",
            "parameters",
            "PSNR dB",
            "SSIM",
            "gain dB",
            "paper GOPRO",
            "paper REDS",
            "order",
        ];
        let rows = self.rows.iter().filter(|row| row.tables.contains(&name));
        Table {
            title: format!("Table {name}"),
            columns: columns.map(str::to_owned).into(),
            rows: rows.map(|row| self.cells(row)).collect(),
        }
    }

    fn cells(&self, row: &RowResult) -> Vec<String> {
        let number = |value: Option<f64>, digits| {
            value.map_or("—".to_owned(), |value| format!("{value:.digits$}"))
        };
        let gain = self
            .blurred
            .zip(row.psnr)
            .map(|((input, _), own)| own - input);
        let spread = row.deviation.map(|deviation| format!(" ± {deviation:.3}"));
        let order = match (row.psnr.filter(|_| row.compared > 0), row.below.is_empty()) {
            (None, _) => "—".to_owned(),
            (_, true) => "as the paper".to_owned(),
            (_, false) => format!("below {}", row.below.join(", ")),
        };
        vec![
            row.name.clone(),
            row.parameters.to_string(),
            number(row.psnr, 3) + &spread.unwrap_or_default(),
            number(row.ssim, 4),
            number(gain, 3),
            format!("{:.2} / {:.4}", row.paper_gopro.0, row.paper_gopro.1),
            format!("{:.2} / {:.4}", row.paper_reds.0, row.paper_reds.1),
            order,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(row: &Row, psnr: Option<f64>) -> RowResult {
        let mean = |psnr| Mean {
            psnr,
            ..Mean::default()
        };
        RowResult::new(row, 1, &psnr.map(mean).into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn rows_are_as_in_the_paper_or_named_below_those_that_overtook_them() {
        // Our PSNR falls where the paper's rises, but for the baselines without modules.
        let psnr = |row: &Row| {
            if row.name.contains('+') {
                -row.gopro.psnr
            } else {
                -99.0
            }
        };
        let rows: Vec<RowResult> = ROWS
            .iter()
            .map(|row| result(row, Some(psnr(row))))
            .collect();
        let below = |name: &str| {
            let row = rows.iter().find(|row| row.name == name).expect("a row");
            order(row, &rows, Paper::Gopro).0
        };
        assert_eq!(below("GRU + IRM + ATB"), ["GRU + ATB", "GRU + IRM"]);
        assert_eq!(below("GRU + IRM"), ["GRU + ATB"]);
        assert!(below("GRU + ATB").is_empty() && below("GRU").is_empty());
        // Both tables, but no row of the other table only.
        let both = [
            "IFI-RNN + ATB",
            "IFI-RNN + IRM",
            "IFI-RNN + ATB + ATB",
            "IFI-RNN + IRM + IRM",
        ];
        assert_eq!(below("IFI-RNN + IRM + ATB"), both);
        assert_eq!(below("IFI-RNN + IRM + IRM"), ["IFI-RNN + ATB + ATB"]);
        // On REDS the paper has two rows of RDBN the other way round.
        let row = |name: &str| rows.iter().find(|row| row.name == name).expect("a row");
        let (irm, atb) = (row("RDBN + IRM"), row("RDBN + ATB"));
        assert!(irm.paper_gopro > atb.paper_gopro && irm.paper_reds < atb.paper_reds);
        let below = |row, paper| order(row, &rows, paper).0;
        assert!(below(irm, Paper::Gopro).contains(&atb.name));
        assert!(!below(irm, Paper::Reds).contains(&atb.name));
        // Alone no row has an order.
        assert_eq!(order(irm, &[], Paper::Gopro), (Vec::new(), 0));
    }

    #[test]
    fn several_seeds_give_mean_and_deviation_and_none_gives_dashes() {
        let mean = |psnr, ssim| Mean {
            psnr,
            ssim,
            ..Mean::default()
        };
        let two = RowResult::new(&ROWS[0], 7, &[mean(20.0, 0.5), mean(21.0, 0.7)]);
        assert_eq!((two.psnr, two.ssim, two.runs), (Some(20.5), Some(0.6), 2));
        assert!((two.deviation.expect("two runs") - 0.5_f64.sqrt()).abs() < 1e-12);
        let collected = Collected {
            title: "x".to_owned(),
            blurred: Some((19.0, 0.4)),
            rows: vec![two, result(&ROWS[1], None)],
        };
        assert_eq!(collected.missing(), 1);
        let tables = collected.tables();
        let s6 = &tables[1].rows;
        assert_eq!(s6[0][2..5], ["20.500 ± 0.707", "0.6000", "1.500"]);
        assert_eq!(s6[1][2..5], ["—", "—", "—"]);
        assert_eq!(s6[1][5], "28.65 / 0.8779");
    }
}
