//! The loop: views, loss, gradients, AdamW, moving average.

use std::{path::PathBuf, time::Instant};

use anyhow::{Result, bail, ensure};
use tch::{Device, Kind, Reduction, Tensor, no_grad};

use crate::{
    checkpoint,
    network::Network,
    recipe::{Distil, Recipe, Schedule},
    views::{Draw, Renderer, indices, order},
};

/// Photographs that are only looked at, at once.
const LOOK: usize = 64;

/// A network that is learnt from, and its input's size.
pub(crate) struct Teacher {
    /// The network.
    pub(crate) network: Network,
    /// Side of its input.
    pub(crate) size: i64,
}

/// What came of it.
pub(crate) struct Fitted {
    /// The moving average of the weights.
    pub(crate) network: Network,
    /// Steps taken.
    pub(crate) steps: usize,
    /// Mean loss of each epoch; of a pruned network, that on the photographs it was solved on.
    pub(crate) losses: Vec<f64>,
}

/// The first and second moments of a parameter's gradient.
struct Moments {
    first: Tensor,
    second: Tensor,
}

/// A network that learns.
struct Pupil {
    network: Network,
    average: Network,
    /// Name, block and array of everything that is trained.
    trained: Vec<(String, usize, Tensor)>,
    moments: Vec<Moments>,
    /// Sum of the loss in this epoch.
    sum: Tensor,
    losses: Vec<f64>,
}

impl Pupil {
    fn new(network: Network, first_block: usize) -> Self {
        let average = network.copy();
        let trained: Vec<(String, usize, Tensor)> = network
            .parameters()
            .into_iter()
            .filter(|(_, block, _)| *block >= first_block)
            .map(|(name, block, tensor)| (name, block, tensor.set_requires_grad(true)))
            .collect();
        let moments = trained.iter().map(|(_, _, t)| Moments { first: t.zeros_like(), second: t.zeros_like() });
        let moments = moments.collect();
        Self {
            average,
            trained,
            moments,
            sum: network.head_bias.zeros_like().sum(Kind::Double),
            network,
            losses: Vec::new(),
        }
    }

    /// All that changes in a step, by name.
    fn parts(&self) -> Vec<(String, Tensor)> {
        let mut parts = Vec::new();
        for ((name, _, now), moments) in self.trained.iter().zip(&self.moments) {
            parts.push((format!("now.{name}"), now.shallow_clone()));
            parts.push((format!("first.{name}"), moments.first.shallow_clone()));
            parts.push((format!("second.{name}"), moments.second.shallow_clone()));
        }
        for (name, _, mean) in self.average.parameters() {
            parts.push((format!("average.{name}"), mean.shallow_clone()));
        }
        parts
    }
}

/// What is trained on, and how.
pub(crate) struct Job<'a> {
    /// The photographs.
    pub(crate) side: &'a Renderer<'a>,
    /// Everything about the training that is not in the plan.
    pub(crate) recipe: &'a Recipe,
    /// Side of the input.
    pub(crate) size: i64,
    /// Whether each output is a question of its own.
    pub(crate) binary: bool,
    /// Networks to learn from.
    pub(crate) teachers: &'a [Teacher],
    /// Folders, one a network, that keep where the training is after each epoch; none keeps nothing.
    pub(crate) kept: &'a [PathBuf],
}

/// Trains networks, all on the same views, so that the teachers look at each view once. Goes on where the folders say that
/// an earlier run of the same recipe was; the end is the same.
///
/// # Errors
/// When a loss is no number any more, or what was kept is of another recipe or can't be read or written.
pub(crate) fn fit(networks: Vec<Network>, job: &Job<'_>) -> Result<Vec<Fitted>> {
    fit_until(networks, job, job.recipe.schedule.epochs)
}

