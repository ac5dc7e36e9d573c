//! A template: the numbers a recogniser makes of one face.
//! It never prints its values and wipes them when dropped.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize;

/// One face as a unit vector, tied to the model that made it.
#[derive(Clone, PartialEq)]
pub struct Template {
    /// The recogniser's stable id, such as `edgeface-xs@e48d35ab`. Templates of two models must not be compared.
    pub model_id: Arc<str>,
    /// L2-normalised values.
    pub values: Vec<f32>,
}

impl Template {
    /// Normalises `values`; `None` when they are empty, not finite or all zero.
    pub fn new(model_id: Arc<str>, mut values: Vec<f32>) -> Option<Self> {
        let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
        if !norm.is_finite() || norm <= f32::EPSILON {
            values.zeroize();
            return None;
        }
        for v in &mut values {
            *v /= norm;
        }
        Some(Template { model_id, values })
    }

    /// The mean direction of several templates of one person; `None` when they are of two models,
    /// of different lengths, or none at all.
    pub fn mean(templates: &[&Template]) -> Option<Self> {
        let first = templates.first()?;
        let mut sum = vec![0.0f32; first.values.len()];
        for t in templates {
            if t.model_id != first.model_id || t.values.len() != sum.len() {
                return None;
            }
            for (s, v) in sum.iter_mut().zip(&t.values) {
                *s += v;
            }
        }
        Template::new(first.model_id.clone(), sum)
    }

    /// Cosine similarity, -1 to 1; `None` across models.
    pub fn cosine(&self, other: &Template) -> Option<f32> {
        let same = self.model_id == other.model_id && self.values.len() == other.values.len();
        same.then(|| {
            self.values
                .iter()
                .zip(&other.values)
                .map(|(a, b)| a * b)
                .sum()
        })
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        self.values.zeroize();
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Template({}, {} values)",
            self.model_id,
            self.values.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(model: &str, values: &[f32]) -> Template {
        Template::new(model.into(), values.to_vec()).unwrap()
    }

    #[test]
    fn normalises_and_refuses_nothing() {
        assert_eq!(template("m", &[3.0, 4.0]).values, [0.6, 0.8]);
        for bad in [
            &[][..],
            &[0.0, 0.0],
            &[f32::NAN, 1.0],
            &[f32::INFINITY, 1.0],
        ] {
            assert!(Template::new("m".into(), bad.to_vec()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn two_models_do_not_compare() {
        let (a, b) = (template("a", &[1.0, 0.0]), template("b", &[1.0, 0.0]));
        assert_eq!(a.cosine(&b), None);
        assert!(Template::mean(&[&a, &b]).is_none());
        assert_eq!(a.cosine(&a), Some(1.0));
    }

    #[test]
    fn debug_shows_no_values() {
        assert_eq!(
            format!("{:?}", template("m", &[1.0, 0.5])),
            "Template(m, 2 values)"
        );
    }
}
