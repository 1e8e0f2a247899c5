//! Runs a bundle's network with tract, on the processor.
//!
//! Terms: a *logit* is what the network says of one output before calibration; an *activation map* says how much each
//! place of the photograph added to a logit (class activation mapping: the mean of the map plus a constant is what the
//! network sees for an output by itself; the anomaly's logit may heed the other outputs, that of the gradability what is
//! unlike). Both come out of one run.
//!
//! Not here: reading bundles (their bytes are verified before they come here), preprocessing, calibration, decisions.

use std::{fmt, sync::Arc};

use ocellus_model::{
    bundle::{Bundle, BundleManifest},
    preprocess,
};
use tract_onnx::{pb::ModelProto, prelude::*};

/// A network, ready to run.
pub struct Engine {
    plan: Arc<TypedRunnableModel>,
    input: [usize; 3],
    outputs: usize,
    map: [usize; 2],
}

/// What the network says of one photograph.
#[derive(Debug, Clone, PartialEq)]
pub struct Inference {
    /// One finite number for each output, in the bundle's order, and that of the gradability where it has one.
    pub logits: Vec<f32>,
    /// Where they come from.
    pub activation_map: ActivationMap,
}

/// For each output, how much each place adds to its logit.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivationMap {
    /// Outputs, rows, columns. Rows and columns span the whole of the network's input, top left first.
    pub shape: [usize; 3],
    /// The values, row-major, `shape` product long.
    pub data: Vec<f32>,
}

impl ActivationMap {
    /// The map of one output, row-major; empty when there is no such output.
    pub fn of_output(&self, index: usize) -> &[f32] {
        let [_, rows, columns] = self.shape;
        let size = rows * columns;
        self.data.get(index * size..(index + 1) * size).unwrap_or_default()
    }
}

/// Why a network can't be loaded or run. One line; the engine's own words come last.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// The engine can't read or optimise the file.
    #[error("{file}: the network cannot be loaded; update this program or use another bundle: {detail}")]
    Load {
        /// The file in the bundle.
        file: String,
        /// The engine's words.
        detail: String,
    },
    /// The network is not what the manifest says.
    #[error("{file}: {what} is {found}, expected {expected}; export the bundle again")]
    NotAsDescribed {
        /// The file in the bundle.
        file: String,
        /// What differs.
        what: &'static str,
        /// As found in the network.
        found: String,
        /// As described by the manifest.
        expected: String,
    },
    /// The input has another shape.
    #[error("the network's input is {found:?}, expected {expected:?}: it was preprocessed for another bundle")]
    InputShape {
        /// Shape of the tensor.
        found: [usize; 3],
        /// Shape of the network's input.
        expected: [usize; 3],
    },
    /// The engine failed.
    #[error("the network failed: {detail}")]
    Run {
        /// The engine's words.
        detail: String,
    },
    /// The network computed something that is no number.
    #[error("the network's {what} are not all finite; do not use this bundle")]
    NotFinite {
        /// `logits` or `activation maps`.
        what: &'static str,
    },
}

impl Engine {
    /// Loads the network of a verified bundle, from the bytes that were verified.
    ///
    /// # Errors
    /// When the engine can't load it, or its inputs and outputs are not those the manifest describes.
    pub fn load(bundle: &Bundle) -> Result<Self, InferenceError> {
        Self::from_onnx(bundle.model(), bundle.manifest())
    }

    /// Loads a network from ONNX.
    ///
    /// # Errors
    /// As [`load`](Engine::load).
    pub fn from_onnx(bytes: &[u8], manifest: &BundleManifest) -> Result<Self, InferenceError> {
        let file = &manifest.model.file;
        let engine = |error: TractError| InferenceError::Load { file: file.clone(), detail: one_line(&error) };
        let onnx = tract_onnx::onnx();
        let proto = onnx.proto_model_for_read(&mut &*bytes).map_err(engine)?;
        let [logits, map] = check_names(&proto, manifest)?;

        let input = manifest.preprocess.shape();
        let [channels, height, width] = input;
        // Without a path there is nowhere to load external data from, so all that is used was verified.
        let model = onnx
            .model_for_proto_model(&proto)
            .and_then(|model| model.with_input_fact(0, f32::fact([1, channels, height, width]).into()))
            .and_then(|model| model.into_optimized())
            .map_err(engine)?;
        let outputs = manifest.logits();
        let shape = |index: usize| -> Result<(DatumType, Vec<usize>), TractError> {
            let fact = model.output_fact(index)?;
            let shape = fact.shape.as_concrete().ok_or_else(|| TractError::msg("the shape of an output is open"))?;
            Ok((fact.datum_type, shape.to_vec()))
        };
        let differs = |what, (datum, shape): (DatumType, Vec<usize>), expected: String| {
            let found = format!("{datum:?} {shape:?}");
            Err(InferenceError::NotAsDescribed { file: file.clone(), what, found, expected })
        };
        let found = shape(logits).map_err(engine)?;
        if found != (f32::datum_type(), vec![1, outputs]) {
            return differs("the output of logits", found, format!("F32 [1, {outputs}]"));
        }
        let found = shape(map).map_err(engine)?;
        let map = match found.1[..] {
            [1, maps, rows, columns] if maps == outputs && rows * columns > 0 && found.0 == f32::datum_type() => {
                [rows, columns]
            }
            _ => return differs("the output of activation maps", found, format!("F32 [1, {outputs}, rows, columns]")),
        };
        // The two outputs in the order in which this module reads them.
        let plan = select_outputs(model, logits).and_then(|model| model.into_runnable()).map_err(engine)?;
        Ok(Engine { plan, input, outputs, map })
    }

