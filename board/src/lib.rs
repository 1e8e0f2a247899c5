//! Hardware and its simulation behind the same traits.
//!
//! Here so far: what a camera is, a source of undecoded frames ([`camera`]), and the panel as a place to present
//! pictures, with one that writes them to files ([`panel`]). Not here yet: drivers, touch, controller.

pub mod camera;
pub mod panel;
