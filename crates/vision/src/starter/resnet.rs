//! The 128-d recognition network of face-api (dlib's ResNet, 29 convolutions) as ONNX.
//! Input N,3,150,150 RGB, (v - (122.782, 117.001, 104.298)) / 256, aligned as the
//! pack's card says; output `embedding` N,128.

use super::error::StarterError;
use super::weights::Weights;
use crate::onnx::{Dim, Graph, Value, Window};

/// Pixels a side of the aligned face.
pub(super) const SIDE: u32 = 150;
/// Length of a template.
pub(super) const DIMENSION: usize = 128;
struct Net<'a> {
    graph: Graph,
    weights: &'a Weights,
}

impl Net<'_> {
    /// One convolution with its per-channel scale and shift folded in (f64, rounded once).
    fn conv(
        &mut self,
        x: &Value,
        name: &str,
        sides: [usize; 3],
        window: Window,
    ) -> Result<Value, StarterError> {
        let [inputs, outputs, kernel] = sides;
        let part = |tail: &str| format!("{name}/{tail}");
        let filters = self
            .weights
            .get(&part("conv/filters"), &[kernel, kernel, inputs, outputs])?
            .hwio_to_oihw();
        let bias = &self.weights.get(&part("conv/bias"), &[outputs])?.values;
        let scale = &self.weights.get(&part("scale/weights"), &[outputs])?.values;
        let shift = &self.weights.get(&part("scale/biases"), &[outputs])?.values;
        let each = kernel * kernel * inputs;
        let mut folded = Vec::with_capacity(filters.values.len());
        for (filter, scale) in filters.values.chunks_exact(each).zip(scale) {
            folded.extend(
                filter
                    .iter()
                    .map(|v| (f64::from(*v) * f64::from(*scale)) as f32),
            );
        }
        let bias = bias.iter().zip(scale).zip(shift);
        let bias = bias
            .map(|((b, s), t)| (f64::from(*b) * f64::from(*s) + f64::from(*t)) as f32)
            .collect::<Vec<_>>();
        let weights = self.graph.weights(&filters.sides(), &folded);
        let bias = self.graph.weights(&[outputs as i64], &bias);
        Ok(self.graph.conv(x, &weights, Some(&bias), window))
    }

    /// Two 3x3 convolutions with a skip path.
    fn block(&mut self, x: &Value, name: &str, channels: usize) -> Result<Value, StarterError> {
        let window = Window::square(3, 1).padded(1);
        let y = self.conv(x, &format!("{name}/conv1"), [channels, channels, 3], window)?;
        let y = self.graph.relu(&y);
        let y = self.conv(
            &y,
            &format!("{name}/conv2"),
            [channels, channels, 3],
            window,
        )?;
        let y = self.graph.add(&y, x);
        Ok(self.graph.relu(&y))
    }

    /// Halves the sides. The strided convolution has no padding and may come out one smaller than the
    /// pooled skip path; the smaller is padded with zeros below and right, missing channels with zeros.
    fn down(
        &mut self,
        x: &Value,
        name: &str,
        [inputs, outputs]: [usize; 2],
        side: i64,
    ) -> Result<Value, StarterError> {
        let y = self.conv(
            x,
            &format!("{name}/conv1"),
            [inputs, outputs, 3],
            Window::square(3, 2),
        )?;
        let y = self.graph.relu(&y);
        let mut y = self.conv(
            &y,
            &format!("{name}/conv2"),
            [outputs, outputs, 3],
            Window::square(3, 1).padded(1),
        )?;
        let mut skip = self.graph.average_pool(x, Window::square(2, 2));
        let missing = side / 2 - ((side - 3) / 2 + 1);
        if inputs < outputs {
            skip = self
                .graph
                .pad(&skip, &[0, 0, 0, 0, 0, (outputs - inputs) as i64, 0, 0]);
        }
        if missing > 0 {
            y = self.graph.pad(&y, &[0, 0, 0, 0, 0, 0, missing, missing]);
        }
        let y = self.graph.add(&y, &skip);
        Ok(self.graph.relu(&y))
    }
}

/// The whole network from face-api's weights.
pub(super) fn recogniser(weights: &Weights) -> Result<Vec<u8>, StarterError> {
    let mut graph = Graph::new("face-api-resnet");
    let side = i64::from(SIDE);
    let x = graph.input(
        "x",
        &[
            Dim::Named("n"),
            Dim::Fixed(3),
            Dim::Fixed(side),
            Dim::Fixed(side),
        ],
    );
    let mut net = Net { graph, weights };
    let x = net.conv(&x, "conv32_down", [3, 32, 7], Window::square(7, 2))?;
    let x = net.graph.relu(&x);
    let mut x = net.graph.max_pool(&x, Window::square(3, 2));
    for name in ["conv32_1", "conv32_2", "conv32_3"] {
        x = net.block(&x, name, 32)?;
    }
    let stages: [(&str, [usize; 2], i64, &[&str]); 4] = [
        (
            "conv64_down",
            [32, 64],
            35,
            &["conv64_1", "conv64_2", "conv64_3"],
        ),
        ("conv128_down", [64, 128], 17, &["conv128_1", "conv128_2"]),
        ("conv256_down", [128, 256], 8, &["conv256_1", "conv256_2"]),
        ("conv256_down_out", [256, 256], 4, &[]),
    ];
    for (name, channels, side, blocks) in stages {
        x = net.down(&x, name, channels, side)?;
        for block in blocks {
            x = net.block(&x, block, channels[1])?;
        }
    }
    let x = net.graph.global_average_pool(&x);
    let x = net.graph.flatten(&x);
    let last = weights.get("fc", &[256, DIMENSION])?;
    let last = net.graph.weights(&last.sides(), &last.values);
    let x = net.graph.matmul(&x, &last);
    net.graph.output(
        "embedding",
        &x,
        &[Dim::Named("n"), Dim::Fixed(DIMENSION as i64)],
    );
    Ok(net.graph.into_bytes())
}
