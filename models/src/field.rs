//! The circular field of a fundus photograph.

use ::image::RgbImage;
use serde::{Deserialize, Serialize};

/// The circle the camera's aperture paints, in pixels of the photograph, with the part of it that is visible.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Centre, x to the right from the left edge of the first pixel, in pixels.
    pub centre_x: f64,
    /// Centre, y down from the top edge of the first pixel, in pixels.
    pub centre_y: f64,
    /// Radius of the circle, in pixels.
    pub radius: f64,
    /// Radius of the largest concentric disc that is wholly visible (equal to `radius` when nothing is cut off).
    pub visible_radius: f64,
    /// How sure the fit is, 0..1.
    pub confidence: f64,
}

/// Why no field was found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// Placeholder variant.
    #[error("no circular field found: {0}")]
    NotFound(String),
}

/// Finds the field.
///
/// # Errors
/// When there is no circular field.
pub fn find_field(_pixels: &RgbImage) -> Result<Field, FieldError> {
    unimplemented!()
}
