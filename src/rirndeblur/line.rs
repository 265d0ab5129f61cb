// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`WaitingLine`]: the buffers that wait for their frame, in the order of the stream, and the
//! events that must not overtake them.
//!
//! The network holds frames of its own while it looks ahead; this line says to which buffers they
//! belong. Buffers that the network does not see keep their place and leave as late as the others,
//! so that the delay is constant.

use rirn::engine::PackedPicture;
use std::collections::VecDeque;

/// What leaves the line.
pub(crate) enum Finished {
    /// An event goes on between the frames around it.
    Event(gst::Event),
    /// A frame goes out as it came.
    Untouched(gst::Buffer),
    /// A frame goes out deblurred.
    Sharp {
        input: gst::Buffer,
        sharp: PackedPicture,
    },
}

/// What stands in the line.
enum Entry {
    /// A frame that the network has taken in.
    Frame(gst::Buffer),
    /// A frame that only keeps its place.
    Untouched(gst::Buffer),
    /// An event that must not overtake the frames before it.
    Event(gst::Event),
}

/// The line itself.
pub(crate) struct WaitingLine {
    entries: VecDeque<Entry>,
    delay: usize,
}

impl WaitingLine {
    /// An empty line for a network whose output is late by `delay` frames.
    pub(crate) fn new(delay: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            delay,
        }
    }

    /// A frame that the network takes in.
    pub(crate) fn push_frame(&mut self, buffer: gst::Buffer) {
        self.entries.push_back(Entry::Frame(buffer));
    }

    /// A frame that passes as it is.
    pub(crate) fn push_untouched(&mut self, buffer: gst::Buffer) {
        self.entries.push_back(Entry::Untouched(buffer));
    }

    /// An event, if anything waits that it must not overtake; false: it may go on at once.
    pub(crate) fn hold(&mut self, event: &gst::Event) -> bool {
        let waits = !self.entries.is_empty();
        if waits {
            self.entries.push_back(Entry::Event(event.clone()));
        }
        waits
    }

    /// Whether the network holds frames that have not come out.
    pub(crate) fn frames_wait(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry, Entry::Frame(_)))
    }

    /// Whether more frames stand here than the delay asks for.
    pub(crate) fn is_overdue(&self) -> bool {
        let frames = self.entries.iter();
        let frames = frames.filter(|entry| !matches!(entry, Entry::Event(_)));
        frames.count() > self.delay
    }

    /// Takes out the frame that the network has held longest, and lets go what stands before it.
    pub(crate) fn next_frame(&mut self, gone: &mut Vec<Finished>) -> Option<gst::Buffer> {
        loop {
            match self.entries.pop_front()? {
                Entry::Frame(buffer) => return Some(buffer),
                Entry::Untouched(buffer) => gone.push(Finished::Untouched(buffer)),
                Entry::Event(event) => gone.push(Finished::Event(event)),
            }
        }
    }

    /// Lets go what stands at the head and waits for nothing: events, and untouched frames whose
    /// time has come.
    pub(crate) fn let_go(&mut self, gone: &mut Vec<Finished>) {
        while self.entries.front().is_some_and(|head| match head {
            Entry::Frame(_) => false,
            Entry::Untouched(_) => self.is_overdue(),
            Entry::Event(_) => true,
        }) {
            self.pop(gone);
        }
    }

    /// Lets everything go; the network holds no frame any more.
    pub(crate) fn let_all_go(&mut self, gone: &mut Vec<Finished>) {
        while !self.entries.is_empty() {
            self.pop(gone);
        }
    }

    /// Throws all frames away and gives the events that waited with them, and the number of frames.
    pub(crate) fn clear(&mut self) -> (Vec<gst::Event>, usize) {
        let mut frames = 0;
        let events = self.entries.drain(..).filter_map(|entry| match entry {
            Entry::Event(event) => Some(event),
            Entry::Frame(_) | Entry::Untouched(_) => {
                frames += 1;
                None
            }
        });
        (events.collect(), frames)
    }

    fn pop(&mut self, gone: &mut Vec<Finished>) {
        gone.extend(self.entries.pop_front().map(|entry| match entry {
            Entry::Frame(buffer) | Entry::Untouched(buffer) => Finished::Untouched(buffer),
            Entry::Event(event) => Finished::Event(event),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::{Finished, WaitingLine};

    fn buffer(offset: u64) -> gst::Buffer {
        gst::init().expect("GStreamer starts");
        let mut buffer = gst::Buffer::new();
        buffer.make_mut().set_offset(offset);
        buffer
    }

    fn tag() -> gst::Event {
        gst::event::Tag::new(gst::TagList::new())
    }

    /// Offsets of frames, `t` for an event.
    fn shown(gone: &mut Vec<Finished>) -> String {
        let text = gone.drain(..).map(|finished| match finished {
            Finished::Event(_) => "t".to_owned(),
            Finished::Untouched(buffer) => buffer.offset().to_string(),
            Finished::Sharp { .. } => "?".to_owned(),
        });
        text.collect()
    }

    #[test]
    fn untouched_frames_leave_as_late_as_the_others_and_in_order() {
        let (mut line, mut gone) = (WaitingLine::new(2), Vec::new());
        for offset in 0..5 {
            line.push_untouched(buffer(offset));
            line.let_go(&mut gone);
        }
        assert_eq!(shown(&mut gone), "012");
        line.let_all_go(&mut gone);
        assert_eq!(shown(&mut gone), "34");
    }

    #[test]
    fn without_delay_everything_untouched_leaves_at_once() {
        let (mut line, mut gone) = (WaitingLine::new(0), Vec::new());
        line.push_untouched(buffer(7));
        line.let_go(&mut gone);
        assert_eq!(shown(&mut gone), "7");
        assert!(!line.hold(&tag()));
    }

    #[test]
    fn events_and_untouched_frames_do_not_overtake_frames_of_the_network() {
        let (mut line, mut gone) = (WaitingLine::new(2), Vec::new());
        line.push_frame(buffer(0));
        assert!(line.hold(&tag()));
        line.push_untouched(buffer(1));
        line.push_frame(buffer(2));
        line.let_go(&mut gone);
        assert!(gone.is_empty() && line.frames_wait() && line.is_overdue());
        let first = line.next_frame(&mut gone).expect("a frame");
        assert_eq!((first.offset(), shown(&mut gone).as_str()), (0, ""));
        line.let_go(&mut gone);
        assert_eq!(shown(&mut gone), "t");
        let next = line.next_frame(&mut gone).expect("a frame");
        assert_eq!((next.offset(), shown(&mut gone).as_str()), (2, "1"));
        assert!(!line.frames_wait());
    }
}
