//! `ocellus demo`: lives an encounter on a practice patient.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;

use super::bundle_choice::BundleArguments;
use crate::{
    demo::{self, Lived},
    error::{Exit, ExpectedError},
    judge::Judge,
    screens::messages,
};

/// Lives a whole encounter on a practice patient, right eye then left, and keeps what the operator would see.
///
/// The photographs are drawn by the program; nobody's eyes are shown. Everything else is as in a clinic: the bundle is
/// verified, each photograph is judged and stored before its result is shown.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    bundle: BundleArguments,
    /// Where to leave the screens (PNG), the photographs and the result; made if it is not there, must be empty
    #[arg(long, value_name = "DIR", default_value = "ocellus-demo")]
    out: PathBuf,
    /// Another number, another patient
    #[arg(long, default_value_t = 3)]
    seed: u64,
}

/// Lives it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    let judge = arguments.bundle.load()?;
    make_empty(&arguments.out)?;
    let lived = demo::live(&judge, &arguments.out, arguments.seed).map_err(ExpectedError::Demo)?;
    print(&judge, &lived).map_err(ExpectedError::Output)?;
    Ok(Exit::Success)
}

/// Makes the folder, or makes sure that nothing lies in it that would be mixed up with this encounter.
fn make_empty(folder: &Path) -> Result<(), ExpectedError> {
    let cannot = |error: io::Error| ExpectedError::Usage(format!("{}: cannot be used: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(cannot)?;
    if fs::read_dir(folder).map_err(cannot)?.next().is_some() {
        return Err(ExpectedError::Usage(format!(
            "{}: is not empty; name another folder with --out, or delete it",
            folder.display()
        )));
    }
    Ok(())
}

fn print(judge: &Judge, lived: &Lived) -> io::Result<()> {
    let Lived { right, left, patient, screens, record } = lived;
    let mut out = io::stdout().lock();
    let id = judge.bundle_id();
    writeln!(out, "bundle {} {} ({})", id.name, id.version, id.digest.short())?;
    writeln!(out, "{}\n", judge.bundle().manifest().statement)?;
    for (eye, status) in [("right eye", right), ("left eye", left)] {
        let message = messages::eye_result(status);
        writeln!(out, "{eye:<10} {} {}", message.title, message.action)?;
    }
    let message = messages::result(right, left, *patient);
    writeln!(out, "patient    {}. {}\n", message.title, message.action)?;
    if let Some(last) = screens.last() {
        writeln!(out, "{} screens as the operator saw them, the result in {}", screens.len(), last.display())?;
    }
    writeln!(out, "everything that was found is in {}", record.display())?;
    out.flush()
}
