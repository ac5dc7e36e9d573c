//! Writes small ONNX models: a graph builder over a minimal protobuf encoder.
//! It serves the stub models of the tests and the starter pack's converters. It only writes; reading
//! a model is the engine's work. The same calls always give the same bytes, so results can be pinned.

/// The operator set every model here declares; all helpers below follow its rules.
const OPSET: u64 = 13;
const IR_VERSION: u64 = 8;
const FLOAT: u64 = 1;
const INT64: u64 = 7;

/// A value of the graph: an input, a weight or the output of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(String);

/// One side of an input's or output's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// A side that never changes.
    Fixed(i64),
    /// A side that is known only when the model runs, such as the batch.
    Named(&'static str),
}

/// An attribute of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// One integer.
    Int(i64),
    /// A list of integers.
    Ints(Vec<i64>),
    /// One float.
    Float(f32),
    /// A word, such as an `auto_pad` mode.
    Text(&'static str),
}

/// How a convolution or a pool moves over its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Kernel height and width. Pools need it; a convolution must repeat its weights' sides.
    pub kernel: [i64; 2],
    /// Vertical and horizontal step.
    pub stride: [i64; 2],
    /// Padding in ONNX order: top, left, bottom, right.
    pub pads: [i64; 4],
    /// Groups of a convolution (1 = dense; channels = depthwise). Pools ignore it.
    pub groups: i64,
    /// Pools only: round the output size up instead of down.
    pub ceil: bool,
}

impl Window {
    /// A square kernel with one stride, no padding, one group, rounding down.
    pub fn square(kernel: i64, stride: i64) -> Self {
        Window {
            kernel: [kernel; 2],
            stride: [stride; 2],
            pads: [0; 4],
            groups: 1,
            ceil: false,
        }
    }

    /// The same window with `pad` pixels on every side.
    pub fn padded(self, pad: i64) -> Self {
        Window {
            pads: [pad; 4],
            ..self
        }
    }

    /// The same window with `groups` groups.
    pub fn grouped(self, groups: i64) -> Self {
        Window { groups, ..self }
    }

    /// The same window, rounding a pool's output size up.
    pub fn rounded_up(self) -> Self {
        Window { ceil: true, ..self }
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        vec![
            ("kernel_shape", Attribute::Ints(self.kernel.to_vec())),
            ("strides", Attribute::Ints(self.stride.to_vec())),
            ("pads", Attribute::Ints(self.pads.to_vec())),
        ]
    }
}

/// A model under construction.
#[derive(Debug, Default)]
pub struct Graph {
    name: String,
    nodes: Vec<Message>,
    initializers: Vec<Message>,
    inputs: Vec<Message>,
    outputs: Vec<Message>,
    next: usize,
}

impl Graph {
    /// An empty graph called `name`.
    pub fn new(name: &str) -> Self {
        Graph {
            name: name.to_owned(),
            ..Graph::default()
        }
    }

    fn fresh(&mut self, stem: &str) -> Value {
        self.next += 1;
        Value(format!("{stem}_{}", self.next))
    }

    /// Declares an f32 input.
    pub fn input(&mut self, name: &str, shape: &[Dim]) -> Value {
        self.inputs.push(value_info(name, shape));
        Value(name.to_owned())
    }

    /// Declares `value` as the f32 output `name`.
    pub fn output(&mut self, name: &str, value: &Value, shape: &[Dim]) {
        self.emit("Identity", &[value], &[], Value(name.to_owned()));
        self.outputs.push(value_info(name, shape));
    }

    /// Adds f32 weights; `values` are row-major and as many as the product of `shape`.
    pub fn weights(&mut self, shape: &[i64], values: &[f32]) -> Value {
        debug_assert_eq!(shape.iter().product::<i64>(), values.len() as i64);
        let raw = values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>();
        self.tensor(FLOAT, shape, &raw)
    }

    /// Adds a one-dimensional i64 tensor: shapes, pads, axes.
    pub fn integers(&mut self, values: &[i64]) -> Value {
        let raw = values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>();
        self.tensor(INT64, &[values.len() as i64], &raw)
    }

