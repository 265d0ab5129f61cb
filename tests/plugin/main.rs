// SPDX-License-Identifier: MIT OR Apache-2.0
//! The element from outside: what `docs/ELEMENT.md` promises, one file per chapter. `harness.rs`
//! holds what the files share.

mod binary;
mod callbacks;
mod caps;
mod clip;
mod colours;
mod cuda;
mod cuts;
mod element;
mod endurance;
mod errors;
mod events;
mod faults;
mod flush;
mod formats;
mod gate;
mod harness;
mod latency;
mod launch;
mod layout;
mod life;
mod live;
mod look_ahead;
mod look_ahead_line;
mod memory;
mod messages;
mod metadata;
mod networks;
mod pools;
mod properties;
mod qos;
mod readme;
mod schedules;
mod state;
mod streams;
mod turn;
mod untouched;
mod warnings;
