//! The network that a narrow one is measured beside: VGG-16's thirteen convolutions, mean, linear head, in f32.

use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

/// Channels of each block's convolutions.
const BLOCKS: [&[i64]; 5] = [&[64; 2], &[128; 2], &[256; 3], &[512; 3], &[512; 3]];

/// The network as ONNX for photographs of `size` pixels. Its weights are any: how long it takes does not depend on them.
pub(crate) fn network(size: u32, outputs: i64) -> Vec<u8> {
    let mut graph = GraphProto { name: "wide".to_owned(), ..GraphProto::default() };
    let (mut last, mut channels) = ("photograph".to_owned(), 3);
    for (block, layers) in BLOCKS.iter().enumerate() {
        for (layer, &width) in layers.iter().enumerate() {
            let name = format!("conv.{block}.{layer}");
            let inputs = [last, weights(&mut graph, &name, &[width, channels, 3, 3])];
            let padded = vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1; 4])];
            last = node(&mut graph, "Conv", &inputs, padded);
            last = node(&mut graph, "Relu", &[last], Vec::new());
            channels = width;
        }
        if block < 4 {
            let window = vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
            last = node(&mut graph, "MaxPool", &[last], window);
        }
    }
    let head = weights(&mut graph, "head", &[outputs, channels, 1, 1]);
    last = node(&mut graph, "GlobalAveragePool", &[last], Vec::new());
    last = node(&mut graph, "Conv", &[last, head], vec![ints("kernel_shape", &[1, 1])]);
    let side = i64::from(size);
    graph.input = vec![value("photograph", &[1, 3, side, side])];
    graph.output = vec![value(&last, &[1, outputs, 1, 1])];
    let opset = OperatorSetIdProto { domain: String::new(), version: 17 };
    ModelProto { ir_version: 8, opset_import: vec![opset], graph: Some(graph), ..ModelProto::default() }.encode_to_vec()
}

/// Adds weights that keep the size of what goes through about the same.
fn weights(graph: &mut GraphProto, name: &str, dims: &[i64]) -> String {
    let count: i64 = dims.iter().product();
    let bound = (6.0 / (count / dims[0]) as f32).sqrt();
    let drawn = (0..count as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0);
    graph.initializer.push(TensorProto {
        dims: dims.to_vec(),
        data_type: DataType::Float.into(),
        name: name.to_owned(),
        raw_data: drawn.flat_map(|value| (value * bound).to_le_bytes()).collect(),
        ..TensorProto::default()
    });
    name.to_owned()
}

fn node(graph: &mut GraphProto, op: &str, inputs: &[String], attribute: Vec<AttributeProto>) -> String {
    let output = format!("{op}.{}", graph.node.len());
    graph.node.push(NodeProto {
        op_type: op.to_owned(),
        input: inputs.to_vec(),
        output: vec![output.clone()],
        attribute,
        ..NodeProto::default()
    });
    output
}

fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Ints.into(),
        ints: ints.to_vec(),
        ..AttributeProto::default()
    }
}

fn value(name: &str, shape: &[i64]) -> ValueInfoProto {
    let extent = |extent: &i64| Dimension { value: Some(dimension::Value::DimValue(*extent)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: shape.iter().map(extent).collect() };
    let tensor = type_proto::Tensor { elem_type: DataType::Float.into(), shape: Some(shape) };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}
