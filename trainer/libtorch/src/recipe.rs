//! A recipe: everything about a training that is not in the plan.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::views::Views;

/// A recipe file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    /// Seed of every stream.
    pub(crate) seed: u64,
    /// Side of the network's input, in pixels; left out: the plan's.
    pub(crate) size: Option<u32>,
    /// First trained block, 1 (all) to 6 (only the head).
    pub(crate) first_block: usize,
    /// Whether convolutions are computed in bfloat16; left out: on a card they are, on a processor not.
    pub(crate) bfloat16: Option<bool>,
    /// Steps and rates.
    pub(crate) schedule: Schedule,
    /// Views.
    pub(crate) views: Views,
    /// How much is learnt from teachers, where there are any.
    pub(crate) distil: Option<Distil>,
    /// The file's text.
    #[serde(skip)]
    pub(crate) text: String,
}

/// Steps and rates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// Times every photograph is seen.
    pub(crate) epochs: usize,
    /// Photographs a step.
    pub(crate) batch: usize,
    /// Highest rate of the head.
    pub(crate) head_rate: f64,
    /// Highest rate of block 5, as a fraction of the head's.
    pub(crate) features_factor: f64,
    /// Rate of a block as a fraction of the next one's.
    pub(crate) block_factor: f64,
    /// Steps of linear warm-up.
    pub(crate) warmup_steps: usize,
    /// The cosine ends at this fraction of the highest rate.
    pub(crate) final_factor: f64,
    /// Decay of the moving average of the weights, whose end is the result.
    pub(crate) ema: f64,
    /// Decay of weights (not of biases).
    pub(crate) weight_decay: f64,
    /// The gradient's norm is cut to this.
    pub(crate) clip_norm: f64,
    /// Part by which targets are drawn to the middle.
    pub(crate) smoothing: f64,
}

/// How much is learnt from teachers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Distil {
    /// Part of the loss that is the distance from the teachers' logits; the rest are the labels.
    pub(crate) weight: f64,
    /// Logits beyond this are taken for this.
    pub(crate) limit: f64,
    /// Whether teachers look at the mirror image as well: steadier, at twice the cost.
    pub(crate) mirrored: bool,
    /// Different views that are drawn of each photograph, again and again; the teachers look at each once, and what they
    /// say of it is kept. Left out: new views in every epoch.
    pub(crate) views: Option<usize>,
    /// Whether these views are kept as well as what is said of them, rounded to bfloat16: on two cores most of a small
    /// pupil's time is the making of views. Takes 6 bytes a pixel of the input: 2.8 GB for 5,667 views of 288 pixels.
    #[serde(default)]
    pub(crate) keep: bool,
    /// Whether views that come again do so as their mirror images every other time. What was said of them is taken to hold for
    /// both: a teacher learnt from eyes of either side.
    #[serde(default)]
    pub(crate) turns: bool,
}

impl Recipe {
    /// Reads a recipe.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let text = fs::read_to_string(path).with_context(named)?;
        let recipe: Recipe = toml::from_str(&text).with_context(named)?;
        let (schedule, size) = (&recipe.schedule, recipe.size.unwrap_or(224));
        ensure!((64..=1024).contains(&size) && size % 16 == 0, "{}: size is {size}, a multiple of 16", named());
        ensure!((1..=6).contains(&recipe.first_block), "{}: first_block is {}", named(), recipe.first_block);
        ensure!(schedule.epochs > 0 && schedule.batch > 0, "{}: epochs and batch have to be above 0", named());
        let mix = recipe.views.mix;
        ensure!((0.0..=1.0).contains(&mix), "{}: views.mix is {mix}, expected 0 to 1", named());
        let views = recipe.distil.as_ref().and_then(|distil| distil.views);
        ensure!(
            views != Some(0),
            "{}: distil.views is 0, at least 1 is needed; left out: new ones in every epoch",
            named()
        );
        let keep = recipe.distil.as_ref().is_some_and(|distil| distil.keep);
        let turns = recipe.distil.as_ref().is_some_and(|distil| distil.turns);
        ensure!(!turns || views.is_some(), "{}: distil.turns needs distil.views, which come again", named());
        ensure!(!keep || views.is_some(), "{}: distil.keep needs distil.views, the number of sets to keep", named());
        Ok(Self { text, ..recipe })
    }
}

impl Schedule {
    /// The rate at a step, as a part of the highest: linear warm-up, then half a cosine.
    pub(crate) fn factor(&self, step: usize, steps: usize) -> f64 {
        if step < self.warmup_steps {
            return (step + 1) as f64 / self.warmup_steps as f64;
        }
        let rest = steps.saturating_sub(self.warmup_steps).max(1) as f64;
        let way = ((step - self.warmup_steps) as f64 / rest).min(1.0);
        self.final_factor + (1.0 - self.final_factor) * (1.0 + (std::f64::consts::PI * way).cos()) / 2.0
    }

    /// The highest rate of a block (6: the head).
    pub(crate) fn highest(&self, block: usize) -> f64 {
        match block {
            6 => self.head_rate,
            block => self.head_rate * self.features_factor * self.block_factor.powi(5 - block as i32),
        }
    }
}
