//! The network as ONNX: standard operators only, weights as f16 with a Cast to f32 behind each.
//!
//! Graph: thirteen 3×3 convolutions with ReLU, max-pooling after each of the first four blocks; the activation map is
//! a 1×1 convolution with the head's weights, to which, where the head weighs block 4 as well, another of that block's last
//! maps is added, averaged over 2×2 places; its mean plus the head's bias are the logits. Where the anomaly heeds its
//! conditions, the first logit is that of any output's holding; where the network knows how unlike a photograph is those it
//! learnt from, the last one is the larger of its own and that. Operator set 17, batch of one.
//! Initialisers carry the names of [`NamedWeights`], so that the weights can be read back.

use half::f16;
use ocellus_model::{label::Output, preprocess::PreprocessSpec};
use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
    attribute_proto::AttributeType,
    tensor_proto::DataType,
    tensor_shape_proto::{Dimension, dimension},
    type_proto,
};

use crate::net::{
    ANOMALY_CONDITIONS, BLOCKS, HEAD_BLOCK4, LOGITS_HEEDED, NamedWeights, UNFAMILIARITY, WeightsError, weights::Values,
};

/// Operator set that is written.
pub const OPSET: u32 = 17;
/// Name of the input, `[1, channels, size, size]`.
pub const INPUT: &str = "photograph";
/// Name of the output `[1, K]`.
pub const LOGITS: &str = "logits";
/// Name of the output `[1, K, size / 16, size / 16]`.
pub const ACTIVATION_MAP: &str = "activation_map";

/// What the head's last row is called, where it has one more than there are outputs.
const GRADABILITY: &str = "ungradable";

/// Version of the ONNX file format that goes with operator set 17.
const IR_VERSION: i64 = 8;

/// Why a network can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum OnnxError {
    /// A weight is missing or has another shape.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A weight too large for half precision.
    #[error("weight {name} holds {found}, half precision ends at 65504")]
    TooLarge {
        /// The weight.
        name: String,
        /// The value.
        found: f32,
    },
    /// Not an ONNX file of ours.
    #[error("not a network of this program: {what}")]
    Foreign {
        /// What is wrong.
        what: String,
    },
}

/// Rounds every weight to half precision, which is how it will be stored.
///
/// # Errors
/// When one is out of range.
pub fn round(weights: &NamedWeights) -> Result<NamedWeights, OnnxError> {
    let mut rounded = NamedWeights::new();
    for (name, values) in weights.iter() {
        let data: Vec<f32> = values.data.iter().map(|value| f16::from_f32(*value).to_f32()).collect();
        if let Some(at) = data.iter().position(|value| !value.is_finite()) {
            return Err(OnnxError::TooLarge { name: name.to_owned(), found: values.data[at] });
        }
        rounded.insert(name, values.shape.clone(), data);
    }
    Ok(rounded)
}

