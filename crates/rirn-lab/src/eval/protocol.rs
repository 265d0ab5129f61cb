// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Protocol`]: which frames of a sequence are scored.
//!
//! Under both all frames of a sequence run once, in order, with states that are zero at its start;
//! networks that look ahead have its ends repeated. They differ in what is scored, and P2's means
//! are therefore over fewer frames.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Frames at either end that [`Protocol::P2`] leaves out.
const ENDS: usize = 2;

/// Which frames are scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// All frames: what a user of the element sees.
    #[default]
    P1,
    /// All but the first and last two, which window methods of research code do not have.
    P2,
}

impl Protocol {
    /// Indices of the scored frames of a sequence of `frames`; none if it is too short.
    #[must_use]
    pub fn scored(self, frames: usize) -> Range<usize> {
        match self {
            Self::P1 => 0..frames,
            Self::P2 => ENDS..frames.saturating_sub(ENDS).max(ENDS),
        }
    }

    /// Frames of the shortest sequence that has a scored one.
    #[must_use]
    pub fn least(self) -> usize {
        match self {
            Self::P1 => 1,
            Self::P2 => 2 * ENDS + 1,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
        })
    }
}

impl FromStr for Protocol {
    type Err = String;

    /// Reads `p1` or `p2`, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "p1" | "P1" => Ok(Self::P1),
            "p2" | "P2" => Ok(Self::P2),
            _ => Err("expected p1 or p2".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Protocol::{P1, P2};

    #[test]
    fn p1_scores_all_frames_and_p2_leaves_two_out_at_either_end() {
        let scored =
            |protocol: super::Protocol, frames| protocol.scored(frames).collect::<Vec<_>>();
        assert_eq!(scored(P1, 4), [0, 1, 2, 3]);
        assert_eq!(scored(P2, 7), [2, 3, 4]);
        assert_eq!(scored(P2, 5), [2]);
        for frames in 0..5 {
            assert!(scored(P2, frames).is_empty());
        }
        for protocol in [P1, P2] {
            assert_eq!(protocol.scored(protocol.least()).len(), 1);
            assert!(protocol.scored(protocol.least() - 1).is_empty());
        }
    }
}
