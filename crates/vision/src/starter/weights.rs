//! Named weight arrays as every reader gives them and every network takes them.
//! It checks shapes, so that a wrong file is an error here and not a wrong model later.

use std::collections::BTreeMap;

use super::error::StarterError;

/// More values than any network of this pack holds; readers refuse files that claim more.
pub(super) const MAX_VALUES: usize = 8 << 20;

/// A row-major f32 array.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl Array {
    /// Sides as the ONNX writer takes them.
    pub(super) fn sides(&self) -> Vec<i64> {
        self.shape.iter().map(|v| *v as i64).collect()
    }

    /// Convolution filters from height, width, in, out to out, in, height, width.
    pub(super) fn hwio_to_oihw(&self) -> Self {
        let [h, w, i, o] = [0, 1, 2, 3].map(|k| self.shape.get(k).copied().unwrap_or(1));
        let mut values = Vec::with_capacity(self.values.len());
        for out in 0..o {
            for inp in 0..i {
                for y in 0..h {
                    for x in 0..w {
                        values.push(self.values[((y * w + x) * i + inp) * o + out]);
                    }
                }
            }
        }
        Array {
            shape: vec![o, i, h, w],
            values,
        }
    }
}

/// Product of sides, or an error when it overflows or passes [`MAX_VALUES`].
pub(super) fn count(shape: &[usize], name: &str) -> Result<usize, StarterError> {
    let product = shape
        .iter()
        .try_fold(1usize, |n, side| n.checked_mul(*side));
    product.filter(|n| *n <= MAX_VALUES).ok_or_else(|| {
        StarterError::format(format!("weight `{name}`"), "it claims an impossible size")
    })
}

/// The weights of one network by name.
#[derive(Debug, Default)]
pub(super) struct Weights(pub(super) BTreeMap<String, Array>);

impl Weights {
    /// The array `name`, which must have `shape`.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<&Array, StarterError> {
        let what = || format!("weight `{name}`");
        let array = self
            .0
            .get(name)
            .ok_or_else(|| StarterError::format(what(), "it is missing"))?;
        if array.shape != shape {
            let why = format!("it has shape {:?}, not {shape:?}", array.shape);
            return Err(StarterError::format(what(), why));
        }
        Ok(array)
    }
}
