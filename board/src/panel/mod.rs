//! Panels: where pictures are presented to the operator.

mod drm;
mod error;
mod fbdev;
mod frame;
mod modes;
mod offscreen;
mod pixels;
#[cfg(feature = "window")]
mod window;

use embedded_graphics::prelude::Point;

pub use drm::{Drm, Output};
pub use error::PanelError;
pub use fbdev::Framebuffer;
pub use frame::Frame;
pub use offscreen::Offscreen;
#[cfg(feature = "window")]
pub use window::Window;

/// What a panel measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Geometry {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Pixels per inch, so that sizes can be given in millimetres.
    pub dpi: f32,
}

impl Geometry {
    /// The usual panel of 800 × 480 pixels and 7 inches across the diagonal.
    pub const SEVEN_INCH: Self = Geometry { width: 800, height: 480, dpi: 133.3 };

    /// Whether a picture is as large as the panel.
    fn fits(&self, frame: &Frame) -> Result<(), PanelError> {
        let (found, expected) = (frame.pixels().dimensions(), (self.width, self.height));
        if found == expected { Ok(()) } else { Err(PanelError::Size { found, expected }) }
    }

    /// Millimetres in whole pixels.
    pub fn pixels(&self, millimetres: f32) -> u32 {
        (millimetres * self.dpi / 25.4).round().max(0.0) as u32
    }
}

/// A panel.
pub trait Panel {
    /// What it measures.
    fn geometry(&self) -> Geometry;

    /// Shows a picture of the panel's size. `name` says what it is, for panels that keep pictures.
    ///
    /// # Errors
    /// When the picture has another size, or can't be shown.
    fn present(&mut self, frame: &Frame, name: &str) -> Result<(), PanelError>;

    /// Looks after the panel while nothing new is to be shown; to be called several times a second.
    ///
    /// # Errors
    /// When what was presented last does not stand there any more: it has to be presented again.
    fn tend(&mut self) -> Result<(), PanelError> {
        Ok(())
    }

    /// Places that were touched, and let go, since the last call; in pixels. None on a panel without touch.
    fn touches(&mut self) -> Vec<Point> {
        Vec::new()
    }
}

impl<P: Panel + ?Sized> Panel for Box<P> {
    fn geometry(&self) -> Geometry {
        (**self).geometry()
    }

    fn present(&mut self, frame: &Frame, name: &str) -> Result<(), PanelError> {
        (**self).present(frame, name)
    }

    fn tend(&mut self) -> Result<(), PanelError> {
        (**self).tend()
    }

    fn touches(&mut self) -> Vec<Point> {
        (**self).touches()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millimetres_become_pixels_by_the_panels_density() {
        assert_eq!(Geometry::SEVEN_INCH.pixels(25.4), 133);
        assert_eq!(Geometry { dpi: 254.0, ..Geometry::SEVEN_INCH }.pixels(1.5), 15);
    }
}
