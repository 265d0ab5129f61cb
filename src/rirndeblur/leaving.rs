// SPDX-License-Identifier: MIT OR Apache-2.0
//! What leaves the element: pictures are written, frames and events go on in the order of the
//! stream. No lock is held meanwhile.

use super::failure;
use super::imp::RirnDeblur;
use super::line::Finished;
use super::locks::lock;
use super::report::{Report, Stopped};
use super::running::{Ready, Running};
use super::settings::Settings;
use super::video::Video;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{InputBuffer, PrepareOutputBufferSuccess};
use gst_base::subclass::prelude::*;
use std::sync::atomic::Ordering;

/// What came of an event or a buffer; none before the start.
pub(super) type Outcome = Option<Result<Report, Stopped>>;

impl RirnDeblur {
    /// The next buffer that is ready and for the base class to push; what stands before it is
    /// pushed here.
    ///
    /// The base class marks the next buffer that it pushes with the DISCONT of the last one that
    /// came in. Where frames wait these are not the same, so those between are kept from it.
    pub(super) fn next_ready(&self) -> Result<Option<gst::Buffer>, gst::FlowError> {
        loop {
            let ready = self.with_running(|running| running.ready.pop_front());
            match ready.flatten() {
                None => return Ok(None),
                Some(Ready::Event(event)) => self.push_event(event),
                Some(Ready::Buffer(buffer)) => {
                    lock(&self.counters).frame_out();
                    let jumps = buffer.flags().contains(gst::BufferFlags::DISCONT);
                    if jumps || !self.discont_waits.load(Ordering::Relaxed) {
                        self.discont_waits.store(false, Ordering::Relaxed);
                        return Ok(Some(buffer));
                    }
                    self.obj().src_pad().push(buffer)?;
                }
            }
        }
    }

    /// What goes out for a frame or an event whose turn has come.
    pub(super) fn finish(
        &self,
        finished: Finished,
        settings: &Settings,
    ) -> Result<Ready, gst::FlowError> {
        let (input, sharp) = match finished {
            Finished::Event(event) => return Ok(Ready::Event(event)),
            Finished::Untouched(input) => return self.untouched(input),
            Finished::Sharp { input, .. } if settings.leaves_input() => {
                return self.untouched(input);
            }
            Finished::Sharp { input, sharp } => (input, sharp),
        };
        let mut output = self.output_for(&input)?;
        let video = self.video().ok_or(gst::FlowError::NotNegotiated)?;
        video
            .write(&sharp, output.make_mut())
            .map_err(|cause| self.flow_error(Stopped::Failed(failure::unreadable(&cause))))?;
        self.with_running(|running| running.recycle(sharp));
        Ok(Ready::Buffer(output))
    }

    /// A frame as it came. If its rows do not lie where its caps say, and nobody below has said
    /// that it reads GstVideoMeta, a copy whose rows do.
    fn untouched(&self, input: gst::Buffer) -> Result<Ready, gst::FlowError> {
        let spread = self.video().filter(|video| !video.is_plain(&input));
        let Some(video) = spread.filter(|_| !self.strides_below.load(Ordering::Relaxed)) else {
            return Ok(Ready::Buffer(input));
        };
        let mut output = self.output_for(&input)?;
        let copy = output.make_mut();
        // The base class takes this flag away.
        copy.set_flags(input.flags() & gst::BufferFlags::GAP);
        // A frame that the network does not see need not hold a picture at all.
        let copied = video.copy(&input, copy).is_ok();
        Ok(Ready::Buffer(if copied { output } else { input }))
    }

    /// A buffer for a picture, with times, flags and metas of `input`.
    fn output_for(&self, input: &gst::Buffer) -> Result<gst::Buffer, gst::FlowError> {
        match self.parent_prepare_output_buffer(InputBuffer::Readable(input))? {
            PrepareOutputBufferSuccess::Buffer(output) => Ok(output),
            _ => Err(gst::FlowError::Error),
        }
    }

    fn video(&self) -> Option<Video> {
        self.with_running(|running| running.video().cloned())
            .flatten()
    }

    fn push_event(&self, event: gst::Event) {
        // As when the base class forwards an event: nobody asks for the answer.
        let _taken = self.obj().src_pad().push_event(event);
    }

    /// Pushes what an event has set free. What cannot be pushed now is not pushed later: the event
    /// has to go on.
    pub(super) fn push_outcome(&self, outcome: Outcome) {
        match outcome {
            Some(Ok(report)) => self.push_all(report),
            Some(Err(stopped)) => {
                let _flow = self.flow_error(stopped);
            }
            None => {}
        }
        self.keep_orphans();
    }

    /// Pushes frames that an event has set free. After a failure the frames behind are dropped;
    /// events still go on.
    fn push_all(&self, report: Report) {
        self.tell_warnings(&report.warnings);
        let settings = lock(&self.settings).clone();
        let mut flow = Ok(());
        for finished in report.finished {
            if flow.is_err() && !matches!(finished, Finished::Event(_)) {
                lock(&self.counters).dropped();
                continue;
            }
            match self.finish(finished, &settings) {
                Ok(Ready::Event(event)) => self.push_event(event),
                Ok(Ready::Buffer(buffer)) => {
                    lock(&self.counters).frame_out();
                    if buffer.flags().contains(gst::BufferFlags::DISCONT) {
                        self.discont_waits.store(false, Ordering::Relaxed);
                    }
                    flow = self.obj().src_pad().push(buffer).map(drop);
                }
                Err(error) => {
                    lock(&self.counters).dropped();
                    flow = Err(error);
                }
            }
        }
    }

    /// Keeps sticky events whose frames were thrown away, so that they go out with the next one.
    fn keep_orphans(&self) {
        let orphans = self.with_running(Running::take_orphans).unwrap_or_default();
        for event in orphans {
            // A pad that is flushing or has ended takes none.
            let _kept = self.obj().src_pad().store_sticky_event(&event);
        }
    }
}
