// SPDX-License-Identifier: MIT OR Apache-2.0
//! The classes of the element: glue between GStreamer and its siblings in this folder.
//!
//! Locks are held for the time of a copy; nothing is pushed, posted, waited for or computed under one.
//! [`Running`] is taken out of its lock while the streaming thread works with it.

use super::MakeNetwork;
use super::latency::Reported;
use super::lateness::Lateness;
use super::locks::lock;
use super::opening::{self, Active};
use super::pointer::Pointer;
use super::report::Stopped;
use super::running::{Running, SharedCounters};
use super::settings::{self, Settings};
use super::video::{self, Video};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{BaseTransformMode, GenerateOutputSuccess};
use gst_base::subclass::prelude::*;
use once_cell::sync::Lazy;
use rirn::engine::{FLUSHING, Interrupt, Pending, STOPPING};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) static CAT: Lazy<gst::DebugCategory> = Lazy::new(|| {
    gst::DebugCategory::new(
        "rirndeblur",
        gst::DebugColorFlags::empty(),
        Some("Recurrent video deblurring"),
    )
});

/// How long READY to NULL waits for a step that is being given up. A process that ends while
/// LibTorch computes may crash in its destructors.
const SETTLE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct RirnDeblur {
    pub(super) settings: Mutex<Settings>,
    pub(super) active: Mutex<Active>,
    pub(super) running: Mutex<Option<Running>>,
    pub(super) counters: SharedCounters,
    pub(super) reported: Arc<Reported>,
    pub(super) interrupt: Interrupt,
    pub(super) reset: AtomicBool,
    pub(super) lateness: Arc<Mutex<Lateness>>,
    /// Stream time at the end of the frame that went out last.
    pub(super) position: AtomicU64,
    /// Downstream reads GstVideoMeta.
    pub(super) strides_below: AtomicBool,
    started: AtomicBool,
    pub(super) playing: AtomicBool,
    pub(super) pointer: Mutex<Pointer>,
    pub(super) warned: Mutex<BTreeSet<String>>,
    pending: Mutex<Option<Pending>>,
    make_network: Mutex<Option<Arc<MakeNetwork>>>,
}

#[glib::object_subclass]
impl ObjectSubclass for RirnDeblur {
    const NAME: &'static str = "GstRirnDeblur";
    type Type = super::RirnDeblur;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for RirnDeblur {
    fn properties() -> &'static [glib::ParamSpec] {
        settings::properties()
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: Lazy<Vec<glib::subclass::Signal>> = Lazy::new(|| {
            vec![
                glib::subclass::Signal::builder("reset")
                    .action()
                    .class_handler(|args| {
                        if let Some(Ok(element)) =
                            args.first().map(|arg| arg.get::<super::RirnDeblur>())
                        {
                            element.imp().reset.store(true, Ordering::Relaxed);
                        }
                        None
                    })
                    .build(),
            ]
        });
        &SIGNALS
    }

    fn constructed(&self) {
        self.parent_constructed();
        // The base class's default is off; video filters drop late frames.
        self.obj().set_qos(true);
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        lock(&self.settings).set(pspec.name(), value);
        if settings::acts_at_start(pspec) && self.started.load(Ordering::Relaxed) {
            self.warn_once(
                gst::LibraryError::Settings,
                &format!("Property \"{}\" acts at the next start.", pspec.name()),
            );
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "active-model" => lock(&self.active).model.to_value(),
            "active-device" => lock(&self.active).device.to_value(),
            "stats" => self.stats().to_value(),
            name => {
                let value = lock(&self.settings).get(name);
                value.unwrap_or_else(|| pspec.default_value().clone())
            }
        }
    }
}

impl GstObjectImpl for RirnDeblur {}

impl ElementImpl for RirnDeblur {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: Lazy<gst::subclass::ElementMetadata> = Lazy::new(|| {
            gst::subclass::ElementMetadata::new(
                "Recurrent video deblurring",
                "Filter/Effect/Video",
                "Sharpens motion-blurred video with a recurrent network",
                "rirndeblur developers",
            )
        });
        Some(&*METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: Lazy<Vec<gst::PadTemplate>> = Lazy::new(|| {
            let caps = video::template_caps();
            [
                ("sink", gst::PadDirection::Sink),
                ("src", gst::PadDirection::Src),
            ]
            .map(|(name, direction)| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps)
                    .expect("name, direction and caps are valid")
            })
            .into()
        });
        &TEMPLATES
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        match transition {
            gst::StateChange::NullToReady => {
                let settings = lock(&self.settings).clone();
                let own_network = lock(&self.make_network).is_some();
                opening::check(&settings, own_network).map_err(|error| {
                    self.post_error_message(error);
                    gst::StateChangeError
                })?;
            }
            gst::StateChange::ReadyToPaused => self.interrupt.clear(FLUSHING | STOPPING),
            gst::StateChange::PausedToPlaying => self.playing.store(true, Ordering::Relaxed),
            gst::StateChange::PlayingToPaused => self.playing.store(false, Ordering::Relaxed),
            // Before the base class takes the stream lock, which the waiting thread holds.
            gst::StateChange::PausedToReady => self.interrupt.raise(STOPPING),
            _ => {}
        }
        let result = self.parent_change_state(transition);
        if transition == gst::StateChange::ReadyToNull {
            let pending = lock(&self.pending).take();
            if let Some(pending) = pending {
                pending.settle(SETTLE);
            }
            lock(&self.warned).clear();
        }
        result
    }
}

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

impl RirnDeblur {
    pub(super) fn set_network(&self, make: Arc<MakeNetwork>) {
        *lock(&self.make_network) = Some(make);
    }
}
