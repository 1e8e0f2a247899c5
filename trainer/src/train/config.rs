//! The configuration of a run: one TOML file, every key with a default where one makes sense, unknown keys refused.

use std::path::{Path, PathBuf};

use ocellus_model::{
    label::{Label, Output},
    preprocess::{ColourVariant, PreprocessSpec},
};
use serde::{Deserialize, Serialize};

pub use super::keys::UnknownKey;
use super::{keys, mlflow::MlflowConfig};
use crate::{
    features::Augment,
    net::{NamedWeights, Trainable, WeightsConvention, WeightsError},
    task::TaskKind,
};

/// Everything a run depends on, besides the data's bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Seed of every random stream of the run.
    #[serde(default)]
    pub seed: u64,
    /// What the network shall learn.
    pub task: TaskKind,
    /// Which part of the network is trained.
    #[serde(default = "defaults::trainable")]
    pub trainable: Trainable,
    /// Classes of the multi-class task; left out: the four most prevalent of the training photographs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Label>>,
    /// The data; can be given on the command line instead.
    #[serde(default)]
    pub data: DataConfig,
    /// Preprocessing.
    #[serde(default)]
    pub input: InputConfig,
    /// The weights to start from.
    #[serde(default)]
    pub weights: WeightsConfig,
    /// The cache of the frozen blocks' features.
    #[serde(default)]
    pub features: FeaturesConfig,
    /// How far views differ from the photograph, and whether photographs are mixed.
    #[serde(default)]
    pub augment: Augment,
    /// How labels and sources are weighed.
    #[serde(default)]
    pub balance: BalanceConfig,
    /// The loss.
    #[serde(default)]
    pub loss: LossConfig,
    /// Batches, epochs, rates.
    #[serde(default)]
    pub schedule: ScheduleConfig,
    /// The optimiser.
    #[serde(default)]
    pub optimizer: OptimizerConfig,
    /// Checkpoints.
    #[serde(default)]
    pub checkpoint: CheckpointConfig,
    /// A server that is told how the run goes.
    #[serde(default)]
    pub mlflow: MlflowConfig,
}

/// Where the data lies. Paths are relative to the working directory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The folder of a split, with `train.csv` and `validation.csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<PathBuf>,
    /// The folder the manifests' files are relative to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
}

/// Preprocessing; see [`PreprocessSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputConfig {
    /// Side of the square tensor, in pixels; a multiple of 16.
    pub size: u32,
    /// Colour variant; has to go with the weights' convention.
    pub variant: ColourVariant,
    /// Radius of the fixed disc as a fraction of the field's visible radius.
    pub disc: f64,
    /// Mean luma, 0..1, that darker photographs are brought up to, 0..=0.5; 0 leaves them as they are.
    pub least_brightness: f64,
}

/// The weights to start from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WeightsConfig {
    /// Safetensors file with `features.N.weight` and `features.N.bias`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// How their input looked; `drawn`: there are none, a narrow network is drawn from the seed and trained whole.
    pub convention: WeightsConvention,
    /// Channels of the five blocks of a network that is drawn; left out: 16, 16, 32, 32, 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub widths: Option<[usize; 5]>,
}

impl WeightsConfig {
    /// Channels of a drawn network where none are given: a simple network that a plain CPU trains in minutes.
    const WIDTHS: [usize; 5] = [16, 16, 32, 32, 64];

    /// The weights a run starts from: those of `file`, or drawn ones.
    ///
    /// # Errors
    /// When there is no file and none are to be drawn, or it can't be read.
    pub fn load(&self, seed: u64) -> Result<NamedWeights, ConfigError> {
        match (self.convention, &self.file) {
            (WeightsConvention::Drawn, _) => Ok(NamedWeights::drawn(self.widths.unwrap_or(Self::WIDTHS), seed)),
            (_, Some(file)) => Ok(NamedWeights::read(file)?),
            (_, None) => Err(ConfigError::Values {
                problems: vec![
                    "no weights: give --weights, set weights.file, or set weights.convention to drawn".to_owned(),
                ],
            }),
        }
    }
}

/// The cache of the frozen blocks' features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeaturesConfig {
    /// Folder that holds caches.
    pub cache: PathBuf,
    /// Number of views of each training photograph, at least 1.
    pub views: u32,
}

