// SPDX-License-Identifier: MIT OR Apache-2.0
//! GStreamer plugin with one element, `rirndeblur`, which sharpens motion-blurred video with a
//! recurrent network while it plays. What the element promises: `docs/ELEMENT.md`.

pub mod rirndeblur;

pub use plugin::plugin_register_static;

#[allow(missing_docs, reason = "the macro's own items")]
mod plugin {
    use super::register;

    gst::plugin_define!(
        rirndeblur,
        env!("CARGO_PKG_DESCRIPTION"),
        register,
        concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
        "MIT/X11",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_NAME"),
        env!("BUILD_REL_DATE")
    );
}

/// Registers the element. The registry's scanner comes here too: no weights are read, no thread is
/// started and LibTorch is not called.
fn register(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
    rirndeblur::register(plugin)
}
