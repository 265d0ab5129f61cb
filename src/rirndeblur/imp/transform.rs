// SPDX-License-Identifier: MIT OR Apache-2.0
//! The element as a GstBaseTransform: start and stop, caps, queries, events, buffers.

use super::super::locks::lock;
use super::super::opening::{self, Active};
use super::super::report::Stopped;
use super::super::running::Running;
use super::super::video::Video;
use super::{CAT, RirnDeblur};
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{BaseTransformMode, GenerateOutputSuccess};
use gst_base::subclass::prelude::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl BaseTransformImpl for RirnDeblur {
    const MODE: BaseTransformMode = BaseTransformMode::NeverInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        *lock(&self.counters) = Default::default();
        self.reset.store(false, Ordering::Relaxed);
        self.forget_position();
        lock(&self.lateness).forget();
        let settings = lock(&self.settings).clone();
        let make = lock(&self.make_network).clone();
        self.progress(gst::ProgressType::Start, "Reading weights");
        let (engine, active) = opening::open(&settings, make).inspect_err(|_| {
            self.progress(gst::ProgressType::Error, "Weights cannot be used");
        })?;
        self.progress(gst::ProgressType::Complete, "Weights are read");
        self.tell(engine.notes());
        gst::info!(
            CAT,
            imp = self,
            "Running {} on {} in {} by {}",
            active.model.as_deref().unwrap_or_default(),
            engine.device(),
            engine.precision(),
            engine.kernels()
        );
        *lock(&self.active) = active;
        *lock(&self.pending) = Some(engine.pending());
        *lock(&self.running) = Some(Running::new(
            engine,
            self.interrupt.clone(),
            Arc::clone(&self.reported),
            Arc::clone(&self.counters),
            settings.enabled,
        ));
        self.started.store(true, Ordering::Relaxed);
        self.notify_active();
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.started.store(false, Ordering::Relaxed);
        let running = lock(&self.running).take();
        drop(running);
        for choice in rirn::engine::kernel_choices() {
            gst::debug!(CAT, imp = self, "Fastest: {choice}");
        }
        lock(&self.counters).line_dropped();
        *lock(&self.active) = Active::default();
        self.notify_active();
        Ok(())
    }

    fn unit_size(&self, caps: &gst::Caps) -> Option<usize> {
        Video::from_caps(caps).map(|video| video.bytes())
    }

    fn set_caps(&self, incaps: &gst::Caps, _outcaps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let video = Video::from_caps(incaps)
            .ok_or_else(|| gst::loggable_error!(CAT, "Caps {incaps} are not understood"))?;
        self.warn_about(&video);
        lock(&self.pointer).set_size(video.width(), video.height());
        let result = self.with_running(|running| running.set_caps(incaps, video));
        match result {
            Some(Ok(report)) => self.tell_warnings(&report.warnings),
            Some(Err(Stopped::Flushing)) => return Ok(()),
            Some(Err(Stopped::Failed(error))) => {
                self.post_error_message(error);
                return Err(gst::loggable_error!(
                    CAT,
                    "The network does not run at this size"
                ));
            }
            None => return Err(gst::loggable_error!(CAT, "Not started")),
        }
        self.announce_latency();
        Ok(())
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        if direction == gst::PadDirection::Src
            && let Some(answered) = self.answer(query)
        {
            return answered;
        }
        if query.type_() == gst::QueryType::Drain {
            let report = self.with_running(Running::finish_line);
            let _flow = self.deliver(report.unwrap_or_default());
        }
        BaseTransformImplExt::parent_query(self, direction, query)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        gst::debug!(CAT, imp = self, "Event {}", event.type_());
        if self.before_event(&event) {
            self.parent_sink_event(event)
        } else {
            true
        }
    }

    fn src_event(&self, event: gst::Event) -> bool {
        self.listen(&event);
        if let gst::EventView::Qos(_) = event.view() {
            // The base class would drop late frames by rules of its own.
            return self.obj().sink_pad().push_event(event);
        }
        self.parent_src_event(event)
    }

    fn submit_input_buffer(
        &self,
        is_discont: bool,
        inbuf: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        lock(&self.counters).frame_in();
        if self.drops_late(&inbuf) {
            self.with_running(Running::skipped);
            return Ok(gst::FlowSuccess::Ok);
        }
        let result = self.parent_submit_input_buffer(is_discont, inbuf);
        if result.is_err() {
            lock(&self.counters).dropped();
        }
        result
    }

    fn generate_output(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        if let Some(buffer) = self.take_queued_buffer() {
            self.take_in(buffer)?;
        }
        Ok(GenerateOutputSuccess::NoOutput)
    }

    fn transform_meta<'a>(
        &self,
        _outbuf: &mut gst::BufferRef,
        meta: gst::MetaRef<'a, gst::Meta>,
        _inbuf: &'a gst::BufferRef,
    ) -> bool {
        // Size, orientation and colours stay; only what describes the memory itself does not.
        !meta.has_tag::<gst::meta::tags::Memory>()
    }

    fn propose_allocation(
        &self,
        decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        self.parent_propose_allocation(decide_query, query)?;
        self.propose(query);
        Ok(())
    }

    fn decide_allocation(
        &self,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        self.decide(query)
            .map_err(|cause| gst::loggable_error!(CAT, "{cause}"))?;
        self.parent_decide_allocation(query)
    }
}
