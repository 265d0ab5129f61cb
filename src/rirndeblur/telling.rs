// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the element tells the application: messages, warnings, notifications, `stats`. No lock is
//! held while anything is posted.

use super::counters::Value as Count;
use super::imp::{CAT, RirnDeblur};
use super::lateness::Late;
use super::locks::lock;
use super::qos::Shown;
use super::report::Warning;
use super::running::Running;
use super::video::Video;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use rirn::engine::{Note, StepNote};

impl RirnDeblur {
    /// Posts how far the reading of the weights has come.
    pub(super) fn progress(&self, kind: gst::ProgressType, text: &str) {
        self.post(
            gst::message::Progress::builder(kind, "load-model", text)
                .src(&*self.obj())
                .build(),
        );
    }

    /// Posts that a frame comes too late.
    pub(super) fn tell_late(&self, shown: Shown, late: Late) {
        let segment = self.obj().segment();
        let time = segment.downcast_ref::<gst::ClockTime>();
        let (processed, dropped) = lock(&self.counters).quality();
        let count =
            |frames| gst::GenericFormattedValue::from(gst::format::Buffers::from_u64(frames));
        let message = gst::message::Qos::builder(false)
            .running_time(time.and_then(|segment| segment.to_running_time(shown.pts)))
            .stream_time(time.and_then(|segment| segment.to_stream_time(shown.pts)))
            .timestamp(shown.pts)
            .duration(shown.duration)
            // Quality: of a million, as the base class has it.
            .values(late.jitter, late.proportion, 1_000_000)
            .stats(count(processed), count(dropped))
            .src(&*self.obj())
            .build();
        self.post(message);
    }

    /// Posts why the past was forgotten, where the application wants to know; `pts` is that of the
    /// frame that made it so.
    pub(super) fn tell_resets(&self, pts: Option<gst::ClockTime>) {
        let resets = self.with_running(Running::take_resets).unwrap_or_default();
        if resets.is_empty() || !lock(&self.settings).post_messages {
            return;
        }
        let segment = self.obj().segment();
        let segment = segment.downcast_ref::<gst::ClockTime>();
        let running_time = segment.and_then(|segment| segment.to_running_time(pts));
        for reason in resets {
            let facts = gst::Structure::builder("rirndeblur-reset")
                .field("reason", reason.as_str())
                .field("timestamp", pts)
                .field("running-time", running_time)
                .build();
            self.post(
                gst::message::Element::builder(facts)
                    .src(&*self.obj())
                    .build(),
            );
        }
    }

    /// Posts that the element goes on in another way than it was asked to, where the application
    /// wants to know.
    pub(super) fn tell_fallback(&self, what: &str, from: &str, to: &str) {
        if lock(&self.settings).post_messages {
            let facts = gst::Structure::builder("rirndeblur-fallback")
                .field("what", what)
                .field("from", from)
                .field("to", to)
                .build();
            self.post(
                gst::message::Element::builder(facts)
                    .src(&*self.obj())
                    .build(),
            );
        }
    }

    fn post(&self, message: gst::Message) {
        let _no_bus = self.obj().post_message(message);
    }

    /// Warns of fall-backs, and posts them where the application wants to know.
    pub(super) fn tell_warnings(&self, warnings: &[Warning]) {
        for warning in warnings {
            if let Some(text) = warning.text() {
                let cause = warning.cause.as_deref().unwrap_or_default();
                match warning.note {
                    StepNote::Tiled { .. } | StepNote::Exhausted => {
                        self.warn_with(gst::ResourceError::NoSpaceLeft, &text, cause);
                    }
                    _ => self.warn_with(gst::StreamError::Failed, &text, cause),
                }
            }
            match warning.note {
                StepNote::Tiled { size } => {
                    self.tell_fallback("tile-size", "larger", &size.to_string());
                }
                StepNote::Exhausted => self.tell_fallback("network", "running", "bypass"),
                StepNote::Widened => {
                    let before = lock(&self.active).precision.replace("float32");
                    self.tell_fallback("precision", before.unwrap_or_default(), "float32");
                }
                _ => {}
            }
        }
    }

    /// Warns of video that is processed as it comes and might be meant otherwise.
    pub(super) fn warn_about(&self, video: &Video) {
        if video.is_interlaced() {
            let text = "Interlaced video: put deinterlace before this element.";
            self.warn_once(gst::StreamError::Format, text);
        }
        if video.is_hdr() {
            let text = "HDR transfer curve: result is not calibrated.";
            self.warn_once(gst::StreamError::Format, text);
        }
    }

    /// What the engine has to say of the way in which wishes were met.
    pub(super) fn tell(&self, notes: &[Note]) {
        for note in notes {
            if !note.is_warning() {
                gst::info!(CAT, imp = self, "{note}");
            } else if matches!(note, Note::CudaBroken(_)) {
                self.warn_once(gst::LibraryError::Init, &note.to_string());
            } else {
                self.warn_once(gst::LibraryError::Settings, &note.to_string());
            }
        }
    }

    /// Posts a warning, each text once between READY and NULL.
    pub(super) fn warn_once(&self, code: impl gst::MessageErrorDomain, text: &str) {
        self.warn_with(code, text, "");
    }

    /// The same with the cause in the debug field.
    fn warn_with(&self, code: impl gst::MessageErrorDomain, text: &str, cause: &str) {
        let is_new = lock(&self.warned).insert(text.to_owned());
        if is_new {
            gst::warning!(CAT, imp = self, "{text} {cause}");
            gst::element_imp_warning!(self, code, ("{}", text), ["{}", cause]);
        }
    }

    pub(super) fn notify_active(&self) {
        self.obj().notify("active-device");
        self.obj().notify("active-model");
    }

    /// The value of the property `stats`.
    pub(super) fn stats(&self) -> gst::Structure {
        let counters = lock(&self.counters).clone();
        let active = lock(&self.active).clone();
        let mut stats = gst::Structure::builder("application/x-rirndeblur-stats");
        for (name, value) in counters.fields() {
            stats = match value {
                Count::U64(value) => stats.field(name, value),
                Count::U32(value) => stats.field(name, value),
                Count::Str(value) => stats.field(name, value),
            };
        }
        stats
            .field("model", active.model)
            .field("device", active.device)
            .field("precision", active.precision)
            .field("kernels", active.kernels)
            .field("kernel-choices", rirn::engine::kernel_choices().join("; "))
            .field("delay-frames", active.delay)
            .field("delay", self.reported.waiting())
            .build()
    }
}

#[cfg(test)]
mod tests;