    fn tensor(&mut self, kind: u64, shape: &[i64], raw: &[u8]) -> Value {
        let value = self.fresh("w");
        let mut tensor = Message::default();
        for side in shape {
            tensor.int(1, *side);
        }
        tensor.uint(2, kind);
        tensor.text(8, &value.0);
        tensor.bytes(9, raw);
        self.initializers.push(tensor);
        value
    }

    /// Adds a node with any operator; the helpers below cover the usual ones.
    pub fn node(
        &mut self,
        op: &'static str,
        inputs: &[&Value],
        attributes: &[(&'static str, Attribute)],
    ) -> Value {
        let out = self.fresh(op);
        self.emit(op, inputs, attributes, out)
    }

    fn emit(
        &mut self,
        op: &str,
        inputs: &[&Value],
        attributes: &[(&'static str, Attribute)],
        out: Value,
    ) -> Value {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, &input.0);
        }
        node.text(2, &out.0);
        node.text(3, &format!("n_{}", out.0));
        node.text(4, op);
        for (name, value) in attributes {
            node.message(5, &attribute(name, value));
        }
        self.nodes.push(node);
        out
    }

    /// Convolution: `x` N,C,H,W; `weights` O,C/groups,KH,KW; `bias` O.
    /// Dilations are always written: one of our engines needs them present.
    pub fn conv(
        &mut self,
        x: &Value,
        weights: &Value,
        bias: Option<&Value>,
        window: Window,
    ) -> Value {
        let mut attributes = window.attributes();
        attributes.push(("dilations", Attribute::Ints(vec![1, 1])));
        attributes.push(("group", Attribute::Int(window.groups)));
        let mut inputs = vec![x, weights];
        inputs.extend(bias);
        self.node("Conv", &inputs, &attributes)
    }

    /// max(x, 0).
    pub fn relu(&mut self, x: &Value) -> Value {
        self.node("Relu", &[x], &[])
    }

    /// x where positive, slope * x elsewhere. For N,C,H,W give `slope` the shape C,1,1.
    pub fn prelu(&mut self, x: &Value, slope: &Value) -> Value {
        self.node("PRelu", &[x, slope], &[])
    }

    /// Largest value of each window.
    pub fn max_pool(&mut self, x: &Value, window: Window) -> Value {
        let mut attributes = window.attributes();
        attributes.push(("ceil_mode", Attribute::Int(i64::from(window.ceil))));
        self.node("MaxPool", &[x], &attributes)
    }

    /// Mean of each window; padding does not count towards the mean.
    pub fn average_pool(&mut self, x: &Value, window: Window) -> Value {
        let mut attributes = window.attributes();
        attributes.push(("ceil_mode", Attribute::Int(i64::from(window.ceil))));
        attributes.push(("count_include_pad", Attribute::Int(0)));
        self.node("AveragePool", &[x], &attributes)
    }

    /// N,C,H,W -> N,C,1,1.
    pub fn global_average_pool(&mut self, x: &Value) -> Value {
        self.node("GlobalAveragePool", &[x], &[])
    }

    /// x * weights + bias with `weights` stored as out,in (`transposed` true) or in,out (false).
    pub fn gemm(&mut self, x: &Value, weights: &Value, bias: &Value, transposed: bool) -> Value {
        self.node(
            "Gemm",
            &[x, weights, bias],
            &[("transB", Attribute::Int(i64::from(transposed)))],
        )
    }

    /// Matrix product.
    pub fn matmul(&mut self, a: &Value, b: &Value) -> Value {
        self.node("MatMul", &[a, b], &[])
    }

    /// Sum with broadcasting.
    pub fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Add", &[a, b], &[])
    }

    /// Difference with broadcasting.
    pub fn sub(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Sub", &[a, b], &[])
    }

    /// Product with broadcasting.
    pub fn mul(&mut self, a: &Value, b: &Value) -> Value {
        self.node("Mul", &[a, b], &[])
    }

    /// Pads with zeros; `pads` holds all the begins, then all the ends, one per axis.
    pub fn pad(&mut self, x: &Value, pads: &[i64]) -> Value {
        let pads = self.integers(pads);
        self.node("Pad", &[x, &pads], &[("mode", Attribute::Text("constant"))])
    }

    /// New shape; 0 keeps a side, -1 is worked out.
    pub fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        let shape = self.integers(shape);
        self.node("Reshape", &[x, &shape], &[])
    }

