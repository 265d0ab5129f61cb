// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one table of baselines. A new one is its own file and one row here.

use super::gru::Gru;
use super::ifi_rnn::IfiRnn;
use super::lstm::Lstm;
use super::rdbn::Rdbn;
use super::rirn::Rirn;
use super::strcnn::Strcnn;
use super::{Baseline, BaselineShape, Cell, Spec};
use crate::error::{Error, Result};
use crate::layers::{Builder, Outline};

/// How to make one baseline.
pub(super) struct Row {
    cell: Cell,
    /// Channels and sizes, before anything is built.
    pub(super) shape: fn(&Spec) -> BaselineShape,
    /// The cell with its tensors.
    pub(super) build: fn(&mut Builder, &Spec) -> Result<Box<dyn Baseline>>,
}

const ROWS: &[Row] = &[
    Row {
        cell: Cell::Ifi,
        shape: IfiRnn::shape,
        build: IfiRnn::build,
    },
    Row {
        cell: Cell::Strcnn,
        shape: Strcnn::shape,
        build: Strcnn::build,
    },
    Row {
        cell: Cell::Rdbn,
        shape: Rdbn::shape,
        build: Rdbn::build,
    },
    Row {
        cell: Cell::Gru,
        shape: Gru::shape,
        build: Gru::build,
    },
    Row {
        cell: Cell::Lstm,
        shape: Lstm::shape,
        build: Lstm::build,
    },
];

/// The row of a cell.
pub(super) fn row(cell: Cell) -> Result<&'static Row> {
    ROWS.iter()
        .find(|row| row.cell == cell)
        .ok_or_else(|| Error::UnknownNetwork(cell.word().to_owned()))
}

/// Names and shapes of all tensors of a network, in the order in which they are built. Allocates
/// no tensor.
///
/// # Errors
/// [`Error::UnknownNetwork`] if the cell is not built in.
pub fn expected_tensors(spec: &Spec) -> Result<Vec<(String, Vec<i64>)>> {
    let mut outline = Outline::default();
    Rirn::build(spec, &mut outline)?;
    Ok(outline.tensors)
}
