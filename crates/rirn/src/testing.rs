// SPDX-License-Identifier: MIT OR Apache-2.0
//! Networks without layers and seeded numbers, for tests of what runs networks. Feature `testing`.

use crate::error::Result;
use crate::networks::{Network, Profile, Spec, State, StateProfile, expected_tensors};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tch::{Device, Kind, Tensor};

type Step = dyn Fn(&Tensor, State) -> Result<(Tensor, State)> + Send;

/// Makes the network that takes the place of one in half precision.
type Widen = dyn Fn() -> Stub + Send;

/// A network that does what a closure says: sleep, fail, give NaN, panic, …
pub struct Stub {
    profile: Profile,
    step: Box<Step>,
    widened: Option<Box<Widen>>,
}

impl Stub {
    /// A network with one state `h` of one channel at a quarter of the size; `step` gets window
    /// and state as [`Network::step`] does.
    pub fn new(step: impl Fn(&Tensor, State) -> Result<(Tensor, State)> + Send + 'static) -> Self {
        let profile = Profile {
            look_behind: 0,
            look_ahead: 0,
            states: vec![StateProfile {
                name: "h",
                channels: 1,
                divisor: 4,
            }],
        };
        Self::with_profile(profile, step)
    }

    /// The same with another window and other states.
    pub fn with_profile(
        profile: Profile,
        step: impl Fn(&Tensor, State) -> Result<(Tensor, State)> + Send + 'static,
    ) -> Self {
        Self {
            profile,
            step: Box::new(step),
            widened: None,
        }
    }

    /// Gives each frame as it came.
    #[must_use]
    pub fn identity() -> Self {
        Self::new(|window, state| Ok((window.shallow_clone(), state)))
    }

    /// The mean of all frames so far, so that every frame's output tells the whole past.
    #[must_use]
    pub fn mean_of_all() -> Self {
        let mut stub = Self::new(|window, state| {
            let (sum, count) = (state.get("h")?, state.get("f")?);
            // In the kind of the state, as a network that computes in it.
            let window = window.f_to_kind(sum.f_kind()?)?;
            let (sum, count) = (sum.f_add(&window)?, count.f_add_scalar(1)?);
            let mean = sum.f_div(&count)?.f_to_kind(Kind::Float)?;
            Ok((mean, State::new(vec![("h", sum), ("f", count)])))
        });
        let state = |name, channels| StateProfile {
            name,
            channels,
            divisor: 1,
        };
        stub.profile.states = vec![state("h", 3), state("f", 1)];
        stub
    }

    /// Gives the frame in the middle of its window as it came, `look_ahead` frames late.
    #[must_use]
    pub fn delay(look_behind: usize, look_ahead: usize) -> Self {
        let first = 3 * i64::try_from(look_behind).unwrap_or_default();
        let mut stub = Self::new(move |window, state| Ok((window.f_narrow(1, first, 3)?, state)));
        stub.profile.look_behind = look_behind;
        stub.profile.look_ahead = look_ahead;
        stub
    }
}

/// Networks that get into trouble.
impl Stub {
    /// The same network, that runs out of memory on windows of more than `pixels`.
    #[must_use]
    pub fn hungry(self, pixels: usize) -> Self {
        self.hungry_within(Arc::new(AtomicUsize::new(pixels)))
    }

    /// The same, with a limit that a test can change while the network runs.
    #[must_use]
    pub fn hungry_within(mut self, pixels: Arc<AtomicUsize>) -> Self {
        let step = self.step;
        self.step = Box::new(move |window, state| {
            let (_, _, height, width) = window.size4()?;
            let size = usize::try_from(height * width).unwrap_or_default();
            if size > pixels.load(Ordering::Relaxed) {
                let text = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: \
                            can't allocate memory: you tried to allocate 1 bytes.";
                return Err(tch::TchError::Torch(text.to_owned()).into());
            }
            step(window, state)
        });
        self
    }

    /// The same network, that says that it computes in float16 (its states do) and knows `wide` as
    /// itself in float32.
    #[must_use]
    pub fn half(mut self, wide: impl Fn() -> Self + Send + 'static) -> Self {
        self.widened = Some(Box::new(wide));
        self
    }

    /// [`Stub::mean_of_all`] in float16, which cannot hold values above 65504: the picture of a
    /// larger sum is infinite.
    #[must_use]
    pub fn overflowing() -> Self {
        Self::mean_of_all().half(Self::mean_of_all)
    }
}

impl Network for Stub {
    fn label(&self) -> String {
        "stub".to_owned()
    }

    fn profile(&self) -> Profile {
        self.profile.clone()
    }

    fn initial_state(&self, batch: i64, height: i64, width: i64) -> Result<State> {
        let round = |side: i64| side + (-side).rem_euclid(4);
        let size = if self.profile.states.iter().all(|state| state.divisor == 1) {
            [batch, height, width]
        } else {
            [batch, round(height), round(width)]
        };
        State::zeros(&self.profile.states, size, self.placement())
    }

    fn step(&self, window: &Tensor, state: State) -> Result<(Tensor, State)> {
        (self.step)(window, state)
    }

    fn placement(&self) -> (Kind, Device) {
        let kind = match self.widened {
            Some(_) => Kind::Half,
            None => Kind::Float,
        };
        (kind, Device::Cpu)
    }

    fn widened(&self) -> Result<Option<Box<dyn Network>>> {
        Ok(self.widened.as_ref().map(|wide| Box::new(wide()) as _))
    }
}

/// Numbers of a fixed sequence (xorshift64*), for tests that must repeat.
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number, all bits random.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// The next number in [0, 1).
    #[allow(clippy::cast_precision_loss)]
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32
    }
}

/// Name, shape and values of a tensor.
type NamedValues = (String, Vec<i64>, Vec<f32>);

/// Random weights of a network, as [`crate::weights::save`] takes them. Uniform with the variance
/// 0.5 over fan-in and biases of zero, which keeps every state bounded.
///
/// # Errors
/// [`crate::Error::UnknownNetwork`].
pub fn random_weights(spec: &Spec, seed: u64) -> Result<Vec<NamedValues>> {
    let mut numbers = Numbers::new(seed);
    let tensors = expected_tensors(spec)?.into_iter().map(|(name, shape)| {
        let count = usize::try_from(shape.iter().product::<i64>()).unwrap_or_default();
        let fan_in: i64 = shape.iter().skip(1).product();
        #[allow(clippy::cast_precision_loss)]
        let edge = if shape.len() == 1 {
            0.0
        } else {
            (1.5 / fan_in as f32).sqrt()
        };
        let values = (0..count).map(|_| edge * (2.0 * numbers.unit() - 1.0));
        let values = values.collect();
        (name, shape, values)
    });
    Ok(tensors.collect())
}
