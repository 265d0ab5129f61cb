// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`CutDetector`]: whether a frame belongs to another shot than the one before it. Measured
//! precision and recall: `docs/ELEMENT.md`, scene cuts.
//!
//! Both frames are reduced to small planes of luma. Of one shot they are alike but for brightness,
//! contrast and a common shift: flashes and fades change the first two, pans and shaking the
//! third. So the measure is the normalised cross-correlation of the planes, the largest of all
//! small shifts. A dissolve changes too little from frame to frame to count.

use rirn::pixel::Luma;

/// Cells of the plane: columns and rows.
const COLUMNS: usize = 32;
const ROWS: usize = 18;

/// Samples along each side of a cell, at most.
const SAMPLES: usize = 8;

/// Largest shift that is looked for, in cells: a sixth of the picture.
const SHIFT: (isize, isize) = (5, 3);

/// Difference at which no shift is looked for any more, far below that of any cut.
const ALIKE: f64 = 0.1;

/// From correlation to the scale of the threshold, so that its default lies between the shots at
/// hand (0.18 at most) and the cuts between them (0.27 at least).
const SCALE: f64 = 1.5;

/// Luma of a shift of one code in 8 bits, squared, times so many: noise below this neither makes
/// pictures alike nor different.
const NOISE: f64 = 16.0 / (255.0 * 255.0);

/// From here on luma is taken for overexposed: what was there before a flash cannot be seen.
const WHITE: f32 = 0.97;

/// Share of overexposed samples from which on a cell counts as overexposed.
const GLARE: f32 = 0.2;

/// Cells that must be left to judge by.
const LEAST: f64 = 0.25 * (COLUMNS * ROWS) as f64;

type Plane = [[f32; COLUMNS]; ROWS];

/// Compares each frame with the two before it: behind a flash the shot goes on as it was.
#[derive(Debug, Default)]
pub(crate) struct CutDetector {
    before: Option<Box<Plane>>,
    earlier: Option<Box<Plane>>,
}

impl CutDetector {
    /// Whether this frame belongs to another shot. `threshold` in [0, 1]; a smaller one finds more.
    ///
    /// A frame without contrast, or overexposed for the most part, tells nothing: it is no cut,
    /// and the next one is compared with what was before it.
    pub(crate) fn look(&mut self, frame: &Luma, threshold: f64) -> bool {
        let now = plane(frame);
        if shared(&now, &now, (0, 0)).is_none_or(|(_, contrast, _)| contrast < NOISE) {
            return false;
        }
        let known = [self.before.as_deref(), self.earlier.as_deref()];
        let is_like = |plane: &Plane| difference(plane, &now) <= threshold;
        let is_known = known.into_iter().flatten().any(is_like);
        let is_cut = self.before.is_some() && !is_known;
        self.earlier = self.before.replace(now);
        if is_cut {
            self.earlier = None;
        }
        is_cut
    }

    /// The rows of a frame of so many that [`CutDetector::look`] looks at, from top to bottom.
    pub(crate) fn rows(height: usize) -> impl Iterator<Item = usize> {
        (0..ROWS).flat_map(move |row| places(row, ROWS, height))
    }

    /// Nothing is before the next frame.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Means of luma over the cells, from samples; infinite where a cell is overexposed.
fn plane(frame: &Luma) -> Box<Plane> {
    let mut plane = Box::new([[0.0; COLUMNS]; ROWS]);
    let pixels = frame.values();
    for (row, cells) in plane.iter_mut().enumerate() {
        let lines = places(row, ROWS, frame.height());
        for (column, cell) in cells.iter_mut().enumerate() {
            let (mut sum, mut count, mut white) = (0.0, 0.0, 0.0);
            for y in lines.clone() {
                let line = &pixels[y * frame.width()..];
                for x in places(column, COLUMNS, frame.width()) {
                    let luma = line[x];
                    sum += luma;
                    count += 1.0;
                    white += f32::from(luma > WHITE);
                }
            }
            let is_white = white > GLARE * count;
            *cell = if is_white { f32::INFINITY } else { sum / count };
        }
    }
    plane
}

/// Where samples are taken in a part of a length; at least one.
fn places(part: usize, parts: usize, length: usize) -> std::iter::StepBy<std::ops::Range<usize>> {
    let from = part * length / parts;
    let to = ((part + 1) * length / parts).max(from + 1);
    (from..to).step_by(((to - from) / SAMPLES).max(1))
}

/// How different two pictures are at their best common shift, in [0, 1].
fn difference(a: &Plane, b: &Plane) -> f64 {
    let at = |shift| {
        let Some((both, of_a, of_b)) = shared(a, b, shift) else {
            return 0.0;
        };
        1.0 - (both + NOISE) / ((of_a + NOISE) * (of_b + NOISE)).sqrt()
    };
    let mut least = at((0, 0));
    if least > ALIKE {
        for rows in -SHIFT.1..=SHIFT.1 {
            for columns in -SHIFT.0..=SHIFT.0 {
                least = least.min(at((columns, rows)));
            }
        }
    }
    (SCALE * least).clamp(0.0, 1.0)
}

/// Covariance and both variances of what the planes share when `b` is shifted, without what is
/// overexposed in either; nothing where too little is left.
fn shared(a: &Plane, b: &Plane, (columns, rows): (isize, isize)) -> Option<(f64, f64, f64)> {
    let (mut count, mut sums, mut products) = (0.0, [0.0; 2], [0.0; 3]);
    for (row, of_a) in a.iter().enumerate() {
        let Some(of_b) = row.checked_add_signed(rows).and_then(|row| b.get(row)) else {
            continue;
        };
        let from_a = usize::try_from(-columns).unwrap_or_default();
        let from_b = usize::try_from(columns).unwrap_or_default();
        for (a, b) in of_a[from_a..].iter().zip(&of_b[from_b..]) {
            if !(a.is_finite() && b.is_finite()) {
                continue;
            }
            let (a, b) = (f64::from(*a), f64::from(*b));
            count += 1.0;
            sums = [sums[0] + a, sums[1] + b];
            products = [
                products[0] + a * b,
                products[1] + a * a,
                products[2] + b * b,
            ];
        }
    }
    if count < LEAST {
        return None;
    }
    let [a, b] = sums.map(|sum| sum / count);
    let [ab, aa, bb] = products.map(|product| product / count);
    Some((ab - a * b, (aa - a * a).max(0.0), (bb - b * b).max(0.0)))
}

#[cfg(test)]
mod tests;
