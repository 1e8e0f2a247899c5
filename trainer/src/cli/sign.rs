//! `sign`: signs a bundle.

use std::path::PathBuf;

use ocellus_model::bundle::{Bundle, UnsignedBundle};

use super::{
    keygen::password,
    ui::{Ui, shell},
};
use crate::{
    error::{Exit, ExpectedError},
    sign::{SecretKey, generate, public_file},
};

/// Arguments of `sign`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The secret key.
    #[arg(long)]
    key: PathBuf,
    /// Make the key, and the public one beside it, where it is not there yet.
    #[arg(long)]
    new_key: bool,
    /// Environment variable that holds its password, where it has one.
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,
    /// The bundle's folder.
    bundle: PathBuf,
}

impl Args {
    /// Runs the verb: checks manifest and digests, signs, and opens the bundle as a device will.
    ///
    /// # Errors
    /// Bundle when it is not in order, usage when the key can't be used.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        if ui.is_dry() {
            UnsignedBundle::open(&self.bundle).map_err(|error| ExpectedError::Bundle(error.to_string()))?;
            ui.would(format_args!("sign {} with {}", self.bundle.display(), self.key.display()))?;
            return Ok(Exit::Ok);
        }
        let password = password(self.password_env.as_ref())?;
        if self.new_key && !self.key.exists() {
            let public = generate(&self.key, password.clone())?;
            ui.say(format_args!("made {} (keep it offline) and {}", self.key.display(), public.display()));
        }
        let key = SecretKey::read(&self.key, password)?;
        let refused = |error: &dyn std::fmt::Display| ExpectedError::Bundle(error.to_string());
        let unsigned = UnsignedBundle::open(&self.bundle).map_err(|error| refused(&error))?;
        let public = key.public()?;
        unsigned.attach(&key.sign(&unsigned)?, &public).map_err(|error| refused(&error))?;
        let bundle = Bundle::open(&self.bundle, &[public]).map_err(|error| refused(&error))?;
        let manifest = bundle.manifest();
        let digest = bundle.digest().to_string();
        let text = format!("signed {} {} sequence {} ({digest})\n", manifest.name, manifest.version, manifest.sequence);
        let value = serde_json::json!({ "bundle": self.bundle, "name": manifest.name, "digest": digest });
        ui.result(&value, text)?;
        let public = public_file(&self.key);
        ui.next(format_args!("ocellus-trainer verify --trust {} {}", shell(&public), shell(&self.bundle)));
        Ok(Exit::Ok)
    }
}
