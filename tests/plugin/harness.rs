// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the plugin tests share: elements with stub networks, seeded pictures, a rig that feeds an
//! element and collects what comes out, and tests that need a process of their own.

use gst::prelude::*;
use gstrirndeblur::rirndeblur::RirnDeblur;
use rirn::testing::{Numbers, Stub};
use std::process::Command;
use std::sync::Once;

/// Longest wait for something that has to come. Only a broken element reaches it.
pub(crate) const PATIENCE: gst::ClockTime = gst::ClockTime::from_seconds(60);

/// Time between the frames of [`frames`].
pub(crate) const INTERVAL: gst::ClockTime = gst::ClockTime::from_mseconds(40);

/// Set in the processes that [`alone`] starts.
const ALONE: &str = "RIRNDEBLUR_TEST_ALONE";

/// Starts GStreamer with the element registered; from then on a GLib warning ends the process.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        use gst::glib::LogLevels;
        gst::init().expect("GStreamer starts");
        // As G_DEBUG=fatal-warnings, which would have to be set before the process starts.
        gst::glib::log_set_always_fatal(
            LogLevels::LEVEL_ERROR | LogLevels::LEVEL_CRITICAL | LogLevels::LEVEL_WARNING,
        );
        gstrirndeblur::plugin_register_static().expect("the plugin registers");
    });
}

/// An element as an application makes it: it runs the built-in weights.
pub(crate) fn element() -> RirnDeblur {
    init();
    let element = gst::ElementFactory::make("rirndeblur").build();
    let element = element.expect("the element is registered");
    element.downcast().expect("the factory makes this type")
}

/// An element as an application makes it, that does not look for cuts: random pictures are nothing
/// but cuts.
pub(crate) fn without_cuts() -> RirnDeblur {
    let element = element();
    element.set_property("scene-cut-detection", false);
    element
}

/// An element that runs what `make` gives and does not look for cuts.
pub(crate) fn with_stub(make: impl Fn() -> Stub + Send + Sync + 'static) -> RirnDeblur {
    let element = without_cuts();
    element.set_network(move || Ok(Box::new(make())));
    element
}

/// An element whose network changes nothing.
pub(crate) fn identity() -> RirnDeblur {
    with_stub(Stub::identity)
}

/// An element whose network makes every picture brighter by `amount` of the whole range.
pub(crate) fn brighter(amount: f64) -> RirnDeblur {
    with_stub(move || Stub::new(move |window, state| Ok((window.f_add_scalar(amount)?, state))))
}

/// Caps of raw video at 25 frames per second.
pub(crate) fn caps(format: &str, width: usize, height: usize) -> gst::Caps {
    init();
    let text = format!("video/x-raw,format={format},width={width},height={height},framerate=25/1");
    text.parse().expect("caps")
}

/// The description of a picture in GStreamer's own layout.
pub(crate) fn info(caps: &gst::Caps) -> gst_video::VideoInfo {
    gst_video::VideoInfo::from_caps(caps).expect("video caps")
}

/// Random bytes.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<u8> {
    let mut numbers = Numbers::new(seed);
    (0..count).map(|_| (numbers.bits() >> 56) as u8).collect()
}

/// A buffer of random bytes as long as a picture of these caps, with the times of frame `index`.
pub(crate) fn frame(caps: &gst::Caps, index: u64, seed: u64) -> gst::Buffer {
    timed(noise(info(caps).size(), seed.wrapping_add(index)), index)
}

/// The first `count` frames of a random video.
pub(crate) fn frames(caps: &gst::Caps, count: u64, seed: u64) -> Vec<gst::Buffer> {
    (0..count).map(|index| frame(caps, index, seed)).collect()
}

/// A buffer of these bytes with the times of frame `index`.
pub(crate) fn timed(bytes: Vec<u8>, index: u64) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    let fields = buffer.make_mut();
    fields.set_pts(INTERVAL * index);
    fields.set_duration(INTERVAL);
    buffer
}

