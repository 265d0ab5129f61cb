// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the gates of GRU and LSTM (table S2) do to their maps, in one pass on all threads: LibTorch
//! has one thread beside the own kernels, and takes a pass for every function and sum.
#![allow(unsafe_code)]

use super::conv::own;
use super::pointwise::{CHUNK, logistic, loop_over_vectors, tanh};
use super::{mul, spare, split};
use crate::error::Result;
use tch::Tensor;

/// The gates of GRU, σ(`gates`), and r ⊙ h, where r is the last of them, as many channels as `h` has.
pub(crate) fn reset(mut gates: Tensor, h: &Tensor) -> Result<(Tensor, Tensor)> {
    if let Some(kept) = reset_in_one(&mut gates, h)? {
        return Ok((gates, kept));
    }
    let gates = gates.f_sigmoid_()?;
    let ([_, all, ..], [_, channels, ..]) = (size(&gates)?, size(h)?);
    let kept = gates.f_narrow(1, all - channels, channels)?.f_mul(h)?;
    Ok((gates, kept))
}

fn reset_in_one(gates: &mut Tensor, h: &Tensor) -> Result<Option<Tensor>> {
    let ([_, all, ..], [batch, channels, height, width]) = (size(gates)?, size(h)?);
    let fits = own::takes(gates) && own::takes(h) && all > channels;
    if batch != 1 || !fits || gates.size() != [1, all, height, width] {
        return Ok(None);
    }
    let mut kept = spare::map(channels, height, width)?;
    let written = (
        own::numbers_to_write(gates),
        own::numbers_to_write(&mut kept),
    );
    let ((Some(gates), Some(into)), Some(h)) = (written, own::numbers_in_order(h)) else {
        return Ok(None);
    };
    let [all, channels] = [all, channels].map(index);
    let pixels = (CHUNK / all).max(1);
    let gates = gates.chunks_mut(pixels * all);
    let maps = into
        .chunks_mut(pixels * channels)
        .zip(h.chunks(pixels * channels));
    own::in_parallel(gates.zip(maps), |(gates, (into, h))| {
        reset_pixels(gates, into, h, [all, channels]);
    });
    Ok(Some(kept))
}

loop_over_vectors!(reset_pixels(gates: &mut [f32], into: &mut [f32], h: &[f32], channels: [usize; 2]) {
    gates.iter_mut().for_each(|gate| *gate = logistic(*gate));
    let [all, channels] = channels;
    let pixels = gates.chunks_exact(all).zip(into.chunks_exact_mut(channels));
    for ((gates, into), h) in pixels.zip(h.chunks_exact(channels)) {
        for ((into, reset), h) in into.iter_mut().zip(&gates[all - channels..]).zip(h) {
            *into = reset * h;
        }
    }
});

/// (1 − u) ⊙ e + u ⊙ tanh(k), where u is the first of the gates of [`reset`], as many channels as `e`
/// and `candidate` have; in the memory of `candidate` where nobody asks for gradients.
pub(crate) fn update(e: &Tensor, gates: &Tensor, mut candidate: Tensor) -> Result<Tensor> {
    let ([_, all, ..], [batch, channels, height, width]) = (size(gates)?, size(e)?);
    let fits = [e, gates, &candidate].into_iter().all(own::takes)
        && gates.size() == [batch, all, height, width]
        && candidate.size() == e.size();
    if fits
        && let (Some(e), Some(gates)) = (own::numbers_in_order(e), own::numbers_in_order(gates))
        && let Some(into) = own::numbers_to_write(&mut candidate)
    {
        let [all, channels] = [all, channels].map(index);
        let pixels = (CHUNK / all).max(1);
        let into = into.chunks_mut(pixels * channels);
        let read = e.chunks(pixels * channels).zip(gates.chunks(pixels * all));
        own::in_parallel(into.zip(read), |(into, (e, gates))| {
            update_pixels(into, e, gates, [all, channels]);
        });
        return Ok(candidate);
    }
    let candidate = candidate.f_tanh_()?;
    let by = mul(candidate.f_sub(e)?, &gates.f_narrow(1, 0, channels)?)?;
    Ok(e.f_add(&by)?)
}

loop_over_vectors!(update_pixels(into: &mut [f32], e: &[f32], gates: &[f32], channels: [usize; 2]) {
    into.iter_mut().for_each(|candidate| *candidate = tanh(*candidate));
    let [all, channels] = channels;
    let pixels = into.chunks_exact_mut(channels).zip(e.chunks_exact(channels));
    for ((into, e), gates) in pixels.zip(gates.chunks_exact(all)) {
        for ((into, e), update) in into.iter_mut().zip(e).zip(gates) {
            *into = e + update * (*into - e);
        }
    }
});

/// The memory cell and the output of LSTM, c′ = σ(f) ⊙ c + σ(i) ⊙ tanh(g) and σ(o) ⊙ tanh(c′), where
/// `gates` holds f, g, o and i, each with as many channels as `c`.
pub(crate) fn remember(gates: &Tensor, c: &Tensor) -> Result<[Tensor; 2]> {
    if let Some(made) = remember_in_one(gates, c)? {
        return Ok(made);
    }
    let [_, channels, ..] = size(c)?;
    let [forget, candidate, output, input] = split(gates, [channels; 4])?;
    let kept = mul(forget.f_sigmoid()?, c)?;
    let added = mul(input.f_sigmoid()?, &candidate.f_tanh()?)?;
    let memory = kept.f_add(&added)?;
    let h = mul(output.f_sigmoid()?, &memory.f_tanh()?)?;
    Ok([memory, h])
}

