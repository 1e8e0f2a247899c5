//! The services of DICOM's network: echo, worklist, store and storage commitment, each as one call.
//!
//! ```text
//! check ─► echo   store   worklist::find   commitment::commit ◄── listener
//!            └───────┴───────────┴───────────────┘                   │
//!                        association (asks)                          │
//!                                └────────── wire ───────────────────┘
//!                       messages and PDUs on a stream: TCP or TLS, every step with a limit
//! ```
//!
//! Terms: a *peer* is an application entity elsewhere, such as the archive. An *association* is a connection on which both
//! have agreed what may be sent: a list of *presentation contexts*, each a class in a transfer syntax. A *status* is what
//! the peer answers to a request.
//!
//! One call is one association, and says how it went; it blocks, for a limited time in each step, so it belongs on a thread
//! of its own. Every way it can go wrong is a [`NetError`] that says what somebody can do about it and whether it is worth
//! trying again by itself.
//!
//! Not here: when to call and how often to try again, what is kept, user identity, other services.

mod association;
mod check;
mod command;
mod commitment;
mod echo;
mod error;
mod listener;
mod peer;
mod status;
mod store;
mod stream;
mod tls;
mod wire;
mod worklist;

pub use check::{Check, Commit, Line, Plan, Verdict, check};
pub use commitment::{Commitment, Failure, Instance, Report, commit};
pub use echo::echo;
pub use error::{ContextRefusal, NetError, Rejection, Remedy, Step};
pub use listener::Listener;
pub use peer::{AeTitle, AeTitleError, Peer, Times};
pub use status::Status;
pub use store::{Delivery, Sent, Transfer, store};
pub(crate) use stream::Stream;
pub use tls::{Identity, Tls, TlsError, TlsServer};
pub use worklist::{Found, Query, find};
