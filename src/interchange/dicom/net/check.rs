//! What works with a peer and what does not, tried out: for the person who sets the device up.
//!
//! Not here: the words of the command line around it.

use std::{fmt, time::Duration};

use super::{
    commitment::{self, Commitment, Instance},
    echo,
    listener::Listener,
    peer::Peer,
    store::{self, Delivery},
    worklist::{self, Query},
};
use crate::interchange::dicom::Object;

/// What is to be tried besides C-ECHO.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan<'a> {
    /// An object to store: a [`sample`](super::super::sample). It stays in the archive.
    pub store: Option<&'a Object>,
    /// Whether the archive is asked to answer for it, and how.
    pub commit: Option<Commit<'a>>,
    /// What the worklist is asked for.
    pub worklist: Option<&'a Query>,
}

/// How storage commitment is tried.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// The Transaction UID, a new one each time.
    pub transaction: &'a str,
    /// How long the report is awaited on the same association.
    pub here: Duration,
    /// Where else it is awaited, and how long.
    pub elsewhere: Option<(&'a Listener, Duration)>,
}

/// How one of them went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It works; with what came of it, for a person.
    Works(String),
    /// It does not.
    Fails(String),
    /// It was not tried, and why.
    Skipped(&'static str),
}

/// One that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What: `echo`, `store`, `commitment`, `worklist`.
    pub what: &'static str,
    /// How it went.
    pub verdict: Verdict,
}

/// All that was tried with a peer. It is shown as one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The peer: AE title, host and port.
    pub peer: String,
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// What was tried, in this order.
    pub lines: Vec<Line>,
}

impl Check {
    /// Whether nothing that was tried fails.
    pub fn is_good(&self) -> bool {
        !self.lines.iter().any(|line| matches!(line.verdict, Verdict::Fails(_)))
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({})", self.peer, if self.encrypted { "TLS" } else { "not encrypted" })?;
        self.lines.iter().try_for_each(|Line { what, verdict }| match verdict {
            Verdict::Works(result) => writeln!(f, "  {what:<10}  works    {result}"),
            Verdict::Fails(reason) => writeln!(f, "  {what:<10}  FAILS    {reason}"),
            Verdict::Skipped(reason) => writeln!(f, "  {what:<10}  skipped  {reason}"),
        })
    }
}

/// Tries out a peer, one association after the other.
pub fn check(peer: &Peer, plan: Plan<'_>) -> Check {
    let echoed = echo::echo(peer);
    // A peer may do everything else without answering an echo; without an association the rest would only fail alike.
    let reached = match &echoed {
        Ok(()) => true,
        Err(error) => !error.ends_association(),
    };
    let echoed = match echoed {
        Ok(()) => Verdict::Works("it answers".to_owned()),
        Err(error) => Verdict::Fails(error.to_string()),
    };
    let not_reached = Verdict::Skipped("without an association there is nothing to try");
    let stored = match plan.store {
        None => NOT_ASKED_FOR,
        Some(_) if !reached => not_reached.clone(),
        Some(object) => try_store(peer, object),
    };
    let committed = match (plan.commit, plan.store, &stored) {
        (None, _, _) => NOT_ASKED_FOR,
        (Some(commit), Some(object), Verdict::Works(_)) => try_commit(peer, commit, object),
        (Some(_), _, _) => Verdict::Skipped("nothing was stored"),
    };
    let listed = match plan.worklist {
        None => NOT_ASKED_FOR,
        Some(_) if !reached => not_reached,
        Some(query) => try_worklist(peer, query),
    };
    let verdicts = [("echo", echoed), ("store", stored), ("commitment", committed), ("worklist", listed)];
    Check {
        peer: format!("{} at {}:{}", peer.called, peer.host, peer.port),
        encrypted: peer.tls.is_some(),
        lines: verdicts.into_iter().map(|(what, verdict)| Line { what, verdict }).collect(),
    }
}

fn try_store(peer: &Peer, object: &Object) -> Verdict {
    let transfer = store::store(peer, std::slice::from_ref(object));
    if let Some(error) = transfer.broke {
        return Verdict::Fails(error.to_string());
    }
    match transfer.sent.into_iter().next().map(|sent| sent.delivery) {
        Some(Delivery::Stored { warning: None, .. }) => Verdict::Works("a test photograph was stored".to_owned()),
        Some(Delivery::Stored { warning: Some(status), .. }) => {
            Verdict::Works(format!("a test photograph was stored, with status {status}"))
        }
        Some(Delivery::AlreadyThere) => Verdict::Works("the test photograph is there from an earlier time".to_owned()),
        Some(Delivery::Failed(error)) => Verdict::Fails(error.to_string()),
        Some(Delivery::NotSent) | None => Verdict::Skipped("nothing was sent"),
    }
}

fn try_commit(peer: &Peer, commit: Commit<'_>, object: &Object) -> Verdict {
    let Commit { transaction, here, elsewhere } = commit;
    match commitment::commit(peer, &[Instance::from(object)], transaction, here, elsewhere) {
        Ok(Commitment::Committed) => Verdict::Works("the archive answers for the test photograph".to_owned()),
        Ok(Commitment::Failed(_)) => {
            Verdict::Fails("the archive does not answer for what it has just stored: see its log".to_owned())
        }
        Ok(Commitment::Pending) => Verdict::Fails(
            "the request was taken and no report came: let the archive's administrator enter this device's address, \
             port and AE title for reports, and check firewalls towards this device"
                .to_owned(),
        ),
        Err(error) => Verdict::Fails(error.to_string()),
    }
}

fn try_worklist(peer: &Peer, query: &Query) -> Verdict {
    match worklist::find(peer, query) {
        Ok(found) => {
            let more = if found.has_more { ", and more" } else { "" };
            let unusable = match found.unusable {
                0 => String::new(),
                count => format!(", and {count} that cannot be used"),
            };
            Verdict::Works(format!("entries: {}{more}{unusable}", found.entries.len()))
        }
        Err(error) => Verdict::Fails(error.to_string()),
    }
}

const NOT_ASKED_FOR: Verdict = Verdict::Skipped("not asked for");
