// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Ring`]: the clips that steps draw from. Clip number n lies in place n modulo the ring's size;
//! which numbers are in it follows from the step alone, so a run that goes on after a stop finds
//! the same clips in the same places. Only a run of so much time, where steps do not wait for clips
//! that are late, gives that up. Clips lie on the device that trains, so that steps move none.

use super::TrainError;
use super::recipe;
use crate::data::Clip;
use rayon::prelude::*;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tch::{Device, Tensor};

/// Makes the clip of a number, the same each time.
pub type MakeClip = Arc<dyn Fn(u64) -> Result<Clip, TrainError> + Send + Sync>;

/// A clip on the device: `[frames, size, size, 3]` each, 8 bit.
pub(super) struct Held {
    pub(super) blurred: Tensor,
    pub(super) sharp: Tensor,
}

impl Held {
    fn new(clip: &Clip, device: Device) -> Result<Self, TrainError> {
        let size = [clip.frames, clip.size, clip.size, 3].map(|side| side as i64);
        let tensor = |bytes: &[u8]| -> Result<Tensor, TrainError> {
            Ok(Tensor::f_from_slice(bytes)?
                .f_view(size)?
                .f_to_device(device)?)
        };
        Ok(Self {
            blurred: tensor(&clip.blurred)?,
            sharp: tensor(&clip.sharp)?,
        })
    }
}

/// Clips of one length and size.
pub struct Ring {
    settings: recipe::Clips,
    make: MakeClip,
    device: Device,
    /// Whether steps wait for clips that are not made in time.
    waits: bool,
    clips: Vec<Held>,
    /// Renewals done.
    renewals: u64,
    /// The clips of the next renewal, if they are being made.
    next: Option<JoinHandle<Result<Vec<Clip>, TrainError>>>,
}

impl Ring {
    /// The ring as it is at `step`, for a device. `told` gets the number of clips made so far, now and
    /// then.
    ///
    /// # Errors
    /// What keeps a clip from being made.
    pub fn at(
        settings: &recipe::Clips,
        make: MakeClip,
        step: u64,
        device: Device,
        told: &mut dyn FnMut(usize),
    ) -> Result<Self, TrainError> {
        let renewals = step / settings.every;
        let made = made(settings, renewals);
        let size = settings.ring as u64;
        // The newest number of each place.
        let numbers: Vec<u64> = (0..size)
            .map(|place| (made - 1 - place) / size * size + place)
            .collect();
        let mut clips = Vec::with_capacity(settings.ring);
        for part in numbers.chunks(64) {
            for clip in all(&make, part, 0)? {
                clips.push(Held::new(&clip, device)?);
            }
            told(clips.len());
        }
        let mut ring = Self {
            settings: settings.clone(),
            make,
            device,
            waits: true,
            clips,
            renewals,
            next: None,
        };
        ring.begin_next()?;
        Ok(ring)
    }

    /// Makes steps take what there is instead of waiting for clips that producers have not made in time.
    #[must_use]
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Brings the ring to what it is at `step`; waits for clips where it must and may.
    ///
    /// # Errors
    /// What keeps a clip from being made.
    pub fn advance(&mut self, step: u64) -> Result<(), TrainError> {
        while self.renewals < step / self.settings.every {
            let late = self.next.as_ref().is_some_and(|next| !next.is_finished());
            if late && !self.waits {
                return Ok(());
            }
            let first = made(&self.settings, self.renewals);
            let clips = match self.next.take() {
                Some(next) => next.join().map_err(|_| TrainError::Producer)??,
                None => all(&self.make, &self.numbers(), 0)?,
            };
            for (number, clip) in (first..).zip(clips) {
                let place = number % self.settings.ring as u64;
                self.clips[usize::try_from(place).unwrap_or_default()] =
                    Held::new(&clip, self.device)?;
            }
            self.renewals += 1;
            self.begin_next()?;
        }
        Ok(())
    }

