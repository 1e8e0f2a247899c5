//! Changed views of photographs, made on the card: turned, mirrored, nearer, in other light, through another camera.
//!
//! What a view is comes from numbers drawn on the processor for (seed, epoch, photograph), so a run can be repeated; the
//! same numbers make the same view at any input size, which is how a teacher and its pupil look at the same thing.

use std::cell::OnceCell;

use anyhow::{Result, bail};
use ocellus_model::preprocess::{ColourVariant, PreprocessSpec};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

use crate::plan::Photographs;

/// How far views may differ from the photograph.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Views {
    /// Largest rotation, in degrees.
    rotation_deg: f64,
    /// Smallest part of the visible radius that is shown.
    closest: f64,
    /// Largest part of it.
    farthest: f64,
    /// Largest relative change of all channels together.
    light: f64,
    /// Largest relative change of one channel alone.
    colour: f64,
    /// Largest change of the exponent on values 0..1.
    gamma: f64,
    /// Part of the views that take on the colours (mean and deviation of each channel) of another photograph.
    transfer: f64,
    /// Part of the views that are blurred.
    blur: f64,
    /// Largest standard deviation of noise, 0..1.
    noise: f64,
    /// Part of the views that another photograph shows through, at most half: of these only teachers know anything. Left out:
    /// none.
    #[serde(default)]
    pub(crate) mix: f64,
}

/// What was drawn for one view.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    angle: f64,
    part: f64,
    mirrored: bool,
    gains: [f64; 3],
    gamma: f64,
    /// How far towards the donor's colours, 0..1.
    transfer: f64,
    /// Which of the photographs of other sources is the donor, as a place among them, 0..1.
    donor: f64,
    /// How far towards the blurred picture, 0..1.
    blur: f64,
    noise: f64,
    /// How much of another photograph shows through, 0..0.5.
    mix: f64,
    /// Which of all photographs that is, as a place among them, 0..1.
    partner: f64,
}

impl Draw {
    /// The view that a device sees.
    pub(crate) const PLAIN: Self = Self {
        angle: 0.0,
        part: 1.0,
        mirrored: false,
        gains: [1.0; 3],
        gamma: 1.0,
        transfer: 0.0,
        donor: 0.0,
        blur: 0.0,
        noise: 0.0,
        mix: 0.0,
        partner: 0.0,
    };

    /// Whether it shows one photograph alone, of which the labels are known.
    pub(crate) fn is_of_one(&self) -> bool {
        self.mix == 0.0
    }
}

impl Views {
    /// Draws the view of a photograph in an epoch.
    pub(crate) fn draw(&self, seed: u64, epoch: usize, photograph: usize) -> Draw {
        let mut rng = stream(seed, epoch, photograph);
        let mut within = |reach: f64| rng.random_range(-1.0..1.0) * reach;
        let angle = within(self.rotation_deg).to_radians();
        let middle = (self.closest + self.farthest) / 2.0;
        let part = middle + within((self.farthest - self.closest) / 2.0);
        let light = 1.0 + within(self.light);
        let gains = std::array::from_fn(|_| light * (1.0 + within(self.colour)));
        let gamma = 1.0 + within(self.gamma);
        let mirrored = rng.random_bool(0.5);
        let mut sometimes = |part: f64| if rng.random_bool(part) { rng.random_range(0.0..1.0) } else { 0.0 };
        let (transfer, blur) = (sometimes(self.transfer), sometimes(self.blur));
        let noise = rng.random_range(0.0..1.0) * self.noise;
        let [donor, partner] = std::array::from_fn(|_| rng.random_range(0.0..1.0));
        let mix = if rng.random_bool(self.mix) { rng.random_range(0.0..0.5) } else { 0.0 };
        Draw { angle, part, mirrored, gains, gamma, transfer, donor, blur, noise, mix, partner }
    }
}

/// The order in which an epoch sees `count` photographs.
pub(crate) fn order(seed: u64, epoch: usize, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut stream(seed, epoch, usize::MAX));
    order
}

/// A stream of its own for each (seed, epoch, number).
fn stream(seed: u64, epoch: usize, number: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number as u64);
    rng.set_word_pos((epoch as u128) << 16);
    rng
}

/// Side at which the colours of photographs are measured, in pixels.
const MEASURED: i64 = 128;

/// Mean and deviation of each channel inside the disc; each photographs × 3 × 1 × 1, values 0..1.
struct Colours {
    mean: Tensor,
    deviation: Tensor,
}

