// SPDX-License-Identifier: MIT OR Apache-2.0
//! PSNR and SSIM against scikit-image's values in `data/metrics`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rirn_lab::data::RgbImage;
use rirn_lab::eval::{psnr, ssim};
use serde::Deserialize;

#[derive(Deserialize)]
struct Values {
    psnr: f64,
    ssim: f64,
}

fn data(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/metrics");
    folder.join(name)
}

fn values<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let text = std::fs::read_to_string(data(name)).expect("it is committed");
    serde_json::from_str(&text).expect("JSON of make.py")
}

fn picture(path: &Path) -> RgbImage {
    image::open(path).expect("a picture").into_rgb8()
}

#[track_caller]
fn check(name: &str, one: &RgbImage, other: &RgbImage, expected: &Values) {
    let (psnr, ssim) = (
        psnr(one, other).expect("one size"),
        ssim(one, other).expect("one size"),
    );
    assert!((psnr - expected.psnr).abs() < 1e-6, "{name}: {psnr} dB");
    assert!((ssim - expected.ssim).abs() < 1e-5, "{name}: SSIM {ssim}");
}

#[test]
fn small_pairs_have_the_values_of_scikit_image() {
    let pairs: BTreeMap<String, Values> = values("pairs.json");
    assert_eq!(pairs.len(), 8);
    for (name, expected) in &pairs {
        let one = picture(&data(&format!("{name}-a.png")));
        let other = picture(&data(&format!("{name}-b.png")));
        check(name, &one, &other, expected);
        check(name, &other, &one, expected);
    }
}

#[test]
#[ignore = "needs the sequences of sequences.json below the folder RIRNDEBLUR_EVAL"]
fn whole_sequences_have_the_values_of_scikit_image() {
    let folder = std::env::var_os("RIRNDEBLUR_EVAL").expect("RIRNDEBLUR_EVAL is set");
    let sequences: BTreeMap<String, BTreeMap<String, Values>> = values("sequences.json");
    for (sequence, frames) in &sequences {
        for (file, expected) in frames {
            let of = |kind: &str| picture(&Path::new(&folder).join(sequence).join(kind).join(file));
            check(
                &format!("{sequence} {file}"),
                &of("blur"),
                &of("sharp"),
                expected,
            );
        }
    }
}
