//! A last row for the network's head: whether a photograph can be judged at all.
//!
//! The finished network's last maps of blocks 4 and 5, averaged over the photograph, know what a retina looks like, and
//! how sharp it is; a logistic regression on them tells photographs that people called ungradable from those that people
//! could read. It becomes one more row of the head, so that it costs next to nothing to compute, travels in the same file
//! and is tested with the other outputs. A row knows the faults that it was shown; what is unlike everything that could be
//! judged is refused as well ([`unfamiliarity`]): the output is the larger of the two. Photographs that people could judge
//! teach the row once more, made so poor that nobody could ([`degraded`]); no figure but their own counts these.
//!
//! Ungradable photographs are few, so the figures come from a cross-validation over all that are given: neighbouring
//! pictures of a series (by name) and pictures of one patient or group are never on both sides.
//!
//! Not here: classic measures of quality (`ocellus_model::quality`), training the network itself.

mod degraded;
mod regression;
mod standard;
mod unfamiliarity;

use std::{collections::BTreeMap, path::Path};

use ::image::RgbImage;
use ocellus_model::{
    bundle::manifest::GradabilitySpec,
    field::Field,
    image,
    phantom::{self, PracticeEye, PracticeSet},
    quality::{self, Gradability, Reason},
};
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    cli::Ui,
    evaluate::{auroc::auroc, calibration::platt},
    gate::Refusals,
    manifest::Row,
    predict::{PredictError, Predictor},
    split::components::components,
};
use degraded::Fault;
use regression::Regression;
use unfamiliarity::Familiar;
pub use unfamiliarity::Unfamiliarity;

/// Fewer ungradable photographs teach nothing.
pub const UNGRADABLE_MIN: usize = 30;
/// Most photographs of a source that nobody graded but somebody could label; they count as gradable. More would drown
/// the graded ones: some of them are poor enough.
const LABELLED_MAX: usize = 100;
/// Drawn eyes that count as gradable, so that devices can be tried and taught on practice eyes.
const DRAWN: usize = 60;
/// What they are drawn from: a practice set that nothing else uses, and the side of its pictures in pixels.
const DRAWN_SEED: u64 = 5_2311;
const DRAWN_SIDE: u32 = 640;
/// Parts of the cross-validation.
const FOLDS: usize = 10;
/// Photographs of a source that follow each other by name and are kept together.
const SERIES: usize = 10;
/// Weights of the penalty on squared coefficients, of standardised features, that are tried, the strongest first. Hundreds of
/// features of a few dozen ungradable photographs need one; how strong, depends on the network.
const PENALTIES: [f64; 5] = [2000.0, 500.0, 100.0, 20.0, 5.0];
/// Part of the ungradable photographs that has to be refused in cross-validation, by the network or by a measure that
/// leaves no doubt.
pub const REFUSED_WANTED: f64 = 0.95;
/// Part of the photographs that could be judged that is refused for being unlike the others. Twice as many as a hundredth
/// finds half as many more of what is no retina; see `docs/gate.md`.
pub const UNLIKE: f64 = 0.02;

/// The row and what was found in cross-validation.
#[derive(Debug, Clone, Serialize)]
pub struct GradabilityHead {
    /// One weight a channel of the last maps, those of block 4 first.
    #[serde(skip)]
    pub weight: Vec<f32>,
    /// The constant.
    #[serde(skip)]
    pub bias: f32,
    /// What speaks besides the row, where a photograph is unlike those that could be judged.
    #[serde(skip)]
    pub unfamiliarity: Unfamiliarity,
    /// Calibration and threshold.
    #[serde(skip)]
    pub spec: GradabilitySpec,
    /// Weight of the penalty on squared coefficients that served best in cross-validation.
    pub penalty: f64,
    /// Of the ungradable photographs, refused in cross-validation, by the network or by a measure that leaves no doubt.
    pub ungradable: Refused,
    /// Of those that people called usable.
    pub usable: Refused,
    /// Of those that people called good.
    pub good: Refused,
    /// Of those that nobody graded and somebody labelled.
    pub labelled: Refused,
    /// Of drawn eyes that show what is to be seen.
    pub drawn: Refused,
    /// Of good and labelled ones that a program made too poor, by what is wrong with them.
    pub degraded: BTreeMap<&'static str, Refused>,
    /// AUROC of ungradable against good photographs, in cross-validation.
    pub auroc: Option<f64>,
}

