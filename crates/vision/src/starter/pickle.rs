//! Reads the few pickle opcodes that a PyTorch state dict uses, as plain data.
//! It never calls what a pickle names: an unknown opcode or name is an error, so a pickle cannot run anything.

use std::collections::HashMap;

use super::error::StarterError;

/// One value of a pickle. Containers hold places in [`Pickle::values`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer too long for i64, little-endian.
    Long(Vec<u8>),
    Float(f64),
    Text(String),
    /// `module name` of something a pickle refers to; never resolved.
    Global(String),
    Sequence(Vec<usize>),
    Dict(Vec<(usize, usize)>),
    /// A call that was not made: what was named, and its arguments.
    Call(usize, usize),
    /// A reference to something outside the pickle.
    Persistent(usize),
}

/// A read pickle: an arena of values and the place of the result.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: usize,
}

impl Pickle {
    /// Reads one pickle from the start of `bytes` and gives the number of bytes it took.
    /// Memory is bounded by the input: every value costs at least one byte of it.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), StarterError> {
        let mut machine = Machine {
            input: bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        while !machine.step()? {}
        let root = machine.pop()?;
        Ok((
            Pickle {
                values: machine.values,
                root,
            },
            machine.at,
        ))
    }

    pub(super) fn root(&self) -> &Value {
        &self.values[self.root]
    }

    pub(super) fn value(&self, place: usize) -> &Value {
        self.values.get(place).unwrap_or(&Value::None)
    }

    /// The places in a tuple or list, or an error that names `what`.
    pub(super) fn sequence(&self, value: &Value, what: &str) -> Result<Vec<usize>, StarterError> {
        match value {
            Value::Sequence(items) => Ok(items.clone()),
            _ => Err(StarterError::format("pickle", format!("{what} is no list"))),
        }
    }

    /// A list of sizes, offsets or strides.
    pub(super) fn sizes(&self, place: usize, what: &str) -> Result<Vec<usize>, StarterError> {
        let items = self.sequence(self.value(place), what)?;
        items.into_iter().map(|i| self.size(i, what)).collect()
    }

    /// A non-negative integer.
    pub(super) fn size(&self, place: usize, what: &str) -> Result<usize, StarterError> {
        match self.value(place) {
            Value::Int(v) => usize::try_from(*v)
                .map_err(|_| StarterError::format("pickle", format!("{what} is negative"))),
            _ => Err(StarterError::format(
                "pickle",
                format!("{what} is no number"),
            )),
        }
    }

    /// A string.
    pub(super) fn text(&self, place: usize, what: &str) -> Result<&str, StarterError> {
        match self.value(place) {
            Value::Text(v) => Ok(v),
            _ => Err(StarterError::format("pickle", format!("{what} is no text"))),
        }
    }
}

struct Machine<'a> {
    input: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: HashMap<u32, usize>,
}

