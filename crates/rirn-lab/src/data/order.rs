// SPDX-License-Identifier: MIT OR Apache-2.0
//! The order in which few frames make a long video.

/// The frame that is shown at a time where so many are played to and fro without showing an end twice:
/// 0, 1, …, n−1, n−2, …, 1, 0, 1, …
pub(crate) fn to_and_fro(time: usize, frames: usize) -> usize {
    let turn = frames.saturating_sub(1);
    let place = time % (2 * turn).max(1);
    if place <= turn {
        place
    } else {
        2 * turn - place
    }
}

#[cfg(test)]
mod tests {
    use super::to_and_fro;

    #[test]
    fn the_way_goes_to_and_fro_without_standing_still() {
        let way = |frames| {
            (0..8)
                .map(|time| to_and_fro(time, frames))
                .collect::<Vec<_>>()
        };
        assert_eq!(way(4), [0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(way(2), [0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!(way(1), [0; 8]);
    }
}
