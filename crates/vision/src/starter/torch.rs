//! Reads a PyTorch state dict in the format before 1.6: four pickles, then the raw storages.
//! Weights only; the pickle is data here (see `pickle`), so nothing in the file can run.

use std::collections::BTreeMap;

use super::error::StarterError;
use super::pickle::{Pickle, Value};
use super::weights::{Array, MAX_VALUES, Weights, count};

/// What every such file starts with, as a little-endian integer (`torch.serialization.MAGIC_NUMBER`).
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const VERSION: i64 = 1001;

fn bad(why: impl Into<String>) -> StarterError {
    StarterError::format("PyTorch file", why)
}

/// The weights of a state dict file.
pub(super) fn read(bytes: &[u8]) -> Result<Weights, StarterError> {
    let mut at = 0;
    let mut next = || -> Result<Pickle, StarterError> {
        let (pickle, taken) = Pickle::read(&bytes[at..])?;
        at += taken;
        Ok(pickle)
    };
    if next()?.root() != &Value::Long(MAGIC.to_vec()) || next()?.root() != &Value::Int(VERSION) {
        return Err(bad("it does not start as a state dict does"));
    }
    let _machine = next()?;
    let (dict, keys) = (next()?, next()?);
    let storages = read_storages(&keys, &bytes[at..])?;
    let Value::Dict(pairs) = dict.root() else {
        return Err(bad("it holds no dict"));
    };
    let mut weights = Weights::default();
    for (key, value) in pairs {
        let name = dict.text(*key, "a weight's name")?;
        weights
            .0
            .insert(name.to_owned(), tensor(&dict, *value, name, &storages)?);
    }
    Ok(weights)
}

/// After the pickles: for each key in order a little-endian i64 count, then as many f32.
fn read_storages<'a>(
    keys: &Pickle,
    mut rest: &'a [u8],
) -> Result<BTreeMap<String, &'a [u8]>, StarterError> {
    let mut storages = BTreeMap::new();
    for key in keys.sequence(keys.root(), "the list of storages")? {
        let (head, tail) = rest
            .split_first_chunk::<8>()
            .ok_or_else(|| StarterError::truncated("PyTorch file"))?;
        let n = usize::try_from(i64::from_le_bytes(*head))
            .ok()
            .filter(|n| *n <= MAX_VALUES);
        let n = n.ok_or_else(|| bad("a storage claims an impossible size"))?;
        let (values, tail) = tail
            .split_at_checked(4 * n)
            .ok_or_else(|| StarterError::truncated("PyTorch file"))?;
        storages.insert(keys.text(key, "a storage's key")?.to_owned(), values);
        rest = tail;
    }
    Ok(storages)
}

/// `_rebuild_tensor_v2(storage, offset, size, stride, ...)` of an f32 tensor.
fn tensor(
    dict: &Pickle,
    place: usize,
    name: &str,
    storages: &BTreeMap<String, &[u8]>,
) -> Result<Array, StarterError> {
    let wrong = |why: &str| bad(format!("weight `{name}` {why}"));
    let Value::Call(callee, arguments) = dict.value(place) else {
        return Err(wrong("is no tensor"));
    };
    if dict.value(*callee) != &Value::Global("torch._utils _rebuild_tensor_v2".into()) {
        return Err(wrong("is no plain tensor"));
    }
    let arguments = dict.sequence(dict.value(*arguments), "a tensor's arguments")?;
    let [storage, offset, size, stride, ..] = arguments[..] else {
        return Err(wrong("lacks arguments"));
    };
    let Value::Persistent(id) = dict.value(storage) else {
        return Err(wrong("has no storage"));
    };
    let id = dict.sequence(dict.value(*id), "a storage's reference")?;
    let [_, kind, key, ..] = id[..] else {
        return Err(wrong("has no storage key"));
    };
    if dict.value(kind) != &Value::Global("torch FloatStorage".into()) {
        return Err(wrong("is not f32"));
    }
    let (shape, strides) = (dict.sizes(size, "a size")?, dict.sizes(stride, "a stride")?);
    let n = count(&shape, name)?;
    let storage = storages.get(dict.text(key, "a storage's key")?);
    let storage = storage.ok_or_else(|| wrong("has no storage"))?;
    let values = strided(
        storage,
        dict.size(offset, "an offset")?,
        &shape,
        &strides,
        n,
    );
    let values = values.ok_or_else(|| wrong("reaches past its storage"))?;
    Ok(Array { shape, values })
}

