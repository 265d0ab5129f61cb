// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's tables S5 and S6 made anew: all 22 networks trained and scored under the same seed,
//! data order, schedule and number of steps.
//!
//! A [`Grid`] is a recipe without a network and an `[ablation]` table. Its rows know nothing of
//! each other: each has its folder, can be made on another machine, and goes on where it stopped.
//! [`collect`] joins what is there and puts the paper's numbers beside it.

mod error;
mod grid;
mod row;
mod table;

pub use error::AblationError;
pub use grid::{Ablation, Grid, GridRow, Paper};
pub use row::{Told, run};
pub use table::{Collected, RowResult, collect};
