//! The three MTCNN networks (Zhang et al. 2016, as facenet-pytorch holds them) as ONNX.
//! Input N,3,H,W RGB as (v - 127.5) / 128. Every pool pads its far side by one, which for these sizes is the
//! same as rounding up and needs no `ceil_mode` from the engine.

use super::error::StarterError;
use super::weights::Weights;
use crate::onnx::{Dim, Graph, Value, Window};

/// One network under construction with the weights it takes.
struct Net<'a> {
    graph: Graph,
    weights: &'a Weights,
}

impl Net<'_> {
    /// Convolution without padding, then PReLU unless `name` is a head.
    fn conv(&mut self, x: &Value, layer: &str, sides: [usize; 3]) -> Result<Value, StarterError> {
        let [inputs, outputs, kernel] = sides;
        let weight = self.weights.get(
            &format!("conv{layer}.weight"),
            &[outputs, inputs, kernel, kernel],
        )?;
        let bias = self.weights.get(&format!("conv{layer}.bias"), &[outputs])?;
        let weight = self.graph.weights(&weight.sides(), &weight.values);
        let bias = self.graph.weights(&bias.sides(), &bias.values);
        Ok(self
            .graph
            .conv(x, &weight, Some(&bias), Window::square(kernel as i64, 1)))
    }

    fn prelu(
        &mut self,
        x: &Value,
        layer: &str,
        channels: usize,
        flat: bool,
    ) -> Result<Value, StarterError> {
        let slope = self
            .weights
            .get(&format!("prelu{layer}.weight"), &[channels])?;
        let channels = channels as i64;
        let shape = if flat {
            vec![channels]
        } else {
            vec![channels, 1, 1]
        };
        let slope = self.graph.weights(&shape, &slope.values);
        Ok(self.graph.prelu(x, &slope))
    }

    fn conv_prelu(
        &mut self,
        x: &Value,
        layer: &str,
        sides: [usize; 3],
    ) -> Result<Value, StarterError> {
        let x = self.conv(x, layer, sides)?;
        self.prelu(&x, layer, sides[1], false)
    }

    fn pool(&mut self, x: &Value, kernel: i64) -> Value {
        let window = Window {
            pads: [0, 0, 1, 1],
            ..Window::square(kernel, 2)
        };
        self.graph.max_pool(x, window)
    }

    fn dense(&mut self, x: &Value, layer: &str, sides: [usize; 2]) -> Result<Value, StarterError> {
        let [inputs, outputs] = sides;
        let weight = self
            .weights
            .get(&format!("dense{layer}.weight"), &[outputs, inputs])?;
        let bias = self
            .weights
            .get(&format!("dense{layer}.bias"), &[outputs])?;
        let weight = self.graph.weights(&weight.sides(), &weight.values);
        let bias = self.graph.weights(&bias.sides(), &bias.values);
        Ok(self.graph.gemm(x, &weight, &bias, true))
    }

    /// Channels last and columns before rows: the order in which these dense layers were trained.
    fn flatten(&mut self, x: &Value) -> Value {
        let x = self.graph.transpose(x, &[0, 3, 2, 1]);
        self.graph.flatten(&x)
    }

    fn output(&mut self, name: &str, x: &Value, values: i64) {
        self.graph
            .output(name, x, &[Dim::Named("n"), Dim::Fixed(values)]);
    }
}

fn start<'a>(name: &str, weights: &'a Weights, side: Option<i64>) -> (Net<'a>, Value) {
    let mut graph = Graph::new(name);
    let [h, w] = side.map_or([Dim::Named("h"), Dim::Named("w")], |s| {
        [Dim::Fixed(s), Dim::Fixed(s)]
    });
    let x = graph.input("x", &[Dim::Named("n"), Dim::Fixed(3), h, w]);
    (Net { graph, weights }, x)
}

/// Proposal network: any size from 12 up; `reg` N,4,h,w and `prob` N,2,h,w, one cell per 2 pixels.
pub(super) fn proposal(weights: &Weights) -> Result<Vec<u8>, StarterError> {
    let (mut net, x) = start("pnet", weights, None);
    let x = net.conv_prelu(&x, "1", [3, 10, 3])?;
    let x = net.pool(&x, 2);
    let x = net.conv_prelu(&x, "2", [10, 16, 3])?;
    let x = net.conv_prelu(&x, "3", [16, 32, 3])?;
    let score = net.conv(&x, "4_1", [32, 2, 1])?;
    let score = net.graph.softmax(&score, 1);
    let shift = net.conv(&x, "4_2", [32, 4, 1])?;
    for (name, value, channels) in [("reg", shift, 4), ("prob", score, 2)] {
        let shape = [
            Dim::Named("n"),
            Dim::Fixed(channels),
            Dim::Named("cells_down"),
            Dim::Named("cells_across"),
        ];
        net.graph.output(name, &value, &shape);
    }
    Ok(net.graph.into_bytes())
}

/// Refinement network: N,3,24,24; `reg` N,4 and `prob` N,2.
pub(super) fn refinement(weights: &Weights) -> Result<Vec<u8>, StarterError> {
    let (mut net, x) = start("rnet", weights, Some(24));
    let x = net.conv_prelu(&x, "1", [3, 28, 3])?;
    let x = net.pool(&x, 3);
    let x = net.conv_prelu(&x, "2", [28, 48, 3])?;
    let x = net.pool(&x, 3);
    let x = net.conv_prelu(&x, "3", [48, 64, 2])?;
    let x = net.flatten(&x);
    let x = net.dense(&x, "4", [576, 128])?;
    let x = net.prelu(&x, "4", 128, true)?;
    let score = net.dense(&x, "5_1", [128, 2])?;
    let score = net.graph.softmax(&score, 1);
    let shift = net.dense(&x, "5_2", [128, 4])?;
    net.output("reg", &shift, 4);
    net.output("prob", &score, 2);
    Ok(net.graph.into_bytes())
}

/// Output network: N,3,48,48; `reg` N,4, `prob` N,2 and `points` N,10 (five x, then five y).
pub(super) fn landmarks(weights: &Weights) -> Result<Vec<u8>, StarterError> {
    let (mut net, x) = start("onet", weights, Some(48));
    let x = net.conv_prelu(&x, "1", [3, 32, 3])?;
    let x = net.pool(&x, 3);
    let x = net.conv_prelu(&x, "2", [32, 64, 3])?;
    let x = net.pool(&x, 3);
    let x = net.conv_prelu(&x, "3", [64, 64, 3])?;
    let x = net.pool(&x, 2);
    let x = net.conv_prelu(&x, "4", [64, 128, 2])?;
    let x = net.flatten(&x);
    let x = net.dense(&x, "5", [1152, 256])?;
    let x = net.prelu(&x, "5", 256, true)?;
    let score = net.dense(&x, "6_1", [256, 2])?;
    let score = net.graph.softmax(&score, 1);
    let shift = net.dense(&x, "6_2", [256, 4])?;
    let points = net.dense(&x, "6_3", [256, 10])?;
    net.output("reg", &shift, 4);
    net.output("prob", &score, 2);
    net.output("points", &points, 10);
    Ok(net.graph.into_bytes())
}