/// What was refused of the photographs of one kind.
#[derive(Debug, Clone, Serialize)]
pub struct Refused {
    /// For whatever reason.
    #[serde(flatten)]
    pub all: Refusals,
    /// Those that are refused for being unlike what could be judged, whatever the row says.
    pub unlike: usize,
}

/// A photograph's features and what is known of it.
struct Example {
    /// None where there is no field to look at.
    features: Option<Vec<f64>>,
    /// Refused already, for want of a field or by a measure that leaves no doubt.
    ruled_out: bool,
    /// As far from what could be judged as few that could.
    unlike: bool,
    known: Known,
    fold: usize,
}

/// How it is known whether a photograph can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// People graded it.
    Graded(Gradability),
    /// Somebody could label it.
    Labelled,
    /// It was drawn without a fault that hides anything.
    Drawn,
    /// It could be judged until a program made it too poor.
    Degraded(Fault),
}

impl Known {
    const UNGRADABLE: Self = Known::Graded(Gradability::Ungradable);
}

impl Example {
    /// The features and whether it is to be refused; none where people were undecided, or there is nothing to see, which
    /// teaches nothing.
    fn learnt(&self) -> Option<(&[f64], bool)> {
        let refused = match self.known {
            Known::UNGRADABLE | Known::Degraded(_) => true,
            Known::Graded(Gradability::Good) | Known::Labelled | Known::Drawn => false,
            Known::Graded(_) => return None,
        };
        Some((self.features.as_deref()?, refused))
    }

    /// Whether it is to be refused by what is known of it as it is; none where that is not known.
    fn told(&self) -> Option<bool> {
        self.learnt().filter(|_| !matches!(self.known, Known::Degraded(_))).map(|(_, refused)| refused)
    }

    /// Whether it is refused whatever the row says.
    fn is_refused_anyway(&self) -> bool {
        self.ruled_out || self.unlike
    }

    /// Whether it is a photograph that could be judged. (Drawn eyes are too much alike to say what is far.)
    fn is_judged_photograph(&self) -> bool {
        self.known != Known::Drawn && !self.ruled_out && self.learnt().is_some_and(|(_, refused)| !refused)
    }
}

/// Fits the row on the rows that say something. None where there are too few ungradable photographs.
///
/// # Errors
/// When the engine fails.
pub fn fit(predictor: &Predictor, rows: &[Row], root: &Path, ui: &Ui) -> Result<Option<GradabilityHead>, PredictError> {
    let chosen = choose(rows);
    if chosen.iter().filter(|(row, _)| row.quality == Some(Gradability::Ungradable)).count() < UNGRADABLE_MIN {
        return Ok(None);
    }
    let rules_out =
        |pixels: &RgbImage, field: &Field| quality::assess(pixels, field).reasons.into_iter().any(Reason::rules_out);
    let files: Vec<_> = chosen.iter().map(|(row, _)| root.join(&row.file)).collect();
    let read = |at: usize| Ok(image::read(&files[at]).map_err(|error| error.to_string())?.pixels);
    let photographs = predictor.pooled(files.len(), read, ui, rules_out)?;
    let drawn = drawn();
    let eyes = predictor.pooled(drawn.len(), |at| Ok(phantom::draw(&drawn[at])), ui, rules_out)?;
    let poor = to_degrade(&chosen);
    let degrade = |at: usize| {
        let (of, fault) = poor[at];
        fault.apply(read(of)?)
    };
    let degraded = predictor.pooled(poor.len(), degrade, ui, rules_out)?;
    let known = chosen.iter().map(|(row, fold)| (row.quality.map_or(Known::Labelled, Known::Graded), *fold));
    let known = known.chain((0..drawn.len()).map(|at| (Known::Drawn, at % FOLDS)));
    // In the part of the photograph that it was.
    let known = known.chain(poor.iter().map(|(of, fault)| (Known::Degraded(*fault), chosen[*of].1)));
    let mut examples: Vec<Example> = known
        .zip(photographs.into_iter().chain(eyes).chain(degraded))
        .map(|((known, fold), pooled)| {
            let (features, ruled_out) = pooled.map_or((None, true), |pooled| (Some(pooled.features), pooled.seen));
            Example { features, ruled_out, unlike: false, known, fold }
        })
        .collect();
    Ok(fitted(&mut examples).map(|(head, ..)| head))
}

