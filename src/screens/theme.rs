//! Colours, sizes and the grid.

use embedded_graphics::{
    pixelcolor::Rgb888,
    prelude::{Point, Size},
    primitives::Rectangle,
};
use ocellus_board::panel::Geometry;

/// Neutral dark: a bright panel in a dark examination room narrows the pupil that is to be photographed through.
pub(super) const BACKGROUND: Rgb888 = Rgb888::new(0x10, 0x14, 0x18);
/// Cards and the status bar.
pub(super) const SURFACE: Rgb888 = Rgb888::new(0x1b, 0x21, 0x27);
/// Lines and what is not lit.
pub(super) const OUTLINE: Rgb888 = Rgb888::new(0x3a, 0x43, 0x4b);
/// What is to be read.
pub(super) const TEXT: Rgb888 = Rgb888::new(0xf2, 0xf4, 0xf5);
/// What is worth knowing.
pub(super) const SECONDARY: Rgb888 = Rgb888::new(0x9a, 0xa5, 0xad);
/// The main button and what is lit; no outcome has this colour.
pub(super) const ACCENT: Rgb888 = Rgb888::new(0xd5, 0xdb, 0xdf);
/// Refer: vermillion of the palette of Okabe and Ito, which colour-blind people tell apart.
pub(super) const REFER: Rgb888 = Rgb888::new(0xd5, 0x5e, 0x00);
/// No referable signs: that palette's blue, lightened until it has a contrast of 7:1 on the background.
pub(super) const NO_SIGNS: Rgb888 = Rgb888::new(0x5f, 0xae, 0xe0);
/// No result.
pub(super) const NO_RESULT: Rgb888 = Rgb888::new(0x8a, 0x8f, 0x94);
/// Warnings: that palette's orange.
pub(super) const WARNING: Rgb888 = Rgb888::new(0xe6, 0x9f, 0x00);

/// Cap height of Noto Sans as a part of its size (from the font: 714 of 1000 units).
const CAP_HEIGHT: f32 = 0.714;

/// Where things stand on a panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    geometry: Geometry,
}

impl Layout {
    pub(super) fn new(geometry: Geometry) -> Self {
        Layout { geometry }
    }

    /// Millimetres in pixels.
    pub(super) fn mm(&self, millimetres: f32) -> u32 {
        self.geometry.pixels(millimetres)
    }

    /// The unit of the grid: 1.5 mm.
    pub(super) fn unit(&self) -> u32 {
        self.mm(1.5)
    }

    /// The largest of the three sizes of text: capitals 4.6 mm high.
    pub(super) fn headline(&self) -> f32 {
        self.size(4.6)
    }

    /// The middle size: capitals 2.6 mm high.
    pub(super) fn body(&self) -> f32 {
        self.size(2.6)
    }

    /// The smallest size: capitals 2.1 mm high.
    pub(super) fn small(&self) -> f32 {
        self.size(2.1)
    }

    fn size(&self, cap_height: f32) -> f32 {
        cap_height * self.geometry.dpi / 25.4 / CAP_HEIGHT
    }

    /// The bar on top.
    pub(super) fn status(&self) -> Rectangle {
        Rectangle::new(Point::zero(), Size::new(self.geometry.width, self.mm(7.6)))
    }

    /// The row of buttons below, 20 mm high: gloves and standing users.
    pub(super) fn buttons(&self) -> Rectangle {
        let height = self.mm(20.0);
        let top = self.geometry.height - height - self.unit();
        self.inset(top, height)
    }

    /// What lies between them.
    pub(super) fn main(&self) -> Rectangle {
        let top = self.status().size.height + self.mm(2.3);
        let below = self.buttons().top_left.y.unsigned_abs();
        self.inset(top, below.saturating_sub(top + self.mm(3.0)))
    }

    /// The left part of the main area for a round picture, the rest for words. Returns the circle's centre and radius,
    /// and the rest.
    pub(super) fn picture_and_words(&self) -> (Point, u32, Rectangle) {
        let main = self.main();
        let radius = main.size.height / 2 - 2;
        let centre = main.top_left + point(radius + 2, main.size.height / 2);
        let left = 2 * radius + self.mm(6.0);
        (centre, radius, part(main, left, 0, main.size.width - left, main.size.height))
    }

    fn inset(&self, top: u32, height: u32) -> Rectangle {
        let margin = self.mm(4.6);
        Rectangle::new(point(margin, top), Size::new(self.geometry.width.saturating_sub(2 * margin), height))
    }
}

/// A place of the panel, which is never that large.
pub(super) fn point(x: u32, y: u32) -> Point {
    Point::new(i32::try_from(x).unwrap_or(i32::MAX), i32::try_from(y).unwrap_or(i32::MAX))
}

/// Part of an area: from `left` and `top` of it, `width` wide and `height` high, cut off at its edges.
pub(super) fn part(of: Rectangle, left: u32, top: u32, width: u32, height: u32) -> Rectangle {
    Rectangle::new(of.top_left + point(left, top), Size::new(width, height)).intersection(&of)
}

#[cfg(test)]
mod tests {
    use embedded_graphics::prelude::RgbColor;

    use super::*;

    /// Contrast as WCAG 2 defines it.
    fn contrast(a: Rgb888, b: Rgb888) -> f64 {
        let luminance = |colour: Rgb888| {
            let linear = |value: u8| {
                let value = f64::from(value) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    #[test]
    fn text_stands_out_from_what_it_stands_on() {
        for ground in [BACKGROUND, SURFACE] {
            assert!(contrast(TEXT, ground) >= 7.0);
            assert!(contrast(SECONDARY, ground) >= 4.5);
            assert!(contrast(NO_SIGNS, ground) >= 6.5, "{}", contrast(NO_SIGNS, ground));
            assert!(contrast(NO_RESULT, ground) >= 4.5, "{}", contrast(NO_RESULT, ground));
            assert!(contrast(WARNING, ground) >= 7.0);
        }
        assert!(contrast(REFER, BACKGROUND) >= 4.5, "{}", contrast(REFER, BACKGROUND));
        assert!(contrast(BACKGROUND, ACCENT) >= 7.0);
    }

    #[test]
    fn areas_do_not_overlap_and_buttons_are_20_mm_high() {
        for geometry in [Geometry::SEVEN_INCH, Geometry { width: 1024, height: 600, dpi: 169.5 }] {
            let layout = Layout::new(geometry);
            let areas = [layout.status(), layout.main(), layout.buttons()];
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                assert!(areas[a].intersection(&areas[b]).is_zero_sized());
            }
            assert_eq!(layout.buttons().size.height, geometry.pixels(20.0));
            assert!(layout.main().size.height > geometry.height / 2);
        }
    }
}
