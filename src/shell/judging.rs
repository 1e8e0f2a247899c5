//! The judge's thread: loads the bundle, judges photographs one after the other.

use std::{
    sync::{Arc, mpsc::Receiver},
    time::Duration,
};

use image::{RgbImage, imageops};
use ocellus_model::{field::Field, laterality::Laterality, quality::Fingerprint};
use tokio::sync::mpsc;

use super::{
    pulse::{Pulse, next_order},
    told::{Asked, Judged, Picture, Told},
};
use crate::{
    decision::Outcome,
    judge::{Judge, Judgement, Known},
    screens::heat,
    station::{Check, Checked, Event},
    store::JudgedBy,
};

/// Width of a picture for a screen at most, in pixels: the largest circle of the largest panel.
const SHOWN: u32 = 640;

/// How long reading the bundle or judging a photograph may take on the slowest device.
const LONG: Duration = Duration::from_secs(60);

/// Loads the bundle and tests it; what went wrong in the program's words. What it is given, it calls whenever the work has
/// gone on: on a slow processor the whole takes longer than anything may stand still.
pub type Load = Box<dyn Fn(&(dyn Fn() + Sync)) -> Result<Judge, String> + Send>;

/// Something to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Load the bundle, or load it again.
    Load,
    /// Judge a photograph.
    Judge(Box<Exposure>),
}

/// A photograph to be judged.
#[derive(Debug)]
pub(super) struct Exposure {
    pub(super) asked: Asked,
    pub(super) capture: u32,
    pub(super) name: String,
    pub(super) bytes: Arc<[u8]>,
    pub(super) eye: Laterality,
    pub(super) eye_confirmed: bool,
    pub(super) before: Vec<Fingerprint>,
}

/// The thread. Ends when nobody gives orders any more.
pub(super) fn run(
    load: &Load,
    orders: &Receiver<Order>,
    tell: &mpsc::Sender<Told>,
    told_by: &tokio::sync::watch::Sender<Option<JudgedBy>>,
    pulse: &Pulse,
) {
    let mut judge: Option<Judge> = None;
    while let Some(order) = next_order(orders, pulse) {
        // Reading the bundle and judging a photograph are one long round each; one that never ends is noticed.
        pulse.excuse(LONG);
        let told = match order {
            Order::Load => match load(&|| pulse.excuse(LONG)) {
                Ok(loaded) => {
                    let (bundle, manifest) = (loaded.bundle_id().clone(), loaded.bundle().manifest());
                    let sequence = manifest.sequence;
                    told_by.send_replace(Some(JudgedBy {
                        bundle: bundle.clone(),
                        looks_for: manifest.outputs.iter().map(|output| output.label).collect(),
                        statement: manifest.statement.clone(),
                    }));
                    judge = Some(loaded);
                    Told::Loaded { bundle, sequence }
                }
                Err(detail) => Told::Station(Event::Checked { check: Check::Bundle, found: Checked::Bad(detail) }),
            },
            Order::Judge(exposure) => match &judge {
                Some(judge) => Told::Judged { asked: exposure.asked, judged: Box::new(judge_one(judge, *exposure)) },
                // Without a bundle nobody is screened; the encounter's deadline tells if it comes to that.
                None => continue,
            },
        };
        if tell.blocking_send(told).is_err() {
            return;
        }
    }
}

fn judge_one(judge: &Judge, exposure: Exposure) -> Judged {
    let Exposure { capture, name, bytes, eye, eye_confirmed, before, .. } = exposure;
    let known = Known { eye: Some(eye), eye_confirmed, before: &before };
    let Judgement { record, photograph, field, fingerprint, activation_map } = judge.judge(&name, &bytes, known);
    let picture = photograph.map(|photograph| small(photograph.pixels, field));
    let map = picture.as_ref().zip(activation_map).and_then(|(picture, map)| {
        let field = picture.field.as_ref()?;
        let [outputs, rows, columns] = map.shape;
        // Where something was found, that is what is shown; else what came nearest to it, the anomaly.
        let shown: Vec<usize> = match record.outcome {
            Outcome::Refer => {
                let labels = judge.bundle().manifest().outputs.iter().map(|output| output.label);
                labels
                    .enumerate()
                    .filter(|(_, label)| record.findings.contains(label))
                    .map(|(index, _)| index)
                    .collect()
            }
            Outcome::NoReferableSigns | Outcome::NoResult => vec![0],
        };
        let mut values = vec![0.0_f32; rows * columns];
        for output in shown.into_iter().filter(|output| *output < outputs) {
            for (sum, value) in values.iter_mut().zip(map.of_output(output)) {
                *sum += value.max(0.0);
            }
        }
        let half_side = judge.bundle().manifest().preprocess.disc * field.visible_radius;
        let pixels =
            heat::over(&picture.pixels, field, heat::Map { shape: (rows, columns), values: &values, half_side });
        Some(Picture { pixels: Arc::new(pixels), field: Some(*field) })
    });
    Judged { capture, eye, record, fingerprint, picture, map }
}

/// A photograph reduced to what a screen shows, its field with it.
fn small(pixels: RgbImage, field: Option<Field>) -> Picture {
    let longer = pixels.width().max(pixels.height());
    if longer <= SHOWN {
        return Picture { pixels: Arc::new(pixels), field };
    }
    let scale = f64::from(SHOWN) / f64::from(longer);
    let side = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
    let reduced = imageops::thumbnail(&pixels, side(pixels.width()), side(pixels.height()));
    let field = field.map(|field| Field {
        centre_x: field.centre_x * scale,
        centre_y: field.centre_y * scale,
        radius: field.radius * scale,
        visible_radius: field.visible_radius * scale,
        confidence: field.confidence,
    });
    Picture { pixels: Arc::new(reduced), field }
}
