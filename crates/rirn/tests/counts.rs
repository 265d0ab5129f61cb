// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parameters and multiply-adds, counted from the built network, against the oracle's table.

use rirn::layers::Outline;
use rirn::networks::{Cell, Rirn, SlotKind, Spec};
use serde_json::Value;

fn table() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/golden/counts.json"
    );
    let text = std::fs::read_to_string(path).expect("the table can be read");
    serde_json::from_str(&text).expect("the table is JSON")
}

fn slot(row: &Value, key: &str) -> SlotKind {
    let word = row[key].as_str().expect("a word");
    let found = SlotKind::ALL.into_iter().find(|kind| kind.word() == word);
    found.expect("a known module")
}

/// The network of a row at paper size.
fn network(row: &Value) -> Rirn {
    let word = row["cell"].as_str().expect("a word");
    let cell = Cell::ALL.into_iter().find(|cell| cell.word() == word);
    let cell = cell.expect("a known cell");
    let spec = Spec::paper(cell, slot(row, "hidden"), slot(row, "feature"));
    Rirn::build(&spec, &mut Outline::default()).expect("the network is built")
}

#[test]
fn parameters_and_multiply_adds_are_those_of_the_oracle() {
    let mut counted = 0;
    for row in table() {
        let network = network(&row);
        let name = network.spec().to_string();
        assert_eq!(row["parameters"], network.parameters(), "{name}");
        assert_eq!(
            row["macs_1280x720"],
            network.multiply_adds(720, 1280),
            "{name}"
        );
        assert_eq!(
            row["macs_1920x1080"],
            network.multiply_adds(1080, 1920),
            "{name}"
        );
        counted += 1;
    }
    assert_eq!(counted, 22);
}

#[test]
fn multiply_adds_are_counted_at_the_padded_size() {
    let spec = Spec::paper(Cell::Ifi, SlotKind::None, SlotKind::None);
    let network = Rirn::build(&spec, &mut Outline::default()).expect("ifi is built in");
    assert_eq!(network.multiply_adds(21, 33), network.multiply_adds(24, 36));
    assert!(network.multiply_adds(24, 36) < network.multiply_adds(25, 36));
}

#[test]
fn the_layer_table_holds_every_tensor() {
    let spec = Spec::paper(Cell::Ifi, SlotKind::Irm, SlotKind::Atb);
    let mut outline = Outline::default();
    let network = Rirn::build(&spec, &mut outline).expect("ifi is built in");
    // 44 of the cell, 16 of IRM, 10 of ATB.
    assert_eq!(outline.tensors.len(), 70);
    assert_eq!(network.rows().len(), 35);
    for row in network.rows() {
        for part in ["weight", "bias"] {
            let name = format!("{}.{part}", row.name);
            assert!(
                outline.tensors.iter().any(|(found, _)| *found == name),
                "{name}"
            );
        }
    }
}
