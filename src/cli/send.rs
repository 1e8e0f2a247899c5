//! `ocellus record send` and `ocellus record queue`: the outbox, emptied and looked at.

use std::{
    io::{self, Write},
    sync::mpsc::sync_channel,
};

use crate::{
    config::Config,
    error::{Exit, ExpectedError},
    record::Store,
    sending::Sender,
    store::Stamp,
};

/// Sends what waits, and says what went where: once, or until the program is ended.
pub(super) fn send(mut store: Store, config: &Config, once: bool) -> Result<Exit, ExpectedError> {
    let mut sender = Sender::of(config).map_err(|error| ExpectedError::Usage(error.to_string()))?;
    if sender.is_empty() {
        let hint = "nothing is configured to be sent anywhere; see [dicom], [fhir], [hl7] and [drop_folder]";
        return Err(ExpectedError::Usage(hint.to_owned()));
    }
    let went = sender.round(&mut store, Stamp::now(), true)?;
    for line in &went {
        said(line)?;
    }
    if !once {
        // Nobody wakes it; it looks by itself until the program is ended.
        let (_wake, wakes) = sync_channel(1);
        sender.run(store, &wakes);
        return Ok(Exit::Success);
    }
    let outbox = store.outbox();
    let (waiting, aside) = (outbox.waiting()?, outbox.set_aside()?);
    for entry in &aside {
        // Those of this time were told above.
        let is_told = went.iter().any(|went| went.encounter == entry.name && went.to == entry.kind);
        if !is_told {
            said(format_args!(
                "{}\t{}\tset aside: {}",
                entry.name,
                entry.kind,
                entry.last_error.as_deref().unwrap_or_default()
            ))?;
        }
    }
    let is_clean = waiting == 0 && aside.is_empty();
    Ok(if is_clean { Exit::Success } else { Exit::Failed })
}

/// Lists what waits, what is not committed yet and what is set aside, each with its reason.
pub(super) fn queue(store: &mut Store) -> Result<Exit, ExpectedError> {
    let outbox = store.outbox();
    let all = [
        ("waits", outbox.queue()?),
        ("sent, not committed yet", outbox.unconfirmed(u32::MAX)?),
        ("set aside", outbox.set_aside()?),
    ];
    for (state, entries) in all {
        for entry in entries {
            let reason = entry.last_error.map(|reason| format!(": {reason}")).unwrap_or_default();
            said(format_args!("{}\t{}\t{state}, tried {} times{reason}", entry.name, entry.kind, entry.attempts))?;
        }
    }
    Ok(Exit::Success)
}

fn said(line: impl std::fmt::Display) -> Result<(), ExpectedError> {
    writeln!(io::stdout().lock(), "{line}").map_err(ExpectedError::Output)
}
