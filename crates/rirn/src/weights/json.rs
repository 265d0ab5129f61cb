// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON text to a tree that keeps what a header's checks ask for: keys that occur twice, and
//! which numbers are whole. Nesting is bounded while reading, and the tree takes some 32 bytes
//! per byte of text at most.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::WeightsError;

/// Deepest nesting a header needs: the object of entries, an entry, its list of numbers.
const DEPTH: u32 = 3;

/// Check 3 without the keys: the tree of a JSON text.
pub(super) fn json(text: &[u8]) -> Result<Node, WeightsError> {
    let refuse = |why: String| WeightsError::damaged(format!("header is not JSON ({why})"));
    let text = std::str::from_utf8(text).map_err(|_| refuse("not UTF-8".into()))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let tree = Nest(DEPTH).deserialize(&mut reader);
    // Space after the object is padding, anything else an error of `end`.
    let tree = tree.and_then(|tree| reader.end().map(|()| tree));
    tree.map_err(|error| match error.classify() {
        // The only error that is ours; all others are about the text itself.
        serde_json::error::Category::Data => refuse("nested too deeply".into()),
        _ => refuse(error.to_string()),
    })
}

/// A JSON value, as much of it as a header may hold.
pub(super) enum Node {
    Text(String),
    Whole(u64),
    List(Vec<Node>),
    /// In the order of the text, and with keys that occur twice.
    Object(Vec<(String, Node)>),
    /// Other numbers, truth values and null: nowhere allowed, told apart nowhere.
    Other,
}

/// Reads a [`Node`] that holds at most so many lists or objects in each other.
#[derive(Clone, Copy)]
struct Nest(u32);

impl Nest {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        self.0
            .checked_sub(1)
            .map(Self)
            .ok_or_else(|| E::custom("nested too deeply"))
    }
}

impl<'de> DeserializeSeed<'de> for Nest {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Node, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nest {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_string()))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Node, E> {
        Ok(Node::Whole(n))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let (inner, mut nodes) = (self.inner()?, Vec::new());
        while let Some(node) = list.next_element_seed(inner)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
        let (inner, mut pairs) = (self.inner()?, Vec::new());
        while let Some(key) = object.next_key::<String>()? {
            pairs.push((key, object.next_value_seed(inner)?));
        }
        Ok(Node::Object(pairs))
    }
}
