// SPDX-License-Identifier: MIT OR Apache-2.0
//! The process of a pipeline: its words, the bytes that go in and come out, and its complaints.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin};

use crate::data::{RgbImage, Sequence};
use crate::eval::bench::blurred;
use crate::eval::candidate::{Candidate, Origin};
use crate::eval::error::EvalError;

/// Runs the pipeline with its standard output on the error output, where messages do not get into
/// the video, and the video on a descriptor of its own.
pub(super) const SHELL: &str = "exec gst-launch-1.0 \"$@\" 3>&1 1>&2";

/// The pipeline's words.
pub(super) fn launch(candidate: &Candidate, sequence: &Sequence) -> Vec<OsString> {
    let (width, height) = (sequence.width, sequence.height);
    let engine = candidate.engine();
    let weights = match candidate.origin() {
        Origin::BuiltIn(name) => format!("model={}", quoted(name)),
        Origin::File(path) => format!("model-file={}", quoted(&path.to_string_lossy())),
        Origin::Memory => String::new(),
    };
    let look_ahead = candidate
        .config()
        .look_ahead
        .map_or(-1, |_| engine.delay() as i64);
    let words = [
        "-q fdsrc fd=0 ! rawvideoparse format=rgb framerate=25/1".to_owned(),
        format!("width={width} height={height} ! rirndeblur"),
        format!(
            "device={} precision={}",
            engine.device(),
            engine.precision()
        ),
        format!(
            "threads={} look-ahead={look_ahead}",
            candidate.config().threads
        ),
    ];
    let words = words.iter().flat_map(|text| text.split(' '));
    let mut words: Vec<OsString> = words.map(OsString::from).collect();
    words.push(weights.into());
    let end = "! video/x-raw,format=RGB ! fdsink fd=3";
    words.extend(end.split(' ').map(OsString::from));
    words
}

/// A text as a value in the language of pipelines.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Bytes of a row in GStreamer's layout: a multiple of four.
fn stride(width: u32) -> usize {
    (width as usize * 3).next_multiple_of(4)
}

/// Writes all blurred frames, and closes the pipe.
pub(super) fn feed(mut input: ChildStdin, sequence: &Sequence) -> Result<(), EvalError> {
    let stride = stride(sequence.width);
    for feed in blurred(sequence) {
        let picture = feed?.picture;
        let row = picture.width() as usize * 3;
        let mut bytes = vec![0; stride * picture.height() as usize];
        let rows = bytes.chunks_exact_mut(stride);
        for (to, from) in rows.zip(picture.as_raw().chunks_exact(row)) {
            to[..row].copy_from_slice(from);
        }
        if input.write_all(&bytes).is_err() {
            // The process has ended; why, its messages tell.
            break;
        }
    }
    Ok(())
}

/// The next frame of the pipeline without the rows' padding; as large as `like`.
pub(super) fn frame(output: &mut impl Read, like: &RgbImage) -> Option<Vec<u8>> {
    let row = like.width() as usize * 3;
    let mut padded = vec![0; stride(like.width())];
    let mut values = Vec::with_capacity(like.as_raw().len());
    for _ in 0..like.height() {
        output.read_exact(&mut padded).ok()?;
        values.extend_from_slice(&padded[..row]);
    }
    Some(values)
}

/// Waits for the process, which is ended first if its result is of no use any more.
pub(super) fn end(child: &mut Child, is_given_up: bool) -> bool {
    if is_given_up {
        let _ = child.kill();
    }
    child.wait().is_ok_and(|status| status.success())
}

/// What the process said went wrong.
pub(super) fn complaint(messages: &str) -> String {
    let tells = |line: &&str| line.contains("ERROR") || line.contains("erroneous");
    let mut lines = messages.lines().filter(|line| !line.trim().is_empty());
    match lines.clone().find(tells).or_else(|| lines.next()) {
        Some(line) => format!("gst-launch-1.0 says: {}", line.trim()),
        None => "gst-launch-1.0 gave another number of frames than the engine".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{complaint, frame, quoted, stride};
    use crate::data::RgbImage;

    #[test]
    fn rows_are_padded_to_four_bytes_and_the_padding_is_not_seen() {
        assert_eq!([1, 2, 3, 4, 5].map(stride), [4, 8, 12, 12, 16]);
        let bytes: Vec<u8> = (0..16).collect();
        let values = frame(&mut bytes.as_slice(), &RgbImage::new(2, 2));
        assert_eq!(values.unwrap(), [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]);
        assert!(frame(&mut &bytes[..15], &RgbImage::new(2, 2)).is_none());
    }

    #[test]
    fn names_of_files_are_values_and_nothing_else() {
        assert_eq!(quoted("a ! \"b\\"), "\"a ! \\\"b\\\\\"");
    }

    #[test]
    fn the_line_with_the_error_is_told() {
        let messages = "WARNING: x\nERROR: from element y: bad weights\nAdditional\n";
        assert!(complaint(messages).ends_with("says: ERROR: from element y: bad weights"));
        assert!(complaint("").contains("number of frames"));
    }
}
