// SPDX-License-Identifier: MIT OR Apache-2.0
//! Subsampled chroma: up to the luma grid by linear interpolation, down by averaging.
//!
//! Both honour the siting along each direction. Beyond an edge the sample at the edge repeats.

use super::codes::{self, Values};
use super::color::Siting;
use super::format::{Component, Subsampling};
use super::picture::Picture;
use super::wide::wide;

/// How chroma relates to luma along one direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// Luma samples per chroma sample, 1 or 2.
    pub(crate) factor: usize,
    /// Chroma sits on the even luma sample; otherwise between the two.
    cosited: bool,
}

impl Axis {
    /// The horizontal and the vertical axis.
    pub(crate) fn both(chroma: Subsampling, siting: Siting) -> (Self, Self) {
        (
            Self {
                factor: chroma.horizontal,
                cosited: siting.h_cosited,
            },
            Self {
                factor: chroma.vertical,
                cosited: siting.v_cosited,
            },
        )
    }

    /// Shares of the chroma sample that an even or an odd luma sample belongs to, and of its
    /// neighbour: the one before for an even luma sample, the one behind for an odd one.
    pub(crate) fn up(self, odd: bool) -> (f32, f32) {
        match (self.factor, self.cosited, odd) {
            (2, false, _) => (0.75, 0.25),
            (2, true, true) => (0.5, 0.5),
            _ => (1.0, 0.0),
        }
    }

    /// Shares of the odd luma sample before the pair, of the even and the odd one of the pair.
    pub(crate) fn down(self) -> [f32; 3] {
        match (self.factor, self.cosited) {
            (2, false) => [0.0, 0.5, 0.5],
            (2, true) => [0.25, 0.5, 0.25],
            _ => [0.0, 1.0, 0.0],
        }
    }
}

/// One chroma component of a picture, row by row on the luma grid.
#[derive(Debug)]
pub(super) struct Upsampler {
    component: Component,
    horizontal: Axis,
    vertical: Axis,
    width: usize,
    /// Decoded chroma rows; row `j` lies in slot `j % 2`, as neighbours are wanted together.
    slots: [(Option<usize>, Vec<f32>); 2],
    /// The row between chroma rows, with one repeated sample at either end.
    blended: Vec<f32>,
    /// The row on the luma grid; the last pair may reach beyond the width.
    full: Vec<f32>,
}

impl Upsampler {
    /// For rows of `width` luma samples, `chroma` telling how `component` is subsampled.
    pub(super) fn new(
        component: Component,
        chroma: Subsampling,
        siting: Siting,
        width: usize,
    ) -> Self {
        let (horizontal, vertical) = Axis::both(chroma, siting);
        let samples = width.div_ceil(horizontal.factor);
        let slots = [(None, vec![0.0; samples]), (None, vec![0.0; samples])];
        let full = vec![0.0; 2 * samples];
        let blended = vec![0.0; samples + 2];
        Self {
            component,
            horizontal,
            vertical,
            width,
            slots,
            blended,
            full,
        }
    }

    /// The values for luma row `y` of `picture`; rows are asked for from top to bottom.
    pub(super) fn row(&mut self, picture: &Picture<'_>, y: usize, meaning: &Values) -> &[f32] {
        let near = y / self.vertical.factor;
        let odd = y % self.vertical.factor == 1;
        let last = picture.rows(self.component.plane) - 1;
        let other = if odd {
            (near + 1).min(last)
        } else {
            near.saturating_sub(1)
        };
        self.load(picture, near, meaning);
        self.load(picture, other, meaning);
        self.blend(near, other, odd);
        if self.horizontal.factor == 1 {
            return &self.blended[1..=self.width];
        }
        self.widen();
        &self.full[..self.width]
    }

    /// Decodes chroma row `j` unless its slot holds it already.
    fn load(&mut self, picture: &Picture<'_>, j: usize, meaning: &Values) {
        let (held, values) = &mut self.slots[j % 2];
        if *held != Some(j) {
            codes::decode(
                picture.row(self.component.plane, j),
                self.component,
                meaning,
                values,
            );
            *held = Some(j);
        }
    }

    /// Interpolates between two rows and repeats the ends.
    fn blend(&mut self, near: usize, other: usize, odd: bool) {
        let [near, other] = [near, other].map(|row| &self.slots[row % 2].1[..]);
        weigh(self.vertical.up(odd), near, other, &mut self.blended[1..]);
        repeat_ends(&mut self.blended);
    }

    /// Interpolates along the row.
    fn widen(&mut self) {
        let [even, odd] = [false, true].map(|odd| self.horizontal.up(odd));
        widen(&self.blended, even, odd, &mut self.full);
    }
}

