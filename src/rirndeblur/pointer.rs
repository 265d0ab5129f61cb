// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Pointer`]: where a pressed pointer drags the split view. Events are navigation events as
//! GstNavigation sends them, in pixels of the picture, which keeps its size in this element.

use super::SplitView;

/// What is known of the pointer.
#[derive(Debug, Default)]
pub(crate) struct Pointer {
    width: f64,
    height: f64,
    is_down: bool,
}

impl Pointer {
    /// The picture's size in pixels.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn set_size(&mut self, width: usize, height: usize) {
        (self.width, self.height) = (width as f64, height as f64);
    }

    /// Takes a navigation event; gives the new `split-position`, in [0, 1], if it moves the split.
    pub(crate) fn follow(&mut self, event: &gst::StructureRef, split: SplitView) -> Option<f64> {
        let first_button = event.get::<i32>("button").is_ok_and(|button| button == 1);
        match event.get::<&str>("event").ok()? {
            "mouse-button-press" if first_button => self.is_down = true,
            "mouse-button-release" if first_button => self.is_down = false,
            "mouse-move" => {}
            _ => return None,
        }
        let (place, length) = match split {
            SplitView::Vertical => (event.get::<f64>("pointer_x").ok()?, self.width),
            SplitView::Horizontal => (event.get::<f64>("pointer_y").ok()?, self.height),
            _ => return None,
        };
        let position = (place / length).clamp(0.0, 1.0);
        (self.is_down && position.is_finite()).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pointer, SplitView};

    fn event(kind: &str, button: i32, x: f64, y: f64) -> gst::Structure {
        gst::init().expect("GStreamer starts");
        gst::Structure::builder("application/x-gst-navigation")
            .field("event", kind)
            .field("button", button)
            .field("pointer_x", x)
            .field("pointer_y", y)
            .build()
    }

    #[test]
    fn the_split_follows_from_press_to_release() {
        let mut pointer = Pointer::default();
        pointer.set_size(200, 100);
        let mut follow = |kind, x| pointer.follow(&event(kind, 1, x, 25.0), SplitView::Vertical);
        assert_eq!(follow("mouse-move", 50.0), None, "not pressed");
        assert_eq!(follow("mouse-button-press", 50.0), Some(0.25));
        assert_eq!(follow("mouse-move", 150.0), Some(0.75));
        assert_eq!(follow("mouse-move", 900.0), Some(1.0), "beyond the edge");
        assert_eq!(follow("mouse-button-release", 60.0), None);
        assert_eq!(follow("mouse-move", 60.0), None);
    }

    #[test]
    fn the_view_says_which_way_and_whether() {
        let mut pointer = Pointer::default();
        pointer.set_size(200, 100);
        let press = event("mouse-button-press", 1, 50.0, 25.0);
        assert_eq!(pointer.follow(&press, SplitView::Horizontal), Some(0.25));
        assert_eq!(pointer.follow(&press, SplitView::None), None);
        let second = event("mouse-button-press", 3, 50.0, 25.0);
        assert_eq!(
            Pointer::default().follow(&second, SplitView::Vertical),
            None
        );
    }

    #[test]
    fn without_a_size_and_with_odd_numbers_nothing_moves() {
        let press = event("mouse-button-press", 1, 0.0, f64::NAN);
        let mut pointer = Pointer::default();
        assert_eq!(pointer.follow(&press, SplitView::Vertical), None);
        pointer.set_size(10, 10);
        assert_eq!(pointer.follow(&press, SplitView::Horizontal), None);
        assert_eq!(
            pointer.follow(&event("key-press", 1, 1.0, 1.0), SplitView::Vertical),
            None
        );
    }
}