/// What is fitted to examples: what an export needs, and what it is made of. None where nothing can be fitted.
fn fitted(examples: &mut [Example]) -> Option<(GradabilityHead, Regression, Familiar)> {
    let distances = distances(examples)?;
    let near = judged(examples, &distances);
    let unlike_from = quantile(&near, 1.0 - UNLIKE);
    for (example, distance) in examples.iter_mut().zip(&distances) {
        example.unlike = example.features.is_some() && *distance >= unlike_from;
    }
    let (penalty, logits) = settled(examples)?;
    let (row, familiar) = (Regression::fit(examples.iter(), penalty)?, familiar(examples.iter())?);
    let scale = Scale::new(examples, &logits, (unlike_from, quantile(&near, 0.5)));
    let both: Vec<f64> =
        logits.iter().zip(&distances).map(|(logit, distance)| logit.max(scale.logit(*distance))).collect();
    Some((head(examples, &both, &scale, &row, &familiar), row, familiar))
}

/// Some numbers of the photographs that could be judged, sorted.
fn judged(examples: &[Example], of: &[f64]) -> Vec<f64> {
    let known = examples.iter().zip(of).filter(|(example, _)| example.is_judged_photograph());
    let mut known: Vec<f64> = known.map(|(_, value)| *value).collect();
    known.sort_by(f64::total_cmp);
    known
}

/// The rows to learn from, each with its part of the cross-validation.
fn choose(rows: &[Row]) -> Vec<(&Row, usize)> {
    let mut chosen: Vec<&Row> = rows.iter().filter(|row| row.quality.is_some()).collect();
    let mut labelled: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.quality.is_none() && row.labels.iter().any(Option::is_some)) {
        labelled.entry(&row.source).or_default().push(row);
    }
    for of_source in labelled.into_values() {
        let step = of_source.len().div_ceil(LABELLED_MAX).max(1);
        chosen.extend(of_source.into_iter().step_by(step));
    }
    chosen.sort_by(|a, b| (&a.source, &a.file).cmp(&(&b.source, &b.file)));
    let owned: Vec<Row> = chosen.iter().map(|row| (*row).clone()).collect();
    let series = (1..owned.len()).filter(|i| i % SERIES != 0).map(|i| (i - 1, i));
    let parts = components(&owned, series.filter(|(a, b)| owned[*a].source == owned[*b].source));
    chosen.into_iter().zip(parts).map(|(row, part)| (row, part % FOLDS)).collect()
}

/// Of those chosen, all that could be judged, by number, with what each is to be made poor by.
fn to_degrade(chosen: &[(&Row, usize)]) -> Vec<(usize, Fault)> {
    let judged = |row: &Row| row.quality.is_none_or(|quality| quality == Gradability::Good);
    let judged = chosen.iter().enumerate().filter(|(_, (row, _))| judged(row)).map(|(at, _)| at);
    judged.zip(Fault::ALL.into_iter().cycle()).collect()
}

/// Practice eyes that show what is to be seen.
fn drawn() -> Vec<PracticeEye> {
    let set = PracticeSet::new(DRAWN_SEED, DRAWN_SIDE);
    let gradable = (0..).map(|number| set.photograph(number)).filter(|drawn| drawn.quality != Gradability::Ungradable);
    gradable.take(DRAWN).map(|drawn| drawn.eye).collect()
}

/// The penalty whose logits in cross-validation say best what people said of the photographs that the row decides on, with
/// them; none where no regression can be fitted.
fn settled(examples: &[Example]) -> Option<(f64, Vec<f64>)> {
    let tried = PENALTIES.into_iter().filter_map(|penalty| {
        let logits = cross_validated(examples, penalty)?;
        Some((log_loss(examples, &logits), penalty, logits))
    });
    let best = tried.min_by(|(a, ..), (b, ..)| a.total_cmp(b));
    best.map(|(_, penalty, logits)| (penalty, logits))
}

