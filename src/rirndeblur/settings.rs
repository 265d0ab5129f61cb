// SPDX-License-Identifier: MIT OR Apache-2.0
//! The values of the properties, and what they mean to the engine and to the picture.

mod specs;

pub(crate) use specs::properties;

use super::{LatePolicy, Precision, SplitView};
use gst::glib::{ParamSpec, Value};
use gst::prelude::*;
use rirn::engine::{EngineConfig, Precision as Wanted, Tiles};
use rirn::pixel::{Mix, Split};

/// The weights that an element without properties runs.
const DEFAULT_MODEL: &str = "lite";

/// Past 500 ms no motion is shared between frames at usual rates.
const DEFAULT_MAX_GAP: u64 = 500_000_000;

/// Shared border of neighbouring tiles in pixels.
const DEFAULT_OVERLAP: i32 = 32;

/// Where ordinary motion ends and another shot begins: `docs/ELEMENT.md`, scene cuts.
const DEFAULT_CUT: f64 = 0.4;

/// Value of `processing-latency` that stands for none.
const MEASURED: u64 = u64::MAX;

/// Values of all properties that can be set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) model: String,
    pub(crate) model_file: Option<String>,
    pub(crate) device: String,
    pub(crate) precision: Precision,
    pub(crate) threads: i32,
    pub(crate) look_ahead: i32,
    pub(crate) tile_size: i32,
    pub(crate) tile_overlap: i32,
    pub(crate) memory_limit: u64,
    pub(crate) deterministic: bool,
    pub(crate) enabled: bool,
    pub(crate) strength: f64,
    pub(crate) split_view: SplitView,
    pub(crate) split_position: f64,
    pub(crate) max_gap: u64,
    pub(crate) late_policy: LatePolicy,
    pub(crate) scene_cut_detection: bool,
    pub(crate) scene_cut_threshold: f64,
    pub(crate) post_messages: bool,
    pub(crate) processing_latency: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: DEFAULT_MODEL.to_owned(),
            model_file: None,
            device: "auto".to_owned(),
            precision: Precision::Auto,
            threads: 0,
            look_ahead: -1,
            tile_size: 0,
            tile_overlap: DEFAULT_OVERLAP,
            memory_limit: 0,
            deterministic: false,
            enabled: true,
            strength: 1.0,
            split_view: SplitView::None,
            split_position: 0.5,
            max_gap: DEFAULT_MAX_GAP,
            late_policy: LatePolicy::Drop,
            scene_cut_detection: true,
            scene_cut_threshold: DEFAULT_CUT,
            post_messages: false,
            processing_latency: MEASURED,
        }
    }
}

impl Settings {
    /// Stores a property's value. GObject has checked name, type and range.
    pub(crate) fn set(&mut self, name: &str, value: &Value) {
        match name {
            "model" => {
                let model = taken::<Option<String>>(value);
                self.model = model.unwrap_or_else(|| DEFAULT_MODEL.to_owned());
            }
            "model-file" => self.model_file = taken(value),
            "device" => {
                let device = taken::<Option<String>>(value);
                self.device = device.unwrap_or_else(|| "auto".to_owned());
            }
            "precision" => self.precision = taken(value),
            "threads" => self.threads = taken(value),
            "look-ahead" => self.look_ahead = taken(value),
            "tile-size" => self.tile_size = taken(value),
            "tile-overlap" => self.tile_overlap = taken(value),
            "memory-limit" => self.memory_limit = taken(value),
            "deterministic" => self.deterministic = taken(value),
            "enabled" => self.enabled = taken(value),
            "strength" => self.strength = taken(value),
            "split-view" => self.split_view = taken(value),
            "split-position" => self.split_position = taken(value),
            "max-gap" => self.max_gap = taken(value),
            "late-policy" => self.late_policy = taken(value),
            "scene-cut-detection" => self.scene_cut_detection = taken(value),
            "scene-cut-threshold" => self.scene_cut_threshold = taken(value),
            "post-messages" => self.post_messages = taken(value),
            "processing-latency" => self.processing_latency = taken(value),
            _ => {}
        }
    }

