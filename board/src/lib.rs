//! Hardware and its simulation behind the same traits.
//!
//! Here so far: what a camera is, a source of undecoded frames, and one of the kernel's ([`camera`]), the panel as a
//! place to present pictures, with one that writes them to files ([`panel`]), and the host's side of the controller that
//! holds lights, focus and shutter ([`controller`]). Not here yet: a driver for the panel, touch.

pub mod camera;
pub mod controller;
pub mod panel;
pub mod sim;
