//! The built-in engine: rten, pure Rust, nothing to install.
//! Each network keeps a pool of its own so that parallel cameras do not share threads.

use std::sync::Arc;

use rten::{Dimension, Model, RunOptions, ThreadPool, Value, ValueView};
use rten_tensor::TensorView;
use rten_tensor::prelude::*;

use super::{Engine, EngineError, NamedTensor, Network, Tensor};

const NAME: &str = "rten 0.27";

/// The pure-Rust backend.
pub(super) struct RtenEngine;

impl Engine for RtenEngine {
    fn name(&self) -> String {
        NAME.into()
    }

    fn load(&self, bytes: &[u8], threads: usize) -> Result<Box<dyn Network>, EngineError> {
        let load_error = |cause: String| EngineError::Load {
            engine: NAME.into(),
            cause,
        };
        let model = Model::load(bytes.to_vec()).map_err(|e| load_error(e.to_string()))?;
        if model.input_ids().is_empty() || model.output_ids().is_empty() {
            return Err(load_error("it has no input or no output".into()));
        }
        let pool = Arc::new(ThreadPool::with_num_threads(threads.max(1)));
        let options = RunOptions::default().with_thread_pool(Some(pool));
        Ok(Box::new(RtenNetwork { model, options }))
    }
}

struct RtenNetwork {
    model: Model,
    options: RunOptions,
}

impl Network for RtenNetwork {
    fn input_shape(&self) -> Vec<Option<usize>> {
        let sides = self.model.input_shape(0).unwrap_or_default();
        let known = |side| match side {
            Dimension::Fixed(n) => Some(n),
            Dimension::Symbolic(_) => None,
        };
        sides.into_iter().map(known).collect()
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<NamedTensor>, EngineError> {
        let failed = |cause: String| EngineError::Run {
            engine: NAME.into(),
            cause,
        };
        let mut values = Vec::with_capacity(inputs.len());
        for (id, input) in self.model.input_ids().iter().zip(inputs) {
            let view = TensorView::try_from_data(input.shape.as_slice(), input.values.as_slice())
                .map_err(|e| failed(format!("{e:?}")))?;
            values.push((*id, ValueView::from(view).into()));
        }
        let ids = self.model.output_ids().to_vec();
        let results = self
            .model
            .run(values, &ids, Some(self.options.clone()))
            .map_err(|e| failed(e.to_string()))?;
        let name = |id| {
            self.model
                .node_info(id)
                .and_then(|n| n.name())
                .unwrap_or("")
                .to_owned()
        };
        let named = ids.into_iter().zip(results).map(|(id, value)| {
            let Value::FloatTensor(tensor) = value else {
                return Err(failed(format!("the output `{}` is not f32", name(id))));
            };
            let tensor = Tensor {
                shape: tensor.shape().to_vec(),
                values: tensor.into_data(),
            };
            Ok(NamedTensor {
                name: name(id),
                tensor,
            })
        });
        named.collect()
    }
}