/// How labels and sources are weighed in the loss; see [`crate::train::balance`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BalanceConfig {
    /// 0: present and absent count as often as they occur; 1: both count the same.
    pub label: f64,
    /// 0: sources count as they occur; 1: the weighed label does not depend on the source.
    pub source: f64,
    /// 0: every photograph counts; 1: every case (patient, group, copies) counts the same, however many photographs.
    pub case: f64,
    /// No photograph counts more than this many times the mean, per output.
    pub cap: f64,
    /// Outputs for which a source that has only one class is left out (it would teach the camera).
    pub mask_single_class_sources: Vec<Output>,
}

/// How the loss is bent; all 0: cross-entropy as it is. Which cross-entropy follows from the task. The
/// formulas stand in the private module `loss`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// Exponent by which present labels that are told well lose weight, 0 or 1 to 5; not for exclusive classes.
    pub gamma_present: f64,
    /// The same for absent labels; 2 for both is the focal loss.
    pub gamma_absent: f64,
    /// Probability of an absent label below which it is forgotten, 0 to 0.2; not for exclusive classes.
    pub shift: f64,
    /// Part by which targets are drawn to the middle, 0 to 0.3.
    pub smoothing: f64,
}

impl LossConfig {
    /// Whether labels are weighed by how wrong they still are.
    pub fn is_focal(&self) -> bool {
        self.gamma_present > 0.0 || self.gamma_absent > 0.0 || self.shift > 0.0
    }
}

/// Batches, epochs, rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleConfig {
    /// Number of times every training photograph is seen.
    pub epochs: usize,
    /// Photographs a step.
    pub batch: usize,
    /// Photographs of a step that are computed at once; smaller takes less memory, and the result differs in the
    /// last bits only (with `augment.mix` they are what is mixed, and it differs in more).
    pub micro_batch: usize,
    /// Highest rate of the head.
    pub head_rate: f64,
    /// Highest rate of the convolutions that are trained, as a fraction of the head's.
    pub features_factor: f64,
    /// Highest rate of a block, as a fraction of the block's behind it: below 1, early blocks move less.
    pub block_factor: f64,
    /// Steps of linear warm-up.
    pub warmup_steps: usize,
    /// The cosine ends at this fraction of the highest rate.
    pub final_factor: f64,
    /// Decay of the exponential moving average of the weights, e.g. 0.998; left out: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// Epochs without a better validation score after which the run ends; left out: it never ends early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<usize>,
}

impl ScheduleConfig {
    /// Rate of a block's convolutions (none: of the head), as a fraction of the head's.
    pub fn part_of_head_rate(&self, block: Option<usize>) -> f64 {
        match block {
            None => 1.0,
            Some(block) => self.features_factor * (block..5).map(|_| self.block_factor).product::<f64>(),
        }
    }
}

/// Which optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimizerKind {
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    Adamw,
    /// Stochastic gradient descent with momentum.
    Sgd,
}

/// The optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// Which.
    pub kind: OptimizerKind,
    /// Weight decay, on weights and not on biases.
    pub weight_decay: f64,
    /// Momentum of `sgd`.
    pub momentum: f64,
    /// The gradient's norm over all trained weights is cut to this; 0: never.
    pub clip_norm: f64,
}

/// Checkpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between two; there is always one at an epoch's end.
    pub every_steps: usize,
}

mod defaults {
    use super::Trainable;

    pub(super) fn trainable() -> Trainable {
        Trainable::Block5
    }
}

impl Default for InputConfig {
    fn default() -> Self {
        Self {
            size: 224,
            variant: ColourVariant::Vgg16,
            disc: PreprocessSpec::DEFAULT_DISC,
            least_brightness: PreprocessSpec::DEFAULT_LEAST_BRIGHTNESS,
        }
    }
}

impl Default for WeightsConfig {
    fn default() -> Self {
        Self { file: None, convention: WeightsConvention::Caffe, widths: None }
    }
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        Self { cache: PathBuf::from("cache"), views: 2 }
    }
}

