// SPDX-License-Identifier: MIT OR Apache-2.0
//! The frames that a network sees at once, and the line of frames that wait for their future.
//!
//! Before the first frame of a memory stand repeats of it, behind the last frame repeats of that
//! (`docs/NETWORKS.md`), so that N frames in give N frames out.

use super::bytes::Bytes;
use super::pictures::Original;
use super::tensors::side;
use super::tiles::Rect;
use crate::error::{Error, Result};
use crate::networks::Profile;
use crate::ops::cat;
use crate::ops::spare;
use std::collections::VecDeque;
use tch::{Device, Tensor};

/// A frame `[1, 3, height, width]`.
struct Entry {
    /// Nothing where there was no room for it.
    frame: Option<Tensor>,
    /// The picture that the frame came as.
    original: Option<Original>,
    /// The memory begins with this frame: nothing before it is looked back at.
    fresh: bool,
}

/// A frame whose turn has come, with what the network sees around it.
pub(super) struct View {
    /// Each `[1, 3, height, width]`, from the oldest to the newest; none where there was no room for one.
    frames: Vec<Tensor>,
    /// The frame in the middle and the picture that it came as, if it did.
    pub(super) picture: Option<(Tensor, Original)>,
    /// The memory begins with the frame in the middle.
    pub(super) fresh: bool,
    /// Frames that nobody looks at after this view.
    ended: Vec<Tensor>,
}

impl View {
    /// Whether all frames are there.
    pub(super) fn is_complete(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Gives the memory of frames back that nobody looks at any more, but for those that are kept; that
    /// of the picture to the caller.
    pub(super) fn end(self, is_kept: impl Fn(&Tensor) -> bool) -> Option<Bytes> {
        let ended = self.ended.into_iter().filter(|frame| !is_kept(frame));
        drop(self.frames);
        // The frame that goes with it must not be in use when its memory is given back.
        let original = self.picture.map(|(_, original)| original);
        ended.for_each(spare::give_back);
        original?.into_bytes()
    }

    /// The frames, or this part of them, joined on `device`: `[1, 3·window, height, width]`.
    pub(super) fn frames(&self, device: Device, part: Option<Rect>) -> Result<Tensor> {
        let frames = self.frames.iter().map(|frame| {
            let frame = match part {
                Some(part) => frame
                    .f_narrow(2, side(part.top)?, side(part.height)?)?
                    .f_narrow(3, side(part.left)?, side(part.width)?)?,
                None => frame.shallow_clone(),
            };
            // A frame for which the device had no room waits in the memory of the host.
            Ok(frame.f_to_device(device)?)
        });
        let frames = frames.collect::<Result<Vec<_>>>()?;
        match frames.as_slice() {
            [] => Err(Error::Shape("a network sees no frame".to_owned())),
            [one] => Ok(one.shallow_clone()),
            many => cat(&many.iter().collect::<Vec<_>>()),
        }
    }
}

/// A sliding window over the frames of one video.
pub(super) struct Window {
    profile: Profile,
    /// Frames waited for; fewer than the network looks ahead to are repeats of the last.
    delay: usize,
    entries: VecDeque<Entry>,
    /// Index of the frame whose turn comes next.
    next: usize,
}

impl Window {
    /// A window for a network, of whose later frames `delay` at most are waited for.
    pub(super) fn new(profile: Profile, delay: usize) -> Self {
        let delay = delay.min(profile.look_ahead);
        Self {
            profile,
            delay,
            entries: VecDeque::new(),
            next: 0,
        }
    }

    /// Whether each frame is seen alone, so that none is kept or waited for.
    pub(super) fn is_single(&self) -> bool {
        self.profile.window() == 1
    }

    /// Adds the next frame, with which the memory begins if it is `fresh`. Gives the frame whose
    /// future is now complete, if any.
    pub(super) fn push(
        &mut self,
        frame: Option<Tensor>,
        original: Option<Original>,
        fresh: bool,
    ) -> Option<View> {
        self.entries.push_back(Entry {
            frame,
            original,
            fresh,
        });
        if self.entries.len() <= self.next + self.delay {
            return None;
        }
        Some(self.view())
    }

    /// The next frame that still waits, its future replaced by repeats of the last frame.
    pub(super) fn drain(&mut self) -> Option<View> {
        (self.next < self.entries.len()).then(|| self.view())
    }

