// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a user may choose of the way in which a network runs.

use crate::error::{Error, Result};
use std::str::FromStr;

/// Where the network shall run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// CUDA where it works, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number, and nothing else.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = Error;

    /// Reads `auto`, `cpu`, `cuda` (the first device) or `cuda:N`.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::DeviceText(text.to_owned());
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => {
                let number = text.strip_prefix("cuda:").ok_or_else(unknown)?;
                if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(unknown());
                }
                number.parse().map(Self::Cuda).map_err(|_| unknown())
            }
        }
    }
}

/// Arithmetic of the network. The frame itself always stays float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// float16 on CUDA, bfloat16 on a CPU with AMX tiles, else float32.
    #[default]
    Auto,
    /// 32-bit floating point.
    Float32,
    /// 16-bit floating point; CUDA only.
    Float16,
    /// 16-bit floating point with the range of float32.
    Bfloat16,
}

impl FromStr for Precision {
    type Err = Error;

    /// Reads `auto`, `float32`, `float16` or `bfloat16`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "float32" => Ok(Self::Float32),
            "float16" => Ok(Self::Float16),
            "bfloat16" => Ok(Self::Bfloat16),
            _ => Err(Error::PrecisionText(text.to_owned())),
        }
    }
}

/// How a frame that is too large for the memory is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiles {
    /// Largest edge of a tile in pixels, 64 to 8192; 0 is the whole frame until memory runs out.
    /// Smaller ones are taken as 64, others rounded down to a multiple of 4.
    pub size: usize,
    /// Pixels that neighbouring tiles share at least, 0 to 256; at most what is less than half a
    /// tile is used. The tiles are blended there.
    pub overlap: usize,
    /// Most bytes that a network shall use by [`super::Engine::memory_estimate`], 0 is no limit.
    /// Above it the largest tile is taken that fits, a multiple of 64; 64 where none does.
    pub memory_limit: u64,
}

impl Default for Tiles {
    fn default() -> Self {
        Self {
            size: 0,
            overlap: 32,
            memory_limit: 0,
        }
    }
}

/// Configuration of an [`super::Engine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EngineConfig {
    /// Where it runs.
    pub device: DeviceChoice,
    /// Arithmetic.
    pub precision: Precision,
    /// CPU threads, shared by the process; 0 leaves LibTorch's own choice.
    pub threads: u32,
    /// Later frames that are waited for, at most; none waits for all that the network sees. What
    /// is not waited for is replaced by the newest frame.
    pub look_ahead: Option<usize>,
    /// How a frame is cut.
    pub tiles: Tiles,
    /// The same bits in each run, for the same machine and number of threads. Where the fastest way
    /// is else found by trial (the algorithms of cuDNN on CUDA, the forms of layers on a CPU with
    /// matrix tiles in bfloat16), it is then chosen by rule, for all networks of the process and
    /// for the rest of its life.
    pub deterministic: bool,
}

#[cfg(test)]
mod tests {
    use super::{DeviceChoice, EngineConfig, Precision};
    use crate::engine::Engine;
    use crate::ops::conv::is_by_clock;
    use crate::weights::Weights;

    /// The choice is that of the process, so the test runs itself again in another.
    #[test]
    fn a_later_engine_does_not_undo_that_forms_are_chosen_by_rule() {
        const ALONE: &str = "RIRN_TEST_ALONE";
        let name = concat!(
            "engine::config::tests::",
            "a_later_engine_does_not_undo_that_forms_are_chosen_by_rule"
        );
        if std::env::var_os(ALONE).is_none() {
            let this = std::env::current_exe().expect("a test program");
            let mut alone = std::process::Command::new(this);
            alone.args(["--exact", name]).env(ALONE, "1");
            let output = alone.output().expect("it runs");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && text.contains("1 passed"),
                "{text}"
            );
            return;
        }
        let open = |deterministic| {
            let config = EngineConfig {
                device: DeviceChoice::Cpu,
                deterministic,
                ..EngineConfig::default()
            };
            let weights = Weights::built_in("lite").expect("lite is built in");
            Engine::open(weights, &config).expect("lite opens")
        };
        for (deterministic, is_left_to_the_clock) in [(false, true), (true, false), (false, false)]
        {
            open(deterministic);
            assert_eq!(is_by_clock(), is_left_to_the_clock);
        }
    }

    #[test]
    fn precision_texts_are_read_strictly() {
        assert_eq!("bfloat16".parse().ok(), Some(Precision::Bfloat16));
        assert_eq!("auto".parse().ok(), Some(Precision::Auto));
        let error = "Float32".parse::<Precision>().expect_err("capitals");
        assert!(error.to_string().contains("\"Float32\""), "{error}");
    }

    #[test]
    fn device_texts_are_read_strictly() {
        let read = |text: &str| text.parse::<DeviceChoice>().ok();
        assert_eq!(read("auto"), Some(DeviceChoice::Auto));
        assert_eq!(read("cpu"), Some(DeviceChoice::Cpu));
        assert_eq!(read("cuda"), Some(DeviceChoice::Cuda(0)));
        assert_eq!(read("cuda:12"), Some(DeviceChoice::Cuda(12)));
        for wrong in [
            "",
            "CPU",
            "cuda:",
            "cuda:-1",
            "cuda:+1",
            "cuda:x",
            "gpu",
            "cuda:99999999999999999999",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