    /// Runs the network on one preprocessed photograph.
    ///
    /// # Errors
    /// When the tensor has another shape, the engine fails, or a result is not finite.
    pub fn run(&self, tensor: &preprocess::Tensor) -> Result<Inference, InferenceError> {
        let [channels, height, width] = self.input;
        if tensor.shape != self.input || tensor.data.len() != channels * height * width {
            return Err(InferenceError::InputShape { found: tensor.shape, expected: self.input });
        }
        let engine = |error: TractError| InferenceError::Run { detail: one_line(&error) };
        let input = Tensor::from_shape(&[1, channels, height, width], &tensor.data).map_err(engine)?;
        let results = self.plan.run(tvec!(input.into())).map_err(engine)?;
        let [logits, map] = &results[..] else {
            return Err(InferenceError::Run { detail: format!("{} outputs, expected 2", results.len()) });
        };
        let values = |value: &TValue, what| -> Result<Vec<f32>, InferenceError> {
            let values: Vec<f32> = value.to_plain_array_view::<f32>().map_err(engine)?.iter().copied().collect();
            if values.iter().all(|value| value.is_finite()) {
                Ok(values)
            } else {
                Err(InferenceError::NotFinite { what })
            }
        };
        let [rows, columns] = self.map;
        Ok(Inference {
            logits: values(logits, "logits")?,
            activation_map: ActivationMap {
                shape: [self.outputs, rows, columns],
                data: values(map, "activation maps")?,
            },
        })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Engine { plan: _, input, outputs, map } = self;
        f.debug_struct("Engine")
            .field("input", input)
            .field("outputs", outputs)
            .field("map", map)
            .finish_non_exhaustive()
    }
}

/// Checks the graph's input and outputs by name; returns the places of logits and activation maps among its outputs.
fn check_names(proto: &ModelProto, manifest: &BundleManifest) -> Result<[usize; 2], InferenceError> {
    let names = &manifest.model;
    let differs = |what, found: &[&str], expected: String| InferenceError::NotAsDescribed {
        file: names.file.clone(),
        what,
        found: format!("{found:?}"),
        expected,
    };
    let Some(graph) = &proto.graph else {
        return Err(differs("the graph", &[], "one".to_owned()));
    };
    // Older writers list the weights among the inputs.
    let inputs: Vec<&str> = graph
        .input
        .iter()
        .map(|input| input.name.as_str())
        .filter(|name| !graph.initializer.iter().any(|weight| weight.name == *name))
        .collect();
    if inputs != [names.input.as_str()] {
        return Err(differs("the list of inputs", &inputs, format!("[{:?}]", names.input)));
    }
    let outputs: Vec<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let computed = |name: &str| graph.node.iter().any(|node| node.output.iter().any(|output| output == name));
    let place = |name: &str| outputs.iter().position(|output| *output == name).filter(|_| computed(name));
    match (place(&names.logits), place(&names.activation_map)) {
        (Some(logits), Some(map)) if outputs.len() == 2 => Ok([logits, map]),
        _ => {
            Err(differs("the list of outputs", &outputs, format!("{:?} and {:?}", names.logits, names.activation_map)))
        }
    }
}

/// Puts the logits first among the two outputs.
fn select_outputs(mut model: TypedModel, logits: usize) -> TractResult<TypedModel> {
    let mut outlets = model.output_outlets()?.to_vec();
    if logits == 1 {
        outlets.swap(0, 1);
    }
    model.select_output_outlets(&outlets)?;
    Ok(model)
}

/// The engine's chain of causes on one line.
fn one_line(error: &TractError) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
