//! The reduced picture the field is searched in, its border and its signal.

use ::image::RgbImage;
use fast_image_resize::FilterType;

use super::WORKING_SIDE;
use crate::image::resize::{Part, resize};

/// The border's colour is taken as black when its brightest channel stays below this: cameras' black levels differ, and
/// a field must not move with them.
const BLACK_BELOW: u8 = 40;
/// Corners as far apart as this in any channel are of different colour.
const SAME_COLOUR: u8 = 24;
/// A border corner is at least this even (10th to 90th percentile).
const EVEN_CORNER: u8 = 24;
/// Signal below this is nothing at all.
const LEAST_SIGNAL: u8 = 4;

/// What is visible: a box in pixels and how much of it carries signal.
pub(super) struct VisibleBox {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
    pub(super) filled: f64,
}

/// The working picture.
pub(super) struct Working {
    width: u32,
    height: u32,
    /// Distance from the border's colour.
    signal: Vec<u8>,
    /// The same, averaged over 3×3 pixels.
    smooth: Vec<u8>,
    /// Level of the border in the signal (0 for a coloured border).
    pub(super) level: f64,
    /// Signal above which a pixel is not border.
    pub(super) floor: u8,
    /// Whether a border was seen at all.
    pub(super) bordered: bool,
}

struct Corner {
    median: [u8; 3],
    brightest: u8,
    high: u8,
    spread: u8,
}

impl Working {
    pub(super) fn new(pixels: &RgbImage) -> Self {
        let reduced = reduce(pixels);
        let (width, height) = reduced.dimensions();
        let corners = corners(&reduced);
        let dark: Vec<&Corner> =
            corners.iter().filter(|c| c.brightest < BLACK_BELOW && c.spread < EVEN_CORNER).collect();
        let mut border = [0u8; 3];
        let (mut level, mut noise, mut bordered) = (0u8, 0u8, false);
        if dark.is_empty() {
            if let Some(colour) = common_colour(&corners) {
                border = colour;
                noise = corners.iter().map(|c| c.spread).min().unwrap_or(0);
                bordered = true;
            }
        } else {
            level = median(dark.iter().map(|c| c.brightest).collect());
            noise = median(dark.iter().map(|c| c.high).collect()).saturating_sub(level);
            bordered = true;
        }
        let signal: Vec<u8> = reduced
            .pixels()
            .map(|p| {
                let [r, g, b] = p.0;
                r.abs_diff(border[0]).max(g.abs_diff(border[1])).max(b.abs_diff(border[2]))
            })
            .collect();
        let smooth = box3(&signal, width as usize, height as usize);
        let floor = level.saturating_add(noise.saturating_mul(2).max(LEAST_SIGNAL));
        Working { width, height, signal, smooth, level: f64::from(level), floor, bordered }
    }

    pub(super) fn width(&self) -> u32 {
        self.width
    }

    pub(super) fn height(&self) -> u32 {
        self.height
    }

    /// Largest signal but for a few specks, above the border.
    pub(super) fn range(&self) -> u8 {
        self.quantile(0.995, 0).saturating_sub(self.level as u8)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.bordered && self.range() < LEAST_SIGNAL
    }

    /// Quantile of the smoothed signal of pixels above `floor`.
    pub(super) fn quantile(&self, q: f64, floor: u8) -> u8 {
        let mut counts = [0u32; 256];
        for &v in &self.smooth {
            counts[usize::from(v)] += 1;
        }
        let total: u32 = counts[usize::from(floor)..].iter().sum();
        let target = (f64::from(total) * q) as u32;
        let mut seen = 0;
        for (v, n) in counts.iter().enumerate().skip(usize::from(floor)) {
            seen += n;
            if seen > target {
                return v as u8;
            }
        }
        255
    }

    /// The smoothed signal, row-major.
    pub(super) fn smooth(&self) -> &[u8] {
        &self.smooth
    }

    /// The smoothed signal at a point in pixel coordinates (pixel centres at .5), nearest; `None` outside the picture.
    pub(super) fn smooth_at(&self, x: f64, y: f64) -> Option<u8> {
        if x < 0.0 || y < 0.0 || x >= f64::from(self.width) || y >= f64::from(self.height) {
            return None;
        }
        self.smooth.get(y as usize * self.width as usize + x as usize).copied()
    }

