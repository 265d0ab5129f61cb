// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cards of weights files: numbers against the oracle's table and against those of the design,
//! refusals, and that nothing of a file reaches a terminal as a command. The program itself:
//! `inspect_program.rs`.

mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use files::{data, spec, write};
use rirn::weights::{Installed, Weights};
use rirn_lab::inspect::{Card, json};
use rirn_lab::published::ROWS;
use serde_json::Value;

fn lite() -> Card {
    Card::built_in("lite").expect("lite is built in")
}

fn parsed(cards: &[Card]) -> Value {
    let text = json(cards).expect("a card can be JSON");
    serde_json::from_str(&text).expect("JSON can be read")
}

#[test]
fn the_text_of_lite_is_the_one_in_the_repository() {
    let card = lite();
    let text = format!("{card}\n{}", card.layer_table());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected/lite.txt");
    let expected = fs::read_to_string(&path).expect("the expected text can be read");
    assert_eq!(text, expected, "\nthe new text:\n{text}");
}

#[test]
fn the_card_of_lite_has_the_numbers_of_its_model_card() {
    let card = lite();
    assert_eq!((card.parameters, card.bytes), (206_339, 831_540));
    let sums = fs::read_to_string(data("../../models/SHA256SUMS")).expect("hashes");
    assert!(sums.contains(&format!("{}  lite.safetensors", card.sha256)));
    assert!(card.to_string().contains("13.63 G at 1280x720"));
    // h: 8 channels, f: 32 channels, each of 180×320 values of 4 bytes.
    assert_eq!(card.state_bytes_1280x720, (8 + 32) * 180 * 320 * 4);
    let opened = Card::open(&data("../../models/lite.safetensors")).expect("lite is a file, too");
    assert_eq!(opened.sha256, card.sha256);
    assert_eq!((opened.built_in, card.built_in), (false, true));
}

