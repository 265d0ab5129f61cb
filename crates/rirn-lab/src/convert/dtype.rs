// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kinds of numbers in files of other programs, and their way to float32.

/// How the values of a tensor lie in a file, always little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dtype {
    /// IEEE float64, rounded to float32 when read.
    F64,
    /// IEEE float32.
    F32,
    /// IEEE float16.
    F16,
    /// The upper half of a float32.
    Bf16,
    /// Whole numbers or truth values of so many bytes: counters, never weights.
    Whole(u8),
}

impl Dtype {
    /// The kind of a storage class of PyTorch, for example `FloatStorage`.
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        Some(match class {
            "DoubleStorage" => Self::F64,
            "FloatStorage" => Self::F32,
            "HalfStorage" => Self::F16,
            "BFloat16Storage" => Self::Bf16,
            "LongStorage" => Self::Whole(8),
            "IntStorage" => Self::Whole(4),
            "ShortStorage" => Self::Whole(2),
            "CharStorage" | "ByteStorage" | "BoolStorage" => Self::Whole(1),
            _ => return None,
        })
    }

    /// The kind of a safetensors word, for example `F32`.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "F64" => Self::F64,
            "F32" => Self::F32,
            "F16" => Self::F16,
            "BF16" => Self::Bf16,
            "I64" | "U64" => Self::Whole(8),
            "I32" | "U32" => Self::Whole(4),
            "I16" | "U16" => Self::Whole(2),
            "I8" | "U8" | "BOOL" => Self::Whole(1),
            _ => return None,
        })
    }

    /// Bytes of one value.
    pub(super) fn size(self) -> u64 {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Whole(size) => size.into(),
        }
    }

    /// One value, of exactly [`Dtype::size`] bytes; nothing for whole numbers.
    pub(super) fn value(self, bytes: &[u8]) -> Option<f32> {
        Some(match self {
            Self::F64 => f64::from_le_bytes(bytes.try_into().ok()?) as f32,
            Self::F32 => f32::from_le_bytes(bytes.try_into().ok()?),
            Self::F16 => from_half(u16::from_le_bytes(bytes.try_into().ok()?)),
            Self::Bf16 => {
                let upper = u16::from_le_bytes(bytes.try_into().ok()?);
                f32::from_bits(u32::from(upper) << 16)
            }
            Self::Whole(_) => return None,
        })
    }
}

/// IEEE binary16: 1 sign, 5 exponent and 10 fraction bits. Every value is exact in float32.
fn from_half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 31), u32::from(bits & 0x3ff));
    let size = match exponent {
        // Subnormal: the fraction counts steps of 2^-24.
        0 => fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(0x7f80_0000 | fraction << 13),
        // The exponent's bias is 15 here, 127 in float32.
        _ => f32::from_bits((exponent + 112) << 23 | fraction << 13),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_exactly() {
        let cases = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(from_half(bits), value, "{bits:x}");
        }
        assert!(from_half(0x7e00).is_nan());
        assert!(from_half(0x8000).is_sign_negative());
    }

    #[test]
    fn every_kind_reads_its_own_bytes() {
        assert_eq!(Dtype::F64.value(&0.1_f64.to_le_bytes()), Some(0.1));
        assert_eq!(Dtype::F32.value(&(-3.5_f32).to_le_bytes()), Some(-3.5));
        assert_eq!(Dtype::Bf16.value(&[0x80, 0x3f]), Some(1.0));
        assert_eq!(Dtype::Whole(8).value(&[0; 8]), None);
    }
}
