// SPDX-License-Identifier: MIT OR Apache-2.0
//! The classes of the element: glue between GStreamer and its siblings in this folder.
//!
//! Locks are held for the time of a copy and never two at once; nothing is pushed, posted, waited
//! for or computed under one. [`Running`] is taken out of its lock while the streaming thread
//! works with it.

use super::MakeNetwork;
use super::continuity::SegmentFacts;
use super::counters::Value as Count;
use super::failure::{self, Weights};
use super::latency::Reported;
use super::running::{Finished, Report, Running, SharedCounters, Stopped, Warning};
use super::settings::{self, Settings};
use super::video::{self, Video};
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_transform::{
    BaseTransformMode, GenerateOutputSuccess, InputBuffer, PrepareOutputBufferSuccess,
};
use gst_base::subclass::prelude::*;
use once_cell::sync::Lazy;
use rirn::Engine;
use rirn::engine::{FLUSHING, Interrupt, Note, Pending, STOPPING};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static CAT: Lazy<gst::DebugCategory> = Lazy::new(|| {
    gst::DebugCategory::new(
        "rirndeblur",
        gst::DebugColorFlags::empty(),
        Some("Recurrent video deblurring"),
    )
});

/// How long READY to NULL waits for a step that is being given up. A process that ends while
/// LibTorch computes may crash in its destructors.
const SETTLE: Duration = Duration::from_secs(5);

/// What the engine came to, for the properties that tell.
#[derive(Default, Clone)]
struct Active {
    model: Option<String>,
    device: Option<String>,
    precision: Option<&'static str>,
}

#[derive(Default)]
pub struct RirnDeblur {
    settings: Mutex<Settings>,
    active: Mutex<Active>,
    running: Mutex<Option<Running>>,
    counters: SharedCounters,
    reported: Arc<Reported>,
    interrupt: Interrupt,
    reset: AtomicBool,
    started: AtomicBool,
    playing: AtomicBool,
    warned: Mutex<BTreeSet<String>>,
    pending: Mutex<Option<Pending>>,
    make_network: Mutex<Option<Arc<MakeNetwork>>>,
}

/// The value behind a lock; a panic of another holder has left it usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
            gst::StateChange::NullToReady => self.check().map_err(|error| {
                self.post_error_message(error);
                gst::StateChangeError
            })?,
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
        let settings = lock(&self.settings).clone();
        let (engine, active) = self.open(&settings)?;
        self.tell(engine.notes());
        gst::info!(
            CAT,
            imp = self,
            "Running {} on {} in {:?}",
            active.model.as_deref().unwrap_or_default(),
            engine.device(),
            engine.kind()
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
        let result = self.with_running(|running| running.set_caps(incaps, video));
        match result {
            Some(Ok(())) => {}
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
            && let gst::QueryViewMut::Latency(latency) = query.view_mut()
        {
            return self.answer_latency(latency);
        }
        BaseTransformImplExt::parent_query(self, direction, query)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        use gst::EventView;
        gst::debug!(CAT, imp = self, "Event {}", event.type_());
        let max_gap = lock(&self.settings).max_gap;
        let report = match event.view() {
            EventView::FlushStart(_) => {
                self.interrupt.raise(FLUSHING);
                None
            }
            EventView::FlushStop(_) => {
                self.with_running(Running::flush_stop);
                self.interrupt.clear(FLUSHING);
                None
            }
            EventView::StreamStart(start) => {
                self.with_running(|running| running.stream_start(start.stream_id()))
            }
            EventView::Caps(caps) => {
                self.with_running(|running| running.caps_event(&caps.caps_owned()))
            }
            EventView::Segment(segment) => {
                let facts = segment_facts(segment.segment());
                self.with_running(|running| running.segment(facts))
            }
            EventView::SegmentDone(_) => self.with_running(Running::segment_done),
            EventView::Gap(gap) => {
                let (pts, duration) = gap.get();
                self.with_running(|running| running.gap(pts, duration, max_gap))
            }
            EventView::Eos(_) => self.with_running(Running::eos),
            _ => None,
        };
        if let Some(report) = report {
            // What cannot be pushed now is not pushed later: the event has to go on.
            let _flow = report
                .map_err(|stopped| self.flow_error(stopped))
                .and_then(|report| self.push_all(report));
        }
        self.parent_sink_event(event)
    }

    fn submit_input_buffer(
        &self,
        is_discont: bool,
        inbuf: gst::Buffer,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        lock(&self.counters).frame_in();
        let result = self.parent_submit_input_buffer(is_discont, inbuf);
        match result {
            Ok(gst::FlowSuccess::Ok) => {}
            Ok(_) => {
                let mut counters = lock(&self.counters);
                counters.late();
                counters.dropped();
            }
            Err(_) => lock(&self.counters).dropped(),
        }
        result
    }

    fn generate_output(&self) -> Result<GenerateOutputSuccess, gst::FlowError> {
        if let Some(buffer) = self.take_queued_buffer() {
            self.sync_values(&buffer);
            let settings = lock(&self.settings).clone();
            let reset = self.reset.swap(false, Ordering::Relaxed);
            let report = self
                .with_running(|running| running.buffer(buffer, &settings, reset))
                .ok_or(gst::FlowError::Flushing)?
                .map_err(|stopped| self.flow_error(stopped))?;
            self.tell_warnings(&report.warnings);
            for finished in report.finished {
                let output = self.finish(finished, &settings)?;
                self.with_running(|running| running.ready.push_back(output));
            }
            self.announce_latency();
        }
        let next = self.with_running(|running| running.ready.pop_front());
        Ok(match next.flatten() {
            Some(buffer) => {
                lock(&self.counters).frame_out();
                GenerateOutputSuccess::Buffer(buffer)
            }
            None => GenerateOutputSuccess::NoOutput,
        })
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
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        Ok(())
    }

    fn decide_allocation(
        &self,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        video::use_video_pool(query).map_err(|cause| gst::loggable_error!(CAT, "{cause}"))?;
        self.parent_decide_allocation(query)
    }
}

