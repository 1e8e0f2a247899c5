//! A photograph in a circle.

use embedded_graphics::{
    pixelcolor::Rgb888,
    prelude::{Point, PointsIter, Size},
    primitives::Rectangle,
};
use image::imageops::{self, FilterType};
use ocellus_board::panel::Frame;
use ocellus_model::field::Field;

use super::{Shot, shapes, theme};

/// Draws the field of a photograph as a disc; an empty disc where there is no photograph.
pub(super) fn draw(frame: &mut Frame, shot: Option<Shot<'_>>, centre: Point, radius: u32) {
    let Some(shot) = shot else {
        shapes::disc(frame, centre, radius, theme::SURFACE);
        return;
    };
    let (x, y, side) = square(shot.pixels.dimensions(), shot.field);
    let cut = imageops::crop_imm(shot.pixels, x, y, side, side).to_image();
    let fitted = imageops::resize(&cut, 2 * radius, 2 * radius, FilterType::Triangle);
    let mask = shapes::disc_mask(centre, radius);
    let corner = centre - theme::point(radius, radius);
    for at in Rectangle::new(corner, Size::new_equal(2 * radius)).points() {
        let Point { x, y } = at - corner;
        // Inside, as the square is as large as the picture.
        let pixel = fitted.get_pixel(x.unsigned_abs(), y.unsigned_abs());
        frame.blend(at, Rgb888::new(pixel.0[0], pixel.0[1], pixel.0[2]), mask.coverage(at));
    }
}

/// The square around the field, or the largest in the middle; left, top, side. Inside the photograph.
pub(crate) fn square((width, height): (u32, u32), field: Option<&Field>) -> (u32, u32, u32) {
    let shorter = width.min(height);
    match field {
        None => ((width - shorter) / 2, (height - shorter) / 2, shorter),
        Some(field) => {
            let side = ((2.0 * field.radius).round().max(1.0) as u32).min(shorter);
            let from = |centre: f64, length: u32| {
                ((centre - f64::from(side) / 2.0).round().max(0.0) as u32).min(length - side)
            };
            (from(field.centre_x, width), from(field.centre_y, height), side)
        }
    }
}