/// Makes inputs of photographs.
pub(crate) struct Renderer<'a> {
    photographs: &'a Photographs,
    spec: &'a PreprocessSpec,
    pixels: Tensor,
    device: Device,
    /// Of all photographs, measured when a view first takes on another's.
    colours: OnceCell<Colours>,
    /// For each source the photographs of the others; all photographs where there is no other.
    others: Vec<Vec<usize>>,
}

impl<'a> Renderer<'a> {
    /// Takes a side's pixels onto the device.
    ///
    /// # Errors
    /// When the colour variant can't be made here.
    pub(crate) fn new(photographs: &'a Photographs, spec: &'a PreprocessSpec, device: Device) -> Result<Self> {
        match spec.variant {
            ColourVariant::Vgg16 | ColourVariant::Original | ColourVariant::Torchvision => {}
            ColourVariant::Greyscale | ColourVariant::LocalAverage => {
                bail!("colour variant {:?} can't be made on a card; use vgg16, torchvision or original", spec.variant)
            }
        }
        let sources = &photographs.sources;
        let others = (0..=sources.iter().copied().max().unwrap_or(0))
            .map(|source| (0..sources.len()).filter(|other| sources[*other] != source).collect::<Vec<_>>())
            .map(|others| if others.is_empty() { (0..sources.len()).collect() } else { others })
            .collect();
        let pixels = photographs.pixels.to_device(device);
        Ok(Self { photographs, spec, pixels, device, colours: OnceCell::new(), others })
    }

    /// Number of photographs.
    pub(crate) fn len(&self) -> usize {
        self.photographs.len()
    }

    /// The photographs behind it.
    pub(crate) fn photographs(&self) -> &Photographs {
        self.photographs
    }

    /// Rows of a table of the photographs, on the device.
    pub(crate) fn rows(&self, table: &Tensor, chosen: &[usize]) -> Tensor {
        table.index_select(0, &indices(chosen)).to_device(self.device)
    }

    /// Inputs (photographs × 3 × size × size) of the chosen photographs, each in its view.
    pub(crate) fn inputs(&self, chosen: &[usize], draws: &[Draw], size: i64) -> Tensor {
        let inputs = self.of_one(chosen, draws, size);
        let mixed: Vec<usize> = (0..draws.len()).filter(|at| !draws[*at].is_of_one()).collect();
        if mixed.is_empty() {
            return inputs;
        }
        let draws: Vec<Draw> = mixed.iter().map(|at| draws[*at]).collect();
        let partners: Vec<usize> = draws.iter().map(|draw| place(draw.partner, self.len())).collect();
        let through = self.of_one(&partners, &draws, size);
        let rows = indices(&mixed).to_device(self.device);
        let own = inputs.index_select(0, &rows);
        inputs.index_copy(0, &rows, &(&own + (through - &own) * self.column(&draws, &|draw| draw.mix)))
    }

    /// Inputs without what shows through.
    fn of_one(&self, chosen: &[usize], draws: &[Draw], size: i64) -> Tensor {
        // Reduced with an antialiased filter first, as the device does it, so that sampling then keeps the scale.
        let mut x = self.reduced(chosen, (size as f64 / self.spec.disc).round() as i64);
        if draws.iter().any(|draw| draw.transfer > 0.0) {
            x = self.transferred(&x, chosen, draws);
        }
        let column = |of: &dyn Fn(&Draw) -> f64| self.column(draws, of);
        let gains: Vec<f32> = draws.iter().flat_map(|draw| draw.gains.map(|gain| gain as f32)).collect();
        let gains = Tensor::from_slice(&gains).reshape([-1, 3, 1, 1]).to_device(self.device);
        x = x.clamp(1e-4, 1.0).pow(&column(&|draw| draw.gamma)) * gains;
        if draws.iter().any(|draw| draw.blur > 0.0) {
            let soft = x.avg_pool2d([3, 3], [1, 1], [1, 1], false, false, None);
            let soft = soft.avg_pool2d([3, 3], [1, 1], [1, 1], false, false, None);
            x = &x + (soft - &x) * column(&|draw| draw.blur);
        }
        if draws.iter().any(|draw| draw.noise > 0.0) {
            x = &x + x.randn_like() * column(&|draw| draw.noise);
        }
        let placed = x.clamp(0.0, 1.0).grid_sampler(&self.grid(draws, size), 0, 0, false);
        let inside = disc(size, 1.0 - 4.0 / size as f64, self.device);
        self.coloured(&self.raised(&placed, &inside), &inside)
    }

