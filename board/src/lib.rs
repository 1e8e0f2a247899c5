//! The place of the hardware and its simulation: camera, panel, input, controller. Nothing is in it yet.
