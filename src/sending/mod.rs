//! What is found gets to where it is needed: the record's outbox, emptied.
//!
//! ```text
//! record's outbox ── due ──► Parcel ── Export ──► Archive     C-STORE, then storage commitment
//!        ▲               (one encounter)      ├──► Fhir        a transaction by HTTPS
//!        │                                    ├──► Hl7         ORU^R01 over MLLP
//!        │                                    └──► Folder      PDF, FHIR, HL7 and DICOM, or FHIR alone
//!        └──────── sent, delivered, committed, failed, refused ◄──┘
//! ```
//!
//! What an entry of the outbox leads to is made anew of what the record holds, each time the same under the same ids. So a
//! device that loses its power between a delivery and the note of it delivers the same once more, and the receiver has one.
//!
//! Terms: a *way* leads to one destination. A way that gives no answer rests, longer each time and at most six hours, and
//! all that goes there waits with it; an entry that a destination refuses for what it says is set aside with the reason, and
//! the others go on. Nothing is dropped.
//!
//! A sender works on a thread of its own and asks for the record through a [`Shelf`], in small pieces, and never for a
//! photograph while an encounter is under way.
//!
//! The other way round there is one thing only: the [worklist](WorklistPeer), who is expected.
//!
//! Not here: what messages say ([`crate::interchange`]), when something is put into the outbox ([`crate::store`]).

mod archive;
mod fhir;
mod folder;
mod hl7;
mod parcel;
mod screening;
mod secure;
mod sender;
mod way;
mod worklist;

pub use archive::ArchiveCheck;
pub(crate) use screening::begun;
pub use screening::{NotAScreening, Shown, screening};
pub use sender::{How, Hurry, Sender, Shelf, Went, destinations};
pub use way::SetUpError;
pub use worklist::WorklistPeer;