    /// The clip in a place.
    pub(super) fn clip(&self, place: usize) -> &Held {
        &self.clips[place]
    }

    /// Numbers of the next renewal.
    fn numbers(&self) -> Vec<u64> {
        let first = made(&self.settings, self.renewals);
        (first..first + self.settings.renew as u64).collect()
    }

    fn begin_next(&mut self) -> Result<(), TrainError> {
        let threads = self.settings.producers;
        if threads == 0 {
            return Ok(());
        }
        let (make, numbers) = (Arc::clone(&self.make), self.numbers());
        let producer = thread::Builder::new().name("clips".to_owned());
        let next = producer.spawn(move || all(&make, &numbers, threads));
        self.next = Some(next.map_err(|_| TrainError::Producer)?);
        Ok(())
    }
}

/// Clips made before renewal number `renewals`.
fn made(settings: &recipe::Clips, renewals: u64) -> u64 {
    settings.ring as u64 + renewals * settings.renew as u64
}

/// Makes clips with so many threads; 0 takes all cores.
fn all(make: &MakeClip, numbers: &[u64], threads: usize) -> Result<Vec<Clip>, TrainError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|_| TrainError::Producer)?;
    pool.install(|| numbers.par_iter().map(|number| make(*number)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(producers: usize) -> recipe::Clips {
        recipe::Clips {
            batch: 2,
            ring: 10,
            renew: 3,
            every: 5,
            producers,
        }
    }

    /// A clip that tells its number.
    fn numbered() -> MakeClip {
        Arc::new(|number| {
            let level = vec![u8::try_from(number).expect("few clips"); 3];
            Ok(Clip {
                frames: 1,
                size: 1,
                blurred: level.clone(),
                sharp: level,
            })
        })
    }

    fn begun(settings: &recipe::Clips, make: MakeClip, step: u64) -> Ring {
        Ring::at(settings, make, step, Device::Cpu, &mut |_| ()).expect("clips")
    }

    fn held(ring: &Ring) -> Vec<u8> {
        let level = |place| ring.clip(place).blurred.int64_value(&[0, 0, 0, 0]) as u8;
        (0..10).map(level).collect()
    }

    #[test]
    fn a_ring_that_begins_later_holds_what_one_that_ran_on_holds() {
        for producers in [0, 2] {
            let settings = settings(producers);
            let mut ran = begun(&settings, numbered(), 0);
            assert_eq!(held(&ran), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
            for step in 0..=37 {
                ran.advance(step).expect("clips");
                let begun = begun(&settings, numbered(), step);
                assert_eq!(held(&ran), held(&begun), "step {step}");
            }
            assert_eq!(held(&ran), [30, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
        }
    }

    #[test]
    fn a_ring_that_does_not_wait_keeps_its_clips_until_the_next_are_there() {
        let gate = Arc::new(std::sync::Barrier::new(2));
        let theirs = Arc::clone(&gate);
        let make: MakeClip = Arc::new(move |number| {
            if number == 10 {
                theirs.wait();
            }
            numbered()(number)
        });
        let mut ring = begun(&settings(1), make, 0).without_waiting();
        ring.advance(30).expect("clips");
        assert_eq!(held(&ring), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        gate.wait();
        while held(&ring)[0] == 0 {
            ring.advance(30).expect("clips");
        }
        assert_eq!(held(&ring)[..3], [10, 11, 12]);
    }

    #[test]
    fn a_clip_that_cannot_be_made_ends_the_run() {
        let make: MakeClip = Arc::new(|number| match number {
            12 => Err(TrainError::Diverged { step: 7 }),
            _ => numbered()(number),
        });
        let mut ring = begun(&settings(1), make, 0);
        assert!(ring.advance(4).is_ok());
        assert!(matches!(
            ring.advance(5),
            Err(TrainError::Diverged { step: 7 })
        ));
    }
}
