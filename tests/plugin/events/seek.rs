// SPDX-License-Identifier: MIT OR Apache-2.0
//! A flushing seek in a pipeline that plays a file.

use crate::clip::{Clip, Player, Seen};
use crate::harness::stat;
use crate::streams::{mean, reason};
use gst::ClockTime;

/// The first frame came out as it went in, and a later one carries the trail of the ball.
#[track_caller]
fn begins_afresh((inputs, outputs): &(Vec<Seen>, Vec<Seen>)) {
    assert_eq!(outputs.len(), inputs.len());
    assert!(outputs[0] == inputs[0], "the past is forgotten");
    assert!(outputs[8] != inputs[8], "and remembered anew");
}

#[test]
fn a_flushing_seek_in_a_file_forgets_the_past() {
    let clip = Clip::new();
    let element = mean();
    let player = Player::new(&clip, &element);
    let played = player.play_to_end();
    assert_eq!(played.0.len(), 40);
    begins_afresh(&played);
    assert_eq!(
        (stat(&element, "resets"), reason(&element).as_str()),
        (1, "eos")
    );
    for (round, seek) in [1000, 400].into_iter().enumerate() {
        player.seek(ClockTime::from_mseconds(seek));
        begins_afresh(&player.play_to_end());
        // The flush found nothing more to forget, the end did.
        assert_eq!(stat(&element, "resets"), 2 + round as u64);
    }
}

#[test]
fn a_flushing_seek_in_the_middle_is_counted_as_a_flush() {
    let clip = Clip::new();
    let element = mean();
    let player = Player::new(&clip, &element);
    player.seek(ClockTime::from_mseconds(800));
    let told = (stat(&element, "resets"), reason(&element));
    assert_eq!(told, (1, "flush".to_owned()));
    let played = player.play_to_end();
    assert!(played.0.len() < 40, "not from the begin");
    begins_afresh(&played);
}
