//! Secrets that come on standard input: never as an argument, which every program on the machine can read.

use std::io::{self, BufRead};

use crate::{error::ExpectedError, record::Passphrase};

/// The next line of standard input.
pub(super) fn passphrase() -> Result<Passphrase, ExpectedError> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| {
        ExpectedError::Usage(format!("standard input: expected a line with the passphrase or key: {error}"))
    })?;
    Ok(Passphrase::new(line.trim_end_matches(['\r', '\n']).to_owned()))
}
