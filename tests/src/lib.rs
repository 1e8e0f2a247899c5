//! What whole-system tests share: practice photographs, a tiny network, a signed bundle, screenings to export, running
//! a program, the bundle that ships and real photographs.
//!
//! Not here: tests, and anything a program needs.

pub mod bundles;
pub mod onnx;
pub mod photographs;
pub mod programs;
pub mod real;
pub mod screenings;