fn remember_in_one(gates: &Tensor, c: &Tensor) -> Result<Option<[Tensor; 2]>> {
    let [batch, channels, height, width] = size(c)?;
    let fits = own::takes(gates) && own::takes(c);
    if batch != 1 || !fits || gates.size() != [1, 4 * channels, height, width] {
        return Ok(None);
    }
    let mut memory = spare::map(channels, height, width)?;
    let mut h = spare::map(channels, height, width)?;
    let read = (own::numbers_in_order(gates), own::numbers_in_order(c));
    let written = [&mut memory, &mut h].map(own::numbers_to_write);
    let ((Some(gates), Some(c)), [Some(kept), Some(out)]) = (read, written) else {
        return Ok(None);
    };
    let channels = index(channels);
    let numbers = (CHUNK / (4 * channels)).max(1) * channels;
    let written = kept.chunks_mut(numbers).zip(out.chunks_mut(numbers));
    let read = gates.chunks(4 * numbers).zip(c.chunks(numbers));
    own::in_parallel(written.zip(read), |((kept, out), (gates, c))| {
        remember_pixels(kept, out, gates, c, channels);
    });
    Ok(Some([memory, h]))
}

loop_over_vectors!(remember_pixels(kept: &mut [f32], out: &mut [f32], gates: &[f32], c: &[f32], channels: usize) {
    let written = kept.chunks_exact_mut(channels).zip(out.chunks_exact_mut(channels));
    let read = gates.chunks_exact(4 * channels).zip(c.chunks_exact(channels));
    for ((kept, out), (gates, c)) in written.zip(read) {
        let (first, last) = gates.split_at(2 * channels);
        let ((f, g), (o, i)) = (first.split_at(channels), last.split_at(channels));
        let gates = f.iter().zip(g).zip(o.iter().zip(i));
        for (((kept, out), c), ((f, g), (o, i))) in kept.iter_mut().zip(out).zip(c).zip(gates) {
            *kept = logistic(*f) * c + logistic(*i) * tanh(*g);
            *out = logistic(*o) * tanh(*kept);
        }
    }
});

fn size(x: &Tensor) -> Result<[i64; 4]> {
    let (batch, channels, height, width) = x.size4()?;
    Ok([batch, channels, height, width])
}

/// A number of channels, which is never negative.
fn index(n: i64) -> usize {
    usize::try_from(n).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{remember, reset, update};
    use crate::ops::noise::Noise;
    use tch::Tensor;

    /// Base channels and sizes: one pixel, a chunk that is not full, several chunks.
    const SIZES: [(i64, (i64, i64)); 4] = [(1, (1, 1)), (5, (7, 3)), (8, (33, 40)), (20, (18, 16))];

    #[track_caller]
    fn assert_near(found: &Tensor, exact: &Tensor, what: &str) {
        assert_eq!(found.size(), exact.size(), "{what}");
        let off = (found - exact).abs().max().double_value(&[]);
        assert!(off < 4e-6, "{what}: {off}");
    }

    /// As it lies, and in planar memory, which is not the own form's business.
    fn both(x: &Tensor) -> [Tensor; 2] {
        [x.copy(), x.copy().contiguous()]
    }

    #[test]
    fn gru_is_libtorchs() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(31);
        for (c, size) in SIZES {
            let mut map = |channels| -> Tensor { 3.0 * noise.map(channels, size) };
            let [gates, h, e, k] = [4 * c, c, 3 * c, 3 * c].map(&mut map);
            let exact = gates.sigmoid();
            let (u, r) = (exact.narrow(1, 0, 3 * c), exact.narrow(1, 3 * c, c));
            for (gates, k) in both(&gates).into_iter().zip(both(&k)) {
                let (gates, kept) = reset(gates, &h).expect("gates");
                assert_near(&gates, &exact, "gates");
                assert_near(&kept, &(&r * &h), "reset");
                let mixture = (1.0 - &u) * &e + &u * k.tanh();
                let found = update(&e, &gates, k).expect("a mixture");
                assert_near(&found, &mixture, "update");
            }
        }
    }

    #[test]
    fn lstm_is_libtorchs() {
        let _no_grad = tch::no_grad_guard();
        let mut noise = Noise(32);
        for (c, size) in SIZES {
            let [gates, cell] =
                [4 * c, c].map(|channels| -> Tensor { 3.0 * noise.map(channels, size) });
            let gate = |place| gates.narrow(1, place * c, c);
            let memory = gate(0).sigmoid() * &cell + gate(3).sigmoid() * gate(1).tanh();
            let h = gate(2).sigmoid() * memory.tanh();
            for gates in both(&gates) {
                let found = remember(&gates, &cell).expect("a memory");
                assert_near(&found[0], &memory, "memory");
                assert_near(&found[1], &h, "output");
            }
        }
    }
}