impl Default for BalanceConfig {
    fn default() -> Self {
        Self { label: 0.75, source: 1.0, case: 0.0, cap: 10.0, mask_single_class_sources: vec![Output::Anomaly] }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            epochs: 6,
            batch: 32,
            micro_batch: 8,
            head_rate: 1e-3,
            features_factor: 0.1,
            block_factor: 1.0,
            warmup_steps: 50,
            final_factor: 0.02,
            ema: None,
            patience: None,
        }
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self { kind: OptimizerKind::Adamw, weight_decay: 1e-2, momentum: 0.9, clip_norm: 1.0 }
    }
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every_steps: 100 }
    }
}

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, or a value of the wrong kind.
    #[error("{}: {message}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Line, key and what was expected.
        message: String,
    },
    /// Keys that there are not, all of them.
    #[error("{}", keys.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    UnknownKeys {
        /// One a key.
        keys: Vec<UnknownKey>,
    },
    /// A setting of the command line that is none.
    #[error("--set {found}: expected KEY=VALUE with a dotted key, as in schedule.epochs=3")]
    Setting {
        /// What was given.
        found: String,
    },
    /// The starting weights can't be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Values that can't be, all of them.
    #[error("configuration: {}", problems.join("; "))]
    Values {
        /// One text a problem: key, value found, what was expected.
        problems: Vec<String>,
    },
}

impl Config {
    /// What a run does that is given no configuration: a small network drawn anew, which learns every condition from
    /// small pictures in minutes on a plain CPU.
    pub fn simple() -> Self {
        Self {
            trainable: Trainable::All,
            input: InputConfig { size: 128, variant: ColourVariant::Torchvision, ..InputConfig::default() },
            weights: WeightsConfig { convention: WeightsConvention::Drawn, ..WeightsConfig::default() },
            schedule: ScheduleConfig { features_factor: 1.0, ema: Some(0.98), ..ScheduleConfig::default() },
            ..Self::of_task(TaskKind::MultiLabel)
        }
    }

    /// The defaults of a task.
    fn of_task(task: TaskKind) -> Self {
        Self {
            seed: 0,
            task,
            trainable: defaults::trainable(),
            classes: None,
            data: DataConfig::default(),
            input: InputConfig::default(),
            weights: WeightsConfig::default(),
            features: FeaturesConfig::default(),
            augment: Augment::default(),
            balance: BalanceConfig::default(),
            loss: LossConfig::default(),
            schedule: ScheduleConfig::default(),
            optimizer: OptimizerConfig::default(),
            checkpoint: CheckpointConfig::default(),
            mlflow: MlflowConfig::default(),
        }
    }

    /// Reads a configuration and checks its values.
    ///
    /// # Errors
    /// When it can't be read, has an unknown key, or a value out of range (all such values are named at once).
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::read_with(path, &[])
    }

    /// As [`Config::read`], with settings of the command line (`schedule.epochs=3`) on top. A value is read as TOML,
    /// and as a text where it is none: `task=anomaly` needs no quotes.
    ///
    /// # Errors
    /// As [`Config::read`]; a setting that is no `KEY=VALUE`.
    pub fn read_with(path: &Path, settings: &[String]) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
        let wrong = |message: String| ConfigError::Toml { path: path.to_owned(), message };
        let mut table: toml::Table = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let mut unknown = keys::unknown(&table, &path.display().to_string());
        unknown.extend(set(&mut table, settings)?);
        if !unknown.is_empty() {
            return Err(ConfigError::UnknownKeys { keys: unknown });
        }
        // The file's own text gives the better message; it does not know of the settings.
        let config: Result<Config, String> = if settings.is_empty() {
            toml::from_str(&text).map_err(|error| error.to_string())
        } else {
            table.try_into().map_err(|error: toml::de::Error| error.to_string())
        };
        let config = config.map_err(wrong)?;
        config.check()?;
        Ok(config)
    }

    /// This configuration with settings of the command line on top.
    ///
    /// # Errors
    /// As [`Config::read_with`].
    pub fn with(self, settings: &[String]) -> Result<Self, ConfigError> {
        let wrong = |message: String| ConfigError::Toml { path: PathBuf::from("--set"), message };
        let mut table = toml::Table::try_from(&self).map_err(|error| wrong(error.to_string()))?;
        let unknown = set(&mut table, settings)?;
        if !unknown.is_empty() {
            return Err(ConfigError::UnknownKeys { keys: unknown });
        }
        let config: Config = table.try_into().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    /// A configuration in which every key has a value, also those that may be left out: what keys there are.
    pub(super) fn complete() -> Self {
        let path = || Some(PathBuf::new());
        Config {
            classes: Some(vec![]),
            data: DataConfig { split: path(), root: path() },
            weights: WeightsConfig { file: path(), widths: Some([1; 5]), ..WeightsConfig::default() },
            schedule: ScheduleConfig { ema: Some(0.5), patience: Some(1), ..ScheduleConfig::default() },
            mlflow: MlflowConfig { uri: Some(String::new()), experiment: Some(String::new()) },
            ..Self::of_task(TaskKind::MultiLabel)
        }
    }

    /// The preprocessing of this run.
    pub fn spec(&self) -> PreprocessSpec {
        let input = &self.input;
        let spec = PreprocessSpec { disc: input.disc, ..PreprocessSpec::new(input.size, input.variant) };
        spec.with_least_brightness(input.least_brightness)
    }
}