/// Mean logarithmic loss of the ungradable and of the other examples, both weighed alike; of those that are not refused
/// anyway.
fn log_loss(examples: &[Example], logits: &[f64]) -> f64 {
    let of = |wanted: bool| {
        let asked = examples.iter().zip(logits).filter(|(example, _)| !example.is_refused_anyway());
        let known = asked.filter_map(|(example, logit)| Some((example.told()?, *logit)));
        let losses = known.filter(|(refused, _)| *refused == wanted).map(|(refused, logit)| {
            let towards = if refused { logit } else { -logit };
            // ln(1 + e^-x), for large x of either sign.
            (-towards.abs()).exp().ln_1p() + (-towards).max(0.0)
        });
        let losses: Vec<f64> = losses.collect();
        losses.iter().sum::<f64>() / losses.len().max(1) as f64
    };
    of(true) + of(false)
}

/// The logit of each example by a regression that saw none of its part, infinite where there are no features; none where
/// a regression can't be fitted.
fn cross_validated(examples: &[Example], penalty: f64) -> Option<Vec<f64>> {
    by_the_other_parts(examples, |others| Regression::fit(others.into_iter(), penalty), Regression::logit)
}

/// How far each example lies from what could be judged, none of its part among it, infinite where there are no features;
/// none where there is too little.
fn distances(examples: &[Example]) -> Option<Vec<f64>> {
    by_the_other_parts(examples, |others| familiar(others.into_iter()), Familiar::distance)
}

/// What could be judged; none where there is too little.
fn familiar<'a>(examples: impl Iterator<Item = &'a Example>) -> Option<Familiar> {
    let judged = examples.filter_map(Example::learnt).filter(|(_, refused)| !refused);
    Familiar::fit(&judged.map(|(features, _)| features).collect::<Vec<_>>())
}

/// What is said of each example's features by what was fitted to all examples but those of its part, infinite where there
/// are no features.
fn by_the_other_parts<'a, T: Send>(
    examples: &'a [Example],
    fit: impl Fn(Vec<&'a Example>) -> Option<T> + Sync,
    say: impl Fn(&T, &[f64]) -> f64,
) -> Option<Vec<f64>> {
    let others = |part: usize| examples.iter().filter(|example| example.fold != part).collect();
    let fitted: Vec<T> = (0..FOLDS).into_par_iter().map(|part| fit(others(part))).collect::<Option<_>>()?;
    let said = |example: &Example| {
        example.features.as_ref().map_or(f64::INFINITY, |features| say(&fitted[example.fold], features))
    };
    Some(examples.iter().map(said).collect())
}

/// From distances to the row's logits.
struct Scale {
    slope: f64,
    constant: f64,
    /// The logit from which a photograph is refused.
    from: f64,
}

impl Scale {
    /// From the row's logits in cross-validation, and the distance from which a photograph is unlike and that in the middle of
    /// those that could be judged.
    fn new(examples: &[Example], logits: &[f64], (unlike_from, middle): (f64, f64)) -> Self {
        let by_row = judged(examples, logits);
        // What is refused whatever the row says leaves the row's threshold to the others.
        let ungradable = examples.iter().zip(logits).filter(|(example, _)| example.known == Known::UNGRADABLE);
        let left = ungradable.map(|(example, logit)| if example.is_refused_anyway() { f64::INFINITY } else { *logit });
        let mut left: Vec<f64> = left.collect();
        left.sort_by(f64::total_cmp);
        let from = quantile(&left, 1.0 - REFUSED_WANTED);
        // Where that is enough without the row, it refuses no more than it has to.
        let from = if from.is_finite() { from } else { quantile(&by_row, 1.0) };
        // What is half-way among what could be judged is so for both, and what is unlike is refused.
        let slope = (from - quantile(&by_row, 0.5)) / (unlike_from - middle);
        let slope = if slope.is_finite() && slope > 0.0 { slope } else { 1.0 };
        Scale { slope, constant: from - slope * unlike_from, from }
    }

    fn logit(&self, distance: f64) -> f64 {
        self.slope * distance + self.constant
    }
}