    /// One number a photograph, shaped to multiply pictures with.
    pub(crate) fn column(&self, draws: &[Draw], of: &dyn Fn(&Draw) -> f64) -> Tensor {
        let numbers: Vec<f32> = draws.iter().map(|draw| of(draw) as f32).collect();
        Tensor::from_slice(&numbers).reshape([-1, 1, 1, 1]).to_device(self.device)
    }

    /// Where in the packed square each pixel of the input comes from.
    fn grid(&self, draws: &[Draw], size: i64) -> Tensor {
        let theta: Vec<f32> = draws
            .iter()
            .flat_map(|draw| {
                let scale = self.spec.disc * draw.part;
                let (sin, cos) = draw.angle.sin_cos();
                let side = if draw.mirrored { -1.0 } else { 1.0 };
                [side * cos * scale, -sin * scale, 0.0, side * sin * scale, cos * scale, 0.0].map(|value| value as f32)
            })
            .collect();
        let theta = Tensor::from_slice(&theta).reshape([-1, 2, 3]).to_device(self.device);
        Tensor::affine_grid_generator(&theta, [draws.len() as i64, 3, size, size], false)
    }

    /// The packed squares of the chosen photographs at `side` pixels, or as they are where they are no larger; values 0..1.
    fn reduced(&self, chosen: &[usize], side: i64) -> Tensor {
        let index = indices(chosen).to_device(self.device);
        let full = self.pixels.index_select(0, &index).permute([0, 3, 1, 2]).to_kind(Kind::Float) / 255.0;
        if side < full.size()[2] { full.internal_upsample_bilinear2d_aa([side, side], false, None, None) } else { full }
    }

    /// Gives photographs the colours of others: each channel's mean and deviation in the disc (Reinhard et al. 2001, in
    /// RGB). The donor is any photograph of another source, so a view does not depend on what else is in the batch.
    fn transferred(&self, x: &Tensor, chosen: &[usize], draws: &[Draw]) -> Tensor {
        let Colours { mean, deviation } = self.colours.get_or_init(|| self.measured());
        let donor = |(at, draw): (&usize, &Draw)| {
            let others = &self.others[self.photographs.sources[*at]];
            others[place(draw.donor, others.len())]
        };
        let donors: Vec<usize> = chosen.iter().zip(draws).map(donor).collect();
        let [own, donors] = [chosen, &donors].map(|of| indices(of).to_device(self.device));
        let strength = self.column(draws, &|draw| draw.transfer);
        let of = |table: &Tensor| {
            let own = table.index_select(0, &own);
            let towards = &own + (table.index_select(0, &donors) - &own) * &strength;
            (own, towards)
        };
        let ((own_mean, new_mean), (own_deviation, new_deviation)) = (of(mean), of(deviation));
        (x - own_mean) / own_deviation * new_deviation + new_mean
    }

    /// The colours of all photographs.
    fn measured(&self) -> Colours {
        let all: Vec<usize> = (0..self.len()).collect();
        let (mut means, mut deviations) = (Vec::new(), Vec::new());
        for chosen in all.chunks(64) {
            let x = self.reduced(chosen, MEASURED);
            let inside = disc(x.size()[2], self.spec.disc, self.device);
            let area = inside.sum(Kind::Float);
            let of = |x: &Tensor| (x * &inside).sum_dim_intlist([2_i64, 3].as_slice(), true, Kind::Float) / &area;
            let mean = of(&x);
            deviations.push(of(&(&x - &mean).square()).sqrt().clamp_min(0.01));
            means.push(mean);
        }
        Colours { mean: Tensor::cat(&means, 0), deviation: Tensor::cat(&deviations, 0) }
    }

    /// Three numbers, one a channel.
    fn three(&self, values: [f32; 3]) -> Tensor {
        Tensor::from_slice(&values).reshape([1, 3, 1, 1]).to_device(self.device)
    }

    /// Makes dark photographs brighter; see `ocellus_model::preprocess`. What is not `inside` does not count.
    fn raised(&self, x: &Tensor, inside: &Tensor) -> Tensor {
        let luma = (x * self.three([0.299, 0.587, 0.114])).sum_dim_intlist([1_i64].as_slice(), true, Kind::Float);
        let sum = (luma * inside).sum_dim_intlist([2_i64, 3].as_slice(), true, Kind::Float);
        let mean = sum / inside.sum(Kind::Float);
        let gain = (mean.clamp_min(1e-6).reciprocal() * self.spec.least_brightness).clamp(1.0, 4.0);
        (x * gain).clamp_max(1.0)
    }