/// As [`fit`], but stops after so many epochs of the recipe's.
pub(crate) fn fit_until(networks: Vec<Network>, job: &Job<'_>, until: usize) -> Result<Vec<Fitted>> {
    let &Job { side, recipe, size, binary, teachers, kept } = job;
    let schedule = &recipe.schedule;
    let mut pupils: Vec<Pupil> = networks.into_iter().map(|network| Pupil::new(network, recipe.first_block)).collect();
    for (pupil, folder) in pupils.iter_mut().zip(kept) {
        pupil.losses = checkpoint::restore(&pupil.parts(), folder, &recipe.text)?;
    }
    ensure!(
        recipe.views.mix == 0.0 || !teachers.is_empty(),
        "views.mix is {}: of mixed photographs only a teacher knows anything, and there is none",
        recipe.views.mix
    );
    let begun: Vec<usize> = pupils.iter().map(|pupil| pupil.losses.len()).collect();
    ensure!(
        begun.windows(2).all(|two| two[0] == two[1]),
        "the networks were left after different epochs ({begun:?}): remove their folders, or train each alone"
    );
    let begun = begun.first().copied().unwrap_or(0);
    let photographs = side.photographs();
    ensure!(photographs.len() > 0, "the plan has no photograph of which anything is known: pack another split or task");
    let mean_weight = photographs.weights.sum(Kind::Double).double_value(&[]) / photographs.len() as f64;
    // Whole batches only: the card looks for the fastest way anew for each shape.
    let batch = schedule.batch.min(photographs.len());
    let steps = photographs.len() / batch * schedule.epochs;
    let mut step = photographs.len() / batch * begun;
    let mut told =
        recipe.distil.as_ref().filter(|_| !teachers.is_empty()).map(|distil| Told::new(teachers, side, distil, size));
    for epoch in begun..until {
        let started = Instant::now();
        let order = order(recipe.seed, epoch, photographs.len());
        for chosen in order.chunks_exact(batch) {
            let set = told.as_ref().map_or(epoch, |told| told.set(epoch));
            let draws: Vec<Draw> =
                chosen.iter().map(|photograph| recipe.views.draw(recipe.seed, set, *photograph)).collect();
            let (input, told) = no_grad(|| match &mut told {
                Some(told) => {
                    let (input, logits) = told.of(set, chosen, &draws);
                    let input = if told.is_mirrored(epoch) { input.flip([3]) } else { input };
                    (input, Some((told.distil.weight, logits)))
                }
                None => (side.inputs(chosen, &draws, size), None),
            });
            // Once a batch, whatever the number of pupils.
            let (targets, weights) = (side.rows(&photographs.targets, chosen), side.rows(&photographs.weights, chosen));
            let weights = weights * side.column(&draws, &|draw| f64::from(u8::from(draw.is_of_one()))).reshape([-1, 1]);
            let rate = schedule.factor(step, steps);
            step += 1;
            for pupil in &mut pupils {
                let logits = pupil.network.logits(&input);
                let hard =
                    hard_loss(&logits, &targets, &weights, binary, schedule.smoothing) / (batch as f64 * mean_weight);
                let loss = match &told {
                    Some((weight, told)) => {
                        hard * (1.0 - weight) + logits.smooth_l1_loss(told, Reduction::Mean, 1.0) * *weight
                    }
                    None => hard,
                };
                loss.backward();
                no_grad(|| {
                    apply(&pupil.trained, &mut pupil.moments, schedule, rate, step);
                    let decay = schedule.ema.min((step as f64 + 1.0) / (step as f64 + 10.0));
                    follow(&mut pupil.average, &pupil.network, decay);
                    let _ = pupil.sum.g_add_(&loss.detach().to_kind(Kind::Double));
                });
            }
        }
        let seconds = started.elapsed().as_secs_f64();
        let mut said = Vec::new();
        for pupil in &mut pupils {
            let loss = pupil.sum.double_value(&[]) / (order.len() / batch) as f64;
            if !loss.is_finite() {
                bail!("the loss is not a finite number in epoch {}; nothing was written", epoch + 1);
            }
            said.push(format!("{loss:.4}"));
            pupil.losses.push(loss);
            let _ = pupil.sum.zero_();
        }
        println!(
            "epoch {}/{}: loss {}, {:.0} photographs a second",
            epoch + 1,
            schedule.epochs,
            said.join(" "),
            photographs.len() as f64 / seconds
        );
        for (pupil, folder) in pupils.iter().zip(kept) {
            checkpoint::keep(&pupil.parts(), folder, &recipe.text, &pupil.losses)?;
        }
    }
    Ok(pupils.into_iter().map(|pupil| Fitted { network: pupil.average, steps: step, losses: pupil.losses }).collect())
}

