//! C-ECHO: whether a peer is there and talks to us (PS3.4, A).
//!
//! Not here: whether it does anything else.

use dicom_dictionary_std::{tags, uids};

use super::{
    association::{Association, PLAIN, Proposal},
    command::{C_ECHO, Command},
    error::{NetError, Step},
    peer::Peer,
};

/// Asks a peer for a sign of life.
///
/// # Errors
/// When there is none, or the peer does not want to talk to us.
pub fn echo(peer: &Peer) -> Result<(), NetError> {
    let class = uids::VERIFICATION;
    let mut association = Association::request(peer, &[Proposal { class, syntaxes: PLAIN }])?;
    let answered = association.context(class, PLAIN).and_then(|context| {
        let command = Command::new(C_ECHO, false).uid(tags::AFFECTED_SOP_CLASS_UID, class);
        let asked = association.ask(context.id, command, None, Step::Echo)?;
        let (status, _) = association.answer(asked)?;
        if status.is_success() { Ok(()) } else { Err(NetError::Failed { step: Step::Echo, status }) }
    });
    association.finish(answered)
}
