// SPDX-License-Identifier: MIT OR Apache-2.0
//! # rirndeblur
//!
//! Sharpens motion-blurred raw video, frame by frame, with a recurrent network that remembers the
//! frames before. One buffer comes out for each that goes in, with its own time stamps, flags and
//! metas; caps, size and format stay.
//!
//! ## Memory
//!
//! The network's memory runs from buffer to buffer. It is forgotten where the video jumps: at a
//! flush, a new segment, other caps, another stream-id, a hole in time longer than `max-gap`, time
//! running backwards, when `enabled` is switched on again, at EOS, and by the action signal
//! `reset`. The table of all cases is in `docs/ELEMENT.md` and, as code, in `continuity.rs`.
//!
//! ## Threads
//!
//! LibTorch runs on one thread of the process. A flush or a stop does not wait for a frame that is
//! being computed: the frame is given up.
//!
//! ## Example
//!
//! ```text
//! gst-launch-1.0 filesrc location=in.mp4 ! decodebin ! videoconvert ! rirndeblur ! \
//!     videoconvert ! autovideosink
//! ```

mod allocation;
mod asking;
mod continuity;
mod counters;
mod failure;
mod flow;
mod frame_map;
mod imp;
mod latency;
mod lateness;
mod leaving;
mod line;
mod locks;
mod opening;
mod pointer;
mod qos;
mod report;
mod running;
mod scene_cut;
mod settings;
mod telling;
mod video;

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use rirn::networks::Network;

glib::wrapper! {
    /// The element.
    pub struct RirnDeblur(ObjectSubclass<imp::RirnDeblur>)
        @extends gst_base::BaseTransform, gst::Element, gst::Object;
}

/// Makes the network that an element runs instead of one from a weights file.
pub type MakeNetwork = dyn Fn() -> rirn::Result<Box<dyn Network>> + Send + Sync;

impl RirnDeblur {
    /// From the next start on the element runs what `make` gives and reads no weights.
    pub fn set_network(
        &self,
        make: impl Fn() -> rirn::Result<Box<dyn Network>> + Send + Sync + 'static,
    ) {
        self.imp().set_network(std::sync::Arc::new(make));
    }
}

/// Arithmetic of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRirnDeblurPrecision")]
pub enum Precision {
    /// float16 on CUDA, bfloat16 on a CPU with AMX tiles, else float32.
    #[default]
    #[enum_value(
        name = "float16 on CUDA, bfloat16 on a CPU with AMX, else float32",
        nick = "auto"
    )]
    Auto,
    /// 32-bit floating point.
    #[enum_value(name = "32-bit floating point", nick = "float32")]
    Float32,
    /// 16-bit floating point, CUDA only.
    #[enum_value(name = "16-bit floating point, CUDA only", nick = "float16")]
    Float16,
    /// 16-bit floating point with the range of float32.
    #[enum_value(
        name = "16-bit floating point with the range of float32",
        nick = "bfloat16"
    )]
    Bfloat16,
}

/// How input and result are shown side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRirnDeblurSplitView")]
pub enum SplitView {
    /// The result everywhere.
    #[default]
    #[enum_value(name = "The result everywhere", nick = "none")]
    None,
    /// The input on the left, the result on the right.
    #[enum_value(name = "Input on the left, result on the right", nick = "vertical")]
    Vertical,
    /// The input above, the result below.
    #[enum_value(name = "Input above, result below", nick = "horizontal")]
    Horizontal,
    /// The correction alone, magnified, on mid-grey.
    #[enum_value(
        name = "The correction alone, magnified, on mid-grey",
        nick = "difference"
    )]
    Difference,
}

/// What happens to a frame that is already late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRirnDeblurLatePolicy")]
pub enum LatePolicy {
    /// It is not pushed.
    #[default]
    #[enum_value(name = "Late frames are dropped", nick = "drop")]
    Drop,
    /// It goes out as it came.
    #[enum_value(name = "Late frames go out as they came", nick = "bypass")]
    Bypass,
}

/// Registers the element with rank none: it changes the picture, so nothing may plug it by itself.
///
/// # Errors
/// What GStreamer reports.
pub fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "rirndeblur",
        gst::Rank::NONE,
        RirnDeblur::static_type(),
    )
}
