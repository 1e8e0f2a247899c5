//! `keygen`: makes a pair of signing keys.

use std::path::PathBuf;

use super::ui::{Ui, shell};
use crate::{
    error::{Exit, ExpectedError},
    sign::generate,
};

/// Arguments of `keygen`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to write the secret key; the public one is written beside it with the ending .pub.
    secret: PathBuf,
    /// Environment variable that holds the password to encrypt the secret key with; without it the key is not
    /// encrypted and the file's permissions alone protect it.
    #[arg(long, value_name = "VARIABLE")]
    password_env: Option<String>,
}

/// The password in an environment variable; it is never taken from the command line, which other users can see.
pub(super) fn password(variable: Option<&String>) -> Result<Option<String>, ExpectedError> {
    let Some(name) = variable else { return Ok(None) };
    match std::env::var(name) {
        Ok(password) if !password.is_empty() => Ok(Some(password)),
        _ => Err(ExpectedError::Usage(format!("environment variable {name} holds no password"))),
    }
}

impl Args {
    /// Runs the verb.
    ///
    /// # Errors
    /// Usage when a file is there already, failed when it can't be written.
    pub(super) fn run(&self, ui: &Ui) -> Result<Exit, ExpectedError> {
        if ui.would(format_args!("make {} and its .pub beside it", self.secret.display()))? {
            return Ok(Exit::Ok);
        }
        let keys = generate(&self.secret, password(self.password_env.as_ref())?)?;
        let text = format!("secret key {} (keep it offline)\npublic key {}\n", self.secret.display(), keys.display());
        let paths = serde_json::json!({ "secret": self.secret, "public": keys });
        ui.result(&paths, text)?;
        ui.next(format_args!("ocellus-trainer sign --key {} BUNDLE", shell(&self.secret)));
        Ok(Exit::Ok)
    }
}
