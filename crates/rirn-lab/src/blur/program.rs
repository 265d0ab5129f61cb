// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other programs as subprocesses: bytes in, bytes out, and what they complained about.
//!
//! Nothing is waited for forever on a full pipe: standard input and error have a thread each. A
//! reader that has enough may stop early; the program is then ended. There is no time limit.

use std::io::{Read, Write};
use std::process::{ChildStdout, Command, Stdio};
use std::thread;

/// Bytes of complaint that are kept.
const COMPLAINT: u64 = 2000;

/// A program that could not be run or that failed.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is not installed, or may not be run.
    #[error("{program} could not be started: {source}")]
    Start {
        /// Name of the program.
        program: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It ended with a complaint.
    #[error("{program} failed: {complaint}")]
    Failed {
        /// Name of the program.
        program: String,
        /// The last lines it wrote to its standard error.
        complaint: String,
    },
}

/// Whether `program` can be started.
#[must_use]
pub fn is_installed(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("-version").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// Runs `program` with `arguments` and `input` and hands its output to `reader`. `Ok(None)` of the
/// reader says that it has enough; how the program ends does not matter then.
///
/// # Errors
/// [`ProgramError`] as an `E` where the program does not start, or ends badly and the reader did not
/// fail first; else what the reader returns.
pub fn with_output<T, E: From<ProgramError>>(
    program: &str,
    arguments: &[&str],
    input: &[u8],
    reader: impl FnOnce(&mut ChildStdout) -> Result<(T, Stop), E>,
) -> Result<T, E> {
    let start = |source| ProgramError::Start {
        program: program.to_owned(),
        source,
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(start)?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let stdout = child.stdout.take();
    let (read, complaint) = thread::scope(|scope| {
        scope.spawn(move || {
            // A program that has seen enough closes its input; that is not a failure.
            stdin.map(|mut stdin| stdin.write_all(input))
        });
        let complaint = scope.spawn(move || {
            let mut text = Vec::new();
            if let Some(mut stderr) = stderr {
                let _ = stderr.by_ref().take(COMPLAINT).read_to_end(&mut text);
                let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            }
            String::from_utf8_lossy(&text).trim().replace('\n', "; ")
        });
        let read = stdout.map(|mut stdout| reader(&mut stdout));
        if !matches!(read, Some(Ok((_, Stop::AtEnd)))) {
            let _ = child.kill();
        }
        (read, complaint.join().unwrap_or_default())
    });
    let status = child.wait().map_err(start)?;
    let Some(read) = read else {
        return Err(start(std::io::ErrorKind::BrokenPipe.into()).into());
    };
    let (value, stop) = read?;
    if matches!(stop, Stop::AtEnd) && !status.success() {
        let program = program.to_owned();
        return Err(ProgramError::Failed { program, complaint }.into());
    }
    Ok(value)
}

/// Why a reader stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The program said no more.
    AtEnd,
    /// The reader has what it needs.
    Early,
}
