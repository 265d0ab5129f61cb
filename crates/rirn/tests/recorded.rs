// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes wrong on the way of a recording, taken on the processor, where it is done anew each time. Its
//! switches are read once in a process, so the test runs itself again in another.

use rirn::engine::{Interrupt, StepNote};
use rirn::networks::{Network, Profile, State};
use rirn::pixel::{Colorimetry, Matrix, Mix, Picture, PictureMut, PixelFormat, Range, Siting};
use rirn::testing::Stub;
use rirn::{Deblurrer, Engine, EngineConfig, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tch::{Device, Kind, Tensor};

const SWITCHES: [&str; 2] = ["RIRNDEBLUR_DEVICE_PIXELS", "RIRNDEBLUR_CUDA_GRAPHS"];

/// Wide enough for tiles.
const SIZE: (usize, usize) = (300, 16);

const COLORIMETRY: Colorimetry = Colorimetry {
    matrix: Matrix::Bt709,
    range: Range::Full,
    siting: Siting {
        h_cosited: true,
        v_cosited: true,
    },
};

/// Makes the network in float32, if there is one.
type Widen = fn(usize) -> Result<Option<Box<dyn Network>>>;

/// The mean of all frames, in half precision; what else it does depends on how often it was called.
struct Troubled {
    mean: Stub,
    trouble: fn(usize, Tensor) -> Result<Tensor>,
    steps: AtomicUsize,
    widen: Widen,
    widened: AtomicUsize,
}

impl Network for Troubled {
    fn label(&self) -> String {
        self.mean.label()
    }

    fn profile(&self) -> Profile {
        self.mean.profile()
    }

    fn initial_state(&self, batch: i64, height: i64, width: i64) -> Result<State> {
        self.mean.initial_state(batch, height, width)
    }

    fn step(&self, window: &Tensor, state: State) -> Result<(Tensor, State)> {
        let (sharp, state) = self.mean.step(window, state)?;
        let sharp = (self.trouble)(self.steps.fetch_add(1, Ordering::Relaxed), sharp)?;
        Ok((sharp, state))
    }

    fn placement(&self) -> (Kind, Device) {
        self.mean.placement()
    }

    fn widened(&self) -> Result<Option<Box<dyn Network>>> {
        (self.widen)(self.widened.fetch_add(1, Ordering::Relaxed))
    }
}

fn deblurrer(trouble: fn(usize, Tensor) -> Result<Tensor>, widen: Widen) -> Deblurrer {
    let engine = Engine::with_network(&EngineConfig::default(), move || {
        Ok(Box::new(Troubled {
            mean: Stub::overflowing(),
            trouble,
            steps: AtomicUsize::new(0),
            widen,
            widened: AtomicUsize::new(0),
        }))
    });
    Deblurrer::new(Arc::new(engine.expect("a stub opens")))
}

/// Pushes a picture of one colour; gives the notes and a byte of the answer, if there is one.
fn push(deblurrer: &mut Deblurrer, code: u8) -> (Vec<StepNote>, Option<u8>) {
    let (width, height) = SIZE;
    let bytes = vec![code; 3 * width * height];
    let planes = [(&bytes[..], 3 * width)];
    let picture = Picture::new(PixelFormat::Rgb, width, height, COLORIMETRY, planes);
    let staged = deblurrer.stage(&picture.expect("sound")).expect("memory");
    let output = deblurrer.push_picture(staged, Mix::default(), &Interrupt::new());
    let output = output.expect("neither is an error").expect("no delay");
    assert!(output.sharp.is_none());
    let code = output.picture.map(|sharp| {
        let mut bytes = vec![0; 3 * width * height];
        let planes = [(&mut bytes[..], 3 * width)];
        let to = PictureMut::new(PixelFormat::Rgb, width, height, COLORIMETRY, planes);
        let written = sharp.write_to(&mut to.expect("sound"));
        written.expect("the same kind");
        bytes[0]
    });
    (output.notes, code)
}

fn no_memory<T>() -> Result<T> {
    Err(Error::OutOfMemory("no".to_owned()))
}

fn infinite(sharp: &Tensor) -> Result<Tensor> {
    Ok(sharp.f_full_like(f64::INFINITY)?)
}

#[test]
fn what_goes_wrong_on_the_way_of_a_recording_is_made_good_or_told() {
    if SWITCHES.iter().any(|name| std::env::var_os(name).is_none()) {
        let this = std::env::current_exe().expect("a test program");
        let mut alone = std::process::Command::new(this);
        alone.envs(SWITCHES.map(|name| (name, "on")));
        assert!(alone.status().expect("it runs").success());
        return;
    }
    memory_that_runs_out_costs_no_past();
    memory_that_runs_out_on_the_way_to_float32_is_told();
    what_is_not_finite_is_told();
}

fn memory_that_runs_out_costs_no_past() {
    let trouble = |step, sharp| if step == 2 { no_memory() } else { Ok(sharp) };
    let mut deblurrer = deblurrer(trouble, |_| Ok(None));
    assert_eq!(push(&mut deblurrer, 40), (vec![], Some(40)));
    assert_eq!(push(&mut deblurrer, 80), (vec![], Some(60)));
    // Means of all pictures: the frame goes another way with the past that it has.
    assert_eq!(push(&mut deblurrer, 120), (vec![], Some(80)));
    assert_eq!(push(&mut deblurrer, 160), (vec![], Some(100)));
}

fn memory_that_runs_out_on_the_way_to_float32_is_told() {
    let trouble = |step, sharp| {
        if step >= 1 {
            infinite(&sharp)
        } else {
            Ok(sharp)
        }
    };
    let widen = |time| match time {
        0 => no_memory(),
        _ => Ok(Some(Box::new(Stub::mean_of_all()) as Box<dyn Network>)),
    };
    let mut deblurrer = deblurrer(trouble, widen);
    assert_eq!(push(&mut deblurrer, 40), (vec![], Some(40)));
    let notes = vec![StepNote::Tiled { size: 128 }, StepNote::Widened];
    assert_eq!(push(&mut deblurrer, 80), (notes, Some(80)));
    assert_eq!(push(&mut deblurrer, 120), (vec![], Some(100)));
}

fn what_is_not_finite_is_told() {
    let trouble = |step, sharp| {
        if step == 1 {
            infinite(&sharp)
        } else {
            Ok(sharp)
        }
    };
    let mut deblurrer = deblurrer(trouble, |_| Ok(None));
    assert_eq!(push(&mut deblurrer, 40), (vec![], Some(40)));
    assert_eq!(push(&mut deblurrer, 80), (vec![StepNote::NotFinite], None));
    assert_eq!(push(&mut deblurrer, 120), (vec![], Some(120)));
}
