//! `predict`: logits and probabilities of photographs.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ocellus_model::preprocess::Tensor;
use serde::Serialize;

use super::{
    network::{NetworkArgs, expected},
    ui::Ui,
};
use crate::{
    error::{Exit, ExpectedError},
    files::csv_bytes,
    predict::Predictor,
    shard::Shard,
};

/// Arguments of `predict`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    network: NetworkArgs,
    /// The photographs.
    #[arg(required = true)]
    photographs: Vec<PathBuf>,
    /// Also write each preprocessed photograph as a NumPy file here, numbered like the lines of the output, so that
    /// other runtimes can be run on the very same numbers.
    #[arg(long, value_name = "DIR")]
    dump_tensors: Option<PathBuf>,
}

/// One line of the result.
#[derive(Debug, Serialize)]
struct Line {
    file: PathBuf,
    error: Option<String>,
    logits: Vec<f32>,
    probabilities: Vec<f64>,
}

impl Args {
    /// Runs the verb: CSV with a line a photograph (file, error, one logit and one probability an output), or JSON.
    ///
    /// # Errors
    /// Bundle or usage for a bad network. Photographs that can't be judged end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let (predictor, _) = self.network.load()?;
        let keep = self.dump_tensors.is_some();
        let shard = Shard::of_environment()?;
        // Numbers are those of the whole list, so that the parts' files don't collide.
        let (numbers, mine): (Vec<usize>, Vec<PathBuf>) =
            self.photographs.iter().cloned().enumerate().filter(|(number, _)| shard.takes(*number)).unzip();
        if !shard.is_whole() {
            ui.say(format_args!("{shard}: {} of {} photographs", mine.len(), self.photographs.len()));
        }
        let judged = predictor.run(&mine, ui, |_, _, tensor| keep.then(|| tensor.clone())).map_err(expected)?;
        if let Some(folder) = &self.dump_tensors {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let mut lines = Vec::with_capacity(judged.len());
        for ((index, file), judged) in numbers.into_iter().zip(mine).zip(judged) {
            lines.push(match judged {
                Err(reason) => Line { file, error: Some(reason), logits: Vec::new(), probabilities: Vec::new() },
                Ok(judged) => {
                    if let (Some(folder), Some(tensor)) = (&self.dump_tensors, &judged.seen) {
                        write_npy(&folder.join(format!("{index:05}.npy")), tensor)?;
                    }
                    let probabilities = predictor.probabilities(&judged.logits);
                    Line { file, error: None, logits: judged.logits, probabilities }
                }
            });
        }
        let csv = table(&predictor, &lines).map_err(anyhow::Error::from)?;
        ui.result(&lines, csv)?;
        ui.next(format_args!(
            "ocellus-trainer evaluate {} --manifest MANIFEST --out evaluation",
            self.network.as_typed()
        ));
        Ok(if lines.iter().all(|line| line.error.is_none()) { Exit::Ok } else { Exit::SomeUnreadable })
    }
}

/// The lines as CSV; logits with nine significant digits, which is all an f32 holds.
fn table(predictor: &Predictor, lines: &[Line]) -> Result<String, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["file".to_owned(), "error".to_owned()];
    header.extend(predictor.names().iter().map(|output| format!("logit_{output}")));
    header.extend(predictor.gradability.map(|_| "logit_ungradable".to_owned()));
    header.extend(predictor.names().iter().map(|output| format!("probability_{output}")));
    csv.write_record(&header)?;
    for line in lines {
        let mut cells = vec![line.file.display().to_string(), line.error.clone().unwrap_or_default()];
        cells.extend(line.logits.iter().map(|logit| format!("{logit:.8e}")));
        cells.extend(line.probabilities.iter().map(|probability| format!("{probability:.6}")));
        cells.resize(header.len(), String::new());
        csv.write_record(&cells)?;
    }
    Ok(String::from_utf8_lossy(&csv_bytes(csv)?).into_owned())
}

/// Writes a tensor in NumPy's format, version 1.0: magic, length of the header, the header as a Python dictionary
/// padded to 64 bytes, then the values, little-endian.
fn write_npy(path: &Path, tensor: &Tensor) -> Result<(), ExpectedError> {
    std::fs::write(path, npy(tensor)).with_context(|| path.display().to_string())?;
    Ok(())
}

fn npy(tensor: &Tensor) -> Vec<u8> {
    let [c, h, w] = tensor.shape;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': (1, {c}, {h}, {w}), }}");
    // Magic and length take 10 bytes, the line feed one.
    let padding = (64 - (header.len() + 11) % 64) % 64;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend(tensor.data.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dumped_tensor_is_numpys_format() {
        let bytes = npy(&Tensor { shape: [1, 1, 2], data: vec![1.0, -2.0] });
        // numpy.save of the same array, NumPy 2: 128 bytes of header, then the values.
        assert_eq!(bytes.len(), 128 + 8);
        assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert_eq!(bytes[127], b'\n');
        assert_eq!(&bytes[128..], [1.0f32.to_le_bytes(), (-2.0f32).to_le_bytes()].concat());
    }
}