#[test]
fn all_rows_of_the_paper_are_named_and_counted() {
    let text = fs::read_to_string(data("golden/counts.json")).expect("the table can be read");
    let counts: Vec<Value> = serde_json::from_str(&text).expect("the table is JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let mut names = BTreeSet::new();
    for row in &counts {
        let word = |key: &str| row[key].as_str().expect("a word");
        let label = [word("cell"), word("hidden"), word("feature")].join("-");
        let path = folder.path().join(format!("{label}.safetensors"));
        write(&path, &spec(&label), &BTreeMap::new());
        let card = Card::open(&path).expect(&label);
        let paper = card.paper.as_ref().expect(&label);
        // The paper's way to name a network: what is empty is left out.
        let cell = match word("cell") {
            "ifi" => "IFI-RNN".to_owned(),
            other => other.to_uppercase(),
        };
        let modules = [word("hidden"), word("feature")].map(str::to_uppercase);
        let modules = modules.iter().filter(|module| *module != "NONE");
        let name = modules.fold(cell, |name, module| format!("{name} + {module}"));
        assert_eq!(paper.row, name);
        assert!(paper.exact, "{label}");
        let text = card.to_string();
        assert!(text.contains(&format!("{name} (table")) && text.contains("the paper's size"));
        assert_eq!(row["parameters"], card.parameters, "{label}");
        assert_eq!(row["macs_1280x720"], card.multiply_adds.hd, "{label}");
        assert_eq!(row["macs_1920x1080"], card.multiply_adds.full_hd, "{label}");
        assert_eq!(
            card.delay.frames,
            if word("cell") == "strcnn" { 2 } else { 0 }
        );
        names.insert(name);
        fs::remove_file(&path).expect("it is there");
    }
    assert_eq!(names.len(), 22);
    assert_eq!(
        ROWS.map(|row| row.name.to_owned())
            .into_iter()
            .collect::<BTreeSet<_>>(),
        names
    );
}

#[test]
fn the_published_numbers_are_labelled_as_the_papers() {
    let card = lite();
    let text = card.to_string();
    assert!(
        text.contains(
            "the paper's PSNR / SSIM: GOPRO 29.14 dB / 0.8894, REDS 31.08 dB / 0.8905;\n"
        )
    );
    let label = "printed in the paper for its authors' weights, not measured on this file";
    assert!(text.contains(label));
    assert_eq!(parsed(&[card])[0]["paper"]["published"]["note"], label);
}

#[test]
fn smaller_networks_tell_how_much_smaller_and_others_are_no_row() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("small.safetensors");
    let card = |label: &str, base, blocks, skip| {
        let mut spec = spec(label);
        (spec.base, spec.blocks, spec.skip) = (base, blocks, skip);
        write(&path, &spec, &BTreeMap::new());
        Card::open(&path).expect(label)
    };
    // Parameters and multiply-adds of narrower networks as the design lists them.
    for (label, base, blocks, parameters, giga) in [
        ("ifi-none-none", 4, 6, 34_143, "2.66 G"),
        ("ifi-irm-atb", 12, 6, 462_771, "29.83 G"),
        ("strcnn-irm-atb", 8, 4, 78_363, "22.38 G"),
        ("rdbn-none-none", 6, 15, 282_111, "20.15 G"),
        ("gru-irm-atb", 8, 0, 114_507, "8.36 G"),
        ("lstm-none-none", 8, 0, 45_467, "4.40 G"),
    ] {
        let card = card(label, base, blocks, false);
        assert_eq!(card.parameters, parameters, "{label}");
        let text = card.to_string();
        assert!(text.contains(&format!("{giga} at 1280x720")), "{text}");
        assert!(text.contains(&format!(", base {base} of ")), "{text}");
        assert!(
            !text.contains("blocks 4 of") && !text.contains("the paper's size"),
            "{text}"
        );
    }
    let text = card("rdbn-irm-atb", 4, 3, true).to_string();
    assert!(text.contains("RDBN + IRM + ATB (table S6), base 4 of 16, blocks 3 of 15, with skip"));
    let other = card("rdbn-atb-none", 4, 3, false);
    assert_eq!(other.paper, None);
    let text = other.to_string();
    assert!(
        text.contains("not a row of the paper") && !text.contains("PSNR"),
        "{text}"
    );
    let ahead = card("strcnn-none-none", 4, 4, false);
    assert!(
        ahead
            .to_string()
            .contains("2 frames, 66.7 ms at 30 frames per second")
    );
    let memory = card("lstm-none-atb", 5, 2, false);
    assert!(
        memory
            .to_string()
            .contains("h 5 channels at 1/4, c 5 channels at 1/4, f 15 channels")
    );
}

#[test]
fn a_refused_file_is_refused_in_the_words_of_the_library() {
    let mut refused = 0;
    for entry in fs::read_dir(data("refused")).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let card = Card::open(&path);
        if name == "good.safetensors" {
            assert_eq!(card.expect("good").network.label, "ifi-irm-atb");
        } else if name.ends_with(".safetensors") {
            let shapes = |w: &Weights| rirn::networks::expected_tensors(w.spec()).expect("shapes");
            let opened = Weights::open(&path).and_then(|w| w.verify(&shapes(&w)));
            let words = opened.expect_err(&name).to_string();
            assert_eq!(card.expect_err(&name).to_string(), words);
            refused += 1;
        }
    }
    assert_eq!(refused, 38);
    let folder = Card::open(&data("refused"))
        .expect_err("a folder")
        .to_string();
    assert_eq!(folder, "file cannot be opened: it is a folder");
    let nothing = Card::find("no such".as_ref(), &Installed::new([]))
        .expect_err("nothing")
        .to_string();
    assert_eq!(
        nothing,
        "there is no such file, and weights by name are only: lite, standard"
    );
}

