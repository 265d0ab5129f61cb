// SPDX-License-Identifier: MIT OR Apache-2.0
//! The program that encodes, as a child process.
//!
//! Pictures go into its standard input; what it prints on standard error is read all the while by
//! a thread, so that neither side waits for the other for ever, and only its end is kept. A child
//! that is not finished is ended when it is dropped.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use image::RgbImage;

use super::ReportError;
use crate::visible::visible;

/// How much of what a program prints is kept for the message, in bytes.
const SAID: usize = 2000;

/// Which command line a program takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Ffmpeg,
    GstLaunch,
}

/// A program that may be installed.
#[derive(Clone)]
pub(super) struct Program {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
}

/// What goes in: RGB of 8 bits a channel, row by row.
pub(super) struct Stream {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rate: (u32, u32),
}

/// A child at work.
pub(super) struct Encoder {
    child: Child,
    listener: Option<JoinHandle<String>>,
    program: String,
    out: PathBuf,
    /// Bytes of a row, and how many follow that mean nothing.
    row: (usize, usize),
}

impl Program {
    /// Those that are looked for in PATH, the better one first.
    pub(super) fn all() -> [Self; 2] {
        let program = |kind, name: &str| Self {
            kind,
            path: name.into(),
        };
        [
            program(Kind::Ffmpeg, "ffmpeg"),
            program(Kind::GstLaunch, "gst-launch-1.0"),
        ]
    }

    /// The command line that writes the file `name` of the folder it runs in.
    fn arguments(&self, stream: &Stream, name: &str) -> Vec<String> {
        let Stream {
            width,
            height,
            rate,
        } = stream;
        let (frames, seconds) = rate;
        // Rec. 709 said and done: players take it for the matrix of such a file.
        let line = match self.kind {
            Kind::Ffmpeg => format!(
                "-nostdin -hide_banner -loglevel error -y -f rawvideo -pixel_format rgb24 \
                 -video_size {width}x{height} -framerate {frames}/{seconds} -i pipe:0 \
                 -vf scale=out_color_matrix=bt709:out_range=tv -c:v libx264 -crf 14 \
                 -pix_fmt yuv420p -colorspace bt709 -color_primaries bt709 -color_trc bt709 \
                 -color_range tv -movflags +faststart -f mp4 {name}"
            ),
            Kind::GstLaunch => format!(
                "-q fdsrc fd=0 ! rawvideoparse format=rgb width={width} height={height} \
                 framerate={frames}/{seconds} ! videoconvert ! \
                 video/x-raw,format=I420,colorimetry=bt709 ! \
                 x264enc pass=qual quantizer=14 speed-preset=medium ! h264parse ! \
                 mp4mux faststart=true ! filesink location={name}"
            ),
        };
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// Bytes of a row, and after it: GStreamer takes rows of raw RGB to begin at multiples of four.
    fn row(&self, stream: &Stream) -> (usize, usize) {
        let bytes = stream.width as usize * 3;
        match self.kind {
            Kind::Ffmpeg => (bytes, 0),
            Kind::GstLaunch => (bytes, bytes.next_multiple_of(4) - bytes),
        }
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

impl Encoder {
    /// The first of `programs` that is installed, set to write `name` in `folder`; `out` is the
    /// video that messages name.
    pub(super) fn start(
        programs: &[Program],
        stream: &Stream,
        (folder, name): (&Path, &str),
        out: &Path,
    ) -> Result<Self, ReportError> {
        for program in programs {
            let child = Command::new(&program.path)
                .args(program.arguments(stream, name))
                .current_dir(folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn();
            match child {
                Ok(mut child) => {
                    let said = child.stderr.take();
                    return Ok(Self {
                        child,
                        listener: said.map(|said| std::thread::spawn(|| end_of(said))),
                        program: program.name(),
                        out: out.to_path_buf(),
                        row: program.row(stream),
                    });
                }
                Err(cause) if cause.kind() == ErrorKind::NotFound => {}
                Err(cause) => {
                    return Err(ReportError::Encoder {
                        program: program.name(),
                        path: out.to_path_buf(),
                        said: cause.to_string(),
                    });
                }
            }
        }
        Err(ReportError::NoEncoder {
            path: out.to_path_buf(),
        })
    }

    /// Hands a frame over; waits while the program is busy.
    pub(super) fn write(&mut self, frame: &RgbImage) -> Result<(), ReportError> {
        let (bytes, after) = self.row;
        let row = |row: &[u8]| [row, &vec![0; after]].concat();
        let rows: Vec<u8> = frame.chunks(bytes).flat_map(row).collect();
        let written = match &mut self.child.stdin {
            Some(pipe) => pipe.write_all(&rows),
            None => Err(ErrorKind::BrokenPipe.into()),
        };
        // A closed pipe means that the program gave up: what it said is the better message.
        written.map_err(|cause| self.failure(&cause.to_string()))
    }

    /// Waits until the file is whole.
    pub(super) fn finish(mut self) -> Result<(), ReportError> {
        drop(self.child.stdin.take());
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(self.failure(&status.to_string())),
            Err(cause) => Err(self.failure(&cause.to_string())),
        }
    }

    /// The end of what the program said, or `otherwise` if that is nothing. Ends the program.
    fn failure(&mut self, otherwise: &str) -> ReportError {
        let said = self.end();
        let said = match said.trim() {
            "" => otherwise.to_owned(),
            said => visible(said),
        };
        ReportError::Encoder {
            program: self.program.clone(),
            path: self.out.clone(),
            said,
        }
    }

    fn end(&mut self) -> String {
        drop(self.child.stdin.take());
        // It may have ended by itself; in both cases there is nothing more to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let said = self.listener.take().map(JoinHandle::join);
        said.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads all, keeps the end.
fn end_of(mut said: impl Read) -> String {
    let mut kept = VecDeque::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = said.read(&mut part) {
        kept.extend(&part[..read]);
        kept.drain(..kept.len().saturating_sub(SAID));
    }
    String::from_utf8_lossy(kept.make_contiguous()).into_owned()
}
