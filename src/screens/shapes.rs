//! Anti-aliased shapes: drawn sixteen times as large with `embedded-graphics`, laid over the picture by coverage.

use embedded_graphics::{
    Pixel,
    pixelcolor::{BinaryColor, Rgb888},
    prelude::{Angle, AngleUnit, DrawTarget, Drawable, OriginDimensions, Point, PointsIter, Primitive, Size},
    primitives::{
        Arc, Circle, CornerRadii, Line, Polyline, PrimitiveStyle, PrimitiveStyleBuilder, Rectangle, RoundedRectangle,
        Triangle,
    },
};
use ocellus_board::panel::Frame;

/// Samples along one side of a pixel.
const FINE: i32 = 4;

/// How much of each pixel of an area a shape covers.
#[derive(Debug)]
pub(super) struct Mask {
    area: Rectangle,
    samples: Vec<bool>,
}

impl Mask {
    /// Nothing covered.
    pub(super) fn new(area: Rectangle) -> Self {
        let count = area.size.width as usize * area.size.height as usize * (FINE * FINE) as usize;
        Mask { area, samples: vec![false; count] }
    }

    /// Coverage of a pixel of the picture, 0 to 255.
    pub(super) fn coverage(&self, at: Point) -> u8 {
        const SIDE: usize = FINE as usize;
        let Point { x, y } = at - self.area.top_left;
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return 0 };
        let (width, height) = (self.area.size.width as usize, self.area.size.height as usize);
        if x >= width || y >= height {
            return 0;
        }
        let row = |fine: usize| &self.samples[(y * SIDE + fine) * width * SIDE + x * SIDE..][..SIDE];
        let covered: usize = (0..SIDE).map(|fine| row(fine).iter().filter(|sample| **sample).count()).sum();
        (covered * 255 / (SIDE * SIDE)) as u8
    }

    fn index(&self, at: Point) -> Option<usize> {
        let Size { width, height } = self.size();
        let (x, y) = (u32::try_from(at.x).ok()?, u32::try_from(at.y).ok()?);
        (x < width && y < height).then_some(y as usize * width as usize + x as usize)
    }

    /// Lays a colour over the picture where the shape is.
    pub(super) fn paint(&self, frame: &mut Frame, colour: Rgb888) {
        for at in self.area.points() {
            let coverage = self.coverage(at);
            if coverage > 0 {
                frame.blend(at, colour, coverage);
            }
        }
    }

    /// A place of the picture among the samples.
    fn fine(&self, at: Point) -> Point {
        (at - self.area.top_left) * FINE
    }
}

impl OriginDimensions for Mask {
    fn size(&self) -> Size {
        self.area.size * FINE as u32
    }
}

impl DrawTarget for Mask {
    type Color = BinaryColor;
    type Error = core::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        for Pixel(at, colour) in pixels {
            if let Some(index) = self.index(at) {
                self.samples[index] = colour.is_on();
            }
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, colour: BinaryColor) -> Result<(), Self::Error> {
        let inside = area.intersection(&Rectangle::new(Point::zero(), self.size()));
        let (left, width) = (inside.top_left.x as usize, inside.size.width as usize);
        let whole = self.size().width as usize;
        for row in inside.rows() {
            // Inside, as cut off above.
            self.samples[row as usize * whole + left..][..width].fill(colour.is_on());
        }
        Ok(())
    }
}

/// The square around a circle, with a pixel to spare.
fn around(centre: Point, radius: u32) -> Rectangle {
    Rectangle::with_center(centre, Size::new_equal(2 * radius + 3))
}

fn fill() -> PrimitiveStyle<BinaryColor> {
    PrimitiveStyle::with_fill(BinaryColor::On)
}

fn stroke(width: u32) -> PrimitiveStyle<BinaryColor> {
    PrimitiveStyleBuilder::new().stroke_color(BinaryColor::On).stroke_width(width * FINE as u32).build()
}

/// Coverage of a disc.
pub(super) fn disc_mask(centre: Point, radius: u32) -> Mask {
    let mut mask = Mask::new(around(centre, radius));
    let at = mask.fine(centre);
    let Ok(()) = Circle::with_center(at, 2 * radius * FINE as u32).into_styled(fill()).draw(&mut mask);
    mask
}

/// A disc.
pub(super) fn disc(frame: &mut Frame, centre: Point, radius: u32, colour: Rgb888) {
    disc_mask(centre, radius).paint(frame, colour);
}

/// Part of a ring; degrees clockwise from the right. `radius` is that of its middle line.
pub(super) fn arc(frame: &mut Frame, centre: Point, radius: u32, width: u32, degrees: (f32, f32), colour: Rgb888) {
    let mut mask = Mask::new(around(centre, radius + width));
    let at = mask.fine(centre);
    let (start, sweep) = (degrees.0.deg(), Angle::from_degrees(degrees.1));
    let Ok(()) =
        Arc::with_center(at, 2 * radius * FINE as u32, start, sweep).into_styled(stroke(width)).draw(&mut mask);
    mask.paint(frame, colour);
}