/// Averages rows of the luma grid onto the chroma grid.
#[derive(Debug)]
pub(super) struct Downsampler {
    horizontal: Axis,
    vertical: Axis,
    width: usize,
    height: usize,
    /// A row of the luma grid, with one repeated sample before it and, where its last pair is
    /// broken, one behind.
    line: Vec<f32>,
    /// The line narrowed, the one before it, and the sum for the chroma row under way.
    now: Vec<f32>,
    before: Vec<f32>,
    sum: Vec<f32>,
}

impl Downsampler {
    /// For `height` rows of `width` luma samples.
    pub(super) fn new(
        chroma: Subsampling,
        siting: Siting,
        (width, height): (usize, usize),
    ) -> Self {
        let (horizontal, vertical) = Axis::both(chroma, siting);
        let samples = width.div_ceil(horizontal.factor);
        let line = vec![0.0; 1 + samples * horizontal.factor];
        let [now, before, sum] = [(); 3].map(|()| vec![0.0; samples]);
        Self {
            horizontal,
            vertical,
            width,
            height,
            line,
            now,
            before,
            sum,
        }
    }

    /// How many luma rows above its first one have to be pushed before a band that does not begin
    /// with row 0.
    pub(super) fn looks_back(&self) -> usize {
        usize::from(self.vertical.down()[0] > 0.0)
    }

    /// Where the values of the next luma row are to be put.
    pub(super) fn line_mut(&mut self) -> &mut [f32] {
        &mut self.line[1..=self.width]
    }

    /// Takes the line as luma row `y` (they come from top to bottom); with the last luma row of
    /// a chroma row, gives that row.
    pub(super) fn push(&mut self, y: usize) -> Option<&mut [f32]> {
        self.narrow();
        if self.vertical.factor == 1 {
            return Some(&mut self.now);
        }
        let [of_before, of_even, of_odd] = self.vertical.down();
        let even = y.is_multiple_of(2);
        let last = y + 1 == self.height;
        if y == 0 {
            self.before.copy_from_slice(&self.now);
        }
        if even {
            // Without an odd row to come, the even one stands in for it.
            let of_now = if last { of_even + of_odd } else { of_even };
            weigh((of_now, of_before), &self.now, &self.before, &mut self.sum);
        } else {
            add_share(of_odd, &self.now, &mut self.sum);
            std::mem::swap(&mut self.now, &mut self.before);
        }
        (!even || last).then_some(&mut self.sum[..])
    }

    /// Averages along the line.
    fn narrow(&mut self) {
        if self.horizontal.factor == 1 {
            self.now.copy_from_slice(&self.line[1..]);
            return;
        }
        self.line[0] = self.line[1];
        if self.width % 2 == 1 {
            self.line[self.width + 1] = self.line[self.width];
        }
        narrow(&self.line, self.horizontal.down(), &mut self.now);
    }
}

wide! {
    /// The sum of two rows, each times its share.
    fn weigh(shares: (f32, f32), first: &[f32], second: &[f32], sum: &mut [f32]) {
        for (sum, (first, second)) in sum.iter_mut().zip(first.iter().zip(second)) {
            *sum = shares.0 * first + shares.1 * second;
        }
    }
}

wide! {
    /// Adds a row times its share.
    fn add_share(share: f32, row: &[f32], sum: &mut [f32]) {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += share * value;
        }
    }
}

wide! {
    /// Twice as many samples; `even` and `odd` are the shares of the sample itself and of the one
    /// before it or behind it. One more lies at either end of `samples`.
    fn widen(samples: &[f32], even: (f32, f32), odd: (f32, f32), full: &mut [f32]) {
        let sides = samples.iter().zip(&samples[2..]);
        let pairs = full.as_chunks_mut::<2>().0;
        for (pair, (near, (before, behind))) in pairs.iter_mut().zip(samples[1..].iter().zip(sides))
        {
            pair[0] = even.0 * near + even.1 * before;
            pair[1] = odd.0 * near + odd.1 * behind;
        }
    }
}

wide! {
    /// Half as many samples; one more lies before the line.
    fn narrow(line: &[f32], shares: [f32; 3], samples: &mut [f32]) {
        let [of_before, of_even, of_odd] = shares;
        let first = line.as_chunks::<2>().0;
        let second = line[1..].as_chunks::<2>().0;
        for (value, (&[before, even], &[_, odd])) in
            samples.iter_mut().zip(first.iter().zip(second))
        {
            *value = of_before * before + of_even * even + of_odd * odd;
        }
    }
}

/// Copies the first and the last value but one outwards.
fn repeat_ends(row: &mut [f32]) {
    let last = row.len() - 1;
    row[0] = row[1];
    row[last] = row[last - 1];
}
