// SPDX-License-Identifier: MIT OR Apache-2.0
//! A card as text for people. All of it is fit for a terminal, whatever stands in the file.

use std::fmt;

use super::{Card, Layer, Network, Paper};
use crate::visible::visible;

/// Width of the column of names.
const NAMES: usize = 14;

/// Where the table of layers begins, and between its columns.
const GAP: &str = "  ";

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = if self.built_in { " (built in)" } else { "" };
        writeln!(f, "{}{origin}", visible(&self.name))?;
        let mut line = |name: &str, value: &str| writeln!(f, "  {name:NAMES$}  {value}");
        line("network", &self.network.to_string())?;
        line("paper", &paper(self.paper.as_ref(), &self.network))?;
        if let Some(Paper { published, .. }) = &self.paper {
            let [gopro, reds] = [published.gopro, published.reds]
                .map(|score| format!("{:.2} dB / {:.4}", score.psnr, score.ssim));
            line(
                "",
                &format!("the paper's PSNR / SSIM: GOPRO {gopro}, REDS {reds};"),
            )?;
            line("", published.note)?;
        }
        line("parameters", &grouped(self.parameters))?;
        let [hd, full] = [self.multiply_adds.hd, self.multiply_adds.full_hd].map(giga);
        line(
            "multiply-adds",
            &format!("{hd} at 1280x720, {full} at 1920x1080"),
        )?;
        line("delay", &self.delay_text())?;
        line("states", &self.states_text())?;
        line("file", &format!("{} bytes", grouped(self.bytes)))?;
        line("sha256", &self.sha256)?;
        if self.notes.is_empty() {
            line("notes", "none")?;
        }
        for (index, (key, value)) in self.notes.iter().enumerate() {
            let name = if index == 0 { "notes" } else { "" };
            line(name, &format!("{}: {}", visible(key), visible(value)))?;
        }
        Ok(())
    }
}

impl Card {
    /// The table of all layers, after the paper's tables S1 to S4: names as in the file, channels
    /// in and out, the map's size as a share of the frame's, and what each layer costs.
    #[must_use]
    pub fn layer_table(&self) -> String {
        let head = [
            "layer",
            "kind",
            "kernel",
            "stride",
            "in -> out",
            "grid",
            "parameters",
            "share",
        ];
        let mut rows = vec![head.map(str::to_owned)];
        rows.extend(self.layers.iter().map(cells));
        let total = [self.parameters, self.layers.len() as i64].map(grouped);
        let sum = format!(
            "{GAP}{} layers, {} parameters, {} multiply-adds at 1280x720\n",
            total[1],
            total[0],
            giga(self.multiply_adds.hd)
        );
        aligned(&rows) + &sum
    }

    fn delay_text(&self) -> String {
        match self.delay.frames {
            0 => "none".to_owned(),
            frames => format!(
                "{frames} frames, {:.1} ms at 30 frames per second",
                self.delay.milliseconds_at_30_fps
            ),
        }
    }

    fn states_text(&self) -> String {
        let state = |state: &super::State| {
            format!(
                "{} {} channels at 1/{}",
                state.name, state.channels, state.divisor
            )
        };
        let states: Vec<String> = self.states.iter().map(state).collect();
        let megabytes = self.state_bytes_1280x720 as f64 / 1e6;
        format!(
            "{}; {megabytes:.2} MB at 1280x720 in float32",
            states.join(", ")
        )
    }
}

impl fmt::Display for Network {
    /// What the file's metadata say, in a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            label,
            base,
            blocks,
            ..
        } = self;
        write!(f, "{label}, base {base}, blocks {blocks}")?;
        options(self).try_for_each(|option| write!(f, ", {option}"))
    }
}

/// The row of the paper, and in what the file differs from it.
fn paper(paper: Option<&Paper>, network: &Network) -> String {
    let Some(paper) = paper else {
        return "not a row of the paper".to_owned();
    };
    let tables = if paper.tables.len() > 1 {
        "tables"
    } else {
        "table"
    };
    let mut text = format!("{} ({tables} {})", paper.row, paper.tables.join(", "));
    let mut differs = |name, is: u32, there: u32| {
        if is != there {
            text += &format!(", {name} {is} of {there}");
        }
    };
    differs("base", network.base, paper.base);
    differs("blocks", network.blocks, paper.blocks);
    let options: Vec<&str> = options(network).collect();
    if !options.is_empty() {
        text += &format!(", with {}", options.join(" and "));
    }
    if paper.exact {
        text += ", the paper's size";
    }
    text
}

/// The options that the paper does not mention.
fn options(network: &Network) -> impl Iterator<Item = &'static str> {
    let all = [("skip", network.skip), ("irm_relu", network.irm_relu)];
    all.into_iter()
        .filter_map(|(name, is_on)| is_on.then_some(name))
}

/// One line of the layer table.
fn cells(layer: &Layer) -> [String; 8] {
    let [before, after] = [layer.input_divisor, layer.output_divisor].map(|n| format!("1/{n}"));
    [
        layer.name.clone(),
        layer.kind.to_owned(),
        format!("{0}x{0}", layer.kernel),
        layer.stride.to_string(),
        format!("{} -> {}", layer.input, layer.output),
        if before == after {
            after
        } else {
            format!("{before} -> {after}")
        },
        grouped(layer.parameters),
        format!("{:.1} %", 100.0 * layer.share),
    ]
}

/// Lines whose columns are as wide as their longest cell; the last two hold numbers.
fn aligned(rows: &[[String; 8]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max();
    let widths: [usize; 8] = std::array::from_fn(|column| width(column).unwrap_or_default());
    let mut text = String::new();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            text += GAP;
            text += &if column < 6 {
                format!("{cell:width$}")
            } else {
                format!("{cell:>width$}")
            };
        }
        text.push('\n');
    }
    text
}

/// Multiply-adds in units of 1e9.
fn giga(count: i64) -> String {
    format!("{:.2} G", count as f64 / 1e9)
}

/// A number with a comma before every three digits.
fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