    /// A property's value, none for those that are not settings.
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        Some(match name {
            "model" => self.model.to_value(),
            "model-file" => self.model_file.to_value(),
            "device" => self.device.to_value(),
            "precision" => self.precision.to_value(),
            "threads" => self.threads.to_value(),
            "look-ahead" => self.look_ahead.to_value(),
            "tile-size" => self.tile_size.to_value(),
            "tile-overlap" => self.tile_overlap.to_value(),
            "memory-limit" => self.memory_limit.to_value(),
            "deterministic" => self.deterministic.to_value(),
            "enabled" => self.enabled.to_value(),
            "strength" => self.strength.to_value(),
            "split-view" => self.split_view.to_value(),
            "split-position" => self.split_position.to_value(),
            "max-gap" => self.max_gap.to_value(),
            "late-policy" => self.late_policy.to_value(),
            "scene-cut-detection" => self.scene_cut_detection.to_value(),
            "scene-cut-threshold" => self.scene_cut_threshold.to_value(),
            "post-messages" => self.post_messages.to_value(),
            "processing-latency" => self.processing_latency.to_value(),
            _ => return None,
        })
    }

    /// What the engine is opened with.
    ///
    /// # Errors
    /// [`rirn::Error::DeviceText`].
    pub(crate) fn engine(&self) -> rirn::Result<EngineConfig> {
        Ok(EngineConfig {
            device: self.device.parse()?,
            precision: match self.precision {
                Precision::Auto => Wanted::Auto,
                Precision::Float32 => Wanted::Float32,
                Precision::Float16 => Wanted::Float16,
                Precision::Bfloat16 => Wanted::Bfloat16,
            },
            threads: u32::try_from(self.threads).unwrap_or_default(),
            look_ahead: usize::try_from(self.look_ahead).ok(),
            tiles: Tiles {
                size: usize::try_from(self.tile_size).unwrap_or_default(),
                overlap: usize::try_from(self.tile_overlap).unwrap_or_default(),
                memory_limit: self.memory_limit,
            },
            deterministic: self.deterministic,
        })
    }

    /// The time for one frame that the user declares, none to measure it.
    pub(crate) fn declared_latency(&self) -> Option<u64> {
        (self.processing_latency != MEASURED).then_some(self.processing_latency)
    }

    /// Whether a frame goes out as it came although the network has worked on it.
    pub(crate) fn leaves_input(&self) -> bool {
        self.strength <= 0.0 && self.split_view != SplitView::Difference
    }

    /// The threshold of scene cuts, none where they are not looked for.
    pub(crate) fn scene_cuts(&self) -> Option<f64> {
        self.scene_cut_detection.then_some(self.scene_cut_threshold)
    }

    /// How the correction is mixed into the picture.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn mix(&self) -> Mix {
        let position = self.split_position as f32;
        Mix {
            strength: self.strength as f32,
            split: match self.split_view {
                SplitView::None => Split::None,
                SplitView::Vertical => Split::Vertical(position),
                SplitView::Horizontal => Split::Horizontal(position),
                SplitView::Difference => Split::Difference,
            },
        }
    }
}

/// The value in the type that the property was declared with.
fn taken<T: for<'v> gst::glib::value::FromValue<'v> + 'static>(value: &Value) -> T {
    value.get_owned().expect("GObject has checked the type")
}

/// Whether a property acts only at the next READY to PAUSED.
pub(crate) fn acts_at_start(pspec: &ParamSpec) -> bool {
    pspec.flags().contains(gst::PARAM_FLAG_MUTABLE_READY)
}

#[cfg(test)]
mod tests {
    use super::{Settings, acts_at_start, properties};
    use gst::glib::ParamFlags;

    #[test]
    fn every_writable_property_has_a_setting_with_the_declared_default() {
        gst::init().expect("GStreamer starts");
        let settings = Settings::default();
        for pspec in properties() {
            let value = settings.get(pspec.name());
            assert_eq!(
                value.is_some(),
                pspec.flags().contains(ParamFlags::WRITABLE),
                "{}",
                pspec.name()
            );
            let Some(value) = value else { continue };
            let declared = pspec.default_value();
            assert_eq!(
                format!("{value:?}"),
                format!("{declared:?}"),
                "{}",
                pspec.name()
            );
            assert!(!pspec.blurb().expect("a blurb").is_empty());
            let mut same = Settings::default();
            same.set(pspec.name(), &value);
            assert_eq!(same, settings);
        }
    }

    #[test]
    fn what_the_engine_is_opened_with_acts_at_start() {
        let names: Vec<_> = properties()
            .iter()
            .filter(|p| acts_at_start(p))
            .map(|p| p.name())
            .collect();
        assert_eq!(
            names,
            [
                "model",
                "model-file",
                "device",
                "precision",
                "threads",
                "look-ahead",
                "tile-size",
                "tile-overlap",
                "memory-limit",
                "deterministic"
            ]
        );
    }

    #[test]
    fn null_texts_take_the_default() {
        let mut settings = Settings::default();
        for name in ["model", "device"] {
            settings.set(name, &gst::glib::Value::from(None::<String>));
        }
        assert_eq!(settings, Settings::default());
    }
}