/// The network as the bytes of an ONNX file. The same weights give the same bytes.
///
/// # Errors
/// When a weight is missing or too large.
pub fn write(weights: &NamedWeights, spec: &PreprocessSpec, outputs: &[Output]) -> Result<Vec<u8>, OnnxError> {
    let mut graph = GraphProto { name: "ocellus".to_owned(), ..GraphProto::default() };
    let mut last = INPUT.to_owned();
    // Block 4's maps in the end.
    let mut unpooled = last.clone();
    for (number, block) in BLOCKS.iter().enumerate() {
        for layer in *block {
            let [weight, bias] = ["weight", "bias"].map(|part| format!("features.{layer}.{part}"));
            let inputs = [last, store(&mut graph, weights, &weight)?, store(&mut graph, weights, &bias)?];
            let padding = [ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1]), ints("strides", &[1, 1])];
            let convolved = node(&mut graph, "Conv", &inputs, &format!("conv.{layer}"), padding.to_vec());
            last = node(&mut graph, "Relu", &[convolved], &format!("relu.{layer}"), Vec::new());
        }
        if number + 1 < BLOCKS.len() {
            unpooled = last.clone();
            last = halved(&mut graph, last, number + 1);
        }
    }
    let head = store(&mut graph, weights, "head.weight")?;
    let one = vec![ints("kernel_shape", &[1, 1])];
    let map = if weights.get(HEAD_BLOCK4).is_some() {
        let finer = store(&mut graph, weights, HEAD_BLOCK4)?;
        let finer = node(&mut graph, "Conv", &[unpooled.clone(), finer], "map.block4", one.clone());
        let finer = node(&mut graph, "AveragePool", &[finer], "map.block4.halved", halves());
        let map = node(&mut graph, "Conv", &[last.clone(), head], "map.block5", one);
        node(&mut graph, "Add", &[map, finer], ACTIVATION_MAP, Vec::new())
    } else {
        node(&mut graph, "Conv", &[last.clone(), head], ACTIVATION_MAP, one)
    };
    let mean = node(&mut graph, "GlobalAveragePool", &[map], "mean", Vec::new());
    let flat = node(&mut graph, "Flatten", &[mean], "flat", vec![int("axis", 1)]);
    let bias = store(&mut graph, weights, "head.bias")?;
    let k = weights.require("head.bias")?.data.len();
    let gradability = (k > outputs.len()).then_some(GRADABILITY);
    let k = k as i64;
    let heeds = weights.get(ANOMALY_CONDITIONS).is_some();
    let is_unlike = UNFAMILIARITY.iter().any(|name| weights.get(name).is_some());
    if heeds || is_unlike {
        let own = node(&mut graph, "Add", &[flat, bias], "logits.own", Vec::new());
        let (from, to) = (i64::from(heeds), k - i64::from(is_unlike));
        let mut columns = Vec::new();
        if heeds {
            columns.push(anomaly_of_any(&mut graph, weights, &own)?);
        }
        if from < to {
            columns.push(slice(&mut graph, &own, from..to, "logits.others"));
        }
        if is_unlike {
            let unfamiliarity = unfamiliarity(&mut graph, weights, [unpooled, last])?;
            let row = slice(&mut graph, &own, to..k, "logits.last");
            columns.push(node(&mut graph, "Max", &[row, unfamiliarity], "logits.larger", Vec::new()));
        }
        node(&mut graph, "Concat", &columns, LOGITS, vec![int("axis", 1)]);
    } else {
        node(&mut graph, "Add", &[flat, bias], LOGITS, Vec::new());
    }

    let [channels, height, width] = spec.shape().map(|extent| extent as i64);
    graph.input = vec![value(INPUT, &[1, channels, height, width])];
    graph.output = vec![value(LOGITS, &[1, k]), value(ACTIVATION_MAP, &[1, k, height / 16, width / 16])];
    let names: Vec<&str> = outputs.iter().map(|output| output.as_str()).chain(gradability).collect();
    let model = ModelProto {
        ir_version: IR_VERSION,
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: i64::from(OPSET) }],
        producer_name: "ocellus-trainer".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        metadata_props: vec![StringStringEntryProto { key: "outputs".to_owned(), value: names.join(",") }],
        ..ModelProto::default()
    };
    Ok(model.encode_to_vec())
}

/// The anomaly's logit `[1, 1]` from the own ones of all outputs, as [`crate::net`] makes it.
fn anomaly_of_any(graph: &mut GraphProto, weights: &NamedWeights, own: &str) -> Result<String, OnnxError> {
    let outputs = weights.require(ANOMALY_CONDITIONS)?.data.len() as i64;
    let counted = store(graph, weights, ANOMALY_CONDITIONS)?;
    let mut inputs = vec![slice(graph, own, 0..outputs, "anomaly.own")];
    for (bound, name) in LOGITS_HEEDED.into_iter().zip(["anomaly.least", "anomaly.most"]) {
        inputs.push(node(graph, "Constant", &[], name, vec![float("value_float", bound)]));
    }
    let kept = node(graph, "Clip", &inputs, "anomaly.kept", Vec::new());
    let odds = node(graph, "Exp", &[kept], "anomaly.odds", Vec::new());
    let odds = node(graph, "Mul", &[odds, counted], "anomaly.counted", Vec::new());
    let mut any = slice(graph, &odds, 0..1, "anomaly.of.0");
    for at in 1..outputs {
        let each = slice(graph, &odds, at..at + 1, &format!("anomaly.of.{at}"));
        let both = node(graph, "Mul", &[any.clone(), each.clone()], &format!("anomaly.both.{at}"), Vec::new());
        let either = node(graph, "Add", &[any, each], &format!("anomaly.either.{at}"), Vec::new());
        any = node(graph, "Add", &[either, both], &format!("anomaly.any.{at}"), Vec::new());
    }
    Ok(node(graph, "Log", &[any], "logits.anomaly", Vec::new()))
}

