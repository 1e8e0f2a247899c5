//! `ocellus record`: looks into the record of encounters, exports, sends, checks, backs up and purges it.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    run::{device, home, reports},
    secret_line::passphrase,
    send,
};
use crate::{
    amend::{AmendError, Printing, amend},
    config::Config,
    error::{Exit, ExpectedError},
    record::{BackupKey, EncounterId, Key, RestoreKey, Retention, Search, Store, StoreError, Summary},
    rollback, sending,
    station::Patient,
    store::Stamp,
};

/// What this verb's exit codes mean.
const EXIT_CODES: &str = "Exit codes:
  0  done
  1  the record cannot be read or written, or was changed from outside
  2  wrong usage or configuration";

/// Looks into the record of encounters, exports, sends, checks, backs up and purges it.
///
/// The device must not run meanwhile: one program has the record open at a time. Whatever shows or changes something of a
/// patient is noted in the record's audit log under --actor.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// The device's configuration, which says where the record lies [default: the defaults]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a key of the configuration, as in --set store.folder=DIR; may be given several times
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Who does it, for the audit log
    #[arg(long, global = true, value_name = "NAME", default_value = "service", value_parser = actor)]
    actor: String,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Lists encounters, the newest first
    #[command(after_help = EXIT_CODES)]
    List {
        /// Only of the patient with this number
        #[arg(long, value_name = "NUMBER")]
        patient: Option<String>,
        /// Only of patients whose name begins so
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Only with practice patients
        #[arg(long)]
        practice: bool,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Prints all that is known of one encounter as JSON, but no photographs
    #[command(after_help = EXIT_CODES)]
    Show {
        /// Its number, as `list` prints it
        encounter: String,
    },
    /// Writes all that the record has of one patient into a folder, not encrypted
    #[command(after_help = EXIT_CODES)]
    Export {
        /// The patient's number
        patient: String,
        /// The folder; must be empty or not there
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Prints the audit log, the newest line first
    #[command(after_help = EXIT_CODES)]
    Log {
        /// Only lines on this encounter
        #[arg(long, value_name = "ENCOUNTER")]
        of: Option<String>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Checks that the record is whole and nothing was changed from outside
    #[command(after_help = EXIT_CODES)]
    Check,
    /// A supervisor has looked at what the check found: encounters may begin again
    #[command(after_help = EXIT_CODES)]
    Accept,
    /// A supervisor lets a bundle judge again that is older than one that has judged here
    #[command(after_help = EXIT_CODES)]
    GoBack {
        /// The bundle's name
        name: String,
        /// Its sequence number
        sequence: u64,
    },
    /// Writes the whole record into one encrypted file
    #[command(after_help = EXIT_CODES)]
    Backup {
        /// The file; must not be there
        file: PathBuf,
        /// The public key of who may open it (age1…); may be given several times. Without one, a passphrase is read from
        /// standard input
        #[arg(long, value_name = "KEY")]
        recipient: Vec<String>,
    },
    /// Makes the record anew from a backup, where there is none; what opens it is read from standard input
    #[command(after_help = EXIT_CODES)]
    Restore {
        /// The backup
        file: PathBuf,
        /// Standard input holds a secret key (AGE-SECRET-KEY-1…) instead of a passphrase
        #[arg(long)]
        identity: bool,
    },
    /// Sends what waits now, whether its time has come or not, and prints what went where
    ///
    /// One line each: encounter, destination, what became of it. Exit code 1 says that something waits or is set aside.
    #[command(after_help = EXIT_CODES)]
    Send {
        /// End then; without it, go on with what comes due until ended
        #[arg(long)]
        once: bool,
        /// Also try again what destinations have refused for good
        #[arg(long)]
        retry_refused: bool,
    },
    /// Lists what waits to be sent, what the archive has not committed yet, and what is set aside, with the reasons
    #[command(after_help = EXIT_CODES)]
    Queue,
    /// Lets something else open the record from now on; set it in the configuration then, too
    ///
    /// Passphrases are lines of standard input: first the one that opens it now, where one does. Who has an old copy of the
    /// record's folder and what opened that can still open it.
    #[command(after_help = EXIT_CODES, group = clap::ArgGroup::new("by").required(true).args(["key_file", "passphrase", "tpm"]))]
    Rekey {
        /// This key file; made where it is not there
        #[arg(long, value_name = "FILE")]
        key_file: Option<PathBuf>,
        /// A passphrase
        #[arg(long)]
        passphrase: bool,
        /// This machine's TPM [default: the one that the configuration names]
        #[arg(long, value_name = "TCTI", num_args = 0..=1)]
        tpm: Option<Option<String>>,
    },
    /// Puts an encounter down to the right patient, after the wrong one was confirmed, and replaces its report
    ///
    /// The report before stays in the record and names whom it named. What was sent is sent again.
    #[command(after_help = EXIT_CODES)]
    Amend {
        /// Its number, as `list` prints it
        encounter: String,
        /// The right patient's number
        #[arg(long, value_name = "NUMBER")]
        patient: String,
        /// The right patient's name
        #[arg(long, value_name = "NAME", default_value = "")]
        name: String,
        /// The right patient's date of birth
        #[arg(long, value_name = "YYYY-MM-DD", default_value = "")]
        birth_date: String,
    },
    /// Destroys encounters that are old enough and that the archive has
    #[command(after_help = EXIT_CODES)]
    Purge {
        /// Days that an encounter is kept
        #[arg(long, value_name = "N")]
        days: u32,
        /// Also those that no archive has said it keeps: their photographs are nowhere else
        #[arg(long)]
        also_never_sent: bool,
    },
}

fn actor(name: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=40).contains(&name.len()) && name.chars().all(plain) {
        Ok(name.to_owned())
    } else {
        Err("expected 1 to 40 letters, digits, . - _".to_owned())
    }
}

/// Does it.
pub(super) fn run(arguments: &Arguments) -> Result<Exit, ExpectedError> {
    let config = Config::load(arguments.config.as_deref(), &arguments.set)?;
    let (home, device) = (home(&config)?, device(&config));
    let (at, actor) = (Stamp::now(), &arguments.actor);
    // Never made anew here: who looks for a record has one.
    let open = |device| Store::open(&home.record(), &home.key, device, at);
    match &arguments.verb {
        Verb::List { patient, name, practice, limit } => {
            let search = Search {
                patient_id: patient.as_deref(),
                name_prefix: name.as_deref(),
                practice: practice.then_some(true),
                ..Search::default()
            };
            let mut store = open(device)?;
            let found = store.list(&search, *limit)?;
            store.audit(actor, "list", "record", &found.len(), at)?;
            found.iter().try_for_each(line).map_err(ExpectedError::Output)?;
            Ok(Exit::Success)
        }
        Verb::Show { encounter } => {
            let mut store = open(device)?;
            let id = by_name(&store, encounter)?;
            print(&store.read(id, actor, at)?)
        }
        Verb::Export { patient, out } => print(&open(device)?.export_patient(patient, out, actor, at)?),
        Verb::Log { of, limit } => {
            for line in open(device)?.log(of.as_deref(), None, *limit)? {
                print(&line)?;
            }
            Ok(Exit::Success)
        }
        Verb::Check => {
            let store = open(device)?;
            for finding in store.findings() {
                writeln!(io::stdout().lock(), "{finding}").map_err(ExpectedError::Output)?;
            }
            if store.findings().is_empty() {
                return said(format_args!("whole; {} lines in the audit log", store.head().sequence));
            }
            Ok(Exit::Failed)
        }
        Verb::Accept => {
            let mut store = open(device)?;
            let count = store.findings().len();
            store.accept(actor, at)?;
            said(format_args!("{count} findings accepted"))
        }
        Verb::GoBack { name, sequence } => {
            rollback::go_back(&mut open(device)?, name, *sequence, actor, at)?;
            said(format_args!("{name} may judge again from sequence number {sequence} on"))
        }
        Verb::Backup { file, recipient } => {
            let key = match &recipient[..] {
                [] => BackupKey::Passphrase(passphrase()?),
                keys => BackupKey::Recipients(keys.to_vec()),
            };
            print(&open(device)?.backup(file, &key, actor, at)?)
        }
        Verb::Send { once, retry_refused } => {
            let mut store = open(device)?;
            if *retry_refused {
                store.outbox().retry_refused(actor, at)?;
            }
            send::send(store, &config, *once)
        }
        Verb::Queue => send::queue(&mut open(device)?),
        Verb::Amend { encounter, patient, name, birth_date } => {
            let patient = Patient::from_code(&format!("{patient}|{name}|{birth_date}"));
            let patient = patient.filter(Patient::has_two_identifiers).ok_or_else(|| {
                let expected = "expected --patient with a number of at most 64 characters, and --name or --birth-date \
                                (YYYY-MM-DD), none of them with a |";
                ExpectedError::Usage(expected.to_owned())
            })?;
            let printing = Printing {
                language: config.site.language,
                reports: reports(&config),
                screen_again_months: config.site.screen_again_months,
            };
            let destinations = sending::destinations(&config);
            let mut store = open(device)?;
            let id = by_name(&store, encounter)?;
            let amended = amend(&mut store, id, &patient, (printing, &destinations), (actor, at));
            let report = amended.map_err(|error| match error {
                AmendError::Store(error) => ExpectedError::Record(error),
                error => ExpectedError::Usage(format!("{encounter}: {error}")),
            })?;
            said(format_args!("{encounter} is put down to the patient; its report is {report}"))
        }
        Verb::Purge { days, also_never_sent } => {
            let retention = Retention { days: *days, also_never_sent: *also_never_sent };
            print(&open(device)?.purge(retention, actor, at)?)
        }
        Verb::Rekey { key_file, passphrase: asked, tpm } => {
            let mut store = open(device)?;
            let (key, setting) = match (key_file, asked, tpm) {
                (Some(path), ..) => (Key::File(path.clone()), "key_file"),
                (_, true, _) => (Key::Passphrase(passphrase()?), "passphrase"),
                (.., tpm) => (Key::Tpm(tpm.clone().flatten().unwrap_or_else(|| config.store.tpm.clone())), "tpm"),
            };
            key.ready()?;
            store.rekey(&key, actor, at)?;
            said(format_args!("opened otherwise from now on: set store.opened_by = \"{setting}\" in the configuration"))
        }
        Verb::Restore { file, identity } => {
            let secret = passphrase()?;
            let by = if *identity { RestoreKey::Identity(secret) } else { RestoreKey::Passphrase(secret) };
            home.ready()?;
            let store = Store::restore(file, &by, &home.record(), &home.key, device, at)?;
            said(format_args!("{} encounters", store.list(&Search::default(), u32::MAX)?.len()))
        }
    }
}

/// An encounter in one line: number, when, how it stands, photographs, patient.
fn line(of: &Summary) -> io::Result<()> {
    let clock = if of.begun.clock_is_set { "" } else { "?" };
    writeln!(
        io::stdout().lock(),
        "{}\t{}{clock}\t{}\t{}\t{}\t{}",
        of.name,
        of.begun.unix_seconds,
        of.state,
        of.photographs,
        of.patient.id,
        of.patient.name
    )
}

fn by_name(store: &Store, name: &str) -> Result<EncounterId, ExpectedError> {
    let all = store.list(&Search::default(), u32::MAX)?;
    let found = all.into_iter().find(|summary| summary.name == name).map(|summary| summary.id);
    found.ok_or_else(|| ExpectedError::Record(StoreError::missing(format!("encounter {name}"))))
}

fn print(value: &impl Serialize) -> Result<Exit, ExpectedError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| ExpectedError::Output(error.into()))?;
    said(format_args!("{text}"))
}

fn said(words: std::fmt::Arguments<'_>) -> Result<Exit, ExpectedError> {
    writeln!(io::stdout().lock(), "{words}").map_err(ExpectedError::Output)?;
    Ok(Exit::Success)
}