    /// The view of the next frame; it has had its turn then.
    fn view(&mut self) -> View {
        let frames = self.around(self.next).unwrap_or_default();
        let now = &mut self.entries[self.next];
        let (fresh, original) = (now.fresh, now.original.take());
        let frame = now.frame.as_ref().map(Tensor::shallow_clone);
        let picture = frame.zip(original);
        self.next += 1;
        let over = self.next.saturating_sub(self.profile.look_behind);
        self.next -= over;
        let ended = self.entries.drain(..over);
        let ended = ended.filter_map(|entry| entry.frame);
        View {
            frames,
            picture,
            fresh,
            ended: ended.collect(),
        }
    }

    /// What the network sees around a frame; nothing where a part of it is missing.
    fn around(&self, centre: usize) -> Option<Vec<Tensor>> {
        let begin = (0..=centre)
            .rev()
            .find(|index| self.entries[*index].fresh)
            .unwrap_or(0);
        let last = self.entries.len() - 1;
        let behind = (1..=self.profile.look_behind)
            .rev()
            .map(|back| centre.saturating_sub(back).max(begin));
        let ahead = (0..=self.profile.look_ahead).map(|step| (centre + step).min(last));
        let frames = behind.chain(ahead);
        frames
            .map(|index| Some(self.entries[index].frame.as_ref()?.shallow_clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{View, Window};
    use crate::networks::Profile;
    use tch::{Device, Tensor};

    fn window(delay: usize) -> Window {
        let profile = Profile {
            look_behind: 2,
            look_ahead: 2,
            states: Vec::new(),
        };
        Window::new(profile, delay)
    }

    /// Pushes frames with these numbers, the fresh ones negative, drains, and gives what each
    /// frame's network sees.
    fn seen(mut window: Window, frames: &[i64]) -> Vec<(usize, Vec<i64>, bool)> {
        let numbers = |view: &View| {
            let frames = view.frames(Device::Cpu, None).expect("the frames fit");
            let values = frames.reshape([-1, 3]).select(1, 0);
            Vec::<i64>::try_from(values).expect("numbers")
        };
        let mut all = Vec::new();
        for (t, number) in frames.iter().enumerate() {
            let frame = Tensor::from_slice(&[number.abs(); 3]).view([1, 3, 1, 1]);
            let view = window.push(Some(frame), None, *number < 0);
            all.extend(view.map(|view| (t, numbers(&view), view.fresh)));
        }
        while let Some(view) = window.drain() {
            all.push((frames.len(), numbers(&view), view.fresh));
        }
        all
    }

    #[test]
    fn ends_are_repeats_of_the_first_and_last_frame() {
        let expected = [
            (2, vec![1, 1, 1, 2, 3], true),
            (3, vec![1, 1, 2, 3, 4], false),
            (4, vec![1, 2, 3, 4, 4], false),
            (4, vec![2, 3, 4, 4, 4], false),
        ];
        assert_eq!(seen(window(2), &[-1, 2, 3, 4]), expected);
    }

    #[test]
    fn one_frame_alone_is_repeated_on_both_sides() {
        assert_eq!(seen(window(2), &[-7]), [(1, vec![7; 5], true)]);
    }

    #[test]
    fn a_shorter_delay_repeats_the_newest_frame() {
        let expected = [
            (0, vec![1, 1, 1, 1, 1], true),
            (1, vec![1, 1, 2, 2, 2], false),
            (2, vec![1, 2, 3, 3, 3], false),
        ];
        assert_eq!(seen(window(0), &[-1, 2, 3]), expected);
    }

    #[test]
    fn a_frame_without_room_has_its_turn_but_nobody_sees_it() {
        let mut window = window(2);
        let mut push = |place: i64| {
            let frame = (place != 3).then(|| Tensor::from_slice(&[place; 3]).view([1, 3, 1, 1]));
            window.push(frame, None, false)
        };
        let views: Vec<_> = (0..9).filter_map(&mut push).collect();
        let complete: Vec<_> = views.iter().map(View::is_complete).collect();
        // Those that see frames 1 to 5 around them.
        assert_eq!(complete, [true, false, false, false, false, false, true]);
        assert!(views[3].frames(Device::Cpu, None).is_err());
    }

    #[test]
    fn a_new_memory_does_not_look_back_while_frames_before_it_finish_with_the_old() {
        let expected = [
            (2, vec![1, 1, 1, 2, 3], true),
            (3, vec![1, 1, 2, 3, 4], false),
            (4, vec![3, 3, 3, 4, 5], true),
            (5, vec![3, 3, 4, 5, 5], false),
            (5, vec![3, 4, 5, 5, 5], false),
        ];
        assert_eq!(seen(window(2), &[-1, 2, -3, 4, 5]), expected);
    }
}