/// What an export needs; `logits` are those of the row and the distance together.
fn head(examples: &[Example], logits: &[f64], scale: &Scale, row: &Regression, familiar: &Familiar) -> GradabilityHead {
    let (known, targets): (Vec<f64>, Vec<bool>) =
        examples.iter().zip(logits).filter_map(|(example, logit)| Some((*logit, example.told()?))).unzip();
    let calibration = platt(&known, &targets).unwrap_or(ocellus_model::calibration::Calibration::IDENTITY);
    // The probability is strictly between 0 and 1 for every logit that can occur.
    let refused_from = calibration.probability(scale.from).clamp(1e-6, 1.0 - 1e-6);
    let refused = |kind: Known| {
        let of_kind: Vec<usize> = (0..examples.len()).filter(|at| examples[*at].known == kind).collect();
        let refused = of_kind
            .iter()
            .filter(|at| examples[**at].is_refused_anyway() || calibration.probability(logits[**at]) >= refused_from);
        Refused {
            all: Refusals::new(refused.count(), of_kind.len()),
            unlike: of_kind.iter().filter(|at| examples[**at].unlike).count(),
        }
    };
    let graded = |grade| {
        let seen = examples.iter().zip(logits).filter(|(example, _)| example.features.is_some());
        seen.filter(move |(example, _)| example.known == Known::Graded(grade))
    };
    let (against, which): (Vec<f64>, Vec<bool>) = graded(Gradability::Ungradable)
        .map(|(_, logit)| (*logit, true))
        .chain(graded(Gradability::Good).map(|(_, logit)| (*logit, false)))
        .unzip();
    GradabilityHead {
        weight: row.weight.iter().map(|weight| *weight as f32).collect(),
        bias: row.bias as f32,
        unfamiliarity: familiar.logit(scale.slope, scale.constant),
        penalty: row.penalty,
        spec: GradabilitySpec { refused_from, calibration },
        ungradable: refused(Known::UNGRADABLE),
        usable: refused(Known::Graded(Gradability::Usable)),
        good: refused(Known::Graded(Gradability::Good)),
        labelled: refused(Known::Labelled),
        drawn: refused(Known::Drawn),
        degraded: Fault::ALL.into_iter().map(|fault| (fault.as_str(), refused(Known::Degraded(fault)))).collect(),
        auroc: auroc(&against, &which).map(|auroc| auroc.value),
    }
}

