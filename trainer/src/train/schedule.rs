//! The learning rate of a step: linear warm-up, then a half cosine.

use super::config::ScheduleConfig;

/// The fraction of the highest rate at `step` (from 0) of `steps`.
pub fn factor(step: usize, steps: usize, config: &ScheduleConfig) -> f64 {
    let warmup = config.warmup_steps.min(steps / 2);
    if step < warmup {
        return (step + 1) as f64 / (warmup + 1) as f64;
    }
    let done = (step - warmup) as f64 / (steps - warmup).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
    config.final_factor + (1.0 - config.final_factor) * cosine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_falls_and_ends_low() {
        let config = ScheduleConfig { warmup_steps: 10, final_factor: 0.1, ..ScheduleConfig::default() };
        let factors: Vec<f64> = (0..100).map(|step| factor(step, 100, &config)).collect();
        assert!(factors[..10].windows(2).all(|pair| pair[0] < pair[1]) && factors[0] > 0.0);
        assert!(factors[10..].windows(2).all(|pair| pair[0] > pair[1]));
        assert!((factors[10] - 1.0).abs() < 1e-12 && factors[99] < 0.11 && factors[99] >= 0.1);
    }

    #[test]
    fn a_run_shorter_than_its_warm_up_still_reaches_the_highest_rate() {
        let config = ScheduleConfig { warmup_steps: 50, ..ScheduleConfig::default() };
        assert!((factor(2, 4, &config) - 1.0).abs() < 1e-12);
        assert!(factor(0, 1, &config) > 0.0);
    }
}
