//! What whole-system tests share: practice photographs, a tiny network, a signed bundle, screenings to export, running
//! a program, the bundle that ships, real photographs, and the controller's firmware on an emulated microcontroller.
//!
//! Not here: tests, and anything a program needs.

pub mod bundles;
pub mod emulator;
pub mod onnx;
pub mod patience;
pub mod photographs;
pub mod programs;
pub mod real;
pub mod screenings;