/// The weighted sum of the loss against the labels.
fn hard_loss(logits: &Tensor, targets: &Tensor, weights: &Tensor, binary: bool, smoothing: f64) -> Tensor {
    if binary {
        let soft = targets * (1.0 - smoothing) + smoothing / 2.0;
        return logits.binary_cross_entropy_with_logits(&soft, Some(weights), None::<&Tensor>, Reduction::Sum);
    }
    let told = logits.log_softmax(1, Kind::Float);
    let spread = told.mean_dim([1_i64].as_slice(), true, Kind::Float);
    -((told * (1.0 - smoothing) + spread * smoothing) * targets * weights).sum(Kind::Float)
}

/// Views, and what the teachers say of them.
struct Told<'a> {
    teachers: &'a [Teacher],
    side: &'a Renderer<'a>,
    distil: &'a Distil,
    /// Side of the pupils' input.
    size: i64,
    /// One for each set of views that comes again.
    kept: Vec<Kept>,
}

/// What was said of a set of views: logits (photographs × outputs), and of which photographs.
struct Kept {
    logits: Tensor,
    said: Vec<bool>,
    /// The views themselves where they are kept, photographs × side × side × 3 in bfloat16, in the processor's memory.
    inputs: Option<Tensor>,
}

impl<'a> Told<'a> {
    fn new(teachers: &'a [Teacher], side: &'a Renderer<'a>, distil: &'a Distil, size: i64) -> Self {
        let none = |_| Kept {
            logits: side.photographs().targets.zeros_like(),
            said: vec![false; side.len()],
            inputs: distil
                .keep
                .then(|| Tensor::empty([side.len() as i64, size, size, 3], (Kind::BFloat16, Device::Cpu))),
        };
        Self { teachers, side, distil, size, kept: (0..distil.views.unwrap_or(0)).map(none).collect() }
    }

    /// Number of the set of views that an epoch sees.
    fn set(&self, epoch: usize) -> usize {
        self.distil.views.map_or(epoch, |views| epoch % views)
    }

    /// Whether an epoch sees its set of views as mirror images.
    fn is_mirrored(&self, epoch: usize) -> bool {
        self.distil.turns && self.distil.views.is_some_and(|views| epoch / views % 2 == 1)
    }

    /// Views of the set, as the pupils see them, and the teachers' logits (photographs × outputs) of them, within the
    /// limit; makes no view and asks no teacher twice where that is kept.
    fn of(&mut self, set: usize, chosen: &[usize], draws: &[Draw]) -> (Tensor, Tensor) {
        let Self { side, size, .. } = *self;
        if let Some(kept) = self.kept.get(set).filter(|kept| chosen.iter().all(|photograph| kept.said[*photograph])) {
            let input = match &kept.inputs {
                Some(inputs) => side.rows(inputs, chosen).permute([0, 3, 1, 2]),
                None => side.inputs(chosen, draws, size),
            };
            return (input, side.rows(&kept.logits, chosen));
        }
        let input = side.inputs(chosen, draws, size);
        let logits = self.ask(chosen, draws, &input).clamp(-self.distil.limit, self.distil.limit);
        if let Some(kept) = self.kept.get_mut(set) {
            let _ = kept.logits.index_copy_(0, &indices(chosen), &logits.to_device(Device::Cpu));
            if let Some(inputs) = &mut kept.inputs {
                let input = input.permute([0, 2, 3, 1]).to_kind(Kind::BFloat16).to_device(Device::Cpu);
                let _ = inputs.index_copy_(0, &indices(chosen), &input);
            }
            chosen.iter().for_each(|photograph| kept.said[*photograph] = true);
        }
        (input, logits)
    }

