//! Reads TensorFlow.js weights: a JSON manifest and one binary file, uint8 with a scale and a minimum per tensor.
//! Only the forms that face-api's files use are read.

use serde::Deserialize;

use super::error::StarterError;
use super::weights::{Array, Weights, count};

#[derive(Deserialize)]
struct Group {
    weights: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<Quantization>,
}

#[derive(Deserialize)]
struct Quantization {
    dtype: String,
    scale: f64,
    min: f64,
}

fn bad(why: impl Into<String>) -> StarterError {
    StarterError::format("TensorFlow.js weights", why)
}

/// The weights that `manifest` lays over `data`, all as f32.
pub(super) fn read(manifest: &[u8], data: &[u8]) -> Result<Weights, StarterError> {
    let groups: Vec<Group> = serde_json::from_slice(manifest)
        .map_err(|e| bad(format!("the manifest is not valid: {e}")))?;
    let mut weights = Weights::default();
    let mut rest = data;
    for entry in groups.into_iter().flat_map(|g| g.weights) {
        let n = count(&entry.shape, &entry.name)?;
        let quantised = matches!(&entry.quantization, Some(q) if q.dtype == "uint8");
        if entry.dtype != "float32" || (entry.quantization.is_some() && !quantised) {
            return Err(bad(format!(
                "weight `{}` has a type that is not read here",
                entry.name
            )));
        }
        let size = if quantised { n } else { 4 * n };
        let (part, tail) = rest
            .split_at_checked(size)
            .ok_or_else(|| StarterError::truncated("TensorFlow.js weights"))?;
        rest = tail;
        let values = match &entry.quantization {
            // f32 arithmetic, as TensorFlow.js restores them.
            Some(q) => part
                .iter()
                .map(|b| f32::from(*b) * q.scale as f32 + q.min as f32)
                .collect(),
            None => part
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
        };
        weights.0.insert(
            entry.name,
            Array {
                shape: entry.shape,
                values,
            },
        );
    }
    if !rest.is_empty() {
        return Err(bad(format!("{} bytes are left over", rest.len())));
    }
    Ok(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"[{"weights":[
        {"name":"a","shape":[1,1,2,2],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.5,"min":-1.0}},
        {"name":"b","shape":[1],"dtype":"float32"}],"paths":["x.bin"]}]"#;

    #[test]
    fn reads_quantised_and_plain_weights() {
        let mut data = vec![0, 1, 2, 255];
        data.extend(2.5f32.to_le_bytes());
        let weights = read(MANIFEST.as_bytes(), &data).unwrap();
        let a = weights.get("a", &[1, 1, 2, 2]).unwrap();
        assert_eq!(a.values, [-1.0, -0.5, 0.0, 126.5]);
        let turned = a.hwio_to_oihw();
        assert_eq!(
            (turned.shape, turned.values),
            (vec![2, 2, 1, 1], vec![-1.0, 0.0, -0.5, 126.5])
        );
        assert_eq!(weights.get("b", &[1]).unwrap().values, [2.5]);
        assert!(
            weights
                .get("c", &[1])
                .unwrap_err()
                .to_string()
                .contains("missing")
        );
    }

    #[test]
    fn wrong_lengths_and_sizes_are_clear_errors() {
        for (manifest, data, words) in [
            (MANIFEST.to_owned(), vec![0; 7], "ends too early"),
            (MANIFEST.to_owned(), vec![0; 9], "left over"),
            (MANIFEST[..40].to_owned(), vec![0; 8], "not valid"),
            (
                MANIFEST.replace("[1,1,2,2]", "[4294967296,4294967296]"),
                vec![0; 8],
                "impossible size",
            ),
            (
                MANIFEST.replace("\"uint8\"", "\"uint16\""),
                vec![0; 8],
                "not read here",
            ),
        ] {
            let error = read(manifest.as_bytes(), &data).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
