//! The contract between the trainer and the device.
//!
//! Everything that makes a pixel mean the same in training and at the point of care lives here and is called by
//! both programs: the [label set](label), strict [image decoding](image), finding the circular [field](field), the
//! [quality gate](quality), [preprocessing](preprocess), the [decision](decision) from probabilities to an outcome, and the
//! signed [bundle](bundle) that carries a network from the workstation to a device. The [phantom](phantom) draws practice eyes for demonstrations and tests.
//!
//! Not here: inference engines, training, cameras, screens. This crate depends on nothing else of ours.

pub mod bundle;
pub mod calibration;
pub mod decision;
pub mod field;
pub mod image;
pub mod label;
pub mod laterality;
pub mod phantom;
pub mod preprocess;
pub mod quality;
pub mod tolerance;