    /// The mean of the teachers' logits of the views, which `input` are at the pupils' size, and of their mirror images
    /// where that is wanted.
    fn ask(&self, chosen: &[usize], draws: &[Draw], input: &Tensor) -> Tensor {
        let mut sum: Option<Tensor> = None;
        let mut made = (self.size, input.shallow_clone());
        for teacher in self.teachers {
            if made.0 != teacher.size {
                made = (teacher.size, self.side.inputs(chosen, draws, teacher.size));
            }
            let input = &made.1;
            let mut logits = teacher.network.logits(input);
            if self.distil.mirrored {
                logits = (logits + teacher.network.logits(&input.flip([3]))) / 2.0;
            }
            sum = Some(match sum {
                Some(sum) => sum + logits,
                None => logits,
            });
        }
        sum.map_or_else(|| Tensor::from(0.0), |sum| sum / self.teachers.len() as f64)
    }
}

/// A step of AdamW (Loshchilov & Hutter 2019) with the gradient cut to its largest norm; clears the gradients.
fn apply(trained: &[(String, usize, Tensor)], moments: &mut [Moments], schedule: &Schedule, rate: f64, step: usize) {
    const BETA: [f64; 2] = [0.9, 0.999];
    let gradients: Vec<Tensor> = trained.iter().map(|(_, _, tensor)| tensor.grad()).collect();
    let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
    let norm = Tensor::stack(&norms, 0).norm();
    let cut = (schedule.clip_norm / (norm + 1e-6)).clamp_max(1.0);
    let [first_bias, second_bias] = BETA.map(|beta| 1.0 - beta.powi(step as i32));
    for (((name, block, tensor), moments), gradient) in trained.iter().zip(moments).zip(gradients) {
        let rate = rate * schedule.highest(*block);
        let decay = if name.ends_with(".weight") { schedule.weight_decay } else { 0.0 };
        let gradient = gradient * &cut;
        let _ = moments.first.lerp_(&gradient, 1.0 - BETA[0]);
        let _ = moments.second.lerp_(&(&gradient * &gradient), 1.0 - BETA[1]);
        let change = &moments.first / first_bias / ((&moments.second / second_bias).sqrt() + 1e-8);
        let mut tensor = tensor.shallow_clone();
        let _ = tensor.g_mul_scalar_(1.0 - rate * decay);
        let _ = tensor.g_sub_(&(change * rate));
        tensor.zero_grad();
    }
}

/// Moves the average towards the network.
fn follow(average: &mut Network, network: &Network, decay: f64) {
    for ((_, _, mean), (_, _, now)) in average.parameters().into_iter().zip(network.parameters()) {
        let _ = mean.shallow_clone().lerp_(now, 1.0 - decay);
    }
}

/// The mean loss against the labels on the plain views of some photographs, weighted as in training.
pub(crate) fn loss(network: &Network, side: &Renderer<'_>, chosen: &[usize], size: i64, binary: bool) -> f64 {
    let (mut sum, mut weight) = (0.0, f64::MIN_POSITIVE);
    for chosen in chosen.chunks(LOOK) {
        let (targets, weights) =
            (side.rows(&side.photographs().targets, chosen), side.rows(&side.photographs().weights, chosen));
        let logits = no_grad(|| network.logits(&side.inputs(chosen, &vec![Draw::PLAIN; chosen.len()], size)));
        sum += hard_loss(&logits, &targets, &weights, binary, 0.0).double_value(&[]);
        weight += weights.sum(Kind::Double).double_value(&[]);
    }
    sum / weight
}

/// Logits (photographs × outputs) of a side's plain views.
pub(crate) fn look(network: &Network, side: &Renderer<'_>, size: i64) -> Result<Vec<Vec<f32>>> {
    let mut all = Vec::with_capacity(side.len());
    let numbers: Vec<usize> = (0..side.len()).collect();
    for chosen in numbers.chunks(LOOK) {
        let logits = no_grad(|| {
            let input = side.inputs(chosen, &vec![Draw::PLAIN; chosen.len()], size);
            network.logits(&input)
        });
        all.extend(Vec::<Vec<f32>>::try_from(logits)?);
    }
    Ok(all)
}
