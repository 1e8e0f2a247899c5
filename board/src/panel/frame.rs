//! A picture in memory that can be drawn into.

use embedded_graphics::{
    Pixel,
    pixelcolor::Rgb888,
    prelude::{DrawTarget, OriginDimensions, Point, RgbColor, Size},
    primitives::Rectangle,
};
use image::{Rgb, RgbImage};

/// 24-bit pixels, rows from the top. Drawing beyond the edges is cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(RgbImage);

impl Frame {
    /// A black picture.
    pub fn new(width: u32, height: u32) -> Self {
        Frame(RgbImage::new(width, height))
    }

    /// The pixels.
    pub fn pixels(&self) -> &RgbImage {
        &self.0
    }

    /// Lays a colour over a pixel; `alpha` 0 leaves it, 255 replaces it. Nothing happens outside the picture.
    pub fn blend(&mut self, at: Point, colour: Rgb888, alpha: u8) {
        let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else { return };
        let Some(pixel) = self.0.get_pixel_mut_checked(x, y) else { return };
        let over = [colour.r(), colour.g(), colour.b()];
        for (below, over) in pixel.0.iter_mut().zip(over) {
            let mixed = u32::from(over) * u32::from(alpha) + u32::from(*below) * (255 - u32::from(alpha));
            *below = ((mixed + 127) / 255) as u8;
        }
    }
}

impl OriginDimensions for Frame {
    fn size(&self) -> Size {
        Size::new(self.0.width(), self.0.height())
    }
}

impl DrawTarget for Frame {
    type Color = Rgb888;
    type Error = core::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        for Pixel(at, colour) in pixels {
            self.blend(at, colour, 255);
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, colour: Rgb888) -> Result<(), Self::Error> {
        let area = area.intersection(&Rectangle::new(Point::zero(), self.size()));
        let pixel = Rgb([colour.r(), colour.g(), colour.b()]);
        for y in area.rows() {
            for x in area.columns() {
                // Inside, as cut off above.
                self.0.put_pixel(x as u32, y as u32, pixel);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::{
        prelude::{Drawable, Primitive},
        primitives::PrimitiveStyle,
    };

    use super::*;

    const WHITE: Rgb888 = Rgb888::WHITE;

    #[test]
    fn blending_mixes_by_alpha_and_ignores_what_lies_outside() {
        let mut frame = Frame::new(2, 1);
        frame.blend(Point::new(0, 0), WHITE, 51);
        for outside in [Point::new(-1, 0), Point::new(2, 0), Point::new(0, 1)] {
            frame.blend(outside, WHITE, 255);
        }
        assert_eq!(frame.pixels().as_raw(), &[51, 51, 51, 0, 0, 0]);
        frame.blend(Point::new(1, 0), WHITE, 255);
        assert_eq!(frame.pixels().as_raw()[3..], [255; 3]);
    }

    #[test]
    fn a_rectangle_over_the_edge_is_cut_off() {
        let mut frame = Frame::new(3, 3);
        let Ok(()) = Rectangle::new(Point::new(-5, 1), Size::new(6, 50))
            .into_styled(PrimitiveStyle::with_fill(WHITE))
            .draw(&mut frame);
        let lit: Vec<_> =
            frame.pixels().enumerate_pixels().filter(|(_, _, p)| p.0 == [255; 3]).map(|(x, y, _)| (x, y)).collect();
        assert_eq!(lit, [(0, 1), (0, 2)]);
    }
}
