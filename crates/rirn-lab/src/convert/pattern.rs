// SPDX-License-Identifier: MIT OR Apache-2.0
//! Patterns of tensor names in a map: text, `{i}` for a whole number, and `*` for anything.

use std::collections::BTreeMap;

use super::error::{ConvertError, shown};

/// What the placeholders of a pattern stand for in one name.
pub(super) type Numbers = BTreeMap<String, String>;

/// A pattern. `*` may be there once, so that matching takes no more than linear time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Number(String),
    Any,
}

impl Pattern {
    /// Reads a pattern.
    pub(super) fn parse(text: &str) -> Result<Self, ConvertError> {
        let wrong = |what| ConvertError::map(format!("pattern \"{}\" {what}", shown(text)));
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let plain = rest.find(['{', '*', '}']).unwrap_or(rest.len());
            if plain > 0 {
                parts.push(Part::Text(rest[..plain].to_owned()));
                rest = &rest[plain..];
            } else if let Some(tail) = rest.strip_prefix('*') {
                if parts.contains(&Part::Any) {
                    return Err(wrong("has more than one \"*\""));
                }
                parts.push(Part::Any);
                rest = tail;
            } else {
                let end = rest.find('}').filter(|_| rest.starts_with('{'));
                let end = end.ok_or_else(|| wrong("has a brace without its partner"))?;
                let name = &rest[1..end];
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase()) {
                    return Err(wrong("has a placeholder that is not like {i}"));
                }
                parts.push(Part::Number(name.to_owned()));
                rest = &rest[end + 1..];
            }
        }
        Ok(Self(parts))
    }

    /// What the placeholders stand for if `name` has this form.
    pub(super) fn matches(&self, name: &str) -> Option<Numbers> {
        let mut numbers = Numbers::new();
        fits(&self.0, name, &mut numbers).then_some(numbers)
    }

    /// The name in which the placeholders have these values.
    pub(super) fn with(&self, numbers: &Numbers) -> Result<String, ConvertError> {
        let part = |part: &Part| match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Number(name) => numbers.get(name).cloned().ok_or_else(|| {
                ConvertError::map(format!("\"from\" has {{{name}}}, which \"to\" lacks"))
            }),
            Part::Any => Err(ConvertError::map("\"*\" is only for what is dropped")),
        };
        self.0.iter().map(part).collect()
    }
}

fn fits(parts: &[Part], name: &str, numbers: &mut Numbers) -> bool {
    let Some((part, parts)) = parts.split_first() else {
        return name.is_empty();
    };
    match part {
        Part::Text(text) => name
            .strip_prefix(text.as_str())
            .is_some_and(|rest| fits(parts, rest, numbers)),
        Part::Number(key) => {
            let end = name.find(|c: char| !c.is_ascii_digit());
            let (number, rest) = name.split_at(end.unwrap_or(name.len()));
            let same = numbers.get(key).is_none_or(|known| known == number);
            numbers.insert(key.clone(), number.to_owned());
            !number.is_empty() && same && fits(parts, rest, numbers)
        }
        Part::Any => name
            .char_indices()
            .map(|(at, _)| at)
            .chain([name.len()])
            .any(|at| fits(parts, &name[at..], &mut numbers.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        let pattern = Pattern::parse(pattern).expect("a pattern");
        pattern.matches(name).is_some()
    }

    #[test]
    fn placeholders_are_whole_numbers_and_stars_are_anything() {
        assert!(matches("body.{i}.conv0", "body.12.conv0"));
        assert!(!matches("body.{i}.conv0", "body.x.conv0"));
        assert!(!matches("body.{i}.conv0", "body..conv0"));
        assert!(!matches("body.{i}", "body.1.conv0"));
        assert!(matches("a.{i}.{i}", "a.3.3") && !matches("a.{i}.{i}", "a.3.4"));
        assert!(matches("dtb.*", "dtb.filter.weight") && matches("dtb.*", "dtb."));
        assert!(matches("*.tracked", "a.b.tracked") && !matches("*.tracked", "a.b.c"));
        assert!(matches("a.*.z{i}", "a.é.z9") && matches("*", ""));
    }

    #[test]
    fn a_name_is_made_from_the_numbers_of_another() {
        let to = Pattern::parse("body.{i}.dense{j}").expect("a pattern");
        let from = Pattern::parse("RDBs.{i}.layers.{j}.conv").expect("a pattern");
        let numbers = to.matches("body.14.dense2").expect("it has this form");
        let name = from.with(&numbers).expect("both placeholders are known");
        assert_eq!(name, "RDBs.14.layers.2.conv");
    }

    #[test]
    fn faulty_patterns_are_refused_by_what_is_wrong() {
        for (pattern, reason) in [
            ("a*b*", "more than one"),
            ("a{i", "partner"),
            ("a}", "partner"),
            ("a{}", "not like {i}"),
            ("a{I}", "not like {i}"),
        ] {
            let error = Pattern::parse(pattern).expect_err(pattern).to_string();
            assert!(error.contains(reason), "{pattern}: {error}");
        }
    }
}
