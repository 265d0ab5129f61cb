// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pipelines that README shows, run as they are printed. What a test machine lacks is
//! replaced: a camera by a live test picture, a window by a sink without one, the host by a server
//! of this test.

use crate::launch::{library, tool};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The code blocks that follow a mark.
fn marked_blocks() -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let blocks = readme.split("<!-- tested -->\n```sh\n").skip(1);
    blocks
        .map(|rest| rest.split("\n```").next().unwrap_or_default().to_owned())
        .collect()
}

/// Serves the demo clip to whoever connects, as long as the process lives.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A player that has seen enough hangs up.
            let _hung_up = answer(stream);
        }
    });
    format!("http://{address}/")
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let request = BufReader::new(stream.try_clone()?);
    for line in request.lines() {
        if line?.is_empty() {
            break;
        }
    }
    let clip = std::fs::read(Path::new(ROOT).join("examples/blurred.mp4"))?;
    let length = clip.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )?;
    stream.write_all(&clip)
}

/// A folder in which a command finds what it would find in a checkout after `./deblur.sh`.
fn checkout() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plugin = folder.path().join("out/plugin");
    std::fs::create_dir_all(&plugin).expect("a folder");
    std::os::unix::fs::symlink(library(), plugin.join("libgstrirndeblur.so")).expect("a link");
    std::os::unix::fs::symlink(
        Path::new(ROOT).join("examples"),
        folder.path().join("examples"),
    )
    .expect("a link");
    (folder, plugin)
}

#[test]
fn every_marked_command_of_the_readme_runs() {
    let blocks = marked_blocks();
    // A file, a camera, the network, a player, and the list of properties.
    assert!(
        blocks.len() >= 5,
        "only {} commands are marked",
        blocks.len()
    );
    let server = serve();
    for block in blocks {
        let command = block
            .replace("v4l2src", "videotestsrc is-live=true num-buffers=30")
            .replace("autovideosink", "fakesink")
            .replace("http://HOST/", &server)
            // A player opens a window, and plays in real time, by itself.
            .replace(
                "playbin ",
                "playbin video-sink=fakesink audio-sink=fakesink ",
            );
        let (folder, plugin) = checkout();
        let output = tool("bash", &["-c", &command])
            .current_dir(folder.path())
            .env("GST_PLUGIN_PATH", plugin)
            .output()
            .expect("bash starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}\n{said}");
        assert!(
            !said.contains("WARN") && !said.contains("ERROR"),
            "{command}\n{said}"
        );
    }
}