    /// Paints what is not `inside` and computes the colour variant; see `ocellus_model::preprocess`.
    fn coloured(&self, x: &Tensor, inside: &Tensor) -> Tensor {
        let three = |values| self.three(values);
        let coloured = match self.spec.variant {
            ColourVariant::Vgg16 => x.flip([1]) * 255.0 - three([103.939, 116.779, 123.68]),
            ColourVariant::Torchvision => (x - three([0.485, 0.456, 0.406])) / three([0.229, 0.224, 0.225]),
            ColourVariant::Original | ColourVariant::Greyscale | ColourVariant::LocalAverage => x.shallow_clone(),
        };
        coloured * inside
    }
}

/// 1 in the disc of a square of `side` pixels whose radius is `part` of half the side, 0 outside; 1 × 1 × side × side.
fn disc(side: i64, part: f64, device: Device) -> Tensor {
    let line = (Tensor::arange(side, (Kind::Float, device)) * 2.0 + 1.0 - side as f64) / side as f64;
    let square = &line * &line;
    let radius = square.reshape([1, 1, side, 1]) + square.reshape([1, 1, 1, side]);
    radius.le(part * part).to_kind(Kind::Float)
}

/// Which of `count` things, at least one, a place among them, 0..1, is.
fn place(part: f64, count: usize) -> usize {
    ((part * count as f64) as usize).min(count - 1)
}

