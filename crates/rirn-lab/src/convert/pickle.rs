// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pickle in a PyTorch checkpoint, read as data.
//!
//! A pickle is a program for a small stack machine, and in Python it may call any function. Here
//! the machine knows only the instructions that `torch.save` writes for tensors, numbers, texts
//! and plain containers, and of classes and functions a short list whose effect is written out
//! in `pickle/rebuild.rs`. Everything else is refused by name, and nothing is ever run. What a
//! file can make the machine allocate is bounded by the limits below, whatever the file says.
//! Instructions: the comments in Python's `pickletools.py`; storages and tensors:
//! `torch/serialization.py` and `torch/_utils.py` of PyTorch.

mod node;
mod opcodes;
mod rebuild;

pub(super) use node::{Arena, Id, Node, TensorRef};

use super::error::ConvertError;

/// Longest pickle, in bytes. That of the largest network with its optimizer's state has 200 kB.
pub(super) const MAX_PICKLE: u64 = 1 << 21;

/// Most values on the stack: 1000 pairs of a dictionary are put there at a time.
const MAX_STACK: usize = 1 << 14;

/// How deep containers may be nested.
const MAX_MARKS: usize = 64;

/// Highest index of the memo, in which the pickle keeps what it will need again.
const MAX_MEMO: usize = 1 << 17;

/// The stack machine.
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    arena: Arena<'a>,
    stack: Vec<Id>,
    /// Stack heights, one for each open container.
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
}

/// Why an instruction failed; the machine knows where.
enum Fault {
    /// The pickle is broken.
    Broken(String),
    /// It asks for a class or function.
    Global(String),
}

impl From<&str> for Fault {
    fn from(reason: &str) -> Self {
        Self::Broken(reason.to_owned())
    }
}

/// Reads a whole pickle: all its values, and which of them it stands for.
///
/// # Errors
/// [`ConvertError::Opcode`], [`ConvertError::Global`] or [`ConvertError::Pickle`] for the first
/// fault, [`ConvertError::TooLarge`] for a long pickle.
pub(super) fn read(bytes: &[u8]) -> Result<(Arena<'_>, Id), ConvertError> {
    ConvertError::limit("the pickle, in bytes,", bytes.len() as u64, MAX_PICKLE)?;
    let mut machine = Machine {
        bytes,
        at: 0,
        arena: Arena::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
    };
    loop {
        let at = machine.at;
        let fault = match machine.step() {
            Ok(Step::More) => continue,
            Ok(Step::Done(root)) => return Ok((machine.arena, root)),
            Ok(Step::Unknown(opcode)) => {
                let name = opcodes::name(opcode);
                return Err(ConvertError::Opcode { name, at });
            }
            Err(fault) => fault,
        };
        return Err(match fault {
            Fault::Broken(reason) => ConvertError::Pickle { at, reason },
            Fault::Global(name) => ConvertError::Global { name, at },
        });
    }
}

/// What one instruction led to.
enum Step {
    More,
    Done(Id),
    Unknown(u8),
}

impl<'a> Machine<'a> {
    /// Runs one instruction.
    fn step(&mut self) -> Result<Step, Fault> {
        let opcode = self.take(1)?[0];
        match opcode {
            b'.' => return self.pop().map(Step::Done),
            0x80 => self.protocol()?,
            // FRAME: only a hint how much may be read ahead.
            0x95 => _ = self.take(8)?,
            b'(' => self.mark()?,
            b'N' | 0x88 | 0x89 | b'K' | b'M' | b'J' | 0x8a | b'G' | b'X' | 0x8c => {
                self.scalar(opcode)?;
            }
            b'}' | b']' | b')' | b't' | 0x85..=0x87 => self.container(opcode)?,
            b'a' | b'e' | b's' | b'u' => self.fill(opcode)?,
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.remember(opcode)?,
            b'c' | 0x93 => self.global(opcode)?,
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            b'Q' => self.persistent()?,
            _ => return Ok(Step::Unknown(opcode)),
        }
        Ok(Step::More)
    }

    fn protocol(&mut self) -> Result<(), Fault> {
        match self.take(1)?[0] {
            2..=5 => Ok(()),
            other => Err(Fault::Broken(format!("unknown pickle protocol {other}"))),
        }
    }

