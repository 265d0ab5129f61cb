// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures that go through a [`rirn::Deblurrer`] come out as their frames do, packed: bit by bit on
//! a CPU, whatever the tiles, the delay and the mix.

use rirn::engine::{Interrupt, Precision, Pushed, StepNote, Tiles};
use rirn::networks::{Cell, Network, SlotKind, Spec};
use rirn::pixel::{
    Colorimetry, Matrix, Mix, Picture, PictureMut, PixelFormat, Range, Siting, Split, pack, unpack,
};
use rirn::testing::{Numbers, Stub, random_weights};
use rirn::weights::{Weights, save};
use rirn::{Deblurrer, Engine, EngineConfig, Frame};
use std::collections::BTreeMap;
use std::sync::Arc;

const FRAMES: usize = 5;

const COLORIMETRY: Colorimetry = Colorimetry {
    matrix: Matrix::Bt709,
    range: Range::Limited,
    siting: Siting {
        h_cosited: true,
        v_cosited: true,
    },
};

/// A picture that owns its planes, each with its stride.
struct Owned {
    format: PixelFormat,
    size: (usize, usize),
    planes: Vec<(Vec<u8>, usize)>,
}

impl Owned {
    fn random(format: PixelFormat, (width, height): (usize, usize), numbers: &mut Numbers) -> Self {
        let plane = |plane| {
            let (row, rows) = format.plane_size(plane, width, height).expect("it fits");
            let stride = row + 3;
            let bytes = (0..stride * rows).map(|_| (numbers.bits() >> 56) as u8);
            (bytes.collect(), stride)
        };
        Self {
            format,
            size: (width, height),
            planes: (0..format.plane_count()).map(plane).collect(),
        }
    }

    fn view(&self) -> Picture<'_> {
        let planes = self
            .planes
            .iter()
            .map(|(bytes, stride)| (&bytes[..], *stride));
        let (width, height) = self.size;
        Picture::new(self.format, width, height, COLORIMETRY, planes).expect("sound")
    }

    /// What `write` makes of a black picture of this kind.
    fn written(&self, write: impl FnOnce(&mut PictureMut<'_>)) -> Vec<Vec<u8>> {
        let black = self.planes.iter().map(|(bytes, _)| vec![0; bytes.len()]);
        let mut black: Vec<Vec<u8>> = black.collect();
        let strides = self.planes.iter().map(|(_, stride)| *stride);
        let planes = black.iter_mut().map(Vec::as_mut_slice).zip(strides);
        let (width, height) = self.size;
        let picture = PictureMut::new(self.format, width, height, COLORIMETRY, planes);
        write(&mut picture.expect("sound"));
        black
    }
}

fn engine(cell: Cell, tile: usize) -> Engine {
    engine_in(Precision::Auto, cell, tile)
}

fn engine_in(precision: Precision, cell: Cell, tile: usize) -> Engine {
    let mut spec = Spec::paper(cell, SlotKind::Irm, SlotKind::Atb);
    (spec.base, spec.blocks, spec.skip) = (8, 2, true);
    let tensors = random_weights(&spec, 5).expect("a known network");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("random.safetensors");
    save(&file, &spec, &BTreeMap::new(), &tensors).expect("it is written");
    let config = EngineConfig {
        precision,
        tiles: Tiles {
            size: tile,
            ..Tiles::default()
        },
        ..EngineConfig::default()
    };
    let weights = Weights::open(&file).expect("sound weights");
    Engine::open(weights, &config).expect("it opens")
}

/// Frames through the network, packed one by one.
fn by_frames(engine: &Arc<Engine>, pictures: &[Owned], mix: &Mix) -> Vec<Vec<Vec<u8>>> {
    let (mut deblurrer, never) = (Deblurrer::new(Arc::clone(engine)), Interrupt::new());
    let unpacked = pictures.iter().map(|picture| {
        let mut frame = Frame::default();
        unpack(&picture.view(), &mut frame).expect("it fits");
        Arc::new(frame)
    });
    let frames: Vec<_> = unpacked.collect();
    let mut outputs = Vec::new();
    for frame in &frames {
        outputs.extend(deblurrer.push(Arc::clone(frame), &never).expect("a step"));
    }
    while let Some(output) = deblurrer.drain(&never).expect("a step") {
        outputs.push(output);
    }
    let packed = pictures.iter().zip(&frames).zip(outputs);
    let packed = packed.map(|((picture, blurred), output)| {
        let sharp = output.sharp.expect("finite");
        picture.written(|to| pack(&picture.view(), blurred, &sharp, mix, to).expect("sizes agree"))
    });
    packed.collect()
}

