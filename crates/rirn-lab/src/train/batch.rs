// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Batch`]: clips of the ring as tensors, cropped and turned as a [`Draw`] says.

use super::TrainError;
use super::ring::Ring;
use super::schedule::Draw;
use crate::data::Clip;
use rirn::networks::Network;
use tch::{Device, Kind, Tensor};

/// Frames of a batch, each `[batch, 3, crop, crop]`, float32 in [0, 1], channels last.
pub(super) struct Batch {
    /// What the network gets.
    pub(super) blurred: Vec<Tensor>,
    /// What it should give.
    pub(super) sharp: Vec<Tensor>,
}

impl Batch {
    /// The clips of a draw, cropped to `crop` pixels.
    pub(super) fn new(
        ring: &Ring,
        draw: &Draw,
        crop: usize,
        device: Device,
    ) -> Result<Self, TrainError> {
        let clips: Vec<&Clip> = draw.slots.iter().map(|place| ring.clip(*place)).collect();
        let side = |bytes: fn(&Clip) -> &[u8]| -> Result<Vec<Tensor>, TrainError> {
            let clips = clips
                .iter()
                .map(|clip| cropped(bytes(clip), clip, draw, crop));
            let clips: Vec<Tensor> = clips.collect::<Result<_, TrainError>>()?;
            let frames = Tensor::f_stack(&clips, 1)?.f_to_device(device)?;
            (0..frames.size()[0])
                .map(|index| finished(&frames.f_get(index)?, draw))
                .collect()
        };
        let (mut blurred, mut sharp) = (side(|c| &c.blurred)?, side(|c| &c.sharp)?);
        if draw.reversed {
            blurred.reverse();
            sharp.reverse();
        }
        Ok(Self { blurred, sharp })
    }
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
fn cropped(bytes: &[u8], clip: &Clip, draw: &Draw, crop: usize) -> Result<Tensor, TrainError> {
    let size = [clip.frames, clip.size, clip.size, 3].map(|side| side as i64);
    let (column, row) = draw.corner;
    let whole = Tensor::f_from_slice(bytes)?.f_view(size)?;
    let crop = crop as i64;
    let rows = whole.f_narrow(1, row as i64, crop)?;
    Ok(rows.f_narrow(2, column as i64, crop)?)
}

/// One frame of all clips, `[batch, crop, crop, 3]`, turned, and as the network takes it.
fn finished(frame: &Tensor, draw: &Draw) -> Result<Tensor, TrainError> {
    let turns = [(draw.flipped, 1), (draw.mirrored, 2)];
    let dims: Vec<i64> = turns
        .iter()
        .filter(|turn| turn.0)
        .map(|turn| turn.1)
        .collect();
    let frame = frame.f_flip(&dims)?;
    let frame = match draw.transposed {
        true => frame.f_transpose(1, 2)?.f_contiguous()?,
        false => frame,
    };
    let frame = frame.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?;
    Ok(frame.f_permute([0, 3, 1, 2])?)
}
