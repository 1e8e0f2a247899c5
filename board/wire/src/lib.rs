//! What host and controller share: messages, frames, link, light guard, and the controller's whole logic.
//!
//! ```text
//!   host                                              controller (firmware, or its simulation)
//!   link::HostEnd ── Command ── frame ──► bytes ──► frame ── link::ControllerEnd ── LightGuard ── Hal
//!                 ◄─ Report ─── frame ◄── bytes ◄── frame ◄──────────── Controller ◄──────────────┘
//! ```
//!
//! The controller holds what may harm an eye: aiming light, fixation target and flash. It believes no host: every light
//! command passes the [`light_guard`], and without a heartbeat all lights go out.
//!
//! Terms: a *session* is what begins with a `Hello` and ends with the next one; a *sequence* numbers the frames of one
//! direction; the *boot* number changes with each start of the controller.
//!
//! Not here: ports, clocks, threads, memory from a heap. Bytes and time are passed in.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod controller;
pub mod frame;
pub mod light_guard;
pub mod link;
pub mod message;

/// Milliseconds since an arbitrary start, never going back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

impl Millis {
    /// The time from `earlier` to this one; 0 when `earlier` is later.
    pub fn since(self, earlier: Millis) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// This time and `more`; stays at the end of time rather than wrapping.
    pub fn plus(self, more: Millis) -> Millis {
        Millis(self.0.saturating_add(more.0))
    }
}
