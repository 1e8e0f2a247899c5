//! `ocellus demo`: lives an encounter on a practice patient.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::Args;

use super::bundle_choice::BundleArguments;
use crate::{
    demo::{self, Lived},
    error::{Exit, ExpectedError},
    judge::BundleId,
    language::Language,
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
    #[arg(long, default_value_t = 5)]
    seed: u64,
    /// Language of the screens: en, es, fr, pt, de or ar
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
}

fn language(code: &str) -> Result<Language, String> {
    Language::from_code(code).ok_or_else(|| format!("expected {}", Language::ALL.map(Language::code).join(", ")))
}

/// Lives it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    // Here, so that a bundle that is refused is said at once and in full.
    let judge = arguments.bundle.load(&|| {})?;
    let (id, statement) = (judge.bundle_id().clone(), judge.bundle().manifest().statement.clone());
    make_empty(&arguments.out)?;
    let bundle = arguments.bundle.clone();
    // The device that starts gets that one; should it be asked to load again, it does.
    let loaded = Mutex::new(Some(judge));
    let load = move |moves: &(dyn Fn() + Sync)| match loaded.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(judge) => Ok(judge),
        None => bundle.load(moves).map_err(|error| error.to_string()),
    };
    let lived = demo::live(load, &arguments.out, arguments.seed, arguments.language).map_err(ExpectedError::Demo)?;
    print(&id, &statement, &lived).map_err(ExpectedError::Output)?;
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

fn print(id: &BundleId, statement: &str, lived: &Lived) -> io::Result<()> {
    let Lived { right, left, patient, folder, film, encounter } = lived;
    let mut out = io::stdout().lock();
    writeln!(out, "bundle {} {} ({})", id.name, id.version, id.digest.short())?;
    writeln!(out, "{statement}\n")?;
    for (eye, status) in [("right eye", right), ("left eye", left)] {
        let message = messages::eye_result(status, Language::En);
        writeln!(out, "{eye:<10} {} {}", message.title, message.action)?;
    }
    let message = messages::result([right, left], *patient, None, 12, Language::En);
    writeln!(out, "patient    {}. {}\n", message.title, message.action)?;
    writeln!(out, "the screens as the operator saw them are in {}", folder.display())?;
    writeln!(out, "as one animated picture: {}", film.display())?;
    writeln!(out, "photographs, findings and the report, out of the encrypted record: {}", encounter.display())?;
    out.flush()
}