/// Puts settings of the command line into a table; returns those of keys that there are not.
fn set(table: &mut toml::Table, settings: &[String]) -> Result<Vec<UnknownKey>, ConfigError> {
    let mut unknown = Vec::new();
    for setting in settings {
        let given = keys::setting(setting).ok_or_else(|| ConfigError::Setting { found: setting.clone() })?;
        unknown.extend(keys::unknown(&given, &format!("--set {setting}")));
        keys::merge(table, given);
    }
    Ok(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_task_alone_is_a_configuration() {
        let config = parse("task = \"multi_label\"").unwrap();
        assert_eq!(config.trainable, Trainable::Block5);
        assert_eq!(config.spec().size, 224);
    }

    /// The configuration of a text with settings on top, or why not.
    fn read(text: &str, settings: &[&str]) -> Result<Config, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        Config::read_with(file.path(), &settings)
            .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "a.toml"))
    }

    #[test]
    fn every_unknown_key_is_refused_and_the_nearest_right_one_named() {
        let error = read("task = \"anomaly\"\n[schedule]\nepoch = 3\n", &["optimiser.kind=sgd"]).unwrap_err();
        assert_eq!(
            error,
            "a.toml: unknown key schedule.epoch, did you mean schedule.epochs?; \
             --set optimiser.kind=sgd: unknown key optimiser.kind, did you mean optimizer.kind?"
        );
        let error = read("task = \"anomaly\"\nzzz = 1\n", &[]).unwrap_err();
        assert!(error.starts_with("a.toml: unknown key zzz; keys are seed, task, "), "{error}");
    }

    #[test]
    fn settings_go_on_top_of_the_defaults_too() {
        let with = |setting: &str| Config::simple().with(&[setting.to_owned()]);
        assert_eq!(with("schedule.epochs=2").unwrap().schedule.epochs, 2);
        assert_eq!(Config::simple().with(&[]).unwrap(), Config::simple());
        assert!(with("schedule.epoch=2").unwrap_err().to_string().contains("did you mean schedule.epochs?"));
        assert!(with("schedule.epochs=0").is_err());
    }

    #[test]
    fn settings_go_on_top_of_the_file() {
        let text = "task = \"multi_label\"\n[schedule]\nepochs = 6\nbatch = 16\n";
        let config = read(text, &["schedule.epochs=3", "task=anomaly", "data.root=my photographs"]).unwrap();
        assert_eq!((config.schedule.epochs, config.schedule.batch, config.task), (3, 16, TaskKind::Anomaly));
        assert_eq!(config.data.root, Some(PathBuf::from("my photographs")));
        let outputs = read(text, &["balance.mask_single_class_sources=[\"opacity\"]"]).unwrap();
        assert_eq!(outputs.balance.mask_single_class_sources, [Output::Opacity]);
        assert!(read(text, &["schedule.epochs"]).unwrap_err().contains("expected KEY=VALUE"));
        assert!(read(text, &["schedule.epochs=many"]).unwrap_err().contains("epochs"));
        assert!(read(text, &["schedule.epochs=0"]).unwrap_err().contains("schedule.epochs is 0"));
    }

    #[test]
    fn early_blocks_move_less_when_asked_to() {
        let mut schedule = ScheduleConfig { features_factor: 0.1, block_factor: 0.5, ..ScheduleConfig::default() };
        assert_eq!([None, Some(5), Some(4), Some(1)].map(|b| schedule.part_of_head_rate(b)), [1.0, 0.1, 0.05, 0.00625]);
        schedule.block_factor = 1.0;
        assert_eq!(schedule.part_of_head_rate(Some(1)), 0.1);
        assert!(parse("task = \"anomaly\"\n[schedule]\nblock_factor = 0\n").is_err());
    }

    #[test]
    fn colours_that_do_not_go_with_the_weights_are_refused() {
        let error = parse("task = \"anomaly\"\n[input]\nvariant = \"torchvision\"\n").unwrap_err();
        assert!(error.contains("caffe") && error.contains("Torchvision"), "{error}");
        let text = "task = \"anomaly\"\n[input]\nvariant = \"torchvision\"\n[weights]\nconvention = \"torchvision\"\n";
        assert!(parse(text).is_ok());
    }

    #[test]
    fn a_network_is_drawn_only_when_asked_to_and_then_trained_whole() {
        Config::simple().check().unwrap();
        let drawn = "task = \"anomaly\"\ntrainable = \"all\"\n[input]\nvariant = \"torchvision\"\n[weights]\nconvention = \"drawn\"\n";
        let config = parse(&format!("{drawn}widths = [2, 3, 4, 5, 6]\n")).unwrap();
        let weights = config.weights.load(config.seed).unwrap();
        assert_eq!(weights.require("features.28.weight").unwrap().shape, [6, 6, 3, 3]);
        assert_eq!(weights, config.weights.load(config.seed).unwrap());
        assert_ne!(weights, config.weights.load(config.seed + 1).unwrap());
        let error = parse(&drawn.replace("all", "block5")).unwrap_err();
        assert!(error.contains("trainable is block5") && error.contains("learnt nothing"), "{error}");
        assert!(parse(&format!("{drawn}file = \"w\"\n")).unwrap_err().contains("no file"));
        assert!(parse("task = \"anomaly\"\n[weights]\nwidths = [1, 1, 1, 1, 1]\n").is_err());
        let error = parse("task = \"anomaly\"").unwrap().weights.load(0).unwrap_err().to_string();
        assert!(error.contains("--weights") && error.contains("drawn"), "{error}");
    }

    #[test]
    fn all_values_out_of_range_are_named_at_once() {
        let error = parse("task = \"anomaly\"\n[input]\nsize = 100\n[schedule]\nhead_rate = -1.0\n").unwrap_err();
        assert!(error.contains("input.size is 100") && error.contains("schedule.head_rate is -1"), "{error}");
    }

    #[test]
    fn a_loss_that_does_not_go_with_the_task_is_refused() {
        let focal = "[loss]\ngamma_present = 2\ngamma_absent = 2\n";
        assert!(parse(&format!("task = \"multi_label\"\n{focal}")).unwrap().loss.is_focal());
        let error = parse(&format!("task = \"multi_class\"\n{focal}")).unwrap_err();
        assert!(error.contains("loss is focal or asymmetric") && error.contains("softmax"), "{error}");
        assert!(parse("task = \"multi_class\"\n[loss]\nsmoothing = 0.1\n").is_ok());
        assert!(parse("task = \"anomaly\"\n[loss]\ngamma_absent = 0.5\n").is_err());
        assert!(parse("task = \"anomaly\"\n[schedule]\npatience = 0\n").is_err());
        let mixed = "[augment]\nmix = 0.3\n";
        assert!(parse(&format!("task = \"multi_class\"\n{mixed}")).is_ok());
        let error = parse(&format!("task = \"multi_label\"\n{focal}{mixed}")).unwrap_err();
        assert!(error.contains("augment.mix is 0.3"), "{error}");
    }

    #[test]
    fn classes_without_the_multi_class_task_are_refused() {
        assert!(parse("task = \"anomaly\"\nclasses = [\"normal\", \"glaucoma\"]\n").is_err());
        assert!(parse("task = \"multi_class\"\nclasses = [\"normal\", \"glaucoma\"]\n").is_ok());
        assert!(parse("task = \"multi_class\"\nclasses = [\"normal\", \"normal\"]\n").is_err());
    }

    #[test]
    fn what_is_written_reads_back() {
        let config = parse("task = \"multi_class\"\nseed = 4\ntrainable = \"block4_5\"\n").unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(parse(&text).unwrap(), config);
    }
}
