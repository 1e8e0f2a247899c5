//! `init`: writes a commented configuration that fits a data set.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::Context;
use ocellus_model::{field::find_field, label::Output};
use serde::Serialize;

use super::ui::{Ui, shell};
use crate::{
    bucket::{Wanted, at_hand},
    error::{Exit, ExpectedError},
    features::Style,
    files::write_atomically,
    manifest::{
        Manifest, Row,
        check::{SourceCounts, count},
    },
    task::TaskKind,
};

/// A source needs as many known photographs of an output before its having one class only means anything.
const SOURCE_MIN: usize = 10;
/// Photographs whose size is looked at.
const LOOKED_AT: usize = 60;
/// Photographs of each source whose colours are measured.
const STYLES: usize = 4;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of a split, with train.csv.
    #[arg(long)]
    split: PathBuf,
    /// Folder the manifests' files are relative to.
    #[arg(long)]
    root: PathBuf,
    /// Starting weights, safetensors.
    #[arg(long)]
    weights: PathBuf,
    /// What the network shall learn.
    #[arg(long, default_value = "multi_label")]
    task: TaskKind,
    /// The configuration to write; must not exist.
    #[arg(long, default_value = "run.toml")]
    out: PathBuf,
}

/// What was seen in the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Seen {
    photographs: usize,
    /// Median of the photographs' longer sides, in pixels; 0 where none could be read.
    longer_side: u32,
    /// Outputs of which a source knows one class only.
    single_class: Vec<Output>,
    /// The colours of some photographs of each source.
    styles: Vec<Style>,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage where the file is there already, data for a bad manifest.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        if self.out.exists() {
            return Err(ExpectedError::Usage(format!("{} is there already; name another --out", self.out.display())));
        }
        let manifest = Manifest::read(&self.split.join("train.csv"))?;
        let seen = look(&manifest.rows, &at_hand(&self.root, Wanted::of_rows(&manifest.rows), ui)?);
        let text = configuration(self, &seen);
        if ui.would(format_args!("write {}:\n{text}", self.out.display()))? {
            return Ok(Exit::Ok);
        }
        write_atomically(&self.out, text.as_bytes()).with_context(|| self.out.display().to_string())?;
        ui.result(&seen, format!("{}: for {} photographs\n", self.out.display(), seen.photographs))?;
        ui.next(format_args!("ocellus-trainer train --config {} --out runs/first", shell(&self.out)));
        Ok(Exit::Ok)
    }
}

fn look(rows: &[Row], root: &Path) -> Seen {
    let step = (rows.len() / LOOKED_AT).max(1);
    let sides = rows.iter().step_by(step).filter_map(|row| {
        let photograph = ocellus_model::image::read(&root.join(&row.file)).ok()?;
        Some(photograph.pixels.width().max(photograph.pixels.height()))
    });
    let mut sides: Vec<u32> = sides.collect();
    sides.sort_unstable();
    let sources = count(rows);
    Seen {
        photographs: rows.len(),
        longer_side: sides.get(sides.len() / 2).copied().unwrap_or_default(),
        single_class: Output::ALL.into_iter().filter(|output| knows_one_class(&sources, *output)).collect(),
        styles: sources.keys().flat_map(|source| styles(source, rows, root)).collect(),
    }
}

/// The colours of some photographs of a source, evenly chosen.
fn styles(source: &str, rows: &[Row], root: &Path) -> Vec<Style> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.source == source).collect();
    let chosen = rows.iter().step_by((rows.len() / STYLES).max(1)).take(STYLES);
    let style = |row: &&Row| {
        let pixels = ocellus_model::image::read(&root.join(&row.file)).ok()?.pixels;
        Some(Style::of(source, &pixels, &find_field(&pixels).ok()?))
    };
    chosen.filter_map(style).collect()
}

/// Whether a source has photographs of one class of an output only, while another source has the other.
fn knows_one_class(sources: &BTreeMap<String, SourceCounts>, output: Output) -> bool {
    let counts = || sources.values().filter_map(|source| source.labels.get(&output.label()));
    counts().any(|count| count.present > 0)
        && counts().any(|count| count.absent > 0)
        && counts().any(|count| count.present + count.absent >= SOURCE_MIN && count.present.min(count.absent) == 0)
}

