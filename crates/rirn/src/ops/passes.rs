// SPDX-License-Identifier: MIT OR Apache-2.0
//! Passes over all values of a frame around the network: in, centred, added, out. By the own threads
//! where the own kernels compute, elsewhere by LibTorch.

use super::conv::own;
use super::spare;
use crate::error::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use tch::{Device, Kind, Tensor};

/// Values of a chunk: a few microseconds of work.
const CHUNK: usize = 16 * 1024;

/// Values `[height, width, 3]` as a frame `[1, 3, height, width]` of its own in the host's memory.
pub(crate) fn frame_of(values: &[f32], height: i64, width: i64) -> Result<Tensor> {
    if own::computes(Kind::Float, Device::Cpu) {
        let mut frame = spare::map(3, height, width)?;
        if let Some(into) = own::numbers_to_write(&mut frame) {
            in_chunks(into, values, |into, from| into.copy_from_slice(from));
            return Ok(frame);
        }
    }
    let rows = Tensor::f_from_slice(values)?.f_view([1, height, width, 3])?;
    Ok(rows.f_permute([0, 3, 1, 2])?)
}

/// `x - 0.5`, so that zero padding means grey.
pub(crate) fn centred(x: &Tensor) -> Result<Tensor> {
    if own::takes(x)
        && let (_, channels, height, width) = x.size4()?
        && let Some(from) = own::numbers_in_order(x)
    {
        let mut centred = spare::map(channels, height, width)?;
        if let Some(into) = own::numbers_to_write(&mut centred) {
            in_chunks(into, from, |into, from| {
                for (into, from) in into.iter_mut().zip(from) {
                    *into = from - 0.5;
                }
            });
            return Ok(centred);
        }
    }
    Ok(x.f_sub_scalar(0.5)?)
}

/// `x + y` in the memory of `x`.
pub(crate) fn add(mut x: Tensor, y: &Tensor) -> Result<Tensor> {
    if own::takes(&x)
        && own::takes(y)
        && x.size() == y.size()
        && let Some(from) = own::numbers_in_order(y)
        && let Some(into) = own::numbers_to_write(&mut x)
    {
        in_chunks(into, from, |into, from| {
            for (into, from) in into.iter_mut().zip(from) {
                *into += from;
            }
        });
        return Ok(x);
    }
    Ok(x.f_add_(y)?)
}

/// The channels of all parts, the first part's first; nothing where LibTorch has to join them.
pub(crate) fn join(parts: &[&Tensor]) -> Result<Option<Tensor>> {
    let Some(numbers) = parts
        .iter()
        .map(|part| own::takes(part).then(|| own::numbers_in_order(part))?)
        .collect::<Option<Vec<_>>>()
    else {
        return Ok(None);
    };
    let sizes = parts.iter().map(|part| Ok(part.size4()?));
    let sizes = sizes.collect::<Result<Vec<_>>>()?;
    let Some(&(_, _, height, width)) = sizes.first() else {
        return Ok(None);
    };
    if sizes.iter().any(|size| (size.2, size.3) != (height, width)) {
        return Ok(None);
    }
    let channels = sizes.iter().map(|size| size.1).sum();
    let mut joined = spare::map(channels, height, width)?;
    let Some(into) = own::numbers_to_write(&mut joined) else {
        return Ok(None);
    };
    let pixels = usize::try_from(height * width).unwrap_or_default();
    let all = into.len() / pixels.max(1);
    let chunk = (CHUNK / all.max(1)).max(1);
    own::in_parallel(into.chunks_mut(chunk * all).enumerate(), |(place, into)| {
        let mut first = 0;
        for part in &numbers {
            let channels = part.len() / pixels;
            let from = part[place * chunk * channels..].chunks_exact(channels);
            for (pixel, from) in into.chunks_exact_mut(all).zip(from) {
                pixel[first..first + channels].copy_from_slice(from);
            }
            first += channels;
        }
    });
    Ok(Some(joined))
}

/// Copies a frame `[1, 3, height, width]` into `values` `[height, width, 3]` and says whether all of
/// them are finite; nothing where LibTorch has to do it.
pub(crate) fn copy_out(frame: &Tensor, values: &mut [f32]) -> Option<bool> {
    let rows = own::takes(frame).then(|| own::Rows::of(frame))??;
    let length = rows.row(0).len();
    if length * rows.count() != values.len() {
        return None;
    }
    let finite = AtomicBool::new(true);
    let copy = |into: &mut [f32], from: &[f32]| {
        into.copy_from_slice(from);
        if !all_finite(from) {
            finite.store(false, Ordering::Relaxed);
        }
    };
    match own::numbers_in_order(frame) {
        Some(from) => in_chunks(values, from, copy),
        None => {
            let places = values.chunks_mut(length).enumerate();
            own::in_parallel(places, |(y, into)| copy(into, rows.row(y)));
        }
    }
    Some(finite.into_inner())
}

