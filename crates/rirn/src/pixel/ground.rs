// SPDX-License-Identifier: MIT OR Apache-2.0
//! What takes the picture's place where the correction itself is to be seen.

use super::codes;
use super::color::Level;
use super::format::{Family, Layout};
use super::picture::Picture;

/// Rows of mid-grey: the samples of luma or RGB in the middle between black and white, chroma
/// neutral. What no component claims is the picture's.
#[derive(Debug)]
pub(super) struct Ground {
    layout: &'static Layout,
    width: usize,
    /// Codes of luma or RGB, and of chroma.
    codes: [u16; 2],
    row: Vec<u8>,
}

impl Ground {
    /// For rows of `picture`.
    pub(super) fn new(picture: &Picture<'_>) -> Self {
        let (layout, range) = (picture.format().layout(), picture.colorimetry().range);
        let luma = Level::luma(range, layout.sample.bits);
        let chroma = Level::chroma(range, layout.sample.bits);
        Self {
            layout,
            width: picture.width(),
            // Both lie far within the codes.
            codes: [luma.middle(), chroma.zero].map(|code| code as u16),
            row: Vec::new(),
        }
    }

    /// The row to add to instead of `input`, a row of `plane`.
    pub(super) fn row(&mut self, plane: usize, input: &[u8]) -> &[u8] {
        self.row.clear();
        self.row.extend_from_slice(input);
        let components = self.layout.components.iter().enumerate();
        for (index, component) in components.filter(|(_, c)| c.plane == plane) {
            let is_chroma = self.layout.family == Family::Yuv && index > 0;
            let (code, count) = if is_chroma {
                let samples = self.width.div_ceil(self.layout.chroma.horizontal);
                (self.codes[1], samples)
            } else {
                (self.codes[0], self.width)
            };
            codes::fill(&mut self.row, *component, self.layout.sample, count, code);
        }
        &self.row
    }
}