impl RirnDeblur {
    pub(super) fn set_network(&self, make: Arc<MakeNetwork>) {
        *lock(&self.make_network) = Some(make);
    }

    /// Works with what runs; none before the start. Only for the streaming thread, and for events
    /// and state changes during which it stands still.
    fn with_running<R>(&self, work: impl FnOnce(&mut Running) -> R) -> Option<R> {
        let mut running = lock(&self.running).take()?;
        let result = work(&mut running);
        *lock(&self.running) = Some(running);
        Some(result)
    }

    fn weights(settings: &Settings) -> Weights {
        match &settings.model_file {
            Some(file) => Weights::File(PathBuf::from(file)),
            None => Weights::BuiltIn(settings.model.clone()),
        }
    }

    /// Finds wrong settings without a call of LibTorch.
    fn check(&self) -> Result<(), gst::ErrorMessage> {
        let settings = lock(&self.settings).clone();
        let weights = Self::weights(&settings);
        let refused = |error: rirn::Error| failure::at_start(&error, &weights);
        settings.engine().map_err(refused)?;
        if lock(&self.make_network).is_none() {
            weights.read().map_err(|error| refused(error.into()))?;
        }
        Ok(())
    }

    fn open(&self, settings: &Settings) -> Result<(Engine, Active), gst::ErrorMessage> {
        let weights = Self::weights(settings);
        let refused = |error: rirn::Error| failure::at_start(&error, &weights);
        let config = settings.engine().map_err(refused)?;
        let make = lock(&self.make_network).clone();
        let (engine, name) = match make {
            Some(make) => (Engine::with_network(&config, move || make()), None),
            None => {
                let read = weights.read().map_err(|error| refused(error.into()))?;
                let name = read.label().to_owned();
                (Engine::open(read, &config), Some(name))
            }
        };
        let engine = engine.map_err(refused)?;
        let active = Active {
            model: Some(match name {
                Some(name) => format!("{name} ({})", engine.label()),
                None => engine.label().to_owned(),
            }),
            device: Some(engine.device()),
            precision: Some(engine.precision()),
        };
        Ok((engine, active))
    }

