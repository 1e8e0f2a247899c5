//! `config`: shows a configuration with its defaults, or what two of them differ in.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use toml::Table;

use super::Ui;
use crate::{
    error::{Exit, ExpectedError},
    train::{CONFIG_FILE, config::Config, keys},
};

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print every key with the value that a run would have.
    Show {
        /// The configuration, or a run folder.
        config: PathBuf,
        /// Set a key, as in --set schedule.epochs=3; may be given several times.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
    /// Print the keys that two configurations differ in.
    Diff {
        /// One configuration, or a run folder.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage for a configuration that can't be used.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        match &self.what {
            What::Show { config, settings } => {
                let table = effective(config, settings)?;
                let text = toml::to_string_pretty(&table).map_err(anyhow::Error::from)?;
                ui.result(&table, text)?;
            }
            What::Diff { one, other } => {
                let [one_leaves, other_leaves] = [leaves(one)?, leaves(other)?];
                let names: BTreeSet<&String> = one_leaves.keys().chain(other_leaves.keys()).collect();
                let value = |leaves: &BTreeMap<String, String>, name: &String| leaves.get(name).cloned();
                let differ: BTreeMap<&String, [Option<String>; 2]> = names
                    .into_iter()
                    .map(|name| (name, [value(&one_leaves, name), value(&other_leaves, name)]))
                    .filter(|(_, [one, other])| one != other)
                    .collect();
                let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
                let mut text: String = differ
                    .iter()
                    .map(|(name, [one, other])| format!("{name:<32} {:<24} {}\n", word(one), word(other)))
                    .collect();
                if differ.is_empty() {
                    text = "no difference\n".to_owned();
                }
                ui.result(&differ, text)?;
            }
        }
        Ok(Exit::Ok)
    }
}

/// A configuration with its defaults; of a run folder its own.
fn effective(path: &Path, settings: &[String]) -> Result<Table, ExpectedError> {
    let file = if path.is_dir() { path.join(CONFIG_FILE) } else { path.to_owned() };
    Ok(Table::try_from(Config::read_with(&file, settings)?).map_err(anyhow::Error::from)?)
}

fn leaves(path: &Path) -> Result<BTreeMap<String, String>, ExpectedError> {
    let leaves = keys::leaves(&effective(path, &[])?);
    Ok(leaves.into_iter().map(|(name, value)| (name, value.to_string())).collect())
}
