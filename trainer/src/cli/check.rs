//! `check`: is this machine, this device and this configuration ready for a run?

use std::path::{Path, PathBuf};

use burn::tensor::Tensor;
use serde::Serialize;
use sysinfo::{Disks, System};

use super::Ui;
use crate::{
    bucket::{Wanted, at_hand},
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    machine::Machine,
    manifest::{Manifest, check::check},
    net::NamedWeights,
    train::config::Config,
};

/// At most this many missing photographs are printed.
const SHOWN: usize = 5;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also check a configuration with its data and weights.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Set a key of the configuration, as in --set data.root=photographs.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// The device to try: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Line {
    what: &'static str,
    found: String,
    good: bool,
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a configuration that can't be used, data where something is not ready.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let mut lines = machine();
        lines.push(self.try_device());
        if let Some(path) = &self.config {
            let config = Config::read_with(path, &self.settings)?;
            lines.extend(configured(&config, ui));
        }
        let mut text = String::new();
        for line in &lines {
            text.push_str(&format!("{} {:<12} {}\n", if line.good { "  " } else { "!!" }, line.what, line.found));
        }
        ui.result(&lines, text)?;
        if lines.iter().any(|line| !line.good) {
            return Err(ExpectedError::Data("not ready: see the lines marked !!".to_owned()));
        }
        match &self.config {
            Some(config) => {
                ui.next(format_args!("ocellus-trainer train --config {} --out runs/first", super::ui::shell(config)))
            }
            None => ui.next("ocellus-trainer manifest check MANIFEST"),
        }
        Ok(Exit::Ok)
    }

    /// Opens the device and computes something on it.
    fn try_device(&self) -> Line {
        let tried = self.device.open().map_err(|error| error.to_string()).and_then(|device| {
            let ones = Tensor::<2>::ones([64, 64], &device);
            let sum: f32 = ones.clone().matmul(ones).sum().into_scalar();
            if (sum - 64.0 * 64.0 * 64.0).abs() < 1.0 {
                Ok(())
            } else {
                Err(format!("computes {sum}, expected 262144"))
            }
        });
        let built = DeviceChoice::available().join(", ");
        let found = match &tried {
            Ok(()) => format!("{} computes (built in: {built})", self.device),
            Err(error) => error.clone(),
        };
        Line { what: "device", found, good: tried.is_ok() }
    }
}

fn machine() -> Vec<Line> {
    const GIB: f64 = (1u64 << 30) as f64;
    let machine = Machine::here();
    let processor = machine.processor.map_or_else(String::new, |processor| format!("{processor}, "));
    let mut system = System::new();
    system.refresh_memory();
    let here = std::env::current_dir().unwrap_or_default();
    let disks = Disks::new_with_refreshed_list();
    // The disk of the longest mount point that this folder lies under.
    let disk = disks
        .iter()
        .filter(|disk| here.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len());
    let mut lines = vec![
        Line { what: "program", found: format!("ocellus-trainer {}", env!("CARGO_PKG_VERSION")), good: true },
        Line { what: "system", found: machine.system.unwrap_or_else(|| "unknown".to_owned()), good: true },
        Line { what: "processor", found: format!("{processor}{} cores", machine.cores), good: true },
        Line {
            what: "memory",
            found: format!(
                "{:.1} GiB free of {:.1}",
                system.available_memory() as f64 / GIB,
                machine.memory as f64 / GIB
            ),
            good: true,
        },
    ];
    if let Some(disk) = disk {
        lines.push(Line {
            what: "disk",
            found: format!("{:.1} GiB free here", disk.available_space() as f64 / GIB),
            good: true,
        });
    }
    lines
}

/// The configuration's data and weights.
fn configured(config: &Config, ui: &Ui) -> Vec<Line> {
    let mut lines = vec![weights(config.weights.file.as_deref())];
    let root = config.data.root.clone().unwrap_or_default();
    for side in ["train.csv", "validation.csv"] {
        let Some(split) = &config.data.split else {
            lines.push(Line { what: "split", found: "data.split is not set".to_owned(), good: false });
            break;
        };
        lines.push(photographs(&split.join(side), &root, ui));
    }
    lines
}

fn weights(file: Option<&Path>) -> Line {
    let (found, good) = match file {
        None => ("weights.file is not set".to_owned(), false),
        Some(file) => match NamedWeights::read(file) {
            Ok(weights) => (format!("{}: {} tensors", file.display(), weights.iter().count()), true),
            Err(error) => (error.to_string(), false),
        },
    };
    Line { what: "weights", found, good }
}

fn photographs(manifest: &Path, root: &Path, ui: &Ui) -> Line {
    let (found, good) = match Manifest::read(manifest) {
        Err(error) => (error.to_string(), false),
        Ok(manifest) => {
            let root = match at_hand(root, Wanted::of_rows(&manifest.rows), ui) {
                Ok(root) => root,
                Err(error) => return Line { what: "photographs", found: error.to_string(), good: false },
            };
            let progress = ui.progress("looking for photographs", manifest.rows.len() as u64);
            let report = check(&manifest, &root, false, || progress.inc(1));
            let name = manifest.path.display();
            if report.problems.is_empty() {
                (format!("{name}: {} photographs of {} sources", report.photographs, report.sources.len()), true)
            } else {
                let shown =
                    report.problems.iter().take(SHOWN).map(|problem| format!("{}: {}", problem.file, problem.what));
                let shown: Vec<String> = shown.collect();
                (
                    format!(
                        "{name}: {} of {} are wrong: {}",
                        report.problems.len(),
                        report.photographs,
                        shown.join("; ")
                    ),
                    false,
                )
            }
        }
    };
    Line { what: "photographs", found, good }
}
