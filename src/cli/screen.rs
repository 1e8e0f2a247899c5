//! `ocellus screen`: judges photographs from files, one record each.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use ocellus_model::{image, laterality::Laterality};

use super::{
    bundle_choice::BundleArguments,
    listing::{Listing, Summary},
    photographs::{self, Found},
};
use crate::{
    error::{Exit, ExpectedError},
    judge::{Judge, Known, Record},
};

/// Judges photographs of the retina, one after the other, and prints a record for each.
///
/// A folder is searched with all its subfolders. In it, files that are not photographs are passed over and named;
/// hidden files are not looked at. A photograph that cannot be read gets a record with an error, and the others are
/// still judged.
#[derive(Debug, Args)]
#[command(after_help = Exit::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    bundle: BundleArguments,
    /// The eye that all the photographs show, OD (right) or OS (left)
    #[arg(long, value_name = "OD|OS")]
    eye: Option<Laterality>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Photographs, and folders with photographs
    #[arg(required = true, value_name = "PHOTO|FOLDER")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A listing for people
    Text,
    /// One JSON object a line
    Json,
}

/// Judges everything that was named.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    let Found { photographs, passed_over } = photographs::find(&arguments.paths);
    for (path, reason) in &passed_over {
        log::warn!("{}: passed over: {reason}", path.display());
    }
    if photographs.is_empty() {
        return Err(ExpectedError::Usage(format!("no photograph found in {}", in_words(&arguments.paths))));
    }
    let judge = arguments.bundle.load(&|| {})?;

    let mut printer = Printer {
        out: BufWriter::new(io::stdout().lock()),
        format: arguments.format,
        listing: Listing::new(photographs.iter().map(PathBuf::as_path)),
        summary: Summary::new(passed_over.len()),
    };
    printer.begin(&judge, arguments.eye).map_err(ExpectedError::Output)?;
    for path in &photographs {
        printer.record(&judge_file(&judge, path, arguments.eye)).map_err(ExpectedError::Output)?;
    }
    printer.end().map_err(ExpectedError::Output)?;
    Ok(if printer.summary.has_network_failed() {
        Exit::Failed
    } else if printer.summary.has_unreadable() {
        Exit::SomeUnreadable
    } else {
        Exit::Success
    })
}

fn judge_file(judge: &Judge, path: &Path, eye: Option<Laterality>) -> Record {
    let file = path.to_string_lossy();
    match image::read_bytes(path) {
        Ok(bytes) => judge.judge(&file, &bytes, Known { eye, ..Known::default() }).record,
        Err(error) => judge.unreadable(&file, &error.to_string()),
    }
}

fn in_words(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Prints records as they come.
struct Printer<W: Write> {
    out: W,
    format: Format,
    listing: Listing,
    summary: Summary,
}

impl<W: Write> Printer<W> {
    fn begin(&mut self, judge: &Judge, eye: Option<Laterality>) -> io::Result<()> {
        if self.format == Format::Json {
            return Ok(());
        }
        let id = judge.bundle_id();
        let eye = match eye {
            Some(Laterality::Od) => ", right eyes (OD)",
            Some(Laterality::Os) => ", left eyes (OS)",
            None => "",
        };
        writeln!(self.out, "bundle {} {} ({}){eye}", id.name, id.version, id.digest.short())?;
        writeln!(self.out, "{}\n", judge.bundle().manifest().statement)?;
        self.out.flush()
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.summary.count(record);
        match self.format {
            Format::Text => writeln!(self.out, "{}", self.listing.line(record))?,
            Format::Json => {
                serde_json::to_writer(&mut self.out, record)?;
                writeln!(self.out)?;
            }
        }
        // Each record is seen when it is there, also through a pipe.
        self.out.flush()
    }

    /// The summary: the last line of a listing, but on standard error beside JSON.
    fn end(&mut self) -> io::Result<()> {
        match self.format {
            Format::Text => {
                writeln!(self.out, "\n{}", self.summary)?;
                self.out.flush()
            }
            Format::Json => writeln!(io::stderr(), "{}", self.summary),
        }
    }
}