fn by_pictures(engine: &Arc<Engine>, pictures: &[Owned], mix: Mix) -> Vec<Vec<Vec<u8>>> {
    let (mut deblurrer, never) = (Deblurrer::new(Arc::clone(engine)), Interrupt::new());
    let mut all = Vec::new();
    let mut pushed = pictures.iter();
    loop {
        let output = match pushed.next() {
            Some(picture) => {
                let staged = deblurrer.stage(&picture.view()).expect("memory");
                deblurrer.push_picture(staged, mix, &never)
            }
            None => deblurrer.drain_picture(mix, &never),
        };
        let Some(output) = output.expect("a step") else {
            match pushed.len() {
                0 if all.len() == pictures.len() => return all,
                _ => continue,
            }
        };
        assert!(output.sharp.is_none(), "a picture is answered by one");
        let picture = output.picture.expect("finite");
        let of = &pictures[all.len()];
        all.push(of.written(|to| picture.write_to(to).expect("the same kind")));
        deblurrer.recycle_picture(picture);
    }
}

#[test]
fn pictures_come_out_as_their_frames_do() {
    let mut numbers = Numbers::new(9);
    for (cell, tile) in [(Cell::Ifi, 0), (Cell::Ifi, 64), (Cell::Strcnn, 0)] {
        let engine = Arc::new(engine(cell, tile));
        if engine.converts_pictures() {
            return; // By tensor operations, whose codes may be off by one.
        }
        for (format, size, split) in [
            (PixelFormat::I420, (99, 71), Split::None),
            (PixelFormat::Nv12, (96, 70), Split::Horizontal(0.5)),
            (PixelFormat::Bgrx, (97, 66), Split::Difference),
            (PixelFormat::I42210, (80, 67), Split::Vertical(0.3)),
        ] {
            let picture = |_| Owned::random(format, size, &mut numbers);
            let pictures: Vec<_> = (0..FRAMES).map(picture).collect();
            let mix = Mix {
                strength: 0.8,
                split,
            };
            let expected = by_frames(&engine, &pictures, &mix);
            let found = by_pictures(&engine, &pictures, mix);
            assert!(found == expected, "{cell:?} {format} in tiles of {tile}");
        }
    }
}

/// The way of a recording, taken on the processor, where it is done anew each time. Its switches are read
/// once in a process, so the test runs itself again in another.
#[test]
fn pictures_of_a_recording_come_out_as_their_frames_do() {
    let name = "pictures_of_a_recording_come_out_as_their_frames_do";
    let switches = ["RIRNDEBLUR_DEVICE_PIXELS", "RIRNDEBLUR_CUDA_GRAPHS"];
    if switches.iter().any(|name| std::env::var_os(name).is_none()) {
        let this = std::env::current_exe().expect("a test program");
        let mut alone = std::process::Command::new(this);
        alone
            .args(["--exact", name])
            .envs(switches.map(|name| (name, "on")));
        assert!(alone.status().expect("it runs").success());
        return;
    }
    let engine = Arc::new(engine_in(Precision::Bfloat16, Cell::Ifi, 0));
    let mut numbers = Numbers::new(4);
    let picture = |_| Owned::random(PixelFormat::I420, (99, 71), &mut numbers);
    let pictures: Vec<_> = (0..FRAMES).map(picture).collect();
    for mix in [0.8, 1.0].map(|strength| Mix {
        strength,
        ..Mix::default()
    }) {
        let expected = by_frames(&engine, &pictures, &mix);
        let found = by_pictures(&engine, &pictures, mix);
        let both = found.iter().flatten().flatten();
        let both = both.zip(expected.iter().flatten().flatten());
        // A sum near the middle between two codes.
        let off = both.map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(1), "{off:?}");
        // The memory matters: the last picture alone is another.
        let alone = by_pictures(&engine, &pictures[FRAMES - 1..], mix);
        assert!(alone[0] != found[FRAMES - 1]);
    }
}

