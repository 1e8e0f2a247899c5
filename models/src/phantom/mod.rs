//! Draws practice eyes.
