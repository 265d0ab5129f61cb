// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every file of this crate imports only from its own floor's folder and from lower floors
//! (`docs/STRUCTURE.md`).

use std::path::{Path, PathBuf};

/// Module and floor. A module may use those of lower floors, and itself.
const FLOORS: &[(&str, u8)] = &[
    ("error", 0),
    ("frame", 0),
    ("cancel", 0),
    ("pixel", 1),
    ("ops", 2),
    ("layers", 3),
    ("networks", 4),
    ("weights", 5),
    ("engine", 6),
    ("testing", 6),
];

/// Uses that the floor alone would allow or forbid wrongly, each with its reason.
const RULES: &[(&str, &str, &str)] = &[
    (
        "pixel",
        "cancel",
        "pixels are converted on whichever thread",
    ),
    (
        "weights",
        "layers",
        "weights know names and shapes, not layers",
    ),
    ("weights", "ops", "weights know no tensors"),
    ("frame", "cancel", "a frame is data"),
];

fn floor(module: &str) -> u8 {
    let found = FLOORS.iter().find(|(name, _)| *name == module);
    found
        .unwrap_or_else(|| panic!("module \"{module}\" has no floor: add it to the table"))
        .1
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(path);
        }
    }
    all
}

/// Modules of this crate that a source text uses.
fn used(text: &str) -> impl Iterator<Item = &str> {
    text.split("crate::").skip(1).filter_map(|rest| {
        let name = rest
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()?;
        // `crate::Error` and the like are re-exports of the root, which every floor may name.
        name.starts_with(|c: char| c.is_ascii_lowercase())
            .then_some(name)
    })
}

#[test]
fn imports_go_down_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for path in files(&source) {
        let inside = path.strip_prefix(&source).expect("within the sources");
        let module = inside.iter().next().expect("a name").to_string_lossy();
        let module = module.trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        for used in used(&text).filter(|used| *used != module) {
            let shown = inside.display();
            assert!(
                floor(used) < floor(module) || (floor(used) == 0 && floor(module) == 0),
                "{shown} (floor {}) may not use `{used}` (floor {})",
                floor(module),
                floor(used)
            );
            for (from, to, why) in RULES {
                assert!(
                    (*from, *to) != (module, used),
                    "{shown} may not use `{used}`: {why}"
                );
            }
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} imports were found");
}

#[test]
fn baselines_do_not_know_each_other() {
    let networks = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/networks");
    let baselines = ["ifi_rnn", "strcnn", "rdbn", "lstm", "gru"];
    for baseline in baselines {
        let text = std::fs::read_to_string(networks.join(format!("{baseline}.rs")));
        let text = text.expect("every baseline has its file");
        for other in baselines.iter().filter(|other| **other != baseline) {
            for path in ["super", "networks"] {
                assert!(
                    !text.contains(&format!("{path}::{other}")),
                    "{baseline} uses {other}"
                );
            }
        }
    }
}
