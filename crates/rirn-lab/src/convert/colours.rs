// SPDX-License-Identifier: MIT OR Apache-2.0
//! The order of colours. Ours is red, green, blue; programs that read pictures with OpenCV give
//! their networks blue first. Such a network becomes ours by turning the inputs of its first
//! convolution and the outputs of its last one round, which changes nothing else.

use super::Tensors;

/// Colours of a frame.
const COLOURS: usize = 3;

/// Turns the colours of a network round: `tensors` in its own order, so the first is the weight
/// that sees the frames, and the last layer of `dec.` makes the frame.
pub(super) fn turn_round(tensors: &mut Tensors) {
    let layer = |name: &str| name.rsplit_once('.').map(|(layer, _)| layer.to_owned());
    // The last one, as another layer may have three outputs, too.
    let last = tensors
        .iter()
        .rfind(|(name, _, _)| name.starts_with("dec."));
    let last = last.and_then(|(name, _, _)| layer(name));
    for (index, (name, shape, values)) in tensors.iter_mut().enumerate() {
        let sides: Vec<usize> = shape.iter().map(|side| *side as usize).collect();
        if index == 0 {
            // [output, input, k, k]: colours lie k·k apart, frames of a window one after another.
            groups(values, sides[2] * sides[3]);
        } else if last.is_some() && layer(name) == last {
            let inner = sides[1..].iter().product();
            groups(values, inner);
        }
    }
}

/// In every three blocks of so many values, exchanges the first and the last.
fn groups(values: &mut [f32], block: usize) {
    for group in values.chunks_exact_mut(COLOURS * block) {
        let (red, rest) = group.split_at_mut(block);
        red.swap_with_slice(&mut rest[block..]);
    }
}

#[cfg(test)]
mod tests {
    use super::turn_round;

    #[test]
    fn what_sees_and_what_makes_colours_is_turned_and_nothing_else() {
        let numbers = |count: u8| (0..count).map(f32::from).collect::<Vec<_>>();
        let mut tensors = vec![
            ("enc.0.weight".to_owned(), vec![1, 6, 1, 2], numbers(12)),
            ("enc.0.bias".to_owned(), vec![3], numbers(3)),
            ("dec.0.bias".to_owned(), vec![3], numbers(3)),
            ("dec.1.weight".to_owned(), vec![3, 2, 1, 1], numbers(6)),
            ("dec.1.bias".to_owned(), vec![3], numbers(3)),
        ];
        turn_round(&mut tensors);
        let values: Vec<Vec<f32>> = tensors.into_iter().map(|(_, _, values)| values).collect();
        assert_eq!(
            values[0],
            [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7].map(|v: u8| f32::from(v))
        );
        assert_eq!(values[1], numbers(3));
        assert_eq!(values[2], numbers(3));
        assert_eq!(values[3], [4.0, 5.0, 2.0, 3.0, 0.0, 1.0]);
        assert_eq!(values[4], [2.0, 1.0, 0.0]);
    }
}
