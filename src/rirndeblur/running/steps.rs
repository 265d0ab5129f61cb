// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames into the network and out of it again, and what a step has to say beside.

use super::super::LatePolicy;
use super::super::continuity::Happening;
use super::super::failure;
use super::super::line::Finished;
use super::super::report::{Report, Stopped, Warning};
use super::super::scene_cut::CutDetector;
use super::super::settings::Settings;
use super::super::video::{Unreadable, Video};
use super::{Running, Wanted};
use rirn::Error;
use rirn::engine::{Output, Pushed, StepNote};

impl Running {
    /// Prepares for frames of another size.
    pub(super) fn warm_up(
        &mut self,
        (height, width): (usize, usize),
        report: &mut Report,
    ) -> Result<(), Stopped> {
        match self.deblurrer.warm_up(height, width, &self.interrupt) {
            Ok(warm) => {
                if let Some(taken) = warm.taken {
                    self.meter.seed(taken);
                }
                for _ in &warm.notes {
                    self.lock_counters().oom();
                }
                let told = warm.notes.into_iter().zip(std::iter::repeat(warm.report));
                report.warnings.extend(told.map(|(note, cause)| Warning {
                    note,
                    width,
                    height,
                    cause,
                }));
                self.count_tiles();
            }
            // A flush comes between: the first frame warms up instead.
            Err(Error::Interrupted) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Gives a frame to the network, if it is still `wanted` when its turn comes. Pixels are converted
    /// where the network is; here only the luma that tells of scene cuts.
    pub(super) fn feed(
        &mut self,
        buffer: gst::Buffer,
        wanted: Option<Wanted>,
        settings: &Settings,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        let threshold = settings.scene_cuts();
        if threshold.is_some() {
            let video = readable(&self.current)?;
            let rows = CutDetector::rows(video.height());
            video
                .read_luma(&buffer, &mut self.luma, rows)
                .map_err(unreadable)?;
        }
        let cut = self.look_for_cut(threshold, report)?;
        let staged = readable(&self.current)?
            .stage(&buffer, &mut self.deblurrer)
            .map_err(unreadable)?;
        let wanted = || wanted.is_none_or(|ask| ask());
        let pushed = self
            .deblurrer
            .offer_picture(staged, self.mix, wanted, &self.interrupt);
        match pushed {
            Ok(Pushed::Taken(output)) => {
                self.in_hand = false;
                self.line.push_frame(buffer);
                if let Some(output) = output {
                    self.absorb(output, report);
                }
                self.settle(report)
            }
            Ok(Pushed::Declined) => {
                self.timeline.not_fed(cut);
                self.decline(buffer, settings.late_policy, report)
            }
            Err(error) => Err(self.failed(error, report)),
        }
    }

    /// Does with a frame what is done with late ones.
    fn decline(
        &mut self,
        buffer: gst::Buffer,
        policy: LatePolicy,
        report: &mut Report,
    ) -> Result<(), Stopped> {
        match policy {
            LatePolicy::Drop => {
                self.in_hand = false;
                self.lock_counters().dropped();
                self.hole = true;
                Ok(())
            }
            LatePolicy::Bypass => {
                self.lock_counters().bypassed();
                self.pass(buffer, report)
            }
        }
    }

    /// A frame that the network does not see.
    pub(super) fn pass(&mut self, buffer: gst::Buffer, report: &mut Report) -> Result<(), Stopped> {
        self.in_hand = false;
        self.line.push_untouched(buffer);
        self.settle(report)
    }

    /// Lets everything go whose time has come. Frames of the network do not wait longer for later
    /// ones where frames that it does not see stand between.
    fn settle(&mut self, report: &mut Report) -> Result<(), Stopped> {
        self.line.let_go(&mut report.finished);
        // Then a frame of the network stands at the head, if any does.
        while self.line.frames_wait() && self.line.is_overdue() {
            self.drain_one(report)?;
        }
        Ok(())
    }

    /// Forgets the shot before if this frame begins another one, and says whether it does.
    fn look_for_cut(
        &mut self,
        threshold: Option<f64>,
        report: &mut Report,
    ) -> Result<bool, Stopped> {
        let Some(threshold) = threshold else {
            self.cuts.forget();
            return Ok(false);
        };
        let cut = self.cuts.look(&self.luma, threshold);
        if cut {
            self.lock_counters().scene_cut();
            let decision = self.timeline.scene_cut();
            self.join(decision, report)?;
        }
        Ok(cut)
    }

    /// A step went wrong; the deblurrer has forgotten the past.
    fn failed(&mut self, error: Error, report: &mut Report) -> Stopped {
        if !matches!(error, Error::Interrupted) {
            let decision = self.timeline.failed(Happening::EngineError, false);
            self.forget(decision);
            // The frames that waited are lost with the past; the next one is not one of them.
            self.drop_line(report);
        }
        error.into()
    }

    /// Gives a deblurred frame to the buffer that has waited longest.
    fn absorb(&mut self, output: Output, report: &mut Report) {
        let Some(buffer) = self.line.next_frame(&mut report.finished) else {
            return;
        };
        let passed = output.notes.contains(&StepNote::Passed);
        if passed || output.notes.contains(&StepNote::Exhausted) {
            self.lock_counters().bypassed();
        } else {
            self.lock_counters().processed(output.taken);
            self.meter.add(output.taken);
        }
        let waiting = self.line.frames_wait();
        self.note(&output.notes, output.report.as_deref(), waiting, report);
        report.finished.push(match output.picture {
            Some(sharp) => Finished::Sharp {
                input: buffer,
                sharp,
            },
            None => Finished::Untouched(buffer),
        });
        self.line.let_go(&mut report.finished);
    }

    /// Counts and hands on what happened beside; `waiting` tells that frames wait in the line.
    fn note(
        &mut self,
        notes: &[StepNote],
        cause: Option<&str>,
        waiting: bool,
        report: &mut Report,
    ) {
        for note in notes {
            let happening = match note {
                StepNote::Tiled { .. } | StepNote::Exhausted => {
                    self.lock_counters().oom();
                    Happening::TilingChanged
                }
                StepNote::Widened | StepNote::NotFinite => {
                    self.lock_counters().nan();
                    Happening::NotFinite
                }
                StepNote::Diverged => Happening::Diverged,
                _ => continue,
            };
            let decision = self.timeline.failed(happening, waiting);
            self.forget(decision);
            let size = self.video().map(|video| (video.width(), video.height()));
            let (width, height) = size.unwrap_or_default();
            report.warnings.push(Warning {
                note: *note,
                width,
                height,
                cause: cause.map(str::to_owned),
            });
        }
        self.count_tiles();
    }

    /// Shows the tiles of the current size in `stats`.
    fn count_tiles(&self) {
        let (tile, tiles) = (self.deblurrer.tile_size(), self.deblurrer.tiles());
        let bytes = self.deblurrer.memory_bytes();
        self.lock_counters().set_tiles(tile, tiles, bytes);
    }

    /// Finishes everything in the line.
    pub(super) fn drain(&mut self, report: &mut Report) -> Result<(), Stopped> {
        while self.line.frames_wait() {
            self.drain_one(report)?;
        }
        self.line.let_all_go(&mut report.finished);
        Ok(())
    }

    /// Finishes the frame that the network has held longest.
    fn drain_one(&mut self, report: &mut Report) -> Result<(), Stopped> {
        match self.deblurrer.drain_picture(self.mix, &self.interrupt) {
            Ok(Some(output)) => self.absorb(output, report),
            // Nothing is left of what the line says: a failed step has lost it.
            Ok(None) => self.drop_line(report),
            Err(error) => return Err(self.failed(error, report)),
        }
        Ok(())
    }
}

/// The negotiated video.
fn readable(current: &Option<(gst::Caps, Video)>) -> Result<&Video, Stopped> {
    let video = current.as_ref().map(|(_, video)| video);
    video.ok_or_else(|| unreadable("no caps were set".to_owned()))
}

fn unreadable(cause: Unreadable) -> Stopped {
    Stopped::Failed(failure::unreadable(&cause))
}