/// How unlike a photograph is those that were learnt from, as a logit `[1, 1]`, of the last maps of blocks 4 and 5.
fn unfamiliarity(graph: &mut GraphProto, weights: &NamedWeights, maps: [String; 2]) -> Result<String, OnnxError> {
    let [mean, scale, weight, constant] = UNFAMILIARITY;
    let averages: Vec<String> = maps
        .into_iter()
        .zip(["average.block4", "average.block5"])
        .map(|(maps, name)| node(graph, "GlobalAveragePool", &[maps], name, Vec::new()))
        .collect();
    let averages = node(graph, "Concat", &averages, "averages", vec![int("axis", 1)]);
    let flat = node(graph, "Flatten", &[averages], "averages.flat", vec![int("axis", 1)]);
    let roots = node(graph, "Sqrt", &[flat], "averages.roots", Vec::new());
    let mean = store(graph, weights, mean)?;
    let off = node(graph, "Sub", &[roots, mean], "unfamiliarity.off", Vec::new());
    let scale = store(graph, weights, scale)?;
    let scaled = node(graph, "Mul", &[off, scale], "unfamiliarity.scaled", Vec::new());
    let weight = store(graph, weights, weight)?;
    let along = node(graph, "Gemm", &[scaled, weight], "unfamiliarity.along", vec![int("transB", 1)]);
    let squares = vec![ints("axes", &[1]), int("keepdims", 1)];
    let distance = node(graph, "ReduceSumSquare", &[along], "unfamiliarity.distance", squares);
    let constant = store(graph, weights, constant)?;
    Ok(node(graph, "Add", &[distance, constant], "unfamiliarity", Vec::new()))
}

/// Some columns of `[1, K]`.
fn slice(graph: &mut GraphProto, of: &str, columns: std::ops::Range<i64>, name: &str) -> String {
    let mut inputs = vec![of.to_owned()];
    for (what, number) in [("start", columns.start), ("end", columns.end), ("axis", 1)] {
        let value = vec![ints("value_ints", &[number])];
        inputs.push(node(graph, "Constant", &[], &format!("{name}.{what}"), value));
    }
    node(graph, "Slice", &inputs, name, Vec::new())
}

/// The weights of an ONNX file written by [`write`].
///
/// # Errors
/// When it isn't one.
pub fn read_weights(bytes: &[u8]) -> Result<NamedWeights, OnnxError> {
    let foreign = |what: String| OnnxError::Foreign { what };
    let model = ModelProto::decode(bytes).map_err(|error| foreign(error.to_string()))?;
    let graph = model.graph.ok_or_else(|| foreign("no graph".to_owned()))?;
    let mut weights = NamedWeights::new();
    for tensor in graph.initializer {
        let mut shape = Vec::with_capacity(tensor.dims.len());
        for extent in &tensor.dims {
            shape.push(usize::try_from(*extent).map_err(|_| foreign(format!("{}: extent {extent}", tensor.name)))?);
        }
        if is_dense(&tensor.name) {
            shape.truncate(2);
        }
        let (halves, rest) = tensor.raw_data.as_chunks::<2>();
        let count = shape.iter().try_fold(1usize, |product, extent| product.checked_mul(*extent));
        if tensor.data_type != DataType::Float16 as i32 || !rest.is_empty() || count != Some(halves.len()) {
            return Err(foreign(format!("{}: expected {shape:?} values of half precision", tensor.name)));
        }
        let data = halves.iter().map(|half| f16::from_le_bytes(*half).to_f32()).collect();
        weights.insert(tensor.name, shape, data);
    }
    Ok(weights)
}