    /// N,... -> N,rest.
    pub fn flatten(&mut self, x: &Value) -> Value {
        self.node("Flatten", &[x], &[("axis", Attribute::Int(1))])
    }

    /// Reorders the axes.
    pub fn transpose(&mut self, x: &Value, order: &[i64]) -> Value {
        self.node(
            "Transpose",
            &[x],
            &[("perm", Attribute::Ints(order.to_vec()))],
        )
    }

    /// Softmax along `axis`.
    pub fn softmax(&mut self, x: &Value, axis: i64) -> Value {
        self.node("Softmax", &[x], &[("axis", Attribute::Int(axis))])
    }

    /// Joins values along `axis`.
    pub fn concat(&mut self, values: &[&Value], axis: i64) -> Value {
        self.node("Concat", values, &[("axis", Attribute::Int(axis))])
    }

    /// The finished model as a file's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut graph = Message::default();
        for node in &self.nodes {
            graph.message(1, node);
        }
        graph.text(2, &self.name);
        for (field, parts) in [
            (5, &self.initializers),
            (11, &self.inputs),
            (12, &self.outputs),
        ] {
            for part in parts {
                graph.message(field, part);
            }
        }
        let mut opset = Message::default();
        opset.text(1, "");
        opset.uint(2, OPSET);
        let mut model = Message::default();
        model.uint(1, IR_VERSION);
        model.text(2, "tapal");
        model.message(7, &graph);
        model.message(8, &opset);
        model.0
    }
}

fn attribute(name: &str, value: &Attribute) -> Message {
    let mut out = Message::default();
    out.text(1, name);
    let kind = match value {
        Attribute::Float(v) => {
            out.float(2, *v);
            1
        }
        Attribute::Int(v) => {
            out.int(3, *v);
            2
        }
        Attribute::Text(v) => {
            out.text(4, v);
            3
        }
        Attribute::Ints(list) => {
            for v in list {
                out.int(8, *v);
            }
            7
        }
    };
    out.uint(20, kind);
    out
}

fn value_info(name: &str, shape: &[Dim]) -> Message {
    let mut sides = Message::default();
    for dim in shape {
        let mut side = Message::default();
        match dim {
            Dim::Fixed(v) => side.int(1, *v),
            Dim::Named(v) => side.text(2, v),
        }
        sides.message(1, &side);
    }
    let mut tensor = Message::default();
    tensor.uint(1, FLOAT);
    tensor.message(2, &sides);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut out = Message::default();
    out.text(1, name);
    out.message(2, &kind);
    out
}

/// A protobuf message being written: fields in the order of the calls.
#[derive(Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut v: u64) {
        while v >= 0x80 {
            self.0.push((v as u8 & 0x7f) | 0x80);
            v >>= 7;
        }
        self.0.push(v as u8);
    }

    fn uint(&mut self, field: u64, v: u64) {
        self.varint(field << 3);
        self.varint(v);
    }

    fn int(&mut self, field: u64, v: i64) {
        self.uint(field, v as u64);
    }

    fn float(&mut self, field: u64, v: f32) {
        self.varint(field << 3 | 5);
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    fn bytes(&mut self, field: u64, v: &[u8]) {
        self.varint(field << 3 | 2);
        self.varint(v.len() as u64);
        self.0.extend_from_slice(v);
    }

    fn text(&mut self, field: u64, v: &str) {
        self.bytes(field, v.as_bytes());
    }

    fn message(&mut self, field: u64, v: &Message) {
        self.bytes(field, &v.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_calls_give_the_same_bytes() {
        let build = || {
            let mut g = Graph::new("t");
            let x = g.input("x", &[Dim::Named("n"), Dim::Fixed(3)]);
            let w = g.weights(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 0.5, -0.5]);
            let y = g.matmul(&x, &w);
            g.output("y", &y, &[Dim::Named("n"), Dim::Fixed(2)]);
            g.into_bytes()
        };
        assert_eq!(build(), build());
    }

    #[test]
    fn varints_follow_protobuf() {
        let mut m = Message::default();
        m.int(1, 300);
        m.int(1, -1);
        assert_eq!(m.0[..3], [0x08, 0xac, 0x02]);
        assert_eq!(m.0.len(), 3 + 1 + 10);
    }
}
