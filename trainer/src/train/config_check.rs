//! What of a configuration can be wrong though every value is of its type.

use super::config::{Config, ConfigError};
use crate::{
    net::{Trainable, WeightsConvention},
    task::{Task, TaskKind},
};

impl Config {
    /// Checks what the types can't.
    ///
    /// # Errors
    /// All values out of range, and a colour variant that does not go with the weights.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        let mut expect = |good: bool, key: &str, found: String, expected: &str| {
            if !good {
                problems.push(format!("{key} is {found}, expected {expected}"));
            }
        };
        let unit = |value: f64| (0.0..=1.0).contains(&value);
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let input = &self.input;
        let size_is_good = (64..=1024).contains(&input.size) && input.size.is_multiple_of(16);
        expect(size_is_good, "input.size", input.size.to_string(), "a multiple of 16 from 64 to 1024");
        expect((0.5..=1.0).contains(&input.disc), "input.disc", input.disc.to_string(), "0.5 to 1");
        let least = input.least_brightness;
        expect((0.0..=0.5).contains(&least), "input.least_brightness", least.to_string(), "0 to 0.5");
        expect((1..=64).contains(&self.features.views), "features.views", self.features.views.to_string(), "1 to 64");
        let augment = &self.augment;
        expect(
            (0.0..=180.0).contains(&augment.rotation_deg),
            "augment.rotation_deg",
            augment.rotation_deg.to_string(),
            "0 to 180",
        );
        expect((0.3..=1.0).contains(&augment.closest), "augment.closest", augment.closest.to_string(), "0.3 to 1");
        for (key, reach) in [("light", augment.light), ("colour", augment.colour), ("gamma", augment.gamma)] {
            expect((0.0..=0.9).contains(&reach), &format!("augment.{key}"), reach.to_string(), "0 to 0.9");
        }
        let parts =
            [("blur", augment.blur), ("jpeg", augment.jpeg), ("transfer", augment.transfer), ("mix", augment.mix)];
        for (key, part) in parts {
            expect(unit(part), &format!("augment.{key}"), part.to_string(), "0 to 1");
        }
        expect(
            augment.transfer == 0.0 || !augment.styles.is_empty(),
            "augment.transfer",
            augment.transfer.to_string(),
            "0 where there are no augment.styles; `ocellus-trainer init` measures some",
        );
        expect(
            !(augment.mix > 0.0 && self.loss.is_focal()),
            "augment.mix",
            augment.mix.to_string(),
            "0 with a focal or asymmetric loss, which is not the mixture of two",
        );
        let balance = &self.balance;
        expect(unit(balance.label), "balance.label", balance.label.to_string(), "0 to 1");
        expect(unit(balance.source), "balance.source", balance.source.to_string(), "0 to 1");
        expect(unit(balance.case), "balance.case", balance.case.to_string(), "0 to 1");
        expect(balance.cap >= 1.0 && balance.cap.is_finite(), "balance.cap", balance.cap.to_string(), "1 or more");
        let schedule = &self.schedule;
        expect((1..=10_000).contains(&schedule.epochs), "schedule.epochs", schedule.epochs.to_string(), "1 to 10000");
        expect((1..=4096).contains(&schedule.batch), "schedule.batch", schedule.batch.to_string(), "1 to 4096");
        let micro = schedule.micro_batch;
        expect((1..=4096).contains(&micro), "schedule.micro_batch", micro.to_string(), "1 to 4096");
        let rate = schedule.head_rate;
        expect(positive(rate) && rate <= 1.0, "schedule.head_rate", rate.to_string(), "above 0, at most 1");
        let factor = schedule.features_factor;
        expect(positive(factor) && factor <= 1.0, "schedule.features_factor", factor.to_string(), "above 0, at most 1");
        let factor = schedule.block_factor;
        expect(positive(factor) && factor <= 1.0, "schedule.block_factor", factor.to_string(), "above 0, at most 1");
        let last = schedule.final_factor;
        expect(unit(last), "schedule.final_factor", last.to_string(), "0 to 1");
        if let Some(ema) = schedule.ema {
            expect(ema > 0.0 && ema < 1.0, "schedule.ema", ema.to_string(), "above 0, below 1");
        }
        if let Some(patience) = schedule.patience {
            expect(patience > 0, "schedule.patience", patience.to_string(), "1 or more");
        }
        let loss = &self.loss;
        for (key, gamma) in [("loss.gamma_present", loss.gamma_present), ("loss.gamma_absent", loss.gamma_absent)] {
            // Between 0 and 1 the slope has no bound.
            expect(gamma == 0.0 || (1.0..=5.0).contains(&gamma), key, gamma.to_string(), "0, or 1 to 5");
        }
        expect((0.0..=0.2).contains(&loss.shift), "loss.shift", loss.shift.to_string(), "0 to 0.2");
        expect((0.0..=0.3).contains(&loss.smoothing), "loss.smoothing", loss.smoothing.to_string(), "0 to 0.3");
        let exclusive = self.task == TaskKind::MultiClass;
        expect(
            !(exclusive && loss.is_focal()),
            "loss",
            "focal or asymmetric".to_owned(),
            "no gamma and no shift with the task multi_class, whose classes share one softmax",
        );
        let optimizer = &self.optimizer;
        let decay = optimizer.weight_decay;
        expect((0.0..1.0).contains(&decay), "optimizer.weight_decay", decay.to_string(), "0 to below 1");
        let momentum = optimizer.momentum;
        expect((0.0..1.0).contains(&momentum), "optimizer.momentum", momentum.to_string(), "0 to below 1");
        let clip = optimizer.clip_norm;
        expect(clip >= 0.0 && clip.is_finite(), "optimizer.clip_norm", clip.to_string(), "0 or more");
        expect(self.checkpoint.every_steps > 0, "checkpoint.every_steps", "0".into(), "1 or more");
        let drawn = self.weights.convention == WeightsConvention::Drawn;
        expect(
            !drawn || self.trainable == Trainable::All,
            "trainable",
            format!("{:?}", self.trainable).to_lowercase(),
            "all: a network that is drawn has learnt nothing yet",
        );
        if let Some(file) = self.weights.file.as_ref().filter(|_| drawn) {
            expect(false, "weights.file", file.display().to_string(), "no file with weights.convention drawn");
        }
        if let Some(widths) = self.weights.widths {
            let good = drawn && widths.iter().all(|width| (1..=512).contains(width));
            expect(good, "weights.widths", format!("{widths:?}"), "1 to 512 each, with weights.convention drawn");
        }
        if let Err(error) = self.weights.convention.check(input.variant) {
            problems.push(error.to_string());
        }
        if let Err(error) = Task::check(self.task, self.classes.as_deref()) {
            problems.push(error);
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Values { problems }) }
    }
}
