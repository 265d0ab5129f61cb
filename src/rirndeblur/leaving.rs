// SPDX-License-Identifier: MIT OR Apache-2.0
//! What leaves the element: pictures are written, frames and events go on in the order of the
//! stream. No lock is held meanwhile.

use super::failure;
use super::imp::RirnDeblur;
use super::line::Finished;
use super::locks::lock;
use super::report::{Report, Stopped};
use super::running::Running;
use super::video::Video;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{InputBuffer, PrepareOutputBufferSuccess};
use gst_base::subclass::prelude::*;
use gst_video::VideoMeta;
use rirn::engine::PackedPicture;
use std::sync::atomic::Ordering;

impl RirnDeblur {
    /// Pushes what a frame or an event has set free, in order, and says how that went. After a
    /// failure the frames behind are dropped; events still go on.
    ///
    /// The base class is given no buffer: it would mark the next one with the DISCONT of the last
    /// one that came in, which are not the same where frames wait.
    pub(super) fn deliver(&self, report: Report) -> Result<(), gst::FlowError> {
        self.tell_warnings(&report.warnings);
        let leaves_input = lock(&self.settings).leaves_input();
        let mut flow = Ok(());
        for finished in report.finished {
            match finished {
                Finished::Event(event) => {
                    // As when the base class forwards an event: nobody asks for the answer. A sticky one
                    // is kept by the pad, also during a flush.
                    let _taken = self.obj().src_pad().push_event(event);
                }
                _ if flow.is_err() => lock(&self.counters).dropped(),
                Finished::Untouched(input) => flow = self.push(self.untouched(input)),
                Finished::Sharp { input, .. } if leaves_input => {
                    flow = self.push(self.untouched(input));
                }
                Finished::Sharp { input, sharp } => flow = self.push(self.sharpened(&input, sharp)),
            }
        }
        if flow.is_err() {
            self.with_running(Running::skipped);
        }
        let stopped = report.stopped.map(|stopped| self.flow_error(stopped));
        flow.and(stopped.map_or(Ok(()), Err))
    }

    /// Pushes a frame that could be made.
    fn push(&self, made: Result<gst::Buffer, gst::FlowError>) -> Result<(), gst::FlowError> {
        let buffer = made.inspect_err(|_| lock(&self.counters).dropped())?;
        lock(&self.counters).frame_out();
        self.remember_position(&buffer);
        self.obj().src_pad().push(buffer).map(drop)
    }

    /// The picture of the network in a buffer that is like `input` else.
    fn sharpened(
        &self,
        input: &gst::Buffer,
        sharp: PackedPicture,
    ) -> Result<gst::Buffer, gst::FlowError> {
        let mut output = self.output_for(input)?;
        let video = self.video().ok_or(gst::FlowError::NotNegotiated)?;
        video
            .write(&sharp, output.make_mut())
            .map_err(|cause| self.flow_error(Stopped::Failed(failure::unreadable(&cause))))?;
        self.with_running(|running| running.recycle(sharp));
        Ok(output)
    }

    /// A frame as it came. If its rows do not lie where its caps say, and nobody below has said
    /// that it reads GstVideoMeta, a copy whose rows do.
    fn untouched(&self, input: gst::Buffer) -> Result<gst::Buffer, gst::FlowError> {
        if self.strides_below.load(Ordering::Relaxed) || input.meta::<VideoMeta>().is_none() {
            return Ok(input);
        }
        let Some(video) = self.video().filter(|video| !video.is_plain(&input)) else {
            return Ok(input);
        };
        let mut output = self.output_for(&input)?;
        let copy = output.make_mut();
        // The base class takes this flag away.
        copy.set_flags(input.flags() & gst::BufferFlags::GAP);
        // A frame that the network does not see need not hold a picture at all.
        let copied = video.copy(&input, copy).is_ok();
        Ok(if copied { output } else { input })
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
}