/// The configuration's text.
fn configuration(args: &Args, seen: &Seen) -> String {
    let text = |path: &Path| toml::Value::String(path.display().to_string()).to_string();
    let task = args.task.as_str();
    let single: Vec<String> = seen.single_class.iter().map(|output| format!("\"{output}\"")).collect();
    // A network sees no more than the file holds.
    let size = if seen.longer_side > 0 && seen.longer_side < 320 { 224 } else { 320 };
    let size = if cfg!(any(feature = "wgpu", feature = "vulkan", feature = "cuda")) { size } else { 224 };
    format!(
        r#"# Written by `ocellus-trainer init` for {count} photographs, the longer side {side} pixels in the median.
# Every key can also be set with --set, as in --set schedule.epochs=3; `config show` prints all of them.

# Decides every draw: the same seed gives the same run.
seed = 0
# anomaly (one output: not normal), multi_class (exclusive classes) or multi_label (each condition by itself).
task = "{task}"
# frozen (the head alone), block5, block4_5 or all. From the third on it wants a GPU.
trainable = "block5"

[data]
split = {split}
root = {root}

[input]
# Pixels of the square that the network sees, a multiple of 16. Half as many again take more than twice the time.
size = {size}
# Goes with the weights' convention: vgg16 (Caffe) or torchvision.
variant = "vgg16"
# Radius of the disc that is kept, of the visible field's: what lies outside would give the camera away.
disc = 0.96
# Mean brightness (0 to 1) that darker photographs are brought up to; 0 leaves them as they are.
least_brightness = 0.25

[weights]
file = {weights}
convention = "caffe"

[features]
# The frozen blocks' features of each photograph are computed once, for so many changed views of it.
cache = "cache"
views = 2

[balance]
# 0: present and absent count as they occur; 1: both count the same.
label = 0.75
# 0: sources count as they occur; 1: a label does not depend on the source.
source = 1.0
# 0: every photograph counts; 1: every patient counts the same.
case = 0.0
cap = 10.0
# Sources that know one class only are left out of these outputs: there the camera would be learnt.
mask_single_class_sources = [{single}]

[augment]
# Part of the changed views that take on the colours of another camera: one of the styles below, which were measured on
# photographs of each source.
transfer = {transfer}
styles = [
{styles}]

[schedule]
epochs = 6
batch = 32
micro_batch = 8
head_rate = 1e-3
# Rate of the trained convolutions, of the head's.
features_factor = 0.05
warmup_steps = 50
final_factor = 0.02
# Moving average of the weights; the run keeps the average.
ema = 0.99

[optimizer]
kind = "adamw"
weight_decay = 0.02
clip_norm = 1.0

[checkpoint]
every_steps = 100
"#,
        count = seen.photographs,
        side = seen.longer_side,
        split = text(&args.split),
        root = text(&args.root),
        weights = text(&args.weights),
        single = single.join(", "),
        // Within one camera there is nothing to take on.
        transfer = if seen.styles.iter().any(|style| style.source != seen.styles[0].source) { "0.3" } else { "0.0" },
        styles = seen.styles.iter().map(style_line).collect::<String>(),
    )
}

fn style_line(Style { source, mean, deviation }: &Style) -> String {
    let source = toml::Value::String(source.clone());
    format!("  {{ source = {source}, mean = {mean:?}, deviation = {deviation:?} }},\n")
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use ocellus_model::label::Label;

    use super::*;
    use crate::train::config::Config;

    #[test]
    fn what_is_written_is_a_configuration_that_fits_the_data() {
        let home = tempfile::tempdir().unwrap();
        let row = |source: &str, normal: bool| {
            let mut row = Row { file: "none.png".to_owned(), source: source.to_owned(), ..Row::default() };
            row.labels[Label::Normal as usize] = Some(normal);
            row.labels[Label::Glaucoma as usize] = Some(normal);
            row
        };
        let mut rows: Vec<Row> = (0..20).map(|number| row("both", number % 2 == 0)).collect();
        rows.extend((0..12).map(|_| {
            let mut row = row("sick only", false);
            row.labels[Label::Glaucoma as usize] = None;
            row
        }));
        let seen = look(&rows, home.path());
        assert_eq!((seen.photographs, seen.longer_side, &seen.single_class[..]), (32, 0, &[Output::Anomaly][..]));

        let args = Args {
            split: PathBuf::from("my split"),
            root: PathBuf::from("p\"q"),
            weights: PathBuf::from("w.safetensors"),
            task: TaskKind::MultiLabel,
            out: home.path().join("run.toml"),
        };
        std::fs::write(&args.out, configuration(&args, &seen)).unwrap();
        let config = Config::read(&args.out).unwrap();
        assert_eq!(config.data.split, Some(args.split.clone()));
        assert_eq!(config.data.root, Some(args.root.clone()));
        assert_eq!(config.balance.mask_single_class_sources, [Output::Anomaly]);
        assert_eq!((config.augment.transfer, config.augment.styles.len()), (0.0, 0), "no photograph could be read");
        let error = args.run(&Ui::silent()).unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
    }

    #[test]
    fn cameras_are_measured_and_their_colours_written_down() {
        let home = tempfile::tempdir().unwrap();
        let mut rows = Vec::new();
        for (source, red) in [("warm", 180_u8), ("cold", 90)] {
            for number in 0..6_u32 {
                let file = format!("{source}{number}.png");
                let eye = RgbImage::from_fn(200, 200, |x, y| {
                    let inside = (f64::from(x) - 100.0).hypot(f64::from(y) - 100.0) < 90.0;
                    if inside { Rgb([red + (x / 8) as u8, 60 + (y / 8) as u8, 30]) } else { Rgb([0; 3]) }
                });
                eye.save(home.path().join(&file)).unwrap();
                rows.push(Row { file, source: source.to_owned(), ..Row::default() });
            }
        }
        let seen = look(&rows, home.path());
        let args = Args {
            split: PathBuf::from("split"),
            root: home.path().to_owned(),
            weights: PathBuf::from("w.safetensors"),
            task: TaskKind::MultiLabel,
            out: home.path().join("run.toml"),
        };
        std::fs::write(&args.out, configuration(&args, &seen)).unwrap();
        let augment = Config::read(&args.out).unwrap().augment;
        assert_eq!((augment.transfer, augment.styles.len()), (0.3, 2 * STYLES));
        let red = |source: &str| augment.styles.iter().find(|style| style.source == source).unwrap().mean[0];
        assert!((red("warm") - red("cold") - 90.0).abs() < 2.0, "{} {}", red("warm"), red("cold"));
    }
}
