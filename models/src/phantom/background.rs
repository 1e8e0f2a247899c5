//! The fundus between the vessels: pigment epithelium, choroid, nerve-fibre sheen.

use super::{
    anatomy::{Anatomy, Colour, blend},
    canvas::{Canvas, Grid, cover},
    geometry::{Point, smoothstep},
};

/// Colour of light thrown back by the nerve fibres.
const SHEEN: Colour = [0.84, 0.72, 0.52];

/// Paints the background over the whole field.
pub(super) fn paint(canvas: &mut Canvas, anatomy: &Anatomy) {
    let texture = anatomy.texture;
    let clouds = Grid::sample(canvas, 0.02, |at| texture.variant(10).fractal(at.x * 1.7, at.y * 1.7, 3));
    let hue = Grid::sample(canvas, 0.03, |at| texture.variant(11).fractal(at.x * 1.1, at.y * 1.1, 2));
    let ribbons = Grid::sample(canvas, 0.007, |at| choroidal_ribbons(anatomy, at));
    let fibres = Grid::sample(canvas, 0.005, |at| fibre_sheen(anatomy, at));
    let grain = texture.variant(12);
    // Structure finer than two pixels would only alias.
    let grain_strength = 0.045 * smoothstep(0.7, 2.5, canvas.view.pixels(1.0 / 80.0));
    canvas.everywhere(|column, row, at, pixel| {
        let cloud = clouds.at(column, row);
        let ribbon = ribbons.at(column, row);
        // The macula's pigment hides the choroid; patches of thin pigment show more of it.
        let share = 0.75
            * anatomy.tessellation
            * (0.25 + 0.75 * smoothstep(0.12, 0.75, at.length()))
            * (0.75 + 0.8 * cloud).clamp(0.0, 1.0);
        let gap = [anatomy.base[0] * 0.78, anatomy.base[1] * 0.72, anatomy.base[2] * 0.78];
        let below = blend(gap, anatomy.choroid, ribbon);
        let colour = blend(anatomy.base, below, share);
        let shift = 0.16 * hue.at(column, row);
        let light = 1.0 + 0.10 * cloud + grain_strength * grain.fractal(at.x * 40.0, at.y * 40.0, 2);
        *pixel = [
            colour[0] * light * (1.0 + 0.25 * shift),
            colour[1] * light * (1.0 - 0.6 * shift),
            colour[2] * light * (1.0 - 0.9 * shift),
        ];
        cover(pixel, SHEEN, fibres.at(column, row));
    });
}

/// Brightness of the large choroidal vessels, 0..1: two layers of ribbons that run outwards from the posterior pole.
fn choroidal_ribbons(anatomy: &Anatomy, at: Point) -> f32 {
    let texture = anatomy.texture;
    let warp = Point::new(
        texture.variant(20).fractal(at.x * 2.2, at.y * 2.2, 2),
        texture.variant(21).fractal(at.x * 2.2, at.y * 2.2, 2),
    );
    // Polar coordinates about a point between fovea and disc, bent by the warp. The angle enters as a point on a
    // circle, so that the pattern has no seam.
    let from = at + warp * 0.10 - Point::new(0.45, 0.0);
    let distance = from.length();
    let around = from.unit();
    let ridge = |number: u32, turns: f32, along: f32| {
        let value = texture.variant(number).space(around.x * turns, around.y * turns, distance * along + warp.x * 0.4);
        1.0 - smoothstep(0.0, 0.30, value.abs())
    };
    let wide = ridge(22, 8.5, 2.2);
    let fine = ridge(23, 13.0, 3.6);
    wide.max(0.75 * fine)
}

/// How much the nerve fibres shine, 0..1: fine streaks that leave the disc, strongest above and below it.
fn fibre_sheen(anatomy: &Anatomy, at: Point) -> f32 {
    let from = at - anatomy.disc;
    let distance = from.length();
    let fall = smoothstep(0.75, 0.16, distance);
    if fall <= 0.0 {
        return 0.0;
    }
    let around = from.unit();
    // Streaks bend towards the horizontal as they leave on the temporal side.
    let bent = Point::new(around.x, around.y - 0.35 * around.y * smoothstep(0.1, 0.8, distance)).unit();
    let streak = anatomy.texture.variant(30).space(bent.x * 26.0, bent.y * 26.0, distance * 2.0);
    let poles = 0.35 + 0.65 * around.y * around.y;
    let macula = smoothstep(0.18, 0.42, at.length());
    anatomy.sheen * fall * poles * macula * (0.26 + 0.22 * streak).max(0.0)
}
