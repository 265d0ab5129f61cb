// SPDX-License-Identifier: MIT OR Apache-2.0
//! [`Candidate`]: weights that are going to be measured, checked and on their device before the
//! first frame is read.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use rirn::engine::Precision;
use rirn::weights::{Installed, Place, Weights};
use rirn::{Engine, EngineConfig};

use crate::inspect::Card;

use super::error::EvalError;
use super::run::BLURRED;
use super::stream::{Feed, Ledger, Mishaps, Stream};

/// Where weights can be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Part of the library, by name.
    BuiltIn(String),
    /// A file.
    File(PathBuf),
    /// A network that was handed over.
    Memory,
}

/// Weights with a name and an engine that runs them.
pub struct Candidate {
    name: String,
    about: String,
    origin: Origin,
    config: EngineConfig,
    engine: Arc<Engine>,
    ledger: Ledger,
}

impl Candidate {
    /// Opens what a user calls `words`: names of built-in weights, else files. The same name twice
    /// becomes `NAME` and `NAME (2)`.
    ///
    /// # Errors
    /// [`EvalError::Weights`] for the first one that is not there, is refused, or cannot run as
    /// `config` asks.
    pub fn open_all(
        words: &[OsString],
        installed: &Installed,
        config: &EngineConfig,
    ) -> Result<Vec<Self>, EvalError> {
        let mut all = Vec::with_capacity(words.len());
        for word in words {
            all.push(Self::open(word, installed, config)?);
        }
        let names = std::iter::once(BLURRED).chain(all.iter().map(|one| one.name.as_str()));
        let names = distinct(names);
        for (one, name) in all.iter_mut().zip(names.into_iter().skip(1)) {
            one.name = name;
        }
        Ok(all)
    }

    /// Opens weights of this name, built in or installed, else a file. A file that is called like built-in
    /// weights is `./NAME`.
    ///
    /// # Errors
    /// As [`Candidate::open_all`].
    pub fn open(
        word: &OsStr,
        installed: &Installed,
        config: &EngineConfig,
    ) -> Result<Self, EvalError> {
        Self::checked(word, installed, config).map_err(|cause| EvalError::Weights {
            word: word.to_string_lossy().into_owned(),
            cause,
        })
    }

    /// A network that runs already, for example one in training.
    #[must_use]
    pub fn of_engine(name: &str, engine: Arc<Engine>) -> Self {
        Self {
            name: name.to_owned(),
            about: about(engine.label(), &engine),
            origin: Origin::Memory,
            config: EngineConfig::default(),
            engine,
            ledger: Ledger::default(),
        }
    }

    fn checked(word: &OsStr, installed: &Installed, config: &EngineConfig) -> crate::Result<Self> {
        let card = Card::find(word, installed)?;
        let (name, origin) = match installed.meant(word) {
            Place::BuiltIn(name) => (name.clone(), Origin::BuiltIn(name)),
            Place::File(file) => {
                let stem = file.file_stem().unwrap_or(word).to_string_lossy();
                (stem.into_owned(), Origin::File(file))
            }
        };
        let engine = Arc::new(engine(&origin, config)?);
        Ok(Self {
            name,
            about: about(&network(&card), &engine),
            origin,
            config: *config,
            engine,
            ledger: Ledger::default(),
        })
    }

    /// Its name in all results.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is and how it runs, for example `IFI-RNN + IRM + ATB, base 8, 6 blocks, 206339
    /// parameters; float32 on cpu`.
    #[must_use]
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// Runs it over frames, from a state of zeros.
    pub fn stream<I>(&self, frames: I) -> Stream<'_, I::IntoIter>
    where
        I: IntoIterator<Item = Result<Feed, EvalError>>,
    {
        Stream::new(&self.name, Arc::clone(&self.engine), frames.into_iter()).told_to(&self.ledger)
    }

    /// What went wrong in all streams of it, also those of other engines, since this was asked last.
    pub(super) fn take_mishaps(&self) -> Mishaps {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *ledger)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The same weights in another arithmetic; [`Origin::Memory`] has none.
    pub(super) fn in_precision(&self, precision: Precision) -> Result<Arc<Engine>, EvalError> {
        let config = EngineConfig {
            precision,
            ..self.config
        };
        let engine = engine(&self.origin, &config).map_err(|cause| EvalError::Weights {
            word: self.name.clone(),
            cause,
        })?;
        Ok(Arc::new(engine))
    }
}

fn engine(origin: &Origin, config: &EngineConfig) -> crate::Result<Engine> {
    let weights = match origin {
        Origin::BuiltIn(name) => Weights::built_in(name)?,
        Origin::File(path) => Weights::open(path)?,
        Origin::Memory => return Err(rirn::error::WeightsError::NotFound.into()),
    };
    Ok(Engine::open(weights, config)?)
}

/// What a network is, in a few words.
fn network(card: &Card) -> String {
    let name = match &card.paper {
        Some(paper) => paper.row,
        None => &card.network.label,
    };
    format!(
        "{name}, base {}, {} blocks, {} parameters",
        card.network.base, card.network.blocks, card.parameters
    )
}

fn about(network: &str, engine: &Engine) -> String {
    format!("{network}; {} on {}", engine.precision(), engine.device())
}

/// The names in their order, those that have come before with a number: `a`, `a (2)`, `a (3)`.
pub fn distinct<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let numbered = |name: &str| {
        let more = (2..).map(|number| format!("{name} ({number})"));
        let free = std::iter::once(name.to_owned())
            .chain(more)
            .find(|name| taken.insert(name.clone()));
        free.unwrap_or_default()
    };
    names.into_iter().map(numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::{Candidate, distinct};
    use rirn::EngineConfig;
    use rirn::weights::Installed;
    use std::ffi::OsString;

    /// No folders of installed weights.
    fn none() -> Installed {
        Installed::new([])
    }

    #[test]
    fn equal_names_get_numbers_that_are_not_taken() {
        let names = ["a", "a", "b", "a", "a (2)"];
        assert_eq!(distinct(names), ["a", "a (2)", "b", "a (3)", "a (2) (2)"]);
    }

    #[test]
    fn unknown_weights_are_told_with_the_word_of_the_user() {
        let words = [OsString::from("lite"), OsString::from("lit")];
        let refused = Candidate::open_all(&words, &none(), &EngineConfig::default());
        let text = refused.err().expect("lit is unknown").to_string();
        assert!(
            text.starts_with("weights lit: there is no such file"),
            "{text}"
        );
    }

    #[test]
    fn the_same_weights_twice_have_two_names() {
        let words = [OsString::from("lite"), OsString::from("lite")];
        let both = Candidate::open_all(&words, &none(), &EngineConfig::default()).unwrap();
        assert_eq!((both[0].name(), both[1].name()), ("lite", "lite (2)"));
        let about = both[0].about();
        assert!(
            about.starts_with("IFI-RNN + IRM + ATB, base 8, 6 blocks, 206339"),
            "{about}"
        );
    }
}
