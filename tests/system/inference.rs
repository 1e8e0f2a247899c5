//! The engine runs what a bundle holds and refuses what its manifest doesn't describe.

use ocellus::inference::{Engine, InferenceError};
use ocellus_model::{label::Output, preprocess::Tensor};
use ocellus_tests::{bundles::manifest, onnx::TinyNetwork};
use prost::Message;
use tract_onnx::pb::{StringStringEntryProto, TensorProto, tensor_proto::DataLocation};

const LABELS: [Output; 2] = [Output::Anomaly, Output::Glaucoma];

fn network() -> TinyNetwork {
    TinyNetwork { weights: vec![[0.5, 0.0, 0.25], [0.0, -1.0, 0.0]], ..TinyNetwork::constant(64, &[0.125, 3.0]) }
}

/// Another value at every place.
fn tensor() -> Tensor {
    let data = (0..3 * 64 * 64).map(|n| ((n * 37) % 101) as f32 / 100.0 - 0.5).collect();
    Tensor { shape: [3, 64, 64], data }
}

fn refusal(network: &TinyNetwork, labels: &[Output]) -> InferenceError {
    let error = Engine::from_onnx(&network.to_bytes(), &manifest(labels, 64)).expect_err("should have been refused");
    let text = error.to_string();
    assert!(text.starts_with("model.onnx: ") && !text.contains('\n'), "{text}");
    error
}

#[test]
fn logits_and_activation_maps_are_those_worked_out_by_hand() {
    let tensor = tensor();
    let inference = Engine::from_onnx(&network().to_bytes(), &manifest(&LABELS, 64)).unwrap().run(&tensor).unwrap();
    let mean = |channel: usize, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| -> f32 {
        let count = (rows.len() * columns.len()) as f32;
        rows.flat_map(|row| columns.clone().map(move |column| (row, column)))
            .map(|(row, column)| tensor.data[(channel * 64 + row) * 64 + column])
            .sum::<f32>()
            / count
    };
    let all = |channel| mean(channel, 0..64, 0..64);
    let expected = [0.5 * all(0) + 0.25 * all(2) + 0.125, -all(1) + 3.0];
    assert_eq!(inference.activation_map.shape, [2, 4, 4]);
    for (logit, expected) in inference.logits.iter().zip(expected) {
        assert!((logit - expected).abs() < 1e-5, "{logit} {expected}");
    }
    let map = inference.activation_map.of_output(1);
    for (place, value) in map.iter().enumerate() {
        let [row, column] = [place / 4 * 16, place % 4 * 16];
        assert!((value + mean(1, row..row + 16, column..column + 16)).abs() < 1e-5, "{place}");
    }
    // The map's mean plus the bias is the logit: what makes the map an explanation.
    let from_map = map.iter().sum::<f32>() / 16.0 + 3.0;
    assert!((from_map - inference.logits[1]).abs() < 1e-5);
    assert!(inference.activation_map.of_output(2).is_empty());
}

#[test]
fn the_order_of_the_outputs_in_the_file_does_not_matter() {
    let run = |network: TinyNetwork| {
        Engine::from_onnx(&network.to_bytes(), &manifest(&LABELS, 64)).unwrap().run(&tensor()).unwrap()
    };
    assert_eq!(run(network()), run(TinyNetwork { map_first: true, ..network() }));
}

// verifies: RQ-021
#[test]
fn a_network_that_is_not_as_described_is_refused() {
    assert!(matches!(refusal(&network(), &LABELS[..1]), InferenceError::NotAsDescribed { .. }), "too many outputs");
    assert!(matches!(refusal(&network(), &Output::ALL), InferenceError::NotAsDescribed { .. }), "too few outputs");
    let renamed = TinyNetwork { logits: "scores".to_owned(), ..network() };
    let error = refusal(&renamed, &LABELS).to_string();
    assert!(error.contains("scores") && error.contains("logits"), "{error}");

    let mut other = network().to_proto();
    other.graph.as_mut().unwrap().input[0].name = "image".to_owned();
    let error = Engine::from_onnx(&other.encode_to_vec(), &manifest(&LABELS, 64)).unwrap_err();
    assert!(matches!(error, InferenceError::NotAsDescribed { what: "the list of inputs", .. }), "{error}");
}

#[test]
fn what_is_no_network_is_refused_without_a_panic() {
    let whole = network().to_bytes();
    let manifest = manifest(&LABELS, 64);
    for length in (0..whole.len()).step_by(101) {
        assert!(Engine::from_onnx(&whole[..length], &manifest).is_err(), "{length} of {} bytes", whole.len());
    }
    assert!(Engine::from_onnx(b"<html>not found</html>", &manifest).is_err());
    let mut unknown = network().to_proto();
    unknown.graph.as_mut().unwrap().node[2].op_type = "NoSuchOperator".to_owned();
    let error = Engine::from_onnx(&unknown.encode_to_vec(), &manifest).unwrap_err();
    assert!(matches!(error, InferenceError::Load { .. }), "{error}");
    let mut dangling = network().to_proto();
    dangling.graph.as_mut().unwrap().node.pop();
    let error = Engine::from_onnx(&dangling.encode_to_vec(), &manifest).unwrap_err();
    assert!(matches!(error, InferenceError::NotAsDescribed { .. }), "{error}");
}

// verifies: RQ-021
#[test]
fn weights_outside_the_verified_file_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("weights.bin");
    std::fs::write(&path, vec![0; 8]).unwrap();
    let mut proto = network().to_proto();
    proto.graph.as_mut().unwrap().initializer[1] = TensorProto {
        data_location: Some(DataLocation::External.into()),
        external_data: vec![StringStringEntryProto {
            key: "location".to_owned(),
            value: path.to_str().unwrap().to_owned(),
        }],
        raw_data: Vec::new(),
        ..proto.graph.as_ref().unwrap().initializer[1].clone()
    };
    let error = Engine::from_onnx(&proto.encode_to_vec(), &manifest(&LABELS, 64)).unwrap_err();
    assert!(matches!(error, InferenceError::Load { .. }), "{error}");
}

#[test]
fn an_input_of_another_shape_is_refused() {
    let engine = Engine::from_onnx(&network().to_bytes(), &manifest(&LABELS, 64)).unwrap();
    for tensor in
        [Tensor { shape: [3, 32, 32], data: vec![0.0; 3 * 32 * 32] }, Tensor { shape: [3, 64, 64], data: vec![0.0; 7] }]
    {
        assert!(matches!(engine.run(&tensor), Err(InferenceError::InputShape { .. })));
    }
}

// verifies: RQ-002
#[test]
fn a_result_that_is_no_number_is_an_error() {
    let network = TinyNetwork::constant(64, &[0.0, f32::NAN]);
    let engine = Engine::from_onnx(&network.to_bytes(), &manifest(&LABELS, 64)).unwrap();
    assert!(matches!(engine.run(&tensor()), Err(InferenceError::NotFinite { what: "logits" })));
}
