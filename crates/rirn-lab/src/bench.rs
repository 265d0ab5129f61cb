// SPDX-License-Identifier: MIT OR Apache-2.0
//! Time a frame of weights through the engine, pixel conversion and GStreamer left out
//! (`benches/speed.rs` has the element). All candidates of a size take turns, so that their ratios
//! hold on a busy machine.

mod layers;

pub use layers::{LayerRow, Layers};

use crate::Result;
use rirn::layers::Outline;
use rirn::networks::Rirn;
use rirn::weights::Weights;
use rirn::{Deblurrer, Engine, EngineConfig, Frame, Interrupt};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Weights under test.
pub struct Contender {
    name: String,
    network: Rirn,
    engine: Arc<Engine>,
}

/// What one contender came to at one size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timing {
    /// Name of the weights.
    pub name: String,
    /// Network and arithmetic, for example `ifi-irm-atb, float32 on cpu`.
    pub network: String,
    /// Width and height in pixels.
    pub size: (usize, usize),
    /// Least time of a frame in milliseconds.
    pub least_ms: f64,
    /// Middle time.
    pub median_ms: f64,
    /// Multiply-adds of a frame.
    pub multiply_adds: i64,
    /// Multiply-adds in a second at the least time, in 10⁹.
    pub giga_a_second: f64,
}

impl Contender {
    /// Opens weights.
    ///
    /// # Errors
    /// What the engine refuses them for.
    pub fn open(name: &str, weights: Weights, config: &EngineConfig) -> Result<Self> {
        let network = Rirn::build(weights.spec(), &mut Outline::default())?;
        Ok(Self {
            name: name.to_owned(),
            network,
            engine: Arc::new(Engine::open(weights, config)?),
        })
    }
}

/// Times `frames` frames of each contender in each of `rounds` rounds, at each size.
///
/// # Errors
/// What the engine reports.
pub fn bench(
    contenders: &[Contender],
    sizes: &[(usize, usize)],
    rounds: usize,
    frames: usize,
    tell: &mut dyn FnMut(&Timing),
) -> Result<Vec<Timing>> {
    let mut timings = Vec::new();
    for &size in sizes {
        let mut times = vec![Vec::new(); contenders.len()];
        for _ in 0..rounds {
            for (contender, times) in contenders.iter().zip(&mut times) {
                times.extend(contender.run(size, frames)?);
            }
        }
        for (contender, times) in contenders.iter().zip(times) {
            let timing = contender.timing(size, times);
            tell(&timing);
            timings.push(timing);
        }
    }
    Ok(timings)
}

impl Contender {
    /// Times of frames of a clip that moves, after a warm-up.
    fn run(&self, (width, height): (usize, usize), frames: usize) -> Result<Vec<Duration>> {
        let never = Interrupt::new();
        self.engine.warm_up(height, width, &never)?;
        let mut deblurrer = Deblurrer::new(Arc::clone(&self.engine));
        let mut times = Vec::new();
        while times.len() < frames {
            let mut frame = Frame::new(height, width);
            for (place, value) in frame.data_mut().iter_mut().enumerate() {
                *value = ((place / 3 + 2 * times.len()) % 64) as f32 / 64.0;
            }
            if let Some(output) = deblurrer.push(Arc::new(frame), &never)? {
                times.push(output.taken);
            }
        }
        Ok(times)
    }

    /// Times of the convolutions of a frame, the least of some rounds; on a CPU.
    ///
    /// # Errors
    /// What the engine reports.
    pub fn layers(&self, (width, height): (usize, usize), rounds: usize) -> Result<Layers> {
        let never = Interrupt::new();
        let (step, times, peak) = self.engine.layer_times(height, width, rounds, &never)?;
        let measured = (step, &times[..]);
        Ok(Layers::new(&self.name, (width, height), measured, peak))
    }

    fn timing(&self, (width, height): (usize, usize), mut times: Vec<Duration>) -> Timing {
        times.sort_unstable();
        let milliseconds = |place: usize| {
            times
                .get(place)
                .map_or(f64::NAN, |time| 1e3 * time.as_secs_f64())
        };
        let (least_ms, median_ms) = (milliseconds(0), milliseconds(times.len() / 2));
        let side = |pixels: usize| i64::try_from(pixels).unwrap_or(i64::MAX);
        let multiply_adds = self.network.multiply_adds(side(height), side(width));
        let engine = &self.engine;
        Timing {
            name: self.name.clone(),
            network: format!(
                "{}, {} on {}",
                engine.label(),
                engine.precision(),
                engine.device()
            ),
            size: (width, height),
            least_ms,
            median_ms,
            multiply_adds,
            giga_a_second: multiply_adds as f64 / least_ms / 1e6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contender_is_timed_at_each_size() {
        let open = |name| {
            let weights = Weights::built_in("lite").expect("lite is built in");
            Contender::open(name, weights, &EngineConfig::default()).expect("an engine")
        };
        let mut told = 0;
        let sizes = [(32, 16), (24, 40)];
        let timings = bench(&[open("a"), open("b")], &sizes, 2, 2, &mut |_| told += 1);
        let timings = timings.expect("timings");
        let found: Vec<_> = timings.iter().map(|t| (t.name.as_str(), t.size)).collect();
        assert_eq!(
            found,
            [
                ("a", sizes[0]),
                ("b", sizes[0]),
                ("a", sizes[1]),
                ("b", sizes[1])
            ]
        );
        assert_eq!(told, 4);
        for timing in &timings {
            assert!(timing.least_ms > 0.0 && timing.least_ms <= timing.median_ms);
            let rate = timing.multiply_adds as f64 / (timing.least_ms * 1e6);
            assert!((timing.giga_a_second - rate).abs() < 1e-9 * rate);
        }
    }
}
