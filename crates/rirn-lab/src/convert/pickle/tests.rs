// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits that need long pickles, and that no bytes make the machine panic. What single
//! instructions do is tested with real files in `tests/convert.rs`.

use super::*;
use proptest::prelude::*;

fn refused(pickle: &[u8]) -> String {
    read(pickle).expect_err("it must be refused").to_string()
}

fn repeated(start: &[u8], piece: &[u8], count: usize) -> Vec<u8> {
    [start, &piece.repeat(count), b"."].concat()
}

/// A list that grows by batches of values, each made by `piece`.
fn batches(piece: &[u8], size: usize, count: usize) -> Vec<u8> {
    let batch = [b"(", &piece.repeat(size)[..], b"e"].concat();
    repeated(b"\x80\x02]Nq\0a", &batch, count)
}

#[test]
fn values_and_places_are_counted_across_containers() {
    let values = refused(&batches(b"N", 16_000, 17));
    assert!(values.contains("more than 262144 values"), "{values}");
    let places = refused(&batches(b"h\0", 16_000, 34));
    assert!(places.contains("hold more than 524288"), "{places}");
    assert!(read(&batches(b"h\0", 16_000, 30)).is_ok());
}

#[test]
fn the_stack_holds_no_more_than_its_limit() {
    let full = [
        b"\x80\x02(".to_vec(),
        b"N".repeat(MAX_STACK),
        b"t.".to_vec(),
    ]
    .concat();
    assert!(read(&full).is_ok());
    let more = refused(&repeated(b"\x80\x02", b"N", MAX_STACK + 1));
    assert!(more.contains("wait on the stack"), "{more}");
}

#[test]
fn a_longer_pickle_is_not_even_begun() {
    let long = vec![0xff; MAX_PICKLE as usize + 1];
    assert!(matches!(read(&long), Err(ConvertError::TooLarge { .. })));
}

#[test]
fn whole_numbers_keep_their_signs() {
    let ints = |pickle: &[u8]| {
        let (arena, root) = read(pickle).expect("a sound pickle");
        arena.ints(root).expect("a tuple of whole numbers")
    };
    let long = b"(\x8a\0\x8a\x01\xff\x8a\x02\xff\0\x8a\x08\0\0\0\0\0\0\0\x80t.";
    assert_eq!(ints(long), [0, -1, 255, i64::MIN]);
    assert_eq!(
        ints(b"K\xffM\xff\xffJ\xfe\xff\xff\xff\x87."),
        [255, 65535, -2]
    );
}

#[test]
fn refused_names_are_those_of_what_was_found() {
    for (pickle, expected) in [
        (&b"cos\nsystem\n."[..], "\"os.system\""),
        (b"\x8c\x02os\x8c\x06system\x93.", "\"os.system\""),
        (b"ctorch\nTensor\n.", "\"torch.Tensor\""),
        (
            b"cnumpy.core.multiarray\nscalar\n.",
            "\"numpy.core.multiarray.scalar\"",
        ),
        (b"0.", "POP"),
        (b"\x81.", "NEWOBJ"),
    ] {
        let reason = refused(pickle);
        assert!(reason.contains(expected), "{reason}");
    }
}

/// Instructions and small operands, so that a part of the pickles is sound.
fn likely_byte() -> impl Strategy<Value = u8> {
    let known = b".(N}])tab\x85\x86\x87esuqhjrcRQXKMJG\x8a\x8c\x93\x94\x95\x80\x02\0\x01\n";
    prop_oneof![4 => prop::sample::select(&known[..]), 1 => any::<u8>()]
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(likely_byte(), 0..200)) {
        let _ = read(&bytes);
    }
}