/// Numbers as an index tensor.
pub(crate) fn indices(chosen: &[usize]) -> Tensor {
    Tensor::from_slice(&chosen.iter().map(|index| *index as i64).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use ocellus_model::{field::Field, preprocess};

    use super::*;

    const SIDE: u32 = 160;

    fn spec() -> PreprocessSpec {
        PreprocessSpec::new(96, ColourVariant::Vgg16)
    }

    /// Two photographs of smooth colours, as a pack holds them.
    fn photographs() -> (Vec<image::RgbImage>, Photographs) {
        let pictures: Vec<image::RgbImage> = (1..=2_u32)
            .map(|k| {
                image::RgbImage::from_fn(SIDE, SIDE, |x, y| {
                    let wave = |at: u32, length: f64| (f64::from(at * k) / length).sin() * 50.0;
                    image::Rgb([
                        (120.0 + wave(x, 17.0)) as u8,
                        (90.0 + wave(y, 23.0)) as u8,
                        (60.0 + wave(x + y, 31.0)) as u8,
                    ])
                })
            })
            .collect();
        let bytes: Vec<u8> = pictures.iter().flat_map(|picture| picture.as_raw()).copied().collect();
        let side = i64::from(SIDE);
        let photographs = Photographs {
            pixels: Tensor::from_slice(&bytes).reshape([2, side, side, 3]),
            targets: Tensor::from_slice(&[1.0_f32, 0.0]).reshape([2, 1]),
            weights: Tensor::from_slice(&[1.0_f32, 1.0]).reshape([2, 1]),
            sources: vec![0, 1],
        };
        (pictures, photographs)
    }

    fn values(tensor: &Tensor) -> Vec<f32> {
        Vec::<f32>::try_from(tensor.contiguous().reshape([-1])).unwrap()
    }

    #[test]
    fn the_plain_view_is_what_the_device_sees() {
        let (pictures, photographs) = photographs();
        let half = f64::from(SIDE) / 2.0;
        let field = Field { centre_x: half, centre_y: half, radius: half, visible_radius: half, confidence: 1.0 };
        // The second makes these pictures brighter, whose mean luma is about 0.38.
        let specs = [spec(), spec().with_least_brightness(0.5)];
        let [plain, raised] = specs.map(|spec| {
            let renderer = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
            let made = values(&renderer.inputs(&[1], &[Draw::PLAIN], 96));
            let expected = preprocess::preprocess(&pictures[1], &field, &spec).data;
            let (mut worst, mut sum) = (0.0_f32, 0.0);
            for (made, expected) in made.iter().zip(&expected) {
                // At the disc's rim the two paint a pixel more or less.
                if (*made == 0.0) == (*expected == 0.0) {
                    worst = worst.max((made - expected).abs());
                    sum += (made - expected).abs();
                }
            }
            assert!(worst < 8.0 && sum / (made.len() as f32) < 0.7, "worst {worst}, mean {}", sum / made.len() as f32);
            let painted = |values: &[f32]| values.iter().filter(|value| **value == 0.0).count();
            assert!(painted(&made).abs_diff(painted(&expected)) < made.len() / 100);
            made.iter().sum::<f32>() / made.len() as f32
        });
        assert!(raised > plain + 10.0, "{plain} {raised}");
    }

    #[test]
    fn a_mirrored_view_is_the_mirror_image() {
        let (_, photographs) = photographs();
        let spec = spec();
        let renderer = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
        let plain = renderer.inputs(&[0], &[Draw::PLAIN], 96);
        let mirrored = renderer.inputs(&[0], &[Draw { mirrored: true, ..Draw::PLAIN }], 96);
        let apart = (plain.flip([3]) - mirrored).abs().max().double_value(&[]);
        assert!(apart < 0.01, "{apart}");
    }

    #[test]
    fn a_quarter_turn_moves_the_right_to_the_bottom_or_the_top() {
        let (_, photographs) = photographs();
        let spec = spec();
        let renderer = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
        let turned = renderer.inputs(&[0], &[Draw { angle: std::f64::consts::FRAC_PI_2, ..Draw::PLAIN }], 96);
        let plain = renderer.inputs(&[0], &[Draw::PLAIN], 96);
        let apart = |k: i64| (plain.rot90(k, [2, 3]) - &turned).abs().mean(Kind::Float).double_value(&[]);
        assert!(apart(1).min(apart(3)) < 0.5, "{} {}", apart(1), apart(3));
    }

    #[test]
    fn a_transfer_gives_the_donors_mean_colours() {
        let (_, photographs) = photographs();
        let spec = PreprocessSpec::new(96, ColourVariant::Original);
        let renderer = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
        let draw = Draw { transfer: 1.0, ..Draw::PLAIN };
        let mean = |input: &Tensor, at: i64| values(&input.get(at).mean_dim([1_i64, 2].as_slice(), false, Kind::Float));
        let plain = renderer.inputs(&[0, 1], &[Draw::PLAIN; 2], 96);
        let moved = renderer.inputs(&[0, 1], &[draw, draw], 96);
        for (a, b) in mean(&moved, 0).iter().zip(mean(&plain, 1)) {
            assert!((a - b).abs() < 0.01, "{a} {b}");
        }
    }

    #[test]
    fn a_view_in_anothers_colours_does_not_depend_on_the_batch() {
        let (_, photographs) = photographs();
        let spec = PreprocessSpec::new(96, ColourVariant::Original);
        let renderer = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
        let draw = Draw { transfer: 0.7, donor: 0.99, ..Draw::PLAIN };
        let alone = values(&renderer.inputs(&[1], &[draw], 96));
        let among = values(&renderer.inputs(&[0, 1], &[Draw::PLAIN, draw], 96).get(1));
        assert_eq!(alone, among);
        assert_ne!(alone, values(&renderer.inputs(&[1], &[Draw::PLAIN], 96)));
    }

    #[test]
    fn another_photograph_shows_through_as_far_as_was_drawn() {
        let (_, photographs) = photographs();
        let spec = spec();
        let renderer = Renderer::new(&photographs, &spec, Device::Cpu).unwrap();
        let mixed = Draw { mix: 0.25, partner: 0.75, ..Draw::PLAIN };
        let found = renderer.inputs(&[0, 0], &[Draw::PLAIN, mixed], 96);
        let plain = renderer.inputs(&[0, 1], &[Draw::PLAIN; 2], 96);
        let expected = plain.get(0) * 0.75 + plain.get(1) * 0.25;
        assert_eq!(values(&found.get(0)), values(&plain.get(0)));
        for (found, expected) in values(&found.get(1)).iter().zip(values(&expected)) {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    }

    #[test]
    fn the_same_numbers_draw_the_same_view_and_others_another() {
        let text = "rotation_deg = 25\nclosest = 0.8\nfarthest = 1.04\nlight = 0.2\ncolour = 0.1\ngamma = 0.2\ntransfer = 0.5\nblur = 0.3\nnoise = 0.02";
        let views: Views = toml::from_str(text).unwrap();
        let angle = |seed, epoch, photograph| views.draw(seed, epoch, photograph).angle;
        assert_eq!(angle(1, 2, 3), angle(1, 2, 3));
        for other in [angle(2, 2, 3), angle(1, 3, 3), angle(1, 2, 4)] {
            assert_ne!(angle(1, 2, 3), other);
        }
        let parts: Vec<f64> = (0..200).map(|photograph| views.draw(1, 0, photograph).part).collect();
        assert!(parts.iter().all(|part| (0.8..=1.04).contains(part)));
    }
}
