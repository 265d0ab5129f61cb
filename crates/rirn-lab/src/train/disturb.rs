// SPDX-License-Identifier: MIT OR Apache-2.0
//! States of which a few values lie far off. In long video single values of a state can begin to grow
//! where nothing in short clips has taught the network to drop them (`docs/TRAINING.md`).

use super::TrainError;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rirn::networks::State;
use tch::Tensor;

/// Largest magnitude of what is added: twenty times the limit to which the loss keeps states.
const FARTHEST: f32 = 80.0;

/// A state to a share of whose values, chosen by `seed`, a large random number has been added. By a
/// generator of its own: LibTorch's belongs to the whole process.
pub(super) fn disturbed(state: State, share: f64, seed: u64) -> Result<State, TrainError> {
    if share == 0.0 {
        return Ok(state);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let thrown = state.iter().map(|(name, tensor)| {
        let values = tensor.numel();
        let hits = (share * values as f64).round() as usize;
        let places: Vec<i64> = (0..hits)
            .map(|_| random.random_range(0..values as i64))
            .collect();
        let far: Vec<f32> = (0..hits)
            .map(|_| random.random_range(-FARTHEST..FARTHEST))
            .collect();
        let [places, far] = [Tensor::f_from_slice(&places)?, Tensor::f_from_slice(&far)?]
            .map(|tensor_of| tensor_of.f_to_device(tensor.device()));
        let far = far?.f_to_kind(tensor.f_kind()?)?;
        // In the order in which they lie: of planar states all layers of the clip become planar, which
        // makes a step a third longer.
        let rows = tensor.f_permute([0, 2, 3, 1])?;
        let flat = rows.f_reshape([-1])?.f_index_add(0, &places?, &far)?;
        Ok((name, flat.f_view_as(&rows)?.f_permute([0, 3, 1, 2])?))
    });
    Ok(State::new(thrown.collect::<Result<_, TrainError>>()?))
}

#[cfg(test)]
mod tests {
    use super::disturbed;
    use rirn::networks::State;
    use tch::{Device, Kind, Tensor};

    #[test]
    fn a_share_of_the_values_is_thrown_off_the_same_each_time() {
        let zeros = || {
            State::new(vec![(
                "h",
                Tensor::zeros([1, 8, 40, 40], (Kind::Float, Device::Cpu)),
            )])
        };
        let run = |share, seed| {
            let state = disturbed(zeros(), share, seed).expect("a state");
            state.get("h").expect("the state").shallow_clone()
        };
        let thrown = run(0.1, 5);
        let share = thrown
            .ne(0.0)
            .to_kind(Kind::Float)
            .mean(Kind::Float)
            .double_value(&[]);
        assert!((share - 0.1).abs() < 0.02, "{share}");
        assert!(thrown.abs().max().double_value(&[]) > 40.0);
        assert_eq!(thrown, run(0.1, 5));
        assert_ne!(thrown, run(0.1, 6));
        assert_eq!(run(0.0, 5), run(0.0, 6));
    }

    #[test]
    fn states_stay_in_channels_last_order() {
        let rows = Tensor::zeros([1, 6, 7, 8], (Kind::Float, Device::Cpu));
        let state = State::new(vec![("h", rows.permute([0, 3, 1, 2]))]);
        let state = disturbed(state, 0.1, 5).expect("a state");
        let thrown = state.get("h").expect("the state");
        assert_eq!(thrown.size(), [1, 8, 6, 7]);
        assert!(thrown.permute([0, 2, 3, 1]).is_contiguous());
    }
}
