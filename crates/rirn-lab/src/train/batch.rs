// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Batch`]: clips of the ring as tensors, cropped and turned as a [`Draw`] says.

use super::TrainError;
use super::ring::{Held, Ring};
use super::schedule::Draw;
use crate::data::to_and_fro;
use rirn::networks::Network;
use tch::{Kind, Tensor};

/// Frames of a batch, each `[batch, 3, crop, crop]`, float32 in [0, 1], channels last.
pub(super) struct Batch {
    /// What the network gets.
    pub(super) blurred: Vec<Tensor>,
    /// What it should give.
    pub(super) sharp: Vec<Tensor>,
}

impl Batch {
    /// The clips of a draw, cropped to `crop` pixels, where the ring has them.
    pub(super) fn new(ring: &Ring, draw: &Draw, crop: usize) -> Result<Self, TrainError> {
        let clips: Vec<&Held> = draw.slots.iter().map(|place| ring.clip(*place)).collect();
        let side = |of: fn(&Held) -> &Tensor| -> Result<Vec<Tensor>, TrainError> {
            let clips = clips.iter().map(|clip| cropped(of(clip), draw, crop));
            let clips: Vec<Tensor> = clips.collect::<Result<_, TrainError>>()?;
            let frames = finished(&Tensor::f_stack(&clips, 1)?, draw)?;
            (0..frames.size()[0])
                .map(|index| Ok(frames.f_get(index)?))
                .collect()
        };
        let (mut blurred, mut sharp) = (side(|c| &c.blurred)?, side(|c| &c.sharp)?);
        if draw.reversed {
            blurred.reverse();
            sharp.reverse();
        }
        if let Some(turn) = draw.turn {
            (blurred, sharp) = (turned(&blurred, turn), turned(&sharp, turn));
        }
        Ok(Self { blurred, sharp })
    }
}

/// As many frames, which go from the first one to that of the `turn` and back, to and fro.
fn turned(frames: &[Tensor], turn: usize) -> Vec<Tensor> {
    let places = (0..frames.len()).map(|at| to_and_fro(at, turn + 1));
    places.map(|place| frames[place].shallow_clone()).collect()
}

/// The window of a network around the frame at a place, the ends repeated:
/// `[batch, 3·frames, height, width]`.
pub(super) fn window(
    network: &dyn Network,
    frames: &[Tensor],
    at: usize,
) -> Result<Tensor, TrainError> {
    let profile = network.profile();
    let last = frames.len() - 1;
    let places = at..=at + profile.look_behind + profile.look_ahead;
    let seen = places.map(|place| &frames[place.saturating_sub(profile.look_behind).min(last)]);
    Ok(Tensor::f_cat(&seen.collect::<Vec<_>>(), 1)?)
}

/// The crop of all frames of a clip: `[frames, crop, crop, 3]`, 8 bit.
fn cropped(clip: &Tensor, draw: &Draw, crop: usize) -> Result<Tensor, TrainError> {
    let (column, row) = draw.corner;
    let crop = crop as i64;
    let rows = clip.f_narrow(1, row as i64, crop)?;
    Ok(rows.f_narrow(2, column as i64, crop)?)
}

/// All frames of all clips, `[frames, batch, crop, crop, 3]`, turned, and as the network takes them:
/// `[frames, batch, 3, crop, crop]`.
fn finished(frames: &Tensor, draw: &Draw) -> Result<Tensor, TrainError> {
    let turns = [(draw.flipped, 2), (draw.mirrored, 3)];
    let dims: Vec<i64> = turns
        .iter()
        .filter(|turn| turn.0)
        .map(|turn| turn.1)
        .collect();
    let frames = frames.f_flip(&dims)?;
    let frames = match draw.transposed {
        true => frames.f_transpose(2, 3)?.f_contiguous()?,
        false => frames,
    };
    let frames = frames.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?;
    Ok(frames.f_permute([0, 1, 4, 2, 3])?)
}

#[cfg(test)]
mod tests {
    use super::turned;
    use tch::Tensor;

    #[test]
    fn a_turned_clip_goes_back_from_the_frame_of_the_turn() {
        let frames: Vec<Tensor> = (0..6).map(|at| Tensor::from(at as f32)).collect();
        let shown = |turn| {
            let frames = turned(&frames, turn);
            let values = frames.iter().map(|frame| frame.double_value(&[]) as usize);
            values.collect::<Vec<_>>()
        };
        assert_eq!(shown(4), [0, 1, 2, 3, 4, 3]);
        assert_eq!(shown(2), [0, 1, 2, 1, 0, 1]);
    }
}