    fn mark(&mut self) -> Result<(), Fault> {
        if self.marks.len() == MAX_MARKS {
            return Err(format!("containers are nested deeper than {MAX_MARKS}").into());
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// Numbers and texts.
    fn scalar(&mut self, opcode: u8) -> Result<(), Fault> {
        let node = match opcode {
            b'K' | b'M' => Node::Int(self.unsigned(if opcode == b'K' { 1 } else { 2 })? as i64),
            b'J' => Node::Int(i64::from(self.unsigned(4)? as u32 as i32)),
            0x8a => Node::Int(self.long()?),
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            b'G' => {
                self.take(8)?;
                Node::Plain
            }
            // None and the truth values carry nothing that is needed.
            _ => Node::Plain,
        };
        self.push(node)
    }

    fn text(&mut self, prefix: usize) -> Result<Node<'a>, Fault> {
        let length = self.unsigned(prefix)? as usize;
        let text = std::str::from_utf8(self.take(length)?);
        Ok(Node::Text(text.map_err(|_| "a text is not UTF-8")?))
    }

    /// A whole number of any length, of which eight bytes are enough here.
    fn long(&mut self) -> Result<i64, Fault> {
        let length = self.take(1)?[0].into();
        let bytes = self.take(length)?;
        let fits = "a whole number has more than 64 bits";
        let fill = if bytes.last().is_some_and(|last| last >> 7 == 1) {
            0xff
        } else {
            0
        };
        let mut number = [fill; 8];
        number.get_mut(..length).ok_or(fits)?.copy_from_slice(bytes);
        Ok(i64::from_le_bytes(number))
    }

    /// Empty containers, and tuples of what is on the stack.
    fn container(&mut self, opcode: u8) -> Result<(), Fault> {
        let node = match opcode {
            b'}' => Node::Dict(Vec::new()),
            b']' => Node::List(Vec::new()),
            b')' => Node::Tuple(Vec::new()),
            b't' => Node::Tuple(self.pop_to_mark()?),
            // TUPLE1 to TUPLE3.
            _ => Node::Tuple(self.pop_many(usize::from(opcode - 0x84))?),
        };
        if let Node::Tuple(items) = &node {
            self.arena.count(items.len())?;
        }
        self.push(node)
    }

    /// Puts one or many values into the list or dictionary below them.
    fn fill(&mut self, opcode: u8) -> Result<(), Fault> {
        let items = match opcode {
            b'a' => self.pop_many(1)?,
            b's' => self.pop_many(2)?,
            _ => self.pop_to_mark()?,
        };
        self.arena.count(items.len())?;
        let target = *self.stack.last().ok_or("there is nothing to fill")?;
        match (self.arena.get_mut(target), opcode) {
            (Node::List(list), b'a' | b'e') => list.extend(items),
            (Node::Dict(dict), b's' | b'u') if items.len() % 2 == 0 => {
                dict.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            _ => return Err("values are put into what cannot hold them".into()),
        }
        Ok(())
    }

    /// Stores the top of the stack in the memo, or pushes what was stored.
    fn remember(&mut self, opcode: u8) -> Result<(), Fault> {
        let index = match opcode {
            b'q' | b'h' => self.unsigned(1)? as usize,
            b'r' | b'j' => self.unsigned(4)? as usize,
            _ => self.memo.len(),
        };
        if index >= MAX_MEMO {
            return Err(format!("the memo has more than {MAX_MEMO} places").into());
        }
        if matches!(opcode, b'h' | b'j') {
            let known = self.memo.get(index).copied().flatten();
            return self.push_id(known.ok_or("the memo has no such value")?);
        }
        let top = *self.stack.last().ok_or("there is nothing to remember")?;
        if index >= self.memo.len() {
            self.memo.resize(index + 1, None);
        }
        self.memo[index] = Some(top);
        Ok(())
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), Fault> {
        let id = self.arena.add(node)?;
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), Fault> {
        if self.stack.len() == MAX_STACK {
            return Err(format!("more than {MAX_STACK} values wait on the stack").into());
        }
        self.stack.push(id);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, Fault> {
        Ok(self.pop_many(1)?[0])
    }

    /// The last `count` values. Those below an open mark belong to another container.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, Fault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(count) {
            Some(rest) if rest >= floor => Ok(self.stack.split_off(rest)),
            _ => Err("the stack holds too few values".into()),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, Fault> {
        let mark = self.marks.pop().ok_or("no container is open")?;
        Ok(self.stack.split_off(mark))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let (taken, _) = rest.split_at_checked(length).ok_or("it ends too early")?;
        self.at += length;
        Ok(taken)
    }

    /// A little-endian number of up to four bytes.
    fn unsigned(&mut self, length: usize) -> Result<u64, Fault> {
        let bytes = self.take(length)?.iter().rev();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Broken(reason)
    }
}

#[cfg(test)]
mod tests;
