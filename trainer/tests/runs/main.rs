//! Runs as a user sees them: a run that is killed and started again ends with the same bits as one that was left alone;
//! what was trained elsewhere becomes a run like any other.

#![expect(clippy::unwrap_used, reason = "a test's own helpers fail by panicking")]

#[cfg(feature = "s3")]
mod bucket;
mod classes;
mod elsewhere;
mod first_steps;
mod frames;
mod memory;
mod mlflow;
mod pitfalls;
mod shares;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage};
use ocellus_trainer::{
    net::NamedWeights,
    train::{RunInfo, Sitting},
};
use tempfile::TempDir;

const BATCHES_AN_EPOCH: usize = 10;

/// A folder with photographs of discs (a bright spot is the anomaly), a split, small weights and a configuration.
struct Bench {
    dir: TempDir,
}

impl Bench {
    fn new(extra: &str) -> Self {
        let bench = Self { dir: tempfile::tempdir().unwrap() };
        for (side, count) in [("train", BATCHES_AN_EPOCH * 4), ("validation", 8)] {
            let mut csv = String::from("file,source,normal,glaucoma\n");
            for number in 0..count {
                let spot = number % 2 == 1;
                let name = format!("{side}{number}.png");
                eye(number as u8 * 3, spot, side == "train").save(bench.path(&name)).unwrap();
                let glaucoma = if number % 3 == 0 {
                    ""
                } else if spot {
                    "1"
                } else {
                    "0"
                };
                csv.push_str(&format!("{name},s{},{},{glaucoma}\n", number % 4 / 2, u8::from(!spot)));
            }
            fs::write(bench.path(&format!("{side}.csv")), csv).unwrap();
        }
        weights(1.0).write(&bench.path("weights.safetensors")).unwrap();
        let config = format!(
            "seed = 5\ntask = \"multi_label\"\n[input]\nsize = 64\n\
             [schedule]\nepochs = 12\nbatch = 4\nmicro_batch = 2\nema = 0.9\n[checkpoint]\nevery_steps = 3\n{extra}"
        );
        fs::write(bench.path("run.toml"), config).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn train(&self, out: &str, workers: usize) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
        command.arg("train").arg("--config").arg(self.path("run.toml"));
        command.arg("--split").arg(self.dir.path()).arg("--root").arg(self.dir.path());
        command.arg("--weights").arg(self.path("weights.safetensors"));
        command.arg("--cache").arg(self.path("cache")).arg("--out").arg(self.path(out));
        command.arg("--workers").arg(workers.to_string());
        command
    }

    fn finish(&self, out: &str, workers: usize) -> RunInfo {
        let output = self.train(out, workers).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
        RunInfo::read(&self.path(out)).unwrap()
    }

    /// Steps of the checkpoints of a run.
    fn steps(&self, out: &str) -> Vec<usize> {
        let Ok(entries) = fs::read_dir(self.path(out).join("checkpoints")) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter_map(|name| name.strip_prefix("step-")?.parse().ok()).collect()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A round field on black, with a soft gradient and, perhaps, a bright spot.
fn eye(shade: u8, spot: bool, left: bool) -> RgbImage {
    RgbImage::from_fn(200, 200, |x, y| {
        let (dx, dy) = (f64::from(x) - 99.5, f64::from(y) - 99.5);
        let from_spot = (dx - if left { 30.0 } else { 26.0 }).hypot(dy + 10.0);
        if dx.hypot(dy) > 90.0 {
            Rgb([0, 0, 0])
        } else if spot && from_spot < 16.0 {
            Rgb([250, 240, 160])
        } else {
            let light = 110.0 + if left { 0.4 } else { 0.36 } * dx + f64::from(shade % 50);
            Rgb([light as u8, (light * 0.55) as u8, (light * 0.3) as u8])
        }
    })
}

/// A VGG-16 with few channels; the head is left to the seed unless `head` is not 1.
fn weights(head: f32) -> NamedWeights {
    let mut state = 1_u64;
    let mut draw = move |bound: f32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 23) as f32 - 1.0) * bound
    };
    let layers = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28];
    let widths = [4, 4, 6, 6, 8, 8, 8, 8, 8, 8, 8, 8, 8];
    let mut weights = NamedWeights::new();
    let mut inputs = 3;
    for (layer, outputs) in layers.into_iter().zip(widths) {
        let bound = (6.0 / (inputs * 9) as f32).sqrt();
        let kernel = (0..outputs * inputs * 9).map(|_| draw(bound)).collect();
        weights.insert(format!("features.{layer}.weight"), vec![outputs, inputs, 3, 3], kernel);
        weights.insert(format!("features.{layer}.bias"), vec![outputs], vec![0.01; outputs]);
        inputs = outputs;
    }
    if head != 1.0 {
        weights.insert("head.weight", vec![8, inputs], vec![head; 8 * inputs]);
        weights.insert("head.bias", vec![8], vec![0.0; 8]);
    }
    weights
}