    fn tell(&self, notes: &[Note]) {
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

    fn tell_warnings(&self, warnings: &[Warning]) {
        for warning in warnings {
            let text = match warning {
                Warning::Diverged => "The network's memory grew out of bounds and was cleared.",
                Warning::NotFinite => "The network gave no valid picture; frame passed unchanged.",
            };
            self.warn_once(gst::StreamError::Failed, text);
        }
    }

    /// Posts a warning, each text once between READY and NULL.
    fn warn_once(&self, code: impl gst::MessageErrorDomain, text: &str) {
        let is_new = lock(&self.warned).insert(text.to_owned());
        if is_new {
            gst::warning!(CAT, imp = self, "{text}");
            gst::element_imp_warning!(self, code, ("{}", text));
        }
    }

    fn notify_active(&self) {
        self.obj().notify("active-device");
        self.obj().notify("active-model");
    }

    /// Brings controlled properties to the time of this frame.
    fn sync_values(&self, buffer: &gst::Buffer) {
        let segment = self.obj().segment();
        let time = segment
            .downcast_ref::<gst::ClockTime>()
            .and_then(|segment| segment.to_stream_time(buffer.pts()));
        if let Some(time) = time
            && let Err(error) = self.obj().sync_values(time)
        {
            gst::warning!(CAT, imp = self, "Controlled properties: {error}");
        }
    }

    /// The buffer that goes out for a frame whose turn has come.
    fn finish(
        &self,
        finished: Finished,
        settings: &Settings,
    ) -> Result<gst::Buffer, gst::FlowError> {
        let (input, blurred, sharp) = match finished {
            Finished::Untouched(buffer) => return Ok(buffer),
            Finished::Sharp { input, .. } if settings.strength <= 0.0 => return Ok(input),
            Finished::Sharp {
                input,
                blurred,
                sharp,
            } => (input, blurred, sharp),
        };
        let prepared = self.parent_prepare_output_buffer(InputBuffer::Readable(&input))?;
        let PrepareOutputBufferSuccess::Buffer(mut output) = prepared else {
            return Err(gst::FlowError::Error);
        };
        let video = self
            .with_running(|running| running.video().cloned())
            .flatten();
        let video = video.ok_or(gst::FlowError::NotNegotiated)?;
        video
            .pack(&input, &blurred, &sharp, &settings.mix(), output.make_mut())
            .map_err(|cause| self.flow_error(Stopped::Failed(failure::unreadable(&cause))))?;
        self.with_running(|running| running.recycle(blurred, sharp));
        Ok(output)
    }

    /// Pushes frames that an event has set free.
    fn push_all(&self, report: Report) -> Result<(), gst::FlowError> {
        self.tell_warnings(&report.warnings);
        let settings = lock(&self.settings).clone();
        for finished in report.finished {
            let buffer = self.finish(finished, &settings)?;
            lock(&self.counters).frame_out();
            self.obj().src_pad().push(buffer)?;
        }
        Ok(())
    }

    fn flow_error(&self, stopped: Stopped) -> gst::FlowError {
        match stopped {
            Stopped::Flushing => gst::FlowError::Flushing,
            Stopped::Failed(error) => {
                self.post_error_message(error);
                gst::FlowError::Error
            }
        }
    }

    fn answer_latency(&self, query: &mut gst::query::Latency) -> bool {
        let mut upstream = gst::query::Latency::new();
        if !self.obj().sink_pad().peer_query(&mut upstream) {
            return false;
        }
        let (live, min, max) = upstream.result();
        let own = gst::ClockTime::from_nseconds(self.reported.answer(live));
        query.set(live, min + own, max.map(|max| max + own));
        true
    }

    fn announce_latency(&self) {
        let playing = self.playing.load(Ordering::Relaxed);
        let declared = lock(&self.settings).declared_latency();
        let new = self.with_running(|running| running.latency_to_announce(declared, playing));
        lock(&self.counters).set_reported_latency(self.reported.current());
        if let Some(Some(latency)) = new {
            gst::info!(CAT, imp = self, "Latency is now {latency} ns");
            let message = gst::message::Latency::builder().src(&*self.obj()).build();
            let _no_bus = self.obj().post_message(message);
        }
    }

    fn stats(&self) -> gst::Structure {
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
            .build()
    }
}

/// The parts of a segment that the timeline looks at.
fn segment_facts(segment: &gst::Segment) -> SegmentFacts {
    let time = |value: i64| u64::try_from(value).ok();
    SegmentFacts {
        rate: segment.rate(),
        applied_rate: segment.applied_rate(),
        start: time(segment.start().value()).unwrap_or_default(),
        base: time(segment.base().value()).unwrap_or_default(),
        offset: time(segment.offset().value()).unwrap_or_default(),
        time: time(segment.time().value()),
        key_units: segment
            .flags()
            .contains(gst::SegmentFlags::TRICKMODE_KEY_UNITS),
    }
}
