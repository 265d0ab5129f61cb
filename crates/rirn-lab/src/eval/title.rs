// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a result is of: a title that names the data, and whether they can be those of the paper.

use crate::data::Sequence;

use super::protocol::Protocol;

/// Sequences that a title still names one by one.
const NAMED: usize = 4;

/// Size of the frames in the paper's tables.
const FULL: (u32, u32) = (1280, 720);

/// Sets that the paper (tables S5 and S6) evaluates on: sequences and frames.
const PAPERS: [(usize, usize); 2] = [(11, 1111), (30, 3000)];

/// Title of a result: name of the data, their extent and the protocol; says so where the data are
/// not one of the paper's sets.
#[must_use]
pub fn title(data: &str, sequences: &[Sequence], protocol: Protocol) -> String {
    let frames: usize = sequences.iter().map(Sequence::len).sum();
    let which = if sequences.len() <= NAMED {
        let names: Vec<_> = sequences.iter().map(|one| one.name.as_str()).collect();
        names.join(", ")
    } else {
        format!("{} sequences", sequences.len())
    };
    let apart = match partial(sequences) {
        Some(_) => "; not a set of the paper",
        None => "",
    };
    let versions = each(sequences.iter().filter_map(version)).join(" and ");
    let versions = match versions.is_empty() {
        true => versions,
        false => format!(" from {versions}"),
    };
    format!(
        "{data}: {which}; {frames} frames of {} pixels{versions}, protocol {protocol}{apart}",
        sizes(sequences)
    )
}

/// The folder that says which version of the blurred frames these are (`blur`, `blur_gamma`,
/// `val_blur_comp`); none where the data set has one version only.
fn version(sequence: &Sequence) -> Option<String> {
    let folder = sequence.blurred.first()?.parent()?;
    let mut names = folder
        .ancestors()
        .take(2)
        .filter_map(|folder| folder.file_name()?.to_str());
    let found = names.find(|name| name.starts_with("blur") || name.contains("_blur"))?;
    Some(found.to_owned())
}

/// What has to stand beside figures that cannot be compared with the paper's; none if number,
/// length and size of the sequences are those of GOPRO's test set or REDS' validation set, and the
/// frames were not compressed.
#[must_use]
pub fn partial(sequences: &[Sequence]) -> Option<String> {
    let frames = sequences.iter().map(Sequence::len).sum();
    let is_full = sequences.iter().all(|one| (one.width, one.height) == FULL);
    if is_full && PAPERS.contains(&(sequences.len(), frames)) {
        let is_compressed = |name: String| name.ends_with("_comp");
        if !sequences.iter().filter_map(version).any(is_compressed) {
            return None;
        }
        return Some(
            "these frames are compressed, those of the paper are not: the figures cannot be \
             compared with the paper's"
                .to_owned(),
        );
    }
    Some(
        "these sequences are not the whole test set of GOPRO (11 sequences, 1111 frames) or \
         validation set of REDS (30 sequences of 100 frames) at 1280x720: the figures cannot be \
         compared with the paper's"
            .to_owned(),
    )
}

/// All sizes, each once, in the order in which they come.
fn sizes(sequences: &[Sequence]) -> String {
    let sizes = sequences.iter();
    each(sizes.map(|one| format!("{}x{}", one.width, one.height))).join(" and ")
}

/// Every text once, in the order in which they come.
fn each(texts: impl Iterator<Item = String>) -> Vec<String> {
    texts.fold(Vec::new(), |mut all, text| {
        if !all.contains(&text) {
            all.push(text);
        }
        all
    })
}

#[cfg(test)]
mod tests {
    use super::{partial, title};
    use crate::data::Sequence;
    use crate::eval::Protocol;
    use std::path::PathBuf;

    fn sequence(name: &str, frames: usize, (width, height): (u32, u32)) -> Sequence {
        Sequence {
            name: name.to_owned(),
            blurred: vec![PathBuf::new(); frames],
            sharp: vec![PathBuf::new(); frames],
            width,
            height,
        }
    }

    #[test]
    fn a_title_says_which_data_and_that_they_are_not_the_papers() {
        let two = [sequence("a", 24, (640, 360)), sequence("b", 10, (320, 180))];
        let expected = "eval: a, b; 34 frames of 640x360 and 320x180 pixels, protocol P1; not a \
                        set of the paper";
        assert_eq!(title("eval", &two, Protocol::P1), expected);
    }

    #[test]
    fn only_whole_sets_at_full_size_can_be_compared_with_the_paper() {
        let reds = |frames, size| -> Vec<Sequence> {
            (0..30)
                .map(|one| sequence(&format!("{one:03}"), frames, size))
                .collect()
        };
        let whole = reds(100, (1280, 720));
        assert_eq!(partial(&whole), None);
        assert_eq!(
            title("val", &whole, Protocol::P2),
            "val: 30 sequences; 3000 frames of 1280x720 pixels, protocol P2"
        );
        assert!(partial(&reds(99, (1280, 720))).is_some());
        assert!(partial(&reds(100, (320, 180))).is_some());
        assert!(partial(&whole[..29]).is_some());
    }

    #[test]
    fn a_title_says_which_version_of_the_frames_was_read() {
        let from = |folder: &str, count: usize, frames| -> Vec<Sequence> {
            let one = |index| Sequence {
                blurred: vec![PathBuf::from(format!("{folder}/000.png")); frames],
                ..sequence(&format!("{index:03}"), frames, (1280, 720))
            };
            (0..count).map(one).collect()
        };
        for (folder, expected) in [
            ("test/GOPR0/blur_gamma", " from blur_gamma"),
            ("test/GOPR0/blur", " from blur"),
            ("val/val_blur_comp/000", " from val_blur_comp"),
            ("valid/010/Blur/RGB", ""),
            ("quantitative_datasets/a/input", ""),
        ] {
            let title = title("set", &from(folder, 1, 7), Protocol::P1);
            let whole = format!(
                "set: 000; 7 frames of 1280x720 pixels{expected}, protocol P1; not a set of the \
                 paper"
            );
            assert_eq!(title, whole);
        }
        assert_eq!(partial(&from("val/val_blur/000", 30, 100)), None);
        let compressed = partial(&from("val/val_blur_comp/000", 30, 100));
        assert!(compressed.expect("another set").contains("compressed"));
    }
}