/// Whether every value is finite.
pub(crate) fn all_finite(values: &[f32]) -> bool {
    // Without a way out in between: the loop is vectorised, a sum or `all` is not.
    values
        .iter()
        .fold(true, |finite, value| finite & value.is_finite())
}

/// Calls `work` with every chunk of two slices of the same length.
fn in_chunks(into: &mut [f32], from: &[f32], work: impl Fn(&mut [f32], &[f32]) + Sync) {
    let pairs = into.chunks_mut(CHUNK).zip(from.chunks(CHUNK));
    own::in_parallel(pairs, |(into, from)| work(into, from));
}

#[cfg(test)]
mod tests {
    use super::{add, centred, copy_out, frame_of};
    use crate::ops::is_channels_last;
    use crate::ops::noise::Noise;
    use tch::{Device, Kind, Tensor};

    /// Larger than a chunk, and not a multiple of one.
    const SIZE: (i64, i64) = (67, 131);

    fn frame() -> (Vec<f32>, Tensor) {
        let values: Vec<f32> = (0..SIZE.0 * SIZE.1 * 3).map(|i| i as f32 * 0.25).collect();
        let tensor = frame_of(&values, SIZE.0, SIZE.1).expect("a frame");
        (values, tensor)
    }

    #[test]
    fn a_frame_goes_in_and_out_unchanged() {
        let (values, tensor) = frame();
        assert_eq!(tensor.size(), [1, 3, SIZE.0, SIZE.1]);
        assert_eq!(
            tensor.double_value(&[0, 2, 1, 4]),
            0.25 * f64::from(131 * 3 + 4 * 3 + 2)
        );
        let mut out = vec![0.0; values.len()];
        if copy_out(&tensor, &mut out).is_some() {
            assert_eq!(out, values);
        }
    }

    #[test]
    fn a_cropped_frame_goes_out_as_if_it_had_been_made_so() {
        let (_, tensor) = frame();
        let part = tensor.narrow(2, 0, SIZE.0 - 3).narrow(3, 0, SIZE.1 - 2);
        let rows = part.permute([0, 2, 3, 1]).contiguous().view([-1]);
        let expected: Vec<f32> = rows.try_into().expect("numbers");
        let mut out = vec![0.0; expected.len()];
        let is_finite = copy_out(&part, &mut out);
        assert_eq!(is_finite.is_some(), super::own::takes(&part));
        if is_finite == Some(true) {
            assert_eq!(out, expected);
        }
        assert_eq!(copy_out(&part, &mut vec![0.0; expected.len() + 3]), None);
    }

    #[test]
    fn passes_are_libtorchs() {
        let (_, x) = frame();
        assert_eq!(centred(&x).expect("centred"), &x - 0.5);
        let planar = x.contiguous();
        assert_eq!(centred(&planar).expect("centred"), &x - 0.5);
        let sum = add(x.copy(), &planar).expect("a sum");
        assert_eq!(sum, &x * 2.0);
        assert_eq!(add(x.copy(), &x).expect("a sum"), &x * 2.0);
        let double = x.to_kind(Kind::Double);
        assert_eq!(centred(&double).expect("centred"), &double - 0.5);
    }

    #[test]
    fn a_join_is_libtorchs() {
        let mut noise = Noise(7);
        let mut map = |channels, height| noise.map(channels, (height, 131));
        for channels in [&[1, 1][..], &[32, 8, 5], &[3], &[24, 8]] {
            let parts: Vec<_> = channels.iter().map(|c| map(*c, 67)).collect();
            let parts: Vec<_> = parts.iter().collect();
            let joined = crate::ops::cat(&parts).expect("a join");
            assert!(is_channels_last(&joined));
            assert_eq!(joined, Tensor::cat(&parts, 1));
        }
        // A view of some channels, and maps that do not fit together.
        let wide = map(16, 4);
        let part = wide.narrow(1, 3, 6);
        let joined = crate::ops::cat(&[&part, &wide]).expect("a join");
        assert_eq!(joined, Tensor::cat(&[&part, &wide], 1));
        assert!(crate::ops::cat(&[&wide, &map(16, 5)]).is_err());
    }

    #[test]
    fn one_value_that_is_not_finite_is_found_wherever_it_is() {
        let count = (SIZE.0 * SIZE.1 * 3) as usize;
        for (place, wild) in [
            (0, f32::NAN),
            (count / 2, f32::INFINITY),
            (count - 1, f32::NAN),
        ] {
            let mut values = vec![1.0; count];
            values[place] = wild;
            let tensor = frame_of(&values, SIZE.0, SIZE.1).expect("a frame");
            let mut out = vec![0.0; count];
            assert_ne!(copy_out(&tensor, &mut out), Some(true), "{place}");
        }
        let wrong = Tensor::zeros([1, 3, 2, 2], (Kind::Float, Device::Cpu));
        assert_eq!(copy_out(&wrong, &mut [0.0; 3]), None);
    }
}
