//! The picture while it is being painted: reflectances per pixel, and the few ways paint is put on it.
//!
//! *Cover* replaces what lies below (exudates, the disc), *absorb* filters it (blood, pigment): light passes the
//! absorber, so that texture and shading below stay visible.

use super::{
    anatomy::Colour,
    geometry::{Point, View},
};

/// Beyond this distance from the field's centre (in field radii) nothing is painted.
pub(super) const REACH: f32 = 1.10;

/// Reflectances of a photograph.
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) view: View,
    pub(super) pixels: Vec<Colour>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, view: View) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self { width, height, view, pixels: vec![[0.0; 3]; width * height] }
    }

    /// Centre of a pixel.
    pub(super) fn middle(column: usize, row: usize) -> Point {
        Point::new(column as f32 + 0.5, row as f32 + 0.5)
    }

    /// Columns and rows (half-open) that a circle around a pixel position touches.
    pub(super) fn touched(&self, centre: Point, reach: f32) -> [usize; 4] {
        let limit = |value: f32, size: usize| (value.max(0.0) as usize).min(size);
        [
            limit((centre.x - reach).floor(), self.width),
            limit((centre.x + reach).ceil() + 1.0, self.width),
            limit((centre.y - reach).floor(), self.height),
            limit((centre.y + reach).ceil() + 1.0, self.height),
        ]
    }

    /// Calls `paint` with the column, the row, the retina point and the pixel, for every pixel of the field.
    pub(super) fn everywhere(&mut self, mut paint: impl FnMut(usize, usize, Point, &mut Colour)) {
        let [left, right, top, bottom] = self.touched(self.view.centre, self.view.radius * REACH);
        let view = self.view;
        for row in top..bottom {
            for column in left..right {
                let middle = Self::middle(column, row);
                let field = view.to_field(middle);
                if field.dot(field) < REACH * REACH {
                    paint(column, row, view.to_retina(middle), &mut self.pixels[row * self.width + column]);
                }
            }
        }
    }

    /// Calls `paint` with the offset from `centre` (retina units) and the pixel, for every pixel within `reach`.
    pub(super) fn near(&mut self, centre: Point, reach: f32, mut paint: impl FnMut(Point, &mut Colour)) {
        let view = self.view;
        let at = view.to_pixels(centre);
        let [left, right, top, bottom] = self.touched(at, view.pixels(reach) + 1.0);
        for row in top..bottom {
            for column in left..right {
                let offset = view.to_retina(Self::middle(column, row)) - centre;
                if offset.dot(offset) < reach * reach {
                    paint(offset, &mut self.pixels[row * self.width + column]);
                }
            }
        }
    }
}

/// Replaces the pixel by `colour` in the measure of `share`, 0..1.
pub(super) fn cover(pixel: &mut Colour, colour: Colour, share: f32) {
    for (value, new) in pixel.iter_mut().zip(colour) {
        *value += (new - *value) * share;
    }
}

/// Filters the pixel through an absorber of `density` with the given absorption of red, green and blue.
pub(super) fn absorb(pixel: &mut Colour, absorption: Colour, density: f32) {
    for (value, strength) in pixel.iter_mut().zip(absorption) {
        *value *= transmitted(strength * density);
    }
}

/// The share of light that passes an optical density: near exp(-x), from plain arithmetic.
pub(super) fn transmitted(x: f32) -> f32 {
    1.0 / (1.0 + x + 0.5 * x * x)
}

/// A slowly varying quantity, computed on a coarse grid of pixels and interpolated.
pub(super) struct Grid {
    step: f32,
    columns: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Grid {
    /// Samples `f` (of the retina point) every `detail` retina units, but no finer than the pixels.
    pub(super) fn sample(canvas: &Canvas, detail: f32, mut f: impl FnMut(Point) -> f32) -> Self {
        let step = canvas.view.pixels(detail).floor().max(1.0);
        let columns = (canvas.width as f32 / step) as usize + 2;
        let rows = (canvas.height as f32 / step) as usize + 2;
        let mut values = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let pixel = Point::new(column as f32 * step, row as f32 * step);
                let field = canvas.view.to_field(pixel);
                let inside = field.dot(field) < (REACH + 0.1) * (REACH + 0.1);
                values.push(if inside { f(canvas.view.to_retina(pixel)) } else { 0.0 });
            }
        }
        Self { step, columns, rows, values }
    }

    /// The value at the middle of a pixel.
    pub(super) fn at(&self, column: usize, row: usize) -> f32 {
        let (x, y) = ((column as f32 + 0.5) / self.step, (row as f32 + 0.5) / self.step);
        let (x0, y0) = ((x as usize).min(self.columns - 2), (y as usize).min(self.rows - 2));
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let value = |dx: usize, dy: usize| self.values[(y0 + dy) * self.columns + x0 + dx];
        let top = value(0, 0) + (value(1, 0) - value(0, 0)) * fx;
        let bottom = value(0, 1) + (value(1, 1) - value(0, 1)) * fx;
        top + (bottom - top) * fy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absorption_is_close_to_the_exponential() {
        for (x, exact) in [(0.0, 1.0), (0.5, 0.6065), (1.0, 0.3679)] {
            assert!((transmitted(x) - exact).abs() < 0.04);
        }
    }
}
