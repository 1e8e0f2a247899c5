//! The tolerances of the project, named once.

/// Two engines agree on a logit when they differ by no more than this, relative to the larger magnitude (with a floor of 1).
pub const ENGINE_LOGIT_RELATIVE: f64 = 1e-3;

/// The field of one photograph at any resolution, border or encoding: centre, radius and visible radius differ by no
/// more than this, in parts of the radius.
pub const FIELD_RELATIVE: f64 = 0.005;

/// What the network sees of one photograph at any resolution or encoding: mean difference over a tensor, in levels of
/// 255. Noise of a camera's sensor is of this size.
pub const TENSOR_MEAN_LEVELS: f64 = 2.0;