fn same_bits(a: &Path, b: &Path) {
    let (left, right) =
        (NamedWeights::read(&a.join("model.safetensors")), NamedWeights::read(&b.join("model.safetensors")));
    let (left, right) = (left.unwrap(), right.unwrap());
    for (name, values) in left.iter() {
        let other = right.get(name).unwrap();
        let differing = values.data.iter().zip(&other.data).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
        assert_eq!(differing, 0, "{name}: {differing} of {} values differ", values.data.len());
    }
    assert_eq!(fs::read(a.join("results.csv")).unwrap(), fs::read(b.join("results.csv")).unwrap());
}

#[test]
fn a_run_killed_in_mid_epoch_ends_with_the_same_bits() {
    let bench = Bench::new("");
    let whole = bench.finish("whole", 2);
    assert_eq!(whole.metrics.len(), 12);
    let mut kills = 0;
    for beyond in [13, 47, 86] {
        let mut child = bench.train("killed", 2).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let patience = Instant::now();
        loop {
            let step = bench.steps("killed").into_iter().max().unwrap_or(0);
            if step > beyond && !step.is_multiple_of(BATCHES_AN_EPOCH) {
                break;
            }
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
            assert!(patience.elapsed() < Duration::from_secs(120), "no checkpoint beyond step {beyond}");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!bench.path("killed").join("model.safetensors").exists(), "the run was finished already");
        kills += 1;
    }
    assert_eq!(kills, 3);
    let resumed = bench.finish("killed", 2);
    same_bits(&bench.path("whole"), &bench.path("killed"));
    assert_eq!(resumed, whole);
    // Each time that a program worked on it is told, with the step from which it went on.
    let sittings = Sitting::read(&bench.path("killed")).unwrap();
    let from: Vec<usize> = sittings.iter().map(|sitting| sitting.from_step).collect();
    assert!(from.len() == 4 && from[0] == 0 && from[1] > 13 && from.is_sorted(), "{from:?}");
    let Sitting { command, device, workers, machine, .. } = &sittings[3];
    assert!(command.contains(&"train".to_owned()) && device == "flex" && *workers == 2, "{sittings:?}");
    assert!(machine.cores > 0 && machine.memory > 1 << 26, "{machine:?}");
    // Once it is finished nobody works on it any more.
    bench.finish("killed", 2);
    assert_eq!(Sitting::read(&bench.path("killed")).unwrap(), sittings);
    fs::write(bench.path("killed/environment.json"), "[{}]").unwrap();
    let told = Sitting::read(&bench.path("killed")).unwrap_err().to_string();
    assert!(told.contains("environment.json") && told.contains("remove it"), "{told}");
}

/// A table's columns by name, a line each.
fn column(table: &Path, name: &str) -> Vec<String> {
    let text = fs::read_to_string(table).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let at = lines.next().unwrap().iter().position(|cell| cell == name).unwrap();
    lines.map(|cells| cells[at].clone()).collect()
}

#[test]
fn the_figures_of_a_run_are_those_of_its_predictions() {
    let bench = Bench::new("");
    let info = bench.finish("run", 2);
    let metrics: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(bench.path("run/metrics.json")).unwrap()).unwrap();
    let best = &info.metrics[info.best.epoch - 1];
    let near = |value: &serde_json::Value, expected: f64| {
        let value = value.as_f64().unwrap();
        assert!((value - expected).abs() < 1e-9, "{value}, expected {expected}");
    };
    near(&metrics["mean_auroc"], best.mean_auroc.unwrap());
    near(&metrics["loss"], best.validation_loss);
    assert_eq!((&metrics["photographs"], &metrics["best"]["epoch"]), (&8.into(), &info.best.epoch.into()));
    for (output, figures, label) in
        [("anomaly", &metrics["anomaly"], "normal"), ("glaucoma", &metrics["labels"]["glaucoma"], "glaucoma")]
    {
        let said = column(&bench.path("run/predictions.csv"), output);
        let labels = column(&bench.path("validation.csv"), label);
        let known = said.iter().zip(&labels).filter(|(_, label)| !label.is_empty());
        let scored: Vec<(f64, bool)> =
            known.map(|(said, is)| (said.parse().unwrap(), (is == "1") != (output == "anomaly"))).collect();
        let of = |class: bool| -> Vec<f64> { scored.iter().filter(|(_, is)| *is == class).map(|(p, _)| *p).collect() };
        let (with, without) = (of(true), of(false));
        // By its definition: how often a photograph with the label stands above one without.
        let above = with.iter().flat_map(|a| without.iter().map(move |b| f64::from(a > b) + f64::from(a == b) / 2.0));
        near(&figures["auroc"], above.sum::<f64>() / (with.len() * without.len()) as f64);
        assert_eq!((&figures["positives"], &figures["negatives"]), (&with.len().into(), &without.len().into()));
    }
}