/// Path of a file of `tests/data/refused`, where `good.safetensors` is a tiny whole network.
pub(crate) fn refused(file: &str) -> String {
    format!("{}/tests/data/refused/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// All bytes of a buffer.
pub(crate) fn bytes(buffer: &gst::Buffer) -> Vec<u8> {
    buffer.map_readable().expect("the buffer maps").to_vec()
}

/// The field of `stats` of this name.
#[track_caller]
pub(crate) fn stat(element: &RirnDeblur, field: &str) -> u64 {
    let stats = element.property::<gst::Structure>("stats");
    stats.get(field).expect("a counter of this name")
}

/// An element that stands alone. It is brought to NULL before it goes, also where a test fails:
/// GStreamer would end the process with a warning of its own and hide what was asserted.
pub(crate) struct Bare(pub(crate) RirnDeblur);

impl Bare {
    /// A new bus for the element's messages.
    pub(crate) fn with_bus(&self) -> gst::Bus {
        let bus = gst::Bus::new();
        self.set_bus(Some(&bus));
        bus
    }
}

impl std::ops::Deref for Bare {
    type Target = RirnDeblur;

    fn deref(&self) -> &RirnDeblur {
        &self.0
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _down = self.set_state(gst::State::Null);
    }
}

/// An element in PLAYING between two pads of the test, with a bus.
pub(crate) struct Rig {
    pub(crate) element: RirnDeblur,
    pub(crate) harness: gst_check::Harness,
    pub(crate) bus: gst::Bus,
}

impl Drop for Rig {
    fn drop(&mut self) {
        // Messages hold the element that holds the bus that holds the messages.
        self.bus.set_flushing(true);
    }
}

impl Rig {
    /// Starts the element; no event has been sent to it.
    pub(crate) fn silent(element: RirnDeblur) -> Self {
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
        Self {
            element,
            harness,
            bus,
        }
    }

    /// Starts the element and sends stream start, caps and segment.
    pub(crate) fn new(element: RirnDeblur, caps: &gst::Caps) -> Self {
        let mut rig = Self::silent(element);
        rig.harness.set_src_caps(caps.clone());
        rig
    }

    /// Pushes buffers and gives what came out meanwhile.
    #[track_caller]
    pub(crate) fn run(&mut self, buffers: Vec<gst::Buffer>) -> Vec<gst::Buffer> {
        for buffer in buffers {
            self.harness.push(buffer).expect("the buffer is taken");
        }
        self.outputs()
    }

    /// Pushes one buffer and gives the one that it becomes.
    #[track_caller]
    pub(crate) fn one(&mut self, buffer: gst::Buffer) -> gst::Buffer {
        let mut outputs = self.run(vec![buffer]);
        assert_eq!(outputs.len(), 1, "one buffer in, one buffer out");
        outputs.remove(0)
    }

    /// Whatever has come out and was not asked for yet.
    pub(crate) fn outputs(&mut self) -> Vec<gst::Buffer> {
        std::iter::from_fn(|| self.harness.try_pull()).collect()
    }

    /// All messages of this type that have been posted so far; those before them are gone.
    pub(crate) fn messages(&self, kind: gst::MessageType) -> Vec<gst::Message> {
        std::iter::from_fn(|| self.bus.pop_filtered(&[kind])).collect()
    }
}

/// Waits for a message of this type; those before it are gone.
#[track_caller]
pub(crate) fn wait_for(bus: &gst::Bus, kind: gst::MessageType) -> gst::Message {
    let message = bus.timed_pop_filtered(PATIENCE, &[kind]);
    message.unwrap_or_else(|| panic!("no {kind:?} message came"))
}

/// Runs the calling test in a process of its own, where no other test's threads and handles are.
/// `body` must be written in the test function itself: its type tells the test's name.
#[track_caller]
pub(crate) fn alone<F: FnOnce()>(body: F) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let path = std::any::type_name::<F>();
    let (_, path) = path.split_once("::").expect("crate::module::test");
    let test = path.trim_end_matches("::{{closure}}");
    let output = Command::new(std::env::current_exe().expect("the test binary"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        // Where the caller was asked for, it is not ignored.
        .arg("--include-ignored")
        .env(ALONE, "1")
        .env("G_DEBUG", "fatal-warnings")
        // Tests run side by side: more threads than cores make LibTorch many times slower.
        .env("OMP_NUM_THREADS", "1")
        .output()
        .expect("the test binary runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{test} alone: {}\n{stdout}\n{stderr}",
        output.status
    );
}