/// A ring; `radius` is that of its middle line.
pub(super) fn ring(frame: &mut Frame, centre: Point, radius: u32, width: u32, colour: Rgb888) {
    let mut mask = Mask::new(around(centre, radius + width));
    let at = mask.fine(centre);
    let Ok(()) = Circle::with_center(at, 2 * radius * FINE as u32).into_styled(stroke(width)).draw(&mut mask);
    mask.paint(frame, colour);
}

/// A filled triangle.
pub(super) fn triangle(frame: &mut Frame, corners: [Point; 3], colour: Rgb888) {
    let mut mask = Mask::new(bounds(&corners, 1));
    let [a, b, c] = corners.map(|corner| mask.fine(corner));
    let Ok(()) = Triangle::new(a, b, c).into_styled(fill()).draw(&mut mask);
    mask.paint(frame, colour);
}

/// Lines from point to point with round ends.
pub(super) fn polyline(frame: &mut Frame, points: &[Point], width: u32, colour: Rgb888) {
    let mut mask = Mask::new(bounds(points, width));
    let fine: Vec<Point> = points.iter().map(|&point| mask.fine(point)).collect();
    let Ok(()) = match fine[..] {
        [from, to] => Line::new(from, to).into_styled(stroke(width)).draw(&mut mask),
        _ => Polyline::new(&fine).into_styled(stroke(width)).draw(&mut mask),
    };
    for at in fine {
        let Ok(()) = Circle::with_center(at, width * FINE as u32).into_styled(fill()).draw(&mut mask);
    }
    mask.paint(frame, colour);
}

/// A filled rectangle with round corners.
pub(super) fn rounded(frame: &mut Frame, area: Rectangle, radius: u32, colour: Rgb888) {
    rounded_mask(area, radius, fill()).paint(frame, colour);
}

/// The outline of a rectangle with round corners, inside its edges.
pub(super) fn rounded_outline(frame: &mut Frame, area: Rectangle, radius: u32, width: u32, colour: Rgb888) {
    let inset = Rectangle::new(
        area.top_left + Point::new_equal(width as i32 / 2),
        area.size.saturating_sub(Size::new_equal(width)),
    );
    rounded_mask(inset, radius, stroke(width)).paint(frame, colour);
}

fn rounded_mask(area: Rectangle, radius: u32, style: PrimitiveStyle<BinaryColor>) -> Mask {
    let spare = 4;
    let mut mask = Mask::new(Rectangle::new(
        area.top_left - Point::new_equal(spare),
        area.size + Size::new_equal(2 * spare.unsigned_abs()),
    ));
    let fine = Rectangle::new(mask.fine(area.top_left), area.size * FINE as u32);
    let corners = CornerRadii::new(Size::new_equal(radius * FINE as u32));
    let Ok(()) = RoundedRectangle::new(fine, corners).into_styled(style).draw(&mut mask);
    mask
}

/// The rectangle around points, with something to spare.
fn bounds(points: &[Point], spare: u32) -> Rectangle {
    let (mut low, mut high) = (Point::new_equal(i32::MAX), Point::new_equal(i32::MIN));
    for &point in points {
        low = low.component_min(point);
        high = high.component_max(point);
    }
    let spare = Point::new_equal(spare as i32 + 1);
    Rectangle::with_corners(low - spare, high + spare)
}

#[cfg(test)]
mod tests {
    use embedded_graphics::prelude::RgbColor;

    use super::*;

    /// Sum of a white shape's coverage, in pixels.
    fn area(draw: impl FnOnce(&mut Frame)) -> f64 {
        let mut frame = Frame::new(100, 100);
        draw(&mut frame);
        frame.pixels().pixels().map(|pixel| f64::from(pixel.0[0]) / 255.0).sum()
    }

    #[test]
    fn shapes_cover_as_much_as_geometry_says() {
        let (centre, white) = (Point::new(50, 50), Rgb888::WHITE);
        let pi = std::f64::consts::PI;
        let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 0.04;
        let disc_area = area(|frame| disc(frame, centre, 30, white));
        assert!(close(disc_area, pi * 900.0), "{disc_area}");
        let ring_area = area(|frame| ring(frame, centre, 30, 4, white));
        assert!(close(ring_area, pi * (32.0 * 32.0 - 28.0 * 28.0)), "{ring_area}");
        let half = area(|frame| arc(frame, centre, 30, 4, (0.0, 180.0), white));
        assert!(close(half, ring_area / 2.0), "{half}");
        let corners = [Point::new(10, 80), Point::new(90, 80), Point::new(50, 10)];
        let triangle_area = area(|frame| triangle(frame, corners, white));
        assert!(close(triangle_area, 80.0 * 70.0 / 2.0), "{triangle_area}");
        let square = Rectangle::new(Point::new(20, 20), Size::new(60, 40));
        let square_area = area(|frame| rounded(frame, square, 10, white));
        assert!(close(square_area, 2400.0 - (4.0 - pi) * 100.0), "{square_area}");
    }

    #[test]
    fn edges_are_soft() {
        let mut frame = Frame::new(100, 100);
        disc(&mut frame, Point::new(50, 50), 30, Rgb888::WHITE);
        let between = frame.pixels().pixels().filter(|pixel| (1..255).contains(&pixel.0[0])).count();
        assert!(between > 100, "{between}");
    }
}