/// The value below which a part of sorted values lies, at most; infinite where there are none.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = (part * sorted.len() as f64) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Features of which the second tells the ungradable ones.
    fn examples(count: usize) -> Vec<Example> {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        (0..count)
            .map(|number| {
                let ungradable = number % 8 == 0;
                let noise = || rng.random_range(0.0..2.0);
                let mut features: Vec<f64> = std::iter::repeat_with(noise).take(12).collect();
                features[1] += if ungradable { 2.2 } else { 0.0 };
                features[2] *= 40.0;
                let known = match number % 8 {
                    0 => Known::Graded(Gradability::Ungradable),
                    1 | 2 => Known::Graded(Gradability::Good),
                    3 => Known::Graded(Gradability::Usable),
                    4 => Known::Drawn,
                    _ => Known::Labelled,
                };
                Example { features: Some(features), ruled_out: false, unlike: false, known, fold: number / 8 % FOLDS }
            })
            .collect()
    }

    #[test]
    fn the_row_tells_what_people_told_and_its_figures_are_those_of_unseen_photographs() {
        let mut examples = examples(1600);
        let (head, whole, _) = fitted(&mut examples).unwrap();
        let share = |refused: &Refused| refused.all.share.unwrap().value;
        assert!(share(&head.ungradable) >= REFUSED_WANTED, "{head:?}");
        assert!(share(&head.good) < 0.05 && share(&head.labelled) < 0.05, "{head:?}");
        let photographs = [&head.ungradable, &head.good, &head.usable].map(|of| of.all.photographs);
        assert_eq!(photographs, [200, 400, 200]);
        assert!(head.auroc.unwrap() > 0.95);
        // The stored row decides as the regression does.
        for example in &examples {
            let features = example.features.as_ref().unwrap();
            let logit = features.iter().zip(&head.weight).map(|(f, w)| *f as f32 * w).sum::<f32>() + head.bias;
            assert!((f64::from(logit) - whole.logit(features)).abs() < 1e-3);
        }
    }

    #[test]
    fn the_penalty_is_the_one_whose_logits_are_nearest_to_what_people_said() {
        let mut examples = examples(400);
        let loss = |examples: &[Example], penalty| log_loss(examples, &cross_validated(examples, penalty).unwrap());
        let (penalty, logits) = settled(&examples).unwrap();
        assert!(PENALTIES.into_iter().all(|other| log_loss(&examples, &logits) <= loss(&examples, other)));
        // What is told by one feature needs little; what is told by nothing much.
        let told = penalty;
        for (number, example) in examples.iter_mut().enumerate() {
            example.features.as_mut().unwrap()[1] = f64::from((number % 7) as u32);
        }
        assert!(told < PENALTIES[0] && settled(&examples).unwrap().0 > told);
        // Against what a hand computes: ln(1 + e^-2) and ln(1 + e^1).
        let two = [examples.remove(0), examples.remove(0)];
        let expected = (1.0 + (-2.0_f64).exp()).ln() + (1.0 + 1.0_f64.exp()).ln();
        assert!((log_loss(&two, &[2.0, 1.0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn what_is_ruled_out_counts_as_refused_and_leaves_the_threshold_to_the_others() {
        let mut examples = examples(1600);
        let ungradable = |example: &&mut Example| example.known == Known::Graded(Gradability::Ungradable);
        for example in examples.iter_mut().filter(ungradable).take(20) {
            (example.features, example.ruled_out) = (None, true);
        }
        let (found, ..) = fitted(&mut examples).unwrap();
        assert_eq!((found.ungradable.all.photographs, found.ungradable.all.refused), (200, 190), "{found:?}");
    }

    // verifies: RQ-002
    #[test]
    fn what_no_row_was_shown_is_refused_for_being_unlike_what_could_be_judged() {
        let mut examples = examples(1600);
        let (before, ..) = fitted(&mut examples).unwrap();
        // A part of its own: none of the faults of the others, and nothing of a retina.
        let strange = [9.0, 0.5, 20.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        for example in examples.iter_mut().filter(|example| example.known == Known::UNGRADABLE && example.fold == 9) {
            example.features = Some(strange.to_vec());
        }
        let (head, row, familiar) = fitted(&mut examples).unwrap();
        assert!(before.ungradable.unlike < 100 && head.ungradable.unlike >= 20, "{before:?} {head:?}");
        assert!(head.ungradable.all.refused >= 190 && head.good.all.refused < 20, "{head:?}");
        // Of what could be judged one of fifty, the drawn ones aside.
        assert_eq!(head.good.unlike + head.labelled.unlike, 20, "{head:?}");
        // The stored arrays decide as the cross-validation does, of another such picture and of one like the others.
        let refused = |features: [f64; 12]| {
            let Unfamiliarity { mean, scale, weight, constant } = &head.unfamiliarity;
            let off: Vec<f64> =
                (0..12).map(|at| (features[at].sqrt() - f64::from(mean[at])) * f64::from(scale[at])).collect();
            let along = weight.chunks(12).map(|row| row.iter().zip(&off).map(|(w, v)| f64::from(*w) * v).sum::<f64>());
            let unlike = along.map(|value| value * value).sum::<f64>() + f64::from(*constant);
            let logit = unlike.max(row.logit(&features));
            head.spec.calibration.probability(logit) >= head.spec.refused_from
        };
        assert!(refused(strange.map(|value| 0.9 * value)) && familiar.distance(&strange) > 3.0);
        assert!(!refused([0.3, 0.2, 12.0, 0.1, 1.0, 1.5, 0.4, 1.9, 0.8, 1.0, 0.6, 1.2]));
    }

    #[test]
    fn what_was_made_poor_teaches_the_row_and_counts_in_no_figure_but_its_own() {
        let mut judged = examples(1600);
        let (without, ..) = fitted(&mut judged).unwrap();
        let poor = |fault: Fault| {
            judged.iter().filter(|example| example.known == Known::Labelled).step_by(3).map(move |example| {
                let mut features = example.features.clone().unwrap();
                // Each by itself is met with among the others; all three together hardly ever.
                (features[5], features[6], features[7]) = (1.9, 0.1 * features[6], 1.9);
                Example { features: Some(features), known: Known::Degraded(fault), ..*example }
            })
        };
        let poor: Vec<Example> = poor(Fault::Defocus).collect();
        let mut all = examples(1600);
        all.extend(poor);
        let (with, row, _) = fitted(&mut all).unwrap();
        assert_eq!((with.degraded["defocus"].all.photographs, with.degraded["haze"].all.photographs), (200, 0));
        assert!(with.degraded["defocus"].all.refused > 180, "{with:?}");
        // A row that saw none of them knows none of them.
        let unseen = Regression::fit(judged.iter(), without.penalty).unwrap();
        let mean = |row: &Regression, known: Known| {
            let of: Vec<f64> = all
                .iter()
                .filter(|example| example.known == known)
                .map(|example| row.logit(example.features.as_ref().unwrap()))
                .collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        let above = |row: &Regression| mean(row, Known::Degraded(Fault::Defocus)) - mean(row, Known::Labelled);
        assert!(above(&row) > 3.0 && above(&unseen).abs() < 1.0, "{} {}", above(&row), above(&unseen));
        assert_eq!(with.ungradable.all.photographs, without.ungradable.all.photographs);
        assert!(with.ungradable.all.refused >= 190, "{with:?}");
    }

    #[test]
    fn all_that_could_be_judged_are_made_poor_by_each_fault_in_turn() {
        let row = |quality: Option<Gradability>| Row { quality, ..Row::default() };
        let rows =
            [Some(Gradability::Good), Some(Gradability::Usable), None, Some(Gradability::Ungradable), None].map(row);
        let chosen: Vec<(&Row, usize)> = rows.iter().map(|row| (row, 0)).collect();
        assert_eq!(to_degrade(&chosen), [(0, Fault::Defocus), (2, Fault::Motion), (4, Fault::Haze)]);
    }

    #[test]
    fn where_all_are_unlike_the_row_refuses_nothing_else() {
        let mut examples = examples(800);
        for example in examples.iter_mut().filter(|example| example.known == Known::UNGRADABLE) {
            example.features.as_mut().unwrap()[..4].copy_from_slice(&[15.0, 12.0, 0.0, 15.0]);
        }
        let (head, ..) = fitted(&mut examples).unwrap();
        assert_eq!((head.ungradable.unlike, head.ungradable.all.refused), (100, 100), "{head:?}");
        assert!(head.good.all.refused <= head.good.unlike + 1 && head.spec.refused_from < 1.0, "{head:?}");
        assert!(head.unfamiliarity.constant.is_finite());
    }

    #[test]
    fn of_a_large_source_a_sample_from_all_over_it_is_taken() {
        let row = |source: &str, number: usize| Row {
            file: format!("{source}/{number:04}.jpg"),
            source: source.to_owned(),
            labels: {
                let mut labels = Row::default().labels;
                labels[0] = Some(true);
                labels
            },
            ..Row::default()
        };
        let rows: Vec<Row> =
            (0..250).map(|number| row("large", number)).chain((0..30).map(|number| row("small", number))).collect();
        let chosen = choose(&rows);
        let of = |source: &str| chosen.iter().filter(|(row, _)| row.source == source).count();
        assert_eq!((of("large"), of("small")), (84, 30));
        assert!(chosen.iter().any(|(row, _)| row.file == "large/0249.jpg"));
    }

    #[test]
    fn drawn_eyes_show_what_is_to_be_seen_and_are_the_same_each_time() {
        let eyes = drawn();
        assert_eq!(eyes.len(), DRAWN);
        assert_eq!(eyes, drawn());
    }

    #[test]
    fn photographs_of_a_series_a_patient_and_a_group_share_a_part() {
        let row = |number: usize, patient: Option<&str>, quality| Row {
            file: format!("{number:03}.jpg"),
            source: "a".to_owned(),
            patient: patient.map(str::to_owned),
            quality: Some(quality),
            ..Row::default()
        };
        let mut rows: Vec<Row> = (0..60).map(|number| row(number, None, Gradability::Good)).collect();
        rows[3].patient = Some("p".to_owned());
        rows[44].patient = Some("p".to_owned());
        let chosen = choose(&rows);
        let part = |number: usize| chosen[number].1;
        assert!((0..10).all(|number| part(number) == part(0)));
        assert_eq!(part(3), part(44));
        assert_ne!(part(0), part(10));
    }
}
