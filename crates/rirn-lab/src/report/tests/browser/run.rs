// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chromium as a child process: a page in, what its probe said and what it asked for out.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// Longest that a browser may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

/// What a browser made of a page.
pub(super) struct Run {
    /// What the probe left.
    pub(super) seen: Value,
    /// Addresses that the page asked for, without files.
    pub(super) asked: Vec<String>,
}

/// Opens `page` in a window of this size; none where there is to be no browser.
pub(super) fn open(page: &str, (width, height): (u32, u32), dark: bool) -> Option<Run> {
    if std::env::var_os("RIRNDEBLUR_BROWSER").is_some_and(|value| value == "no") {
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("page.html"), page).expect("written");
    // A window has a least width; a frame inside it can be as narrow as a phone.
    let frame = format!(
        "<!DOCTYPE html><pre id=\"probe\"></pre><script>onmessage = (event) => \
         {{ document.getElementById('probe').textContent = event.data; }};</script>\
         <iframe src=\"page.html\" width=\"{width}\" height=\"{height}\"></iframe>"
    );
    std::fs::write(at("frame.html"), frame).expect("written");
    let mut command = Command::new(browser());
    command
        .args("--headless --no-sandbox --disable-gpu --no-first-run --disable-sync".split(' '))
        .args("--disable-background-networking --disable-component-update".split(' '))
        .args("--disable-extensions --disable-dev-shm-usage --password-store=basic".split(' '))
        .args("--virtual-time-budget=20000 --dump-dom".split(' '))
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .args("--hide-scrollbars --window-size=1400,1000".split(' '))
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            u8::from(!dark)
        ))
        .arg(format!("--user-data-dir={}", at("profile").display()))
        .arg(format!("--log-net-log={}", at("net.json").display()))
        .arg(format!("file://{}", at("frame.html").display()));
    let dom = finish(&mut command, &at("dom.html"), &at("errors.txt"));
    let errors = std::fs::read_to_string(at("errors.txt")).unwrap_or_default();
    let probe = dom
        .split("<pre id=\"probe\">")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    let probe = probe.filter(|probe| !probe.is_empty());
    let probe = probe.unwrap_or_else(|| panic!("the browser gave no report; it said: {errors}"));
    let seen: Value = serde_json::from_slice(&decoded(probe)).expect("JSON");
    assert_eq!(seen["error"], Value::Null, "the probe failed");
    let log = std::fs::read_to_string(at("net.json")).expect("a log of the network");
    Some(Run {
        seen,
        asked: asked(&log),
    })
}

fn browser() -> &'static str {
    let is_there = |name: &&&str| {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| folder.join(name).is_file())
    };
    BROWSERS.iter().find(is_there).unwrap_or_else(|| {
        panic!(
            "none of {BROWSERS:?} is in PATH: install one (Debian: apt-get install chromium), or \
             set RIRNDEBLUR_BROWSER=no to leave out the tests that need a browser"
        )
    })
}

/// Runs a command to its end within [`LIMIT`] and gives its standard output.
fn finish(command: &mut Command, out: &Path, errors: &Path) -> String {
    let file = |path: &Path| File::create(path).expect("a file");
    let command = command
        .stdin(Stdio::null())
        .stdout(file(out))
        .stderr(file(errors));
    let mut child = command.spawn().expect("the browser starts");
    let begin = Instant::now();
    while child.try_wait().expect("a state").is_none() {
        if begin.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            let said = std::fs::read_to_string(errors).unwrap_or_default();
            panic!("the browser did not end within {LIMIT:?}; it said: {said}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::read_to_string(out).expect("the document")
}

/// The addresses of a net log, which has an event a line, that a page asked for: the browser's own
/// errands have no origin.
fn asked(log: &str) -> Vec<String> {
    let event = |line: &str| serde_json::from_str::<Value>(line.trim_end_matches(',')).ok();
    let mut asked: Vec<String> = Vec::new();
    for parameters in log
        .lines()
        .filter_map(event)
        .map(|event| event["params"].clone())
    {
        let text = |name: &str| parameters[name].as_str();
        if let (Some(url), Some(initiator)) = (text("url"), text("initiator"))
            && initiator != "not an origin"
            && !url.starts_with("file:")
            && !asked.iter().any(|other| other == url)
        {
            asked.push(url.to_owned());
        }
    }
    asked
}

/// What `encodeURIComponent` made of some bytes.
fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two digits"));
        bytes.extend(part[2..].bytes());
    }
    bytes
}