#[test]
fn installed_weights_have_a_card_that_says_where_they_lie() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("rirndeblur/models");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("mine.safetensors");
    write(&file, &files::small(), &BTreeMap::new());
    // A built-in name stays what it is, and no name of a file becomes a command.
    write(
        &folder.join("lite.safetensors"),
        &files::small(),
        &BTreeMap::new(),
    );
    fs::write(folder.join("e\u{1b}[2Jvil.safetensors"), "").expect("a file");
    let installed = Installed::new([root.path().to_owned()]);
    let find = |word: &str| Card::find(word.as_ref(), &installed);
    let card = find("mine").expect("it is installed");
    assert_eq!(card, Card::open(&file).expect("a weights file"));
    assert_eq!(
        (&*card.name, card.built_in),
        (&*file.to_string_lossy(), false)
    );
    assert_eq!(find("lite").expect("lite").sha256, lite().sha256);
    assert_eq!(
        find("other").expect_err("nothing").to_string(),
        r"there is no such file, and weights by name are only: e\u{1b}[2Jvil, lite, mine, standard"
    );
}

#[test]
fn no_note_reaches_the_output_as_a_command() {
    let evil =
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\n\t\u{0}\u{202e}gnp\u{2066}\u{7f}\u{e0041}x";
    let notes = BTreeMap::from([
        ("no\u{1b}[31mte\u{202e}".to_owned(), evil.to_owned()),
        ("plain".to_owned(), "GOPRO, 模糊, 3×3".to_owned()),
    ]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("e\u{1b}[1m\u{202e}vil.safetensors");
    write(&path, &files::small(), &notes);
    let card = Card::open(&path).expect("notes are free");
    let cards = [card];
    let text = cards[0].to_string() + &cards[0].layer_table();
    for output in [&text, &json(&cards).expect("JSON")] {
        let raw =
            |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{2066}\u{e0041}".contains(c));
        assert!(!output.contains(raw), "{output:?}");
        assert!(output.contains("GOPRO, 模糊, 3×3"));
    }
    assert!(
        text.contains(r"no\u{1b}[31mte\u{202e}: \u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\n\t\u{0}")
    );
    // No line of its own: whatever the notes hold, the card has one line for each.
    assert_eq!(
        text.lines().filter(|line| line.contains("title")).count(),
        1
    );
    // A program gets the exact text.
    assert_eq!(parsed(&cards)[0]["notes"]["no\u{1b}[31mte\u{202e}"], evil);
}

#[test]
fn json_has_the_numbers_of_the_card_under_stable_names() {
    let value = parsed(&[lite(), lite().without_layers()]);
    let keys: Vec<&str> = value[1]
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "name",
        "built_in",
        "bytes",
        "sha256",
        "network",
        "paper",
        "parameters",
        "multiply_adds",
        "delay",
        "states",
        "state_bytes_1280x720",
        "notes",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    let lite = &value[0];
    assert_eq!(lite["parameters"], 206_339);
    assert_eq!(lite["multiply_adds"]["1280x720"], 13_628_620_800_i64);
    assert_eq!(
        lite["delay"],
        serde_json::json!({"frames": 0, "milliseconds_at_30_fps": 0.0})
    );
    assert_eq!(lite["paper"]["row"], "IFI-RNN + IRM + ATB");
    assert_eq!(
        (&lite["paper"]["base"], &lite["network"]["base"]),
        (&20.into(), &8.into())
    );
    assert_eq!(
        lite["states"][1],
        serde_json::json!({"name": "f", "channels": 32, "divisor": 4})
    );
    let layers = lite["layers"].as_array().expect("a list");
    let sum = |key: &str| {
        layers
            .iter()
            .filter_map(|layer| layer[key].as_i64())
            .sum::<i64>()
    };
    assert_eq!(sum("parameters"), 206_339);
    assert_eq!(sum("multiply_adds_1280x720"), 13_628_620_800);
    let shares: f64 = layers
        .iter()
        .filter_map(|layer| layer["share"].as_f64())
        .sum();
    assert!((shares - 1.0).abs() < 1e-12, "{shares}");
}
