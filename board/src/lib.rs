//! Hardware and its simulation behind the same traits.
//!
//! Here so far: what a camera is, a source of undecoded frames, and one of the kernel's ([`camera`]), the panel as a
//! place to present pictures: on a graphics card, a framebuffer, a desktop or in files ([`panel`]), what an operator
//! touches, types and scans ([`input`]), and the host's side of the controller that holds lights, focus and shutter
//! ([`controller`]).

pub mod camera;
pub mod controller;
pub mod input;
pub mod panel;
pub mod sim;