impl Machine<'_> {
    fn take(&mut self, n: usize) -> Result<&[u8], StarterError> {
        let end = self
            .at
            .checked_add(n)
            .filter(|end| *end <= self.input.len());
        let end = end.ok_or_else(|| StarterError::truncated("pickle"))?;
        let part = &self.input[self.at..end];
        self.at = end;
        Ok(part)
    }

    fn number(&mut self, n: usize) -> Result<u64, StarterError> {
        Ok(self
            .take(n)?
            .iter()
            .rev()
            .fold(0, |sum, b| sum << 8 | u64::from(*b)))
    }

    fn string(&mut self, n: usize) -> Result<String, StarterError> {
        let bytes = self.take(n)?.to_vec();
        String::from_utf8(bytes).map_err(|_| StarterError::format("pickle", "a text is not UTF-8"))
    }

    fn line(&mut self) -> Result<String, StarterError> {
        let rest = &self.input[self.at..];
        let n = rest
            .iter()
            .position(|b| *b == b'\n')
            .ok_or_else(|| StarterError::truncated("pickle"))?;
        let line = self.string(n)?;
        self.at += 1;
        Ok(line)
    }

    fn push(&mut self, value: Value) {
        self.values.push(value);
        self.stack.push(self.values.len() - 1);
    }

    fn pop(&mut self) -> Result<usize, StarterError> {
        self.stack
            .pop()
            .ok_or_else(|| StarterError::format("pickle", "it takes from an empty stack"))
    }

    fn pop_marked(&mut self) -> Result<Vec<usize>, StarterError> {
        let mark = self.marks.pop().filter(|m| *m <= self.stack.len());
        let mark = mark.ok_or_else(|| StarterError::format("pickle", "a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    fn pop_tuple(&mut self, n: usize) -> Result<(), StarterError> {
        let from = self.stack.len().checked_sub(n);
        let from =
            from.ok_or_else(|| StarterError::format("pickle", "it takes from an empty stack"))?;
        let items = self.stack.split_off(from);
        self.push(Value::Sequence(items));
        Ok(())
    }

    /// One opcode; true at the end of the pickle.
    fn step(&mut self) -> Result<bool, StarterError> {
        match self.take(1)?[0] {
            b'.' => return Ok(true),
            0x80 => drop(self.take(1)?),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' | b')' => self.push(Value::Sequence(Vec::new())),
            b't' => {
                let items = self.pop_marked()?;
                self.push(Value::Sequence(items));
            }
            n @ 0x85..=0x87 => self.pop_tuple(usize::from(n - 0x84))?,
            op @ (b'K' | b'M' | b'J' | 0x8a | b'G' | b'X' | b'U' | b'c') => self.literal(op)?,
            op @ (b'q' | b'r' | b'h' | b'j') => self.remember(op)?,
            op @ (b'a' | b'e' | b's' | b'u' | b'b' | b'R' | b'Q') => self.combine(op)?,
            op => {
                return Err(StarterError::format(
                    "pickle",
                    format!("opcode {op:#04x} is not one a state dict uses"),
                ));
            }
        }
        Ok(false)
    }

    fn literal(&mut self, op: u8) -> Result<(), StarterError> {
        let value = match op {
            b'K' => Value::Int(self.number(1)? as i64),
            b'M' => Value::Int(self.number(2)? as i64),
            b'J' => Value::Int(i64::from(self.number(4)? as u32 as i32)),
            b'G' => Value::Float(f64::from_bits(self.number(8)?.swap_bytes())),
            0x8a => {
                let n = self.number(1)? as usize;
                let bytes = self.take(n)?;
                match n {
                    0..=7 => {
                        let raw = bytes
                            .iter()
                            .rev()
                            .fold(0i64, |sum, b| sum << 8 | i64::from(*b));
                        let spare = 64 - 8 * n as u32;
                        Value::Int(if n == 0 { 0 } else { raw << spare >> spare })
                    }
                    _ => Value::Long(bytes.to_vec()),
                }
            }
            b'X' => {
                let n = self.number(4)? as usize;
                Value::Text(self.string(n)?)
            }
            b'U' => {
                let n = self.number(1)? as usize;
                Value::Text(self.string(n)?)
            }
            _ => Value::Global(format!("{} {}", self.line()?, self.line()?)),
        };
        self.push(value);
        Ok(())
    }

    fn remember(&mut self, op: u8) -> Result<(), StarterError> {
        let key = self.number(if matches!(op, b'q' | b'h') { 1 } else { 4 })? as u32;
        if matches!(op, b'q' | b'r') {
            let top = *self
                .stack
                .last()
                .ok_or_else(|| StarterError::format("pickle", "it remembers nothing"))?;
            self.memo.insert(key, top);
        } else {
            let place = self.memo.get(&key).copied();
            self.stack.push(place.ok_or_else(|| {
                StarterError::format("pickle", "it recalls what it never stored")
            })?);
        }
        Ok(())
    }

    fn combine(&mut self, op: u8) -> Result<(), StarterError> {
        match op {
            b'R' => self.reduce(),
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id));
                Ok(())
            }
            // State of an object (such as a state dict's metadata) is not needed.
            b'b' => self.pop().map(drop),
            b'a' | b'e' => {
                let items = if op == b'a' {
                    vec![self.pop()?]
                } else {
                    self.pop_marked()?
                };
                self.extend(|target| match target {
                    Value::Sequence(list) => {
                        list.extend(items);
                        Some(())
                    }
                    _ => None,
                })
            }
            _ => {
                let items = if op == b's' {
                    let value = self.pop()?;
                    vec![self.pop()?, value]
                } else {
                    self.pop_marked()?
                };
                let pairs = items.chunks_exact(2).map(|p| (p[0], p[1]));
                self.extend(|target| match target {
                    Value::Dict(dict) => {
                        dict.extend(pairs);
                        Some(())
                    }
                    _ => None,
                })
            }
        }
    }

    fn extend(&mut self, add: impl FnOnce(&mut Value) -> Option<()>) -> Result<(), StarterError> {
        let top = self.stack.last().and_then(|i| self.values.get_mut(*i));
        top.and_then(add).ok_or_else(|| {
            StarterError::format("pickle", "it adds to something that is no list or dict")
        })
    }

    /// An ordered dict is a dict; every other call stays a note of what was asked for.
    fn reduce(&mut self) -> Result<(), StarterError> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let ordered =
            matches!(&self.values[callee], Value::Global(g) if g == "collections OrderedDict");
        self.push(if ordered {
            Value::Dict(Vec::new())
        } else {
            Value::Call(callee, arguments)
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_a_state_dict_is_made_of() {
        // {'a': (1, -2, True), 'b': [300]} in protocol 2.
        let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01J\xfe\xff\xff\xff\x88\x87X\x01\x00\x00\x00b]M\x2c\x01au.rest";
        let (pickle, taken) = Pickle::read(bytes).unwrap();
        assert_eq!(&bytes[taken..], b"rest");
        let Value::Dict(pairs) = pickle.root() else {
            panic!("no dict")
        };
        assert_eq!(pickle.text(pairs[0].0, "key").unwrap(), "a");
        let tuple = pickle.sequence(pickle.value(pairs[0].1), "value").unwrap();
        assert_eq!(pickle.value(tuple[1]), &Value::Int(-2));
        assert_eq!(pickle.sizes(pairs[1].1, "value").unwrap(), [300]);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for bad in [
            &b""[..],
            b"\x80",
            b".",
            b"R.",
            b"(u.",
            b"K",
            b"cos\nsystem",
            b"\x93.",
            b"h\x01.",
            b"X\xff\xff\xff\xffa.",
        ] {
            assert!(Pickle::read(bad).is_err(), "{bad:?}");
        }
        // A call is written down, never made.
        let (pickle, _) = Pickle::read(b"cos\nsystem\nU\x02ls\x85R.").unwrap();
        assert!(matches!(pickle.root(), Value::Call(..)));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Pickle::read(&bytes);
        }
    }
}
