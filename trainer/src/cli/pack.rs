//! `pack`: photographs and targets for a training on another machine. `adopt`: makes a run folder of its result.

use std::path::PathBuf;

use super::{
    Ui,
    train::{expected, summary},
    ui::shell,
};
use crate::{
    device::DeviceChoice,
    error::{Exit, ExpectedError},
    pack::{Pack, pack},
    stop::Stop,
    train::{Setup, adopt, config::Config},
};

/// What is packed, and what a result is measured against: the same for both verbs.
#[derive(Debug, clap::Args)]
struct Planned {
    /// The run's configuration: task, balance, preprocessing.
    #[arg(long)]
    config: PathBuf,
    /// Set a key of the configuration, as in --set input.size=320; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Folder of a split, with train.csv, validation.csv and perhaps test.csv.
    #[arg(long)]
    split: PathBuf,
    /// Folder the manifests' files are relative to.
    #[arg(long)]
    root: PathBuf,
}

/// Arguments of `pack`.
#[derive(Debug, clap::Args)]
pub(super) struct PackArgs {
    #[command(flatten)]
    planned: Planned,
    /// The pack; may hold other plans already, whose photographs are shared.
    #[arg(long)]
    out: PathBuf,
    /// Name of the plan.
    #[arg(long, default_value = "plan")]
    name: String,
    /// Side of the packed squares, in pixels.
    #[arg(long, default_value_t = 448, value_parser = clap::value_parser!(u32).range(64..=2048))]
    side: u32,
    /// Quality of their JPEG files; less makes a pack that travels faster.
    #[arg(long, default_value_t = 88, value_parser = clap::value_parser!(u8).range(30..=100))]
    quality: u8,
}

/// Arguments of `adopt`.
#[derive(Debug, clap::Args)]
pub(super) struct AdoptArgs {
    /// The folder the other program wrote: model.safetensors and result.json.
    result: PathBuf,
    #[command(flatten)]
    planned: Planned,
    /// The weights the training started from.
    #[arg(long)]
    weights: PathBuf,
    /// The run folder to make.
    #[arg(long)]
    out: PathBuf,
    /// Where to compute: flex, wgpu, vulkan, cuda, cuda:N.
    #[arg(long, default_value = "flex")]
    device: DeviceChoice,
}

impl PackArgs {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a bad configuration, data for a split that can't be used, failed for everything else. Photographs that
    /// had to be left out end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let request = Pack {
            config: Config::read_with(&self.planned.config, &self.planned.settings)?,
            split: self.planned.split.clone(),
            root: self.planned.root.clone(),
            out: self.out.clone(),
            name: self.name.clone(),
            side: self.side,
            quality: self.quality,
        };
        if ui.would(format_args!(
            "pack {} of {} into {}",
            self.name,
            self.planned.split.display(),
            self.out.display()
        ))? {
            request.config.check()?;
            return Ok(Exit::Ok);
        }
        let packed = pack(&request, ui).map_err(|error| expected(error, &self.out))?;
        for (file, reason) in &packed.left_out {
            ui.warn(format_args!("left out {file}: {reason}"));
        }
        let sides: Vec<String> = packed.sides.iter().map(|(side, count)| format!("{side} {count}")).collect();
        ui.result(
            &packed,
            format_args!(
                "{}: {}; {} photographs written, {:.1} MB in all\n",
                packed.plan.display(),
                sides.join(", "),
                packed.written,
                packed.bytes as f64 / 1e6
            ),
        )?;
        ui.next(format_args!(
            "ocellus-libtorch train {} --recipe trainer/libtorch/recipes/teacher.toml --weights WEIGHTS --out result",
            shell(&packed.plan)
        ));
        Ok(if packed.left_out.is_empty() { Exit::Ok } else { Exit::SomeUnreadable })
    }
}

impl AdoptArgs {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a configuration that does not go with the result, data for data that can't be used, failed for
    /// everything else. Photographs that had to be left out end in [`Exit::SomeUnreadable`].
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        let mut config = Config::read_with(&self.planned.config, &self.planned.settings)?;
        config.weights.file = Some(self.weights.clone());
        let setup = Setup {
            config,
            split: self.planned.split.clone(),
            root: self.planned.root.clone(),
            out: self.out.clone(),
            device: self.device,
            workers: None,
            stop: Stop::of_signals().map_err(anyhow::Error::from)?,
        };
        if ui.would(format_args!("measure {} and write {}", self.result.display(), self.out.display()))? {
            return Ok(Exit::Ok);
        }
        let info = adopt(&self.result, &setup, ui).map_err(|error| expected(error, &self.out))?;
        let exit = if info.left_out.is_empty() { Exit::Ok } else { Exit::SomeUnreadable };
        ui.result(&info, summary(&info))?;
        ui.next(format_args!(
            "ocellus-trainer evaluate --run {} --split {} --root {}",
            shell(&self.out),
            shell(&self.planned.split),
            shell(&self.planned.root)
        ));
        Ok(exit)
    }
}