/// Whether a weight is a dense layer's, which is used as a 1×1 convolution.
fn is_dense(name: &str) -> bool {
    ["head.weight", HEAD_BLOCK4].contains(&name)
}

/// The largest of each 2×2 places after a block: of two rows, then of two columns. The values are those of one pooling, in
/// which the device's engine, which has no fast way for strides of two in both directions, takes three times as long.
fn halved(graph: &mut GraphProto, maps: String, block: usize) -> String {
    [("rows", [2, 1]), ("columns", [1, 2])].into_iter().fold(maps, |maps, (name, extents)| {
        let pooling = vec![ints("kernel_shape", &extents), ints("strides", &extents)];
        node(graph, "MaxPool", &[maps], &format!("pool.{block}.{name}"), pooling)
    })
}

/// Attributes of a pooling over 2×2 places.
fn halves() -> Vec<AttributeProto> {
    vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])]
}

/// Adds a weight as an f16 initialiser with a Cast behind it; returns the name of the f32 value.
fn store(graph: &mut GraphProto, weights: &NamedWeights, name: &str) -> Result<String, OnnxError> {
    let Values { shape, data } = weights.require(name)?;
    let mut raw = Vec::with_capacity(data.len() * 2);
    for value in data {
        let half = f16::from_f32(*value);
        if !half.is_finite() {
            return Err(OnnxError::TooLarge { name: name.to_owned(), found: *value });
        }
        raw.extend_from_slice(&half.to_le_bytes());
    }
    let mut dims: Vec<i64> = shape.iter().map(|extent| *extent as i64).collect();
    if is_dense(name) {
        dims.extend([1, 1]);
    }
    let tensor = TensorProto {
        dims,
        data_type: DataType::Float16 as i32,
        name: name.to_owned(),
        raw_data: raw,
        ..TensorProto::default()
    };
    graph.initializer.push(tensor);
    let cast = vec![int("to", DataType::Float as i64)];
    Ok(node(graph, "Cast", &[name.to_owned()], &format!("{name}.f32"), cast))
}

/// Adds a node; its output is called like it.
fn node(graph: &mut GraphProto, op: &str, inputs: &[String], name: &str, attribute: Vec<AttributeProto>) -> String {
    graph.node.push(NodeProto {
        op_type: op.to_owned(),
        input: inputs.to_vec(),
        output: vec![name.to_owned()],
        // Node and value names live in different spaces; the same name in both is easiest to read.
        name: name.to_owned(),
        attribute,
        ..NodeProto::default()
    });
    name.to_owned()
}

fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Int as i32, i: value, ..AttributeProto::default() }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    let ints = values.to_vec();
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Ints as i32, ints, ..AttributeProto::default() }
}

fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Float as i32, f: value, ..AttributeProto::default() }
}

