// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text forms and limits of a spec.

use super::*;

fn every_spec() -> impl Iterator<Item = Spec> {
    let slots = || SlotKind::ALL.into_iter();
    let pairs = move || slots().flat_map(move |hidden| slots().map(move |f| (hidden, f)));
    Cell::ALL
        .into_iter()
        .flat_map(move |cell| pairs().map(move |(h, f)| Spec::paper(cell, h, f)))
}

#[test]
fn both_text_forms_are_read_back() {
    for mut spec in every_spec() {
        assert_eq!(spec.to_string().parse(), Ok(spec));
        (spec.base, spec.blocks, spec.skip, spec.irm_relu) = (7, 3, true, true);
        assert_eq!(Spec::from_metadata(&spec.to_metadata()), Ok(spec));
    }
    assert_eq!(every_spec().count(), 45);
    let spec = Spec::paper(Cell::Rdbn, SlotKind::Irm, SlotKind::None);
    assert_eq!(
        (spec.to_string().as_str(), spec.base, spec.blocks),
        ("rdbn-irm-none", 16, 15)
    );
}

#[test]
fn limits_are_those_of_the_table() {
    let with = |cell, base, blocks| {
        let spec = Spec {
            base,
            blocks,
            ..Spec::paper(cell, SlotKind::None, SlotKind::Irm)
        };
        spec.check().is_ok()
    };
    assert!(with(Cell::Ifi, 1, 0) && with(Cell::Ifi, 256, 64) && with(Cell::Rdbn, 1, 1));
    assert!(!with(Cell::Ifi, 0, 6) && !with(Cell::Ifi, 257, 6) && !with(Cell::Gru, 20, 65));
    assert!(
        !with(Cell::Rdbn, 16, 0),
        "rdbn has nothing to merge without blocks"
    );
}

#[test]
fn odd_numbers_and_words_are_refused() {
    for bad in [
        "", "+1", "-1", "01", "00", " 1", "1 ", "1.0", "1e2", "1000", "x", "１",
    ] {
        let error = number("base", bad).expect_err(bad);
        assert_eq!(error, SpecError::not_a_number("base", bad));
    }
    for bad in [
        "",
        "IFI-irm-atb",
        "ifi",
        "ifi-irm",
        "ifi-irm-atb-skip",
        "ifi--atb",
        "ifi-irm-lstm",
    ] {
        bad.parse::<Spec>().expect_err(bad);
    }
    let mut metadata = Spec::paper(Cell::Gru, SlotKind::None, SlotKind::Atb).to_metadata();
    metadata.insert("skip".into(), "True".into());
    let error = Spec::from_metadata(&metadata).expect_err("True is not true");
    assert_eq!(
        error.to_string(),
        "unknown value \"True\" of skip, known are true, false"
    );
    metadata.remove("irm_relu");
    assert_eq!(
        Spec::from_metadata(&metadata),
        Err(SpecError::Missing { key: "irm_relu" })
    );
}