/// A picture that is not wanted when its turn comes is as if it had never been there, whatever waits.
#[test]
fn a_picture_that_is_declined_leaves_no_trace() {
    let mut numbers = Numbers::new(21);
    for cell in [Cell::Ifi, Cell::Strcnn] {
        let engine = Arc::new(engine(cell, 0));
        let picture = |_| Owned::random(PixelFormat::I420, (80, 66), &mut numbers);
        let pictures: Vec<_> = (0..FRAMES).map(picture).collect();
        let expected = by_pictures(&engine, &pictures, Mix::default());
        let (mut deblurrer, never) = (Deblurrer::new(Arc::clone(&engine)), Interrupt::new());
        let mut found = Vec::new();
        for (picture, other) in pictures.iter().zip(pictures.iter().rev()) {
            for (picture, wanted) in [(other, false), (picture, true)] {
                let staged = deblurrer.stage(&picture.view()).expect("memory");
                let pushed =
                    deblurrer.offer_picture(staged, Mix::default(), move || wanted, &never);
                match pushed.expect("a step") {
                    Pushed::Taken(output) if wanted => found.extend(output),
                    Pushed::Declined if !wanted => {}
                    other => panic!("wanted: {wanted}, {other:?}"),
                }
            }
        }
        while let Some(output) = deblurrer
            .drain_picture(Mix::default(), &never)
            .expect("a step")
        {
            found.push(output);
        }
        let found = found.iter().map(|output| {
            let picture = output.picture.as_ref().expect("finite");
            pictures[0].written(|to| picture.write_to(to).expect("the same kind"))
        });
        assert!(found.collect::<Vec<_>>() == expected, "{cell:?}");
    }
}

#[test]
fn a_first_picture_that_is_declined_leaves_no_trace_of_its_size() {
    let mut numbers = Numbers::new(8);
    let mut picture = |size| Owned::random(PixelFormat::I420, size, &mut numbers);
    let (large, small) = (picture((640, 480)), picture((320, 240)));
    let engine = Arc::new(engine(Cell::Ifi, 64));
    let expected = by_pictures(&engine, std::slice::from_ref(&small), Mix::default());
    let (mut deblurrer, never) = (Deblurrer::new(engine), Interrupt::new());
    let staged = deblurrer.stage(&large.view()).expect("memory");
    let declined = deblurrer.offer_picture(staged, Mix::default(), || false, &never);
    assert!(matches!(declined, Ok(Pushed::Declined)));
    let drained = deblurrer.drain_picture(Mix::default(), &never);
    assert!(drained.expect("nothing waits").is_none());
    let staged = deblurrer.stage(&large.view()).expect("memory");
    let declined = deblurrer.offer_picture(staged, Mix::default(), || false, &never);
    assert!(matches!(declined, Ok(Pushed::Declined)));
    let staged = deblurrer.stage(&small.view()).expect("memory");
    let output = deblurrer.push_picture(staged, Mix::default(), &never);
    let picture = output.expect("a step").expect("no delay").picture;
    let picture = picture.expect("finite");
    let found = small.written(|to| picture.write_to(to).expect("the same kind"));
    assert!(found == expected[0]);
}

#[test]
fn a_value_that_is_not_finite_gives_no_picture_and_the_next_one_comes() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let stub = move || {
        Stub::new(move |window, state| {
            let spoils = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
            let share = if spoils { f64::NAN } else { 1.0 };
            Ok((window * share, state))
        })
    };
    let engine = Engine::with_network(&EngineConfig::default(), || {
        Ok(Box::new(stub()) as Box<dyn Network>)
    });
    let mut deblurrer = Deblurrer::new(Arc::new(engine.expect("a stub opens")));
    let never = Interrupt::new();
    let picture = Owned::random(PixelFormat::Nv12, (50, 40), &mut Numbers::new(2));
    for round in 0..3 {
        let staged = deblurrer.stage(&picture.view()).expect("memory");
        let output = deblurrer.push_picture(staged, Mix::default(), &never);
        let output = output.expect("a step").expect("no delay");
        assert!(output.sharp.is_none());
        match output.picture {
            None => assert_eq!((round, output.notes), (1, vec![StepNote::NotFinite])),
            Some(same) => {
                let [found, expected] = [
                    picture.written(|to| same.write_to(to).expect("the same kind")),
                    picture.written(|to| {
                        let mut frame = Frame::default();
                        unpack(&picture.view(), &mut frame).expect("it fits");
                        pack(&picture.view(), &frame, &frame, &Mix::default(), to).expect("agree");
                    }),
                ];
                assert!(found == expected && round != 1);
                deblurrer.recycle_picture(same);
            }
        }
    }
}