/// A named f32 value of a fixed shape.
fn value(name: &str, shape: &[i64]) -> ValueInfoProto {
    let extent = |extent: &i64| Dimension { value: Some(dimension::Value::DimValue(*extent)), ..Dimension::default() };
    let shape = TensorShapeProto { dim: shape.iter().map(extent).collect() };
    let tensor = type_proto::Tensor { elem_type: DataType::Float as i32, shape: Some(shape) };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use ocellus_model::{
        preprocess::{ColourVariant, Tensor},
        tolerance::ENGINE_LOGIT_RELATIVE,
    };

    use super::*;
    use crate::{
        net::{Network, tests::narrow_weights},
        predict::TractNetwork,
    };

    fn spec() -> PreprocessSpec {
        PreprocessSpec::new(64, ColourVariant::Vgg16)
    }

    /// A narrow network with a head of so many outputs.
    fn weights_of(outputs: usize) -> NamedWeights {
        let network = Network::build(&Device::flex(), &narrow_weights(), outputs, 5).unwrap();
        round(&network.weights().unwrap()).unwrap()
    }

    fn weights() -> NamedWeights {
        weights_of(2)
    }

    #[test]
    fn the_written_network_gives_the_same_logits_in_tract_as_in_burn_and_the_same_weights_back() {
        same_in_both(&weights());
        let mut weights = weights();
        weights.insert(HEAD_BLOCK4, vec![2, 6], (0..12).map(|at| 0.25 - at as f32 / 16.0).collect());
        same_in_both(&weights);
        // Never unlike, always, and in between.
        for constant in [-60_000.0, 60_000.0, -20.0] {
            let [mean, scale, weight, bias] = UNFAMILIARITY;
            weights.insert(mean, vec![14], (0..14).map(|at| at as f32 / 8.0).collect());
            weights.insert(scale, vec![14], (0..14).map(|at| 1.0 + at as f32 / 16.0).collect());
            weights.insert(weight, vec![3, 14], (0..42).map(|at| 0.5 - (at % 11) as f32 / 8.0).collect());
            weights.insert(bias, vec![1], vec![constant]);
            same_in_both(&weights);
            let heeding = with(&weights, ANOMALY_CONDITIONS, vec![1.0, 1.0]);
            same_in_both(&heeding);
        }
        // Few and many outputs, unsure and sure ones.
        for (outputs, bias) in [(2, 0.0), (4, -12.0), (8, 20.0)] {
            let biases = (0..outputs).map(|at| bias - at as f32).collect();
            let weights = with(&weights_of(outputs), "head.bias", biases);
            same_in_both(&with(&weights, ANOMALY_CONDITIONS, vec![1.0; outputs]));
        }
    }

    /// Weights with another array of one axis.
    fn with(weights: &NamedWeights, name: &str, data: Vec<f32>) -> NamedWeights {
        let mut weights = weights.clone();
        weights.insert(name, vec![data.len()], data);
        weights
    }

    fn same_in_both(weights: &NamedWeights) {
        let outputs = weights.get("head.bias").unwrap().data.len();
        let bytes = write(weights, &spec(), &Output::ALL[..outputs]).unwrap();
        assert_eq!(read_weights(&bytes).unwrap(), *weights);
        let network = Network::build(&Device::flex(), &read_weights(&bytes).unwrap(), outputs, 0).unwrap();
        let tract = TractNetwork::load(&bytes, spec().shape()).unwrap();
        for seed in 0..3u32 {
            let data =
                (0..3 * 64 * 64).map(|i: u32| (i.wrapping_mul(2_654_435_761 + seed) >> 8) as f32 / 65536.0 - 128.0);
            let photograph = Tensor { shape: spec().shape(), data: data.collect() };
            let ours = network.logits_and_map(std::slice::from_ref(&photograph)).unwrap().remove(0).logits;
            let theirs = tract.logits(&photograph).unwrap();
            for (a, b) in ours.iter().zip(&theirs) {
                let difference = f64::from((a - b).abs()) / f64::from(a.abs().max(b.abs()).max(1.0));
                assert!(difference < ENGINE_LOGIT_RELATIVE, "{ours:?} {theirs:?}");
            }
            assert!(ours.iter().any(|logit| logit.abs() > 1e-3), "a network that says nothing proves nothing");
        }
    }

    #[test]
    fn a_weight_that_half_precision_cannot_hold_is_refused_by_name() {
        let mut weights = weights();
        weights.insert("head.bias", vec![2], vec![1e6, 0.0]);
        assert!(round(&weights).unwrap_err().to_string().starts_with("weight head.bias holds 1000000"));
        assert!(write(&weights, &spec(), &[Output::Anomaly, Output::Glaucoma]).is_err());
    }

    #[test]
    fn bytes_that_are_no_network_of_ours_are_an_error() {
        assert!(read_weights(b"hello").is_err());
        assert!(read_weights(&[]).unwrap_err().to_string().contains("no graph"));
    }
}