/// The `n` values of a view into a storage, row by row; a view may be transposed. `None` when any of them
/// lies outside.
fn strided(
    storage: &[u8],
    offset: usize,
    shape: &[usize],
    strides: &[usize],
    n: usize,
) -> Option<Vec<f32>> {
    if shape.len() != strides.len() {
        return None;
    }
    let mut values = Vec::with_capacity(n.min(storage.len() / 4));
    let mut index = vec![0usize; shape.len()];
    for _ in 0..n {
        let mut at = offset;
        for (i, stride) in index.iter().zip(strides) {
            at = at.checked_add(i.checked_mul(*stride)?)?;
        }
        let start = at.checked_mul(4)?;
        let bytes = storage.get(start..start.checked_add(4)?)?;
        values.push(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        for (i, side) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *side {
                break;
            }
            *i = 0;
        }
    }
    Some(values)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn contiguous(shape: &[usize]) -> Vec<usize> {
        let mut strides = vec![1; shape.len()];
        for i in (1..shape.len()).rev() {
            strides[i - 1] = strides[i] * shape[i];
        }
        strides
    }

    fn text(out: &mut Vec<u8>, value: &str) {
        out.push(b'X');
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(value.as_bytes());
    }

    fn int(out: &mut Vec<u8>, value: usize) {
        out.push(b'J');
        out.extend((value as u32).to_le_bytes());
    }

    fn ints(out: &mut Vec<u8>, values: &[usize]) {
        out.push(b'(');
        values.iter().for_each(|v| int(out, *v));
        out.push(b't');
    }

    /// A state dict file as PyTorch before 1.6 writes it.
    pub(in crate::starter) fn state_dict(weights: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
        let mut out = vec![0x80, 2, 0x8a, 10];
        out.extend(MAGIC);
        out.extend(b".\x80\x02M\xe9\x03.\x80\x02}.\x80\x02ccollections\nOrderedDict\n)R(");
        for (name, shape, _) in weights {
            text(&mut out, name);
            out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
            text(&mut out, "storage");
            out.extend(b"ctorch\nFloatStorage\n");
            text(&mut out, name);
            text(&mut out, "cpu");
            int(&mut out, shape.iter().product());
            out.extend(b"NtQ");
            int(&mut out, 0);
            ints(&mut out, shape);
            ints(&mut out, &contiguous(shape));
            out.extend(b"\x89tR");
        }
        out.extend(b"u}b.\x80\x02](");
        weights.iter().for_each(|(name, ..)| text(&mut out, name));
        out.extend(b"e.");
        for (_, _, values) in weights {
            out.extend((values.len() as i64).to_le_bytes());
            out.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        }
        out
    }

    #[test]
    fn reads_a_small_state_dict() {
        let bytes = state_dict(&[
            ("conv.weight", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.5]),
            ("conv.bias", &[2], &[-1.0, 0.5]),
        ]);
        let weights = read(&bytes).unwrap();
        assert_eq!(weights.get("conv.weight", &[2, 3]).unwrap().values[5], 6.5);
        assert_eq!(weights.get("conv.bias", &[2]).unwrap().values, [-1.0, 0.5]);
        let error = weights.get("conv.bias", &[3]).unwrap_err().to_string();
        assert!(
            error.contains("conv.bias") && error.contains("[3]"),
            "{error}"
        );
    }

    #[test]
    fn a_transposed_view_is_read_row_by_row() {
        let bytes: Vec<u8> = [9.0f32, 1.0, 2.0, 3.0, 4.0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        assert_eq!(
            strided(&bytes, 1, &[2, 2], &[1, 2], 4).unwrap(),
            [1.0, 3.0, 2.0, 4.0]
        );
        assert_eq!(strided(&bytes, 2, &[2, 2], &[1, 2], 4), None);
        assert_eq!(strided(&bytes, usize::MAX, &[2], &[usize::MAX], 2), None);
    }

    #[test]
    fn every_truncation_is_a_clear_error() {
        let bytes = state_dict(&[("w", &[4], &[1.0; 4])]);
        for n in 0..bytes.len() {
            let error = read(&bytes[..n]).unwrap_err().to_string();
            assert!(error.contains("Fetch the package again"), "{n}: {error}");
        }
    }

    #[test]
    fn huge_claims_are_refused_before_memory_is_taken() {
        let mut bytes = state_dict(&[("w", &[4], &[1.0; 4])]);
        let at = bytes.len() - 24;
        bytes[at..at + 8].copy_from_slice(&i64::MAX.to_le_bytes());
        assert!(
            read(&bytes)
                .unwrap_err()
                .to_string()
                .contains("impossible size")
        );
        let wide = state_dict(&[("w", &[60_000, 60_000], &[1.0; 4])]);
        assert!(
            read(&wide)
                .unwrap_err()
                .to_string()
                .contains("impossible size")
        );
        let past = state_dict(&[("w", &[5], &[1.0; 4])]);
        assert!(
            read(&past)
                .unwrap_err()
                .to_string()
                .contains("past its storage")
        );
    }
}
