//! Which bundle to use, and loading it.

use std::{
    env,
    ffi::OsStr,
    fs, iter,
    path::{Path, PathBuf},
};

use clap::Args;
use ocellus_model::bundle::Bundle;

use crate::{config, error::ExpectedError, judge::Judge, trust};

/// The environment variable that names a bundle.
const VARIABLE: &str = "OCELLUS_BUNDLE";

/// Where bundles lie in a checkout, below the working directory or a parent of the program.
const IN_CHECKOUT: &str = "models/bundles";

/// Where an installation keeps them.
const INSTALLED: &str = "/usr/share/ocellus/bundles";

/// What every verb that judges takes.
#[derive(Debug, Clone, Args)]
pub(super) struct BundleArguments {
    /// The bundle to judge with [default: $OCELLUS_BUNDLE, else the one in models/bundles or /usr/share/ocellus/bundles]
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Also trust bundles signed with this minisign public key; may be given several times
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
}

impl BundleArguments {
    /// With the bundle that the configuration names, where the command line names none, and with the keys of both.
    pub(super) fn or(self, named: &config::Bundle) -> Self {
        BundleArguments {
            bundle: self.bundle.or_else(|| named.folder.clone()),
            trust: [self.trust, named.trust.clone()].concat(),
        }
    }

    /// Verifies the bundle, loads its network and has it judge the bundle's own photographs; `moves` as in
    /// [`Judge::self_test`].
    ///
    /// # Errors
    /// When there is no bundle, it is refused, or this machine does not reproduce its outputs.
    pub(super) fn load(&self, moves: &(dyn Fn() + Sync)) -> Result<Judge, ExpectedError> {
        let directory = choose(self.bundle.as_deref())?;
        let keys = trust::trusted_keys(&self.trust)?;
        let judge = Judge::new(Bundle::open(&directory, &keys)?)?;
        let report = judge.self_test(moves)?;
        log::info!(
            "{}: self-test of {} photographs passed, largest relative difference {:.1e}",
            directory.display(),
            report.photographs,
            report.worst
        );
        Ok(judge)
    }
}

/// The bundle's directory: the one named, else `$OCELLUS_BUNDLE`, else the only one in the first of the usual places
/// that has any: `models/bundles` in the working directory, in any parent of the program, `/usr/share/ocellus/bundles`.
///
/// # Errors
/// When there is none, or a place has several.
fn choose(named: Option<&Path>) -> Result<PathBuf, ExpectedError> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return Ok(named.into());
    }
    let program = env::current_exe().unwrap_or_default();
    let places: Vec<PathBuf> = iter::once(PathBuf::from(IN_CHECKOUT))
        .chain(program.ancestors().skip(1).map(|parent| parent.join(IN_CHECKOUT)))
        .chain([PathBuf::from(INSTALLED)])
        .collect();
    only_one_in(&places)
}

fn only_one_in(places: &[PathBuf]) -> Result<PathBuf, ExpectedError> {
    for place in places {
        match &directories_in(place)[..] {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                let names: Vec<_> = several.iter().filter_map(|path| path.file_name()?.to_str()).collect();
                return Err(ExpectedError::Usage(format!(
                    "{} holds several bundles ({}): name one with --bundle",
                    place.display(),
                    names.join(", ")
                )));
            }
        }
    }
    Err(ExpectedError::Usage(format!(
        "no bundle found in {IN_CHECKOUT} or {INSTALLED}: name one with --bundle DIR or ${VARIABLE}"
    )))
}

/// The directories in a place, sorted, hidden ones left out; none where there is no such place.
fn directories_in(place: &Path) -> Vec<PathBuf> {
    let hidden = |path: &Path| path.file_name().map(OsStr::as_encoded_bytes).is_none_or(|name| name.starts_with(b"."));
    let mut found: Vec<PathBuf> = fs::read_dir(place)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir() && !hidden(path))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_place_with_a_bundle_decides_and_two_in_it_are_asked_about() {
        let home = tempfile::tempdir().unwrap();
        let [first, second, third] = ["first", "second", "third"].map(|name| home.path().join(name));
        fs::create_dir_all(first.join(".hidden")).unwrap();
        fs::write(home.path().join("first/README.md"), "no bundle").unwrap();
        fs::create_dir_all(second.join("one")).unwrap();
        let places = [home.path().join("none"), first, second.clone(), third];
        assert_eq!(only_one_in(&places).unwrap(), second.join("one"));

        fs::create_dir_all(second.join("two")).unwrap();
        let error = only_one_in(&places).unwrap_err().to_string();
        assert!(error.contains("one, two") && error.contains("--bundle"), "{error}");
        assert!(only_one_in(&places[..2]).unwrap_err().to_string().contains(VARIABLE));
    }
}