    /// The signal at a point, bilinear; `None` where it would need pixels outside the picture.
    pub(super) fn signal_at(&self, x: f64, y: f64) -> Option<f64> {
        let (x, y) = (x - 0.5, y - 0.5);
        if x < 0.0 || y < 0.0 || x > f64::from(self.width - 1) || y > f64::from(self.height - 1) {
            return None;
        }
        let w = self.width as usize;
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(self.height as usize - 1));
        let (fx, fy) = (x - x0 as f64, y - y0 as f64);
        let s = |x: usize, y: usize| f64::from(self.signal[y * w + x]);
        let top = s(x0, y0) * (1.0 - fx) + s(x1, y0) * fx;
        let bottom = s(x0, y1) * (1.0 - fx) + s(x1, y1) * fx;
        Some(top * (1.0 - fy) + bottom * fy)
    }

    /// The box of everything above the border; the whole frame where there is no border.
    pub(super) fn visible_box(&self) -> VisibleBox {
        let (w, h) = (self.width as usize, self.height as usize);
        if !self.bordered {
            return VisibleBox { left: 0.0, top: 0.0, right: w as f64, bottom: h as f64, filled: 1.0 };
        }
        let mut rows = vec![0usize; h];
        let mut columns = vec![0usize; w];
        for (y, row) in self.smooth.chunks_exact(w).enumerate() {
            for (x, &v) in row.iter().enumerate() {
                if v > self.floor {
                    rows[y] += 1;
                    columns[x] += 1;
                }
            }
        }
        // A stamp or a speck does not make a row visible.
        let span = |counts: &[usize], least: usize| {
            let first = counts.iter().position(|&n| n > least)?;
            let last = counts.iter().rposition(|&n| n > least)?;
            Some((first, last + 1))
        };
        match (span(&columns, h / 5), span(&rows, w / 5)) {
            (Some((l, r)), Some((t, b))) => {
                let inside: usize =
                    (t..b).map(|y| self.smooth[y * w + l..y * w + r].iter().filter(|&&v| v > self.floor).count()).sum();
                let filled = inside as f64 / ((r - l) * (b - t)) as f64;
                VisibleBox { left: l as f64, top: t as f64, right: r as f64, bottom: b as f64, filled }
            }
            _ => VisibleBox { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0, filled: 0.0 },
        }
    }
}

/// Area averaging to [`WORKING_SIDE`] on the longer side; smaller pictures are left alone.
fn reduce(pixels: &RgbImage) -> RgbImage {
    let (w, h) = pixels.dimensions();
    let longer = w.max(h);
    if longer <= WORKING_SIDE {
        return pixels.clone();
    }
    let to =
        |v: u32| ((u64::from(v) * u64::from(WORKING_SIDE) + u64::from(longer) / 2) / u64::from(longer)).max(1) as u32;
    let target = (to(w), to(h));
    // The part is the whole picture, so it can't lie outside of it; a picture that is wholly dark has no field.
    resize((w, h), pixels.as_raw(), Part::whole(w, h), target, FilterType::Box)
        .and_then(|rgb| RgbImage::from_raw(target.0, target.1, rgb))
        .unwrap_or_else(|| RgbImage::new(target.0, target.1))
}

/// The four corners: squares of a fortieth of the longer side.
fn corners(picture: &RgbImage) -> [Corner; 4] {
    let (w, h) = picture.dimensions();
    let side = (w.max(h) / 40).clamp(3, w.min(h) / 2);
    [(0, 0), (w - side, 0), (0, h - side), (w - side, h - side)].map(|(x0, y0)| {
        let mut channels = [vec![], vec![], vec![]];
        let mut brightest = vec![];
        for y in y0..y0 + side {
            for x in x0..x0 + side {
                let p = picture.get_pixel(x, y).0;
                for (channel, v) in channels.iter_mut().zip(p) {
                    channel.push(v);
                }
                brightest.push(p[0].max(p[1]).max(p[2]));
            }
        }
        brightest.sort_unstable();
        let at = |q: usize| brightest[(brightest.len() - 1) * q / 100];
        Corner { median: channels.map(median), brightest: at(50), high: at(90), spread: at(80) - at(10) }
    })
}

/// The colour of at least three even corners that agree.
fn common_colour(corners: &[Corner; 4]) -> Option<[u8; 3]> {
    corners.iter().find_map(|c| {
        let alike: Vec<&Corner> = corners
            .iter()
            .filter(|o| o.spread < EVEN_CORNER)
            .filter(|o| o.median.iter().zip(c.median).all(|(a, b)| a.abs_diff(b) < SAME_COLOUR))
            .collect();
        (alike.len() >= 3).then(|| [0, 1, 2].map(|i| median(alike.iter().map(|o| o.median[i]).collect())))
    })
}

fn median(mut values: Vec<u8>) -> u8 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// 3×3 mean; the picture's edge is repeated.
fn box3(plane: &[u8], w: usize, h: usize) -> Vec<u8> {
    let mut across = vec![0u16; plane.len()];
    for (row, out) in plane.chunks_exact(w).zip(across.chunks_exact_mut(w)) {
        for (out, three) in out[1..].iter_mut().zip(row.array_windows::<3>()) {
            *out = three.iter().copied().map(u16::from).sum();
        }
        let [first, second] = [row[0], row[1]].map(u16::from);
        let [last, before] = [row[w - 1], row[w - 2]].map(u16::from);
        (out[0], out[w - 1]) = (2 * first + second, 2 * last + before);
    }
    let mut out = vec![0u8; plane.len()];
    for (y, row) in out.chunks_exact_mut(w).enumerate() {
        let [above, at, below] = [y.saturating_sub(1), y, (y + 1).min(h - 1)].map(|y| across[y * w..][..w].iter());
        for (out, ((above, at), below)) in row.iter_mut().zip(above.zip(at).zip(below)) {
            *out = ((above + at + below + 4) / 9) as u8;
        }
    }
    out
}
