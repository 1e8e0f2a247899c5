//! Trains the network on a graphics card from a pack that `ocellus-trainer pack` wrote.
//!
//! `train` fine-tunes, with `--teacher` also from other networks' logits; `prune` makes a trained network narrower. The
//! result is taken back with `ocellus-trainer adopt`, which measures it anew.

mod checkpoint;
mod fit;
mod network;
mod plan;
mod prune;
mod recipe;
#[cfg(test)]
mod tests;
mod views;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use ocellus_handover::{MODEL_FILE, PlanRow, Side, TRAINED_ON_FILE, TrainedElsewhere};
use ocellus_model::preprocess::PreprocessSpec;
use tch::{Cuda, Device};

use fit::{Fitted, Job, Teacher, fit, look};
use network::Network;
use plan::{Photographs, Plan};
use recipe::Recipe;
use views::Renderer;

/// Trains VGG-16 through libtorch, on a graphics card where there is one.
#[derive(Debug, Parser)]
#[command(name = "ocellus-libtorch", version)]
struct App {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fine-tune a network. The same command goes on after the last whole epoch of a run that was broken off.
    Train {
        /// The plan, in its pack.
        plan: PathBuf,
        /// The recipe.
        #[arg(long)]
        recipe: PathBuf,
        /// Weights to start from, safetensors; given several times, as many networks are trained on the same views.
        #[arg(long, required = true)]
        weights: Vec<PathBuf>,
        /// Result of a network to learn from; may be given several times.
        #[arg(long)]
        teacher: Vec<PathBuf>,
        /// Folder for the result, one for each of the weights.
        #[arg(long, required = true)]
        out: Vec<PathBuf>,
    },
    /// Write a network's logits of the validation photographs and, where the plan has them, of those for the test.
    Look {
        /// The plan, in its pack.
        plan: PathBuf,
        /// Weights, safetensors.
        #[arg(long)]
        weights: PathBuf,
        /// Side of the input; left out: the plan's.
        #[arg(long)]
        size: Option<u32>,
        /// Folder for the files, one a side.
        #[arg(long)]
        out: PathBuf,
    },
    /// Keep the most telling channels of a trained network.
    Prune {
        /// The plan, in its pack.
        plan: PathBuf,
        /// Weights to prune, safetensors: of a result of this program or of a run of `ocellus-trainer`.
        #[arg(long)]
        weights: PathBuf,
        /// Side of the input they are for; left out: the plan's.
        #[arg(long)]
        size: Option<u32>,
        /// Channels the five blocks keep, e.g. 16,32,64,128,128.
        #[arg(long, value_delimiter = ',')]
        widths: Vec<i64>,
        /// Training photographs that channels are chosen and layers solved on; each takes 26 MB of memory at 224 pixels.
        #[arg(long, default_value_t = 192)]
        photographs: usize,
        /// Folder for the result, which `ocellus-trainer adopt` takes as it takes a trained one.
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(&App::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<()> {
    let device = Device::cuda_if_available();
    if device.is_cuda() {
        tch::Cuda::cudnn_set_benchmark(true);
    }
    tch::manual_seed(1);
    match verb {
        Verb::Train { plan, recipe, weights, teacher, out } => train(plan, recipe, weights, teacher, out, device),
        Verb::Look { plan, weights, size, out } => {
            let plan = Plan::read(plan)?;
            let spec = spec_of(&plan, *size);
            let network = Network::read(weights, plan.outputs.len(), 0, device)?;
            fs::create_dir_all(out).with_context(|| out.display().to_string())?;
            write_looks(&[(&network, out)], &plan, &spec, device)
        }
        Verb::Prune { plan, weights, size, widths, photographs, out } => {
            let plan = Plan::read(plan)?;
            let spec = spec_of(&plan, *size);
            let widths: [i64; 5] = widths.as_slice().try_into().context("--widths takes five numbers")?;
            let network = Network::read(weights, plan.outputs.len(), 0, device)?;
            let side = Photographs::read(&plan, &plan.labelled(Side::Train))?;
            let side = Renderer::new(&side, &spec, device)?;
            let size = i64::from(spec.size);
            let kept = prune::choose(&network, &side, size, *photographs, &widths)?;
            let pruned = prune::prune(&network, &kept, &prune::sample(&side, size, *photographs));
            let reached: Vec<String> = pruned.reached.iter().map(|part| format!("{part:.3}")).collect();
            println!("part of the variance given again, layer by layer, at last of the logits: {}", reached.join(" "));
            let chosen = prune::spread(&side, *photographs);
            let loss = fit::loss(&pruned.network, &side, &chosen, size, plan.binary);
            let fitted = Fitted { network: pruned.network, steps: 0, losses: vec![loss] };
            write_result(out, &fitted, (&plan, &spec), side.len(), &format!("pruned to {widths:?}"), device)?;
            inherit(weights.parent(), out)?;
            write_looks(&[(&fitted.network, out)], &plan, &spec, device)
        }
    }
}

fn train(
    plan: &Path,
    recipe: &Path,
    weights: &[PathBuf],
    teachers: &[PathBuf],
    outs: &[PathBuf],
    device: Device,
) -> Result<()> {
    let plan = Plan::read(plan)?;
    let recipe = Recipe::read(recipe)?;
    ensure!(
        teachers.is_empty() || recipe.distil.is_some(),
        "--teacher is given, but the recipe has no [distil] that says how much is learnt from it"
    );
    let spec = spec_of(&plan, recipe.size);
    let size = i64::from(spec.size);
    let outputs = plan.outputs.len();
    ensure!(weights.len() == outs.len(), "{} --weights and {} --out: one of each a network", weights.len(), outs.len());
    let taught = teachers;
    let network = |weights: &PathBuf| -> Result<Network> {
        let network = Network::read(weights, outputs, recipe.seed, device)?;
        Ok(network.in_bfloat16(recipe.bfloat16.unwrap_or(device.is_cuda())))
    };
    let networks = weights.iter().map(network).collect::<Result<Vec<_>>>()?;
    let teachers = teachers
        .iter()
        .map(|folder| {
            let said = TrainedElsewhere::read(folder)?;
            ensure!(said.outputs == plan.outputs, "{}: has other outputs than the plan", folder.display());
            let network = network(&folder.join(MODEL_FILE))?;
            Ok(Teacher { network, size: i64::from(said.spec.size) })
        })
        .collect::<Result<Vec<_>>>()?;
    // A photograph of which nothing is known teaches only what a teacher says of it.
    let rows = if teachers.is_empty() { plan.labelled(Side::Train) } else { plan.rows(Side::Train).to_vec() };
    let side = Photographs::read(&plan, &rows)?;
    let renderer = Renderer::new(&side, &spec, device)?;
    println!("{} photographs, {} pixels, on {device:?}", side.len(), spec.size);
    let job = Job { side: &renderer, recipe: &recipe, size, binary: plan.binary, teachers: &teachers, kept: outs };
    let results = fit(networks, &job)?;
    for ((fitted, out), weights) in results.iter().zip(outs).zip(weights) {
        write_result(out, fitted, (&plan, &spec), side.len(), &recipe.text, device)?;
        inherit(weights.parent().into_iter().chain(taught.iter().map(PathBuf::as_path)), out)?;
        // What was to be gone on from is over.
        drop(fs::remove_file(out.join(checkpoint::FILE)));
    }
    let networks: Vec<(&Network, &Path)> =
        results.iter().zip(outs).map(|(fitted, out)| (&fitted.network, out.as_path())).collect();
    write_looks(&networks, &plan, &spec, device)
}

/// Writes a network and what is said of it into a folder.
fn write_result(
    out: &Path,
    fitted: &Fitted,
    (plan, spec): (&Plan, &PreprocessSpec),
    train_photographs: usize,
    recipe: &str,
    device: Device,
) -> Result<()> {
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    fitted.network.write(&out.join(MODEL_FILE))?;
    let card = format!("CUDA ({} of them)", Cuda::device_count());
    let said = TrainedElsewhere {
        program: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        device: if device.is_cuda() { card } else { "processor".to_owned() },
        outputs: plan.outputs.clone(),
        spec: spec.clone(),
        train_photographs,
        steps: fitted.steps,
        train_loss: fitted.losses.clone(),
        recipe: recipe.to_owned(),
    };
    Ok(said.write(out)?)
}

/// Puts together which photographs made the networks in these folders, where that is known: they made this one, too.
/// `ocellus-trainer adopt` adds those of the split.
fn inherit<'a>(folders: impl IntoIterator<Item = &'a Path>, out: &Path) -> Result<()> {
    let mut lines = BTreeSet::new();
    for path in folders.into_iter().map(|folder| folder.join(TRAINED_ON_FILE)).filter(|path| path.exists()) {
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        lines.extend(text.lines().map(|line| format!("{line}\n")));
    }
    let path = out.join(TRAINED_ON_FILE);
    if lines.is_empty() {
        return Ok(());
    }
    fs::write(&path, lines.into_iter().collect::<String>()).with_context(|| path.display().to_string())
}

/// The plan's preprocessing, at another size where one is given.
fn spec_of(plan: &Plan, size: Option<u32>) -> PreprocessSpec {
    PreprocessSpec { size: size.unwrap_or(plan.spec.size), ..plan.spec.clone() }
}

/// Writes each network's logits of the sides that are not trained on into its folder.
fn write_looks(networks: &[(&Network, &Path)], plan: &Plan, spec: &PreprocessSpec, device: Device) -> Result<()> {
    for side in [Side::Validation, Side::Test].into_iter().filter(|side| !plan.rows(*side).is_empty()) {
        let (name, rows) = (side.as_str(), plan.rows(side));
        let side = Photographs::read(plan, rows)?;
        let renderer = Renderer::new(&side, spec, device)?;
        for (network, out) in networks {
            let logits = look(network, &renderer, i64::from(spec.size))?;
            write_logits(&out.join(format!("{name}.csv")), plan, rows, &logits)?;
        }
    }
    Ok(())
}

/// A line a photograph: file, source, logits, and the targets that are known.
fn write_logits(path: &Path, plan: &Plan, rows: &[PlanRow], logits: &[Vec<f32>]) -> Result<()> {
    let mut csv = csv::Writer::from_path(path)?;
    let named = |prefix: &'static str| plan.outputs.iter().map(move |output| format!("{prefix}{output}"));
    csv.write_record(["file".to_owned(), "source".to_owned()].into_iter().chain(named("")).chain(named("is_")))?;
    for (row, logits) in rows.iter().zip(logits) {
        let known = row.targets.iter().zip(&row.weights);
        let truth = known.map(|(target, weight)| if *weight > 0.0 { format!("{target}") } else { String::new() });
        let logits = logits.iter().map(|logit| format!("{logit:.5}"));
        csv.write_record([row.file.clone(), row.source.clone()].into_iter().chain(logits).chain(truth))?;
    }
    csv.flush()?;
    Ok(())
}
