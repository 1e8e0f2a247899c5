//! The link: what makes single frames on a lossy line into commands that are carried out at most once.
//!
//! The host asks one command at a time and says it again, under the same sequence, until it is answered
//! ([`HostEnd`]). The controller remembers the last command's sequence and outcome: when that sequence comes again, it
//! answers again and does nothing ([`ControllerEnd`]). A session begins with a `Hello`, whose sequence is where counting
//! starts; a session once left never comes back, so a frame that was long under way cannot wake an old one.
//!
//! Each end takes the other's frames as signs of life.

mod controller_end;
mod host_end;

pub use controller_end::{Arrival, ControllerEnd, Greeting};
pub use host_end::{Busy, Heard, HostEnd, Lost, Next, Timing};
