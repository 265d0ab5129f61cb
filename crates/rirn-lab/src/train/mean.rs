// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`mean`]: one network from several moments of a run, or from runs with one beginning.
//!
//! Where weights wander about in the same valley their mean is nearer to its floor than any of them
//! (Izmailov and others, "Averaging Weights Leads to Wider Optima and Better Generalization", UAI
//! 2018; Wortsman and others, "Model soups", ICML 2022). Of runs from different initial values it is
//! nothing.

use super::TrainError;
use crate::convert::Tensors;
use crate::inspect::Network;
use rirn::networks::expected_tensors;
use rirn::weights::Weights;
use std::collections::{BTreeMap, BTreeSet};

/// What [`mean`] makes.
#[derive(Debug)]
pub struct Mean {
    /// The tensors, in the order of their names.
    pub tensors: Tensors,
    /// All notes of the files; where they differ, one after the other. `mean_of` is how many there
    /// were.
    pub notes: BTreeMap<String, String>,
}

/// The mean of the weights of one network, each tensor element by element, in float64. Weights that
/// are given twice count twice.
///
/// # Errors
/// [`TrainError::Mean`] naming the first weights of another network than the first ones; what
/// [`Weights::verify`] refuses; nothing to make a mean of.
pub fn mean(all: &[Weights]) -> Result<Mean, TrainError> {
    let Some(first) = all.first() else {
        return Err(TrainError::Mean("no weights are given".to_owned()));
    };
    let expected = expected_tensors(first.spec())?;
    for weights in all {
        if weights.spec() != first.spec() {
            return Err(TrainError::Mean(format!(
                "{} has the network {}, but {} has {}",
                weights.label(),
                Network::new(weights.spec()),
                first.label(),
                Network::new(first.spec())
            )));
        }
        weights.verify(&expected).map_err(rirn::Error::from)?;
    }
    let tensors = expected.into_iter().map(|(name, shape)| {
        let mut sum = vec![0.0f64; shape.iter().product::<i64>() as usize];
        for (_, values) in all.iter().filter_map(|weights| weights.tensor(&name)) {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += f64::from(value);
            }
        }
        let values = sum.into_iter().map(|sum| (sum / all.len() as f64) as f32);
        (name, shape, values.collect())
    });
    Ok(Mean {
        tensors: tensors.collect(),
        notes: notes(all),
    })
}

fn notes(all: &[Weights]) -> BTreeMap<String, String> {
    let keys: BTreeSet<&String> = all
        .iter()
        .flat_map(|weights| weights.notes().keys())
        .collect();
    let told = |key: &String| {
        let mut values: Vec<&str> = Vec::new();
        for value in all.iter().filter_map(|weights| weights.notes().get(key)) {
            if !values.contains(&value.as_str()) {
                values.push(value);
            }
        }
        (key.clone(), values.join(", "))
    };
    let mut notes: BTreeMap<String, String> = keys.into_iter().map(told).collect();
    notes.insert("mean_of".to_owned(), all.len().to_string());
    notes
}

#[cfg(test)]
mod tests {
    use super::mean;
    use rirn::networks::{Cell, SlotKind, Spec, expected_tensors};
    use rirn::weights::Weights;
    use std::collections::BTreeMap;

    /// Weights that are all `value`, with a note of their steps.
    fn weights(base: u32, value: f32, steps: &str) -> Weights {
        let mut spec = Spec::paper(Cell::Ifi, SlotKind::Irm, SlotKind::None);
        (spec.base, spec.blocks) = (base, 1);
        let tensors = expected_tensors(&spec).expect("the tensors");
        let filled = tensors.into_iter().map(|(name, shape)| {
            let count = shape.iter().product::<i64>() as usize;
            (name, shape, vec![value; count])
        });
        let notes = [("trained_by", "recipe x"), ("trained_steps", steps)];
        let notes = notes.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(format!("base{base}.safetensors"));
        let filled: Vec<_> = filled.collect();
        rirn::weights::save(&path, &spec, &BTreeMap::from(notes), &filled).expect("saved");
        Weights::open(&path).expect("opened")
    }

    #[test]
    fn every_value_is_the_mean_and_notes_are_kept() {
        let all = [
            weights(2, 1.0, "10"),
            weights(2, -0.5, "20"),
            weights(2, 1.0, "10"),
        ];
        let mean = mean(&all).expect("a mean");
        let count: usize = mean.tensors.iter().map(|(_, _, values)| values.len()).sum();
        let expected: i64 = all[0]
            .shapes()
            .map(|(_, shape)| shape.iter().product::<i64>())
            .sum();
        assert_eq!(count as i64, expected);
        let values = mean.tensors.iter().flat_map(|(_, _, values)| values);
        assert!(values.copied().all(|value| value == 0.5));
        let note = |key: &str| mean.notes[key].clone();
        assert_eq!(note("trained_by"), "recipe x");
        assert_eq!(note("trained_steps"), "10, 20");
        assert_eq!(note("mean_of"), "3");
    }

    #[test]
    fn another_network_is_refused_and_named() {
        let error = mean(&[weights(2, 1.0, "1"), weights(3, 1.0, "1")]).expect_err("refused");
        let message = error.to_string();
        assert!(
            message.contains("base3.safetensors has the network ifi-irm-none, base 3"),
            "{message}"
        );
        assert!(
            message.contains("base2.safetensors has ifi-irm-none, base 2"),
            "{message}"
        );
        assert!(
            mean(&[])
                .expect_err("refused")
                .to_string()
                .contains("no weights")
        );
    }
}
