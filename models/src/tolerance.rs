//! The tolerances of the project, named once.

/// Two engines agree on a logit when they differ by no more than this, relative to the larger magnitude (with a floor of 1).
pub const ENGINE_LOGIT_RELATIVE: f64 = 1e-3;