#[test]
fn a_run_that_is_asked_to_stop_leaves_a_checkpoint_and_the_printed_command_goes_on() {
    let bench = Bench::new("");
    let whole = bench.finish("whole", 2);
    let mut child = bench.train("stopped", 2).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let patience = Instant::now();
    while bench.steps("stopped").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be stopped");
        assert!(patience.elapsed() < Duration::from_secs(120), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    // The shell's own: a small system has no program of that name.
    assert!(Command::new("sh").arg("-c").arg(format!("kill -TERM {}", child.id())).status().unwrap().success());
    let mut said = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    let run = bench.path("stopped");
    assert!(said.contains(&format!("go on with: ocellus-trainer resume {}", run.display())), "{said}");
    let trainer = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), text(&output))
    };
    let runs = bench.dir.path().to_str().unwrap();
    let (code, listed, _) = trainer(&["runs", "list", runs]);
    assert!(code == Some(0) && listed.lines().nth(1).unwrap().starts_with(&format!("{runs}/whole")), "{listed}");
    assert!(listed.lines().nth(2).unwrap().ends_with("unfinished"), "{listed}");
    let (code, _, said) = trainer(&["resume", run.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    same_bits(&bench.path("whole"), &run);
    assert_eq!(RunInfo::read(&run).unwrap(), whole);

    let (_, same, _) = trainer(&["config", "diff", run.to_str().unwrap(), bench.path("whole").to_str().unwrap()]);
    assert_eq!(same, "no difference\n");
    let (code, _, said) = trainer(&["runs", "rm", run.to_str().unwrap()]);
    assert!(code == Some(0) && said.contains("--yes") && run.exists(), "{said}");
    assert_eq!(trainer(&["runs", "rm", "--yes", run.to_str().unwrap()]).0, Some(0));
    assert!(!run.exists());
    // What is no run is never removed.
    assert_eq!(trainer(&["runs", "rm", "--yes", runs]).0, Some(2));
    assert!(bench.path("whole").exists());
}

#[test]
fn the_number_of_workers_does_not_change_a_bit() {
    let bench = Bench::new("");
    bench.finish("one", 1);
    bench.finish("three", 3);
    same_bits(&bench.path("one"), &bench.path("three"));
}

#[test]
fn a_run_folder_of_another_configuration_is_refused_and_left_alone() {
    let bench = Bench::new("");
    bench.finish("run", 2);
    let model = fs::read(bench.path("run/model.safetensors")).unwrap();
    let config = fs::read_to_string(bench.path("run.toml")).unwrap();
    fs::write(bench.path("run.toml"), config.replace("seed = 5", "seed = 6")).unwrap();
    let output = bench.train("run", 2).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("another configuration"), "{}", text(&output));
    assert_eq!(fs::read(bench.path("run/model.safetensors")).unwrap(), model);
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_batch() {
    let bench = Bench::new("");
    weights(3.0e38).write(&bench.path("weights.safetensors")).unwrap();
    let output = bench.train("run", 2).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = text(&output);
    assert!(said.contains("not a finite number in epoch 1, batch 1") && said.contains("train"), "{said}");
    assert!(!bench.path("run/model.safetensors").exists());
    assert_eq!(bench.steps("run"), [0_usize; 0]);
}

#[test]
fn the_same_file_on_both_sides_is_a_leak() {
    let bench = Bench::new("");
    fs::copy(bench.path("train3.png"), bench.path("validation3.png")).unwrap();
    let output = bench.train("run", 2).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("leak: train3.png"), "{}", text(&output));
}

#[test]
fn a_photograph_that_cannot_be_read_is_left_out_and_named() {
    let bench = Bench::new("");
    fs::write(bench.path("train5.png"), b"this is no picture").unwrap();
    let output = bench.train("run", 2).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("left out train5.png"), "{}", text(&output));
    let info = RunInfo::read(&bench.path("run")).unwrap();
    assert_eq!(info.left_out.len(), 1);
    assert_eq!(info.train_photographs, BATCHES_AN_EPOCH * 4 - 1);
}
