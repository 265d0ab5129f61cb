// SPDX-License-Identifier: MIT OR Apache-2.0
//! The classes of the element: glue between GStreamer and its siblings in this folder.
//!
//! Locks are held for the time of a copy; nothing is pushed, posted, waited for or computed under one.
//! [`Running`] is taken out of its lock while the streaming thread works with it.

mod transform;

use super::MakeNetwork;
use super::latency::Reported;
use super::lateness::Lateness;
use super::locks::lock;
use super::opening::{self, Active};
use super::pointer::Pointer;
use super::running::{Running, SharedCounters};
use super::settings::{self, Settings};
use super::video;
use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
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

impl RirnDeblur {
    pub(super) fn set_network(&self, make: Arc<MakeNetwork>) {
        *lock(&self.make_network) = Some(make);
    }
}
