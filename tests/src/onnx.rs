//! A tiny network as ONNX, of the same make as a real one: convolution, activation map, global average pool, bias.
//!
//! Its only convolution has one weight a channel, the same at each of 16 × 16 places, so that a logit can be worked out
//! by hand: the mean of each channel times its weight, summed, plus the bias.

use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

/// Places along one side of the convolution, and its stride.
const PATCH: usize = 16;

/// A network of as many outputs as it has biases.
#[derive(Debug, Clone, PartialEq)]
pub struct TinyNetwork {
    /// Side of the square input, in pixels; a multiple of 16.
    pub size: usize,
    /// For each output, the weight of each of the three channels.
    pub weights: Vec<[f32; 3]>,
    /// For each output, what is added.
    pub biases: Vec<f32>,
    /// Name of the output of logits.
    pub logits: String,
    /// Put the activation map before the logits.
    pub map_first: bool,
}

impl TinyNetwork {
    /// A network that says the same of every photograph: its biases.
    pub fn constant(size: usize, biases: &[f32]) -> Self {
        TinyNetwork {
            size,
            weights: vec![[0.0; 3]; biases.len()],
            biases: biases.to_vec(),
            logits: "logits".to_owned(),
            map_first: false,
        }
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_proto().encode_to_vec()
    }

    /// The file before it is encoded.
    pub fn to_proto(&self) -> ModelProto {
        let (outputs, size) = (self.biases.len() as i64, self.size as i64);
        let places = size / PATCH as i64;
        let area = (PATCH * PATCH) as f32;
        let kernel: Vec<f32> =
            self.weights.iter().flatten().flat_map(|weight| vec![weight / area; PATCH * PATCH]).collect();
        let ints = |name: &str, ints: Vec<i64>| AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::Ints.into(),
            ints,
            ..AttributeProto::default()
        };
        let int = |name: &str, i: i64| AttributeProto {
            name: name.to_owned(),
            r#type: AttributeType::Int.into(),
            i,
            ..AttributeProto::default()
        };
        let patch = PATCH as i64;
        let mut output =
            vec![value(&self.logits, &[1, outputs]), value("activation_map", &[1, outputs, places, places])];
        if self.map_first {
            output.reverse();
        }
        let graph = GraphProto {
            name: "tiny".to_owned(),
            node: vec![
                node("Cast", &["head.weight"], "head.weight.f32", vec![int("to", i64::from(DataType::Float as i32))]),
                node(
                    "Conv",
                    &["photograph", "head.weight.f32"],
                    "activation_map",
                    vec![ints("kernel_shape", vec![patch, patch]), ints("strides", vec![patch, patch])],
                ),
                node("GlobalAveragePool", &["activation_map"], "pooled", vec![]),
                node("Flatten", &["pooled"], "flat", vec![int("axis", 1)]),
                node("Add", &["flat", "head.bias"], &self.logits, vec![]),
            ],
            initializer: vec![
                half_tensor("head.weight", &[outputs, 3, patch, patch], &kernel),
                TensorProto {
                    name: "head.bias".to_owned(),
                    dims: vec![1, outputs],
                    data_type: DataType::Float.into(),
                    raw_data: self.biases.iter().flat_map(|bias| bias.to_le_bytes()).collect(),
                    ..TensorProto::default()
                },
            ],
            input: vec![value("photograph", &[1, 3, size, size])],
            output,
            ..GraphProto::default()
        };
        ModelProto {
            ir_version: 8,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
            producer_name: "ocellus-tests".to_owned(),
            graph: Some(graph),
            ..ModelProto::default()
        }
    }
}

fn node(op: &str, input: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: op.to_owned(),
        name: format!("{op}.{output}"),
        input: input.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

fn value(name: &str, shape: &[i64]) -> ValueInfoProto {
    let dim = |&size: &i64| Dimension { value: Some(dimension::Value::DimValue(size)), ..Dimension::default() };
    let tensor = type_proto::Tensor {
        elem_type: DataType::Float.into(),
        shape: Some(TensorShapeProto { dim: shape.iter().map(dim).collect() }),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

/// Weights of 16 bits, as real bundles hold them.
fn half_tensor(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float16.into(),
        raw_data: values.iter().flat_map(|&value| half::f16::from_f32(value).to_le_bytes()).collect(),
        ..TensorProto::default()
    }
}
