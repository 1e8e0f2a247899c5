//! A run as a page: what was asked for, how each epoch went, what was kept.

use std::fmt::Write;

use super::{checkpoint::State, metrics::EpochMetrics};
use crate::html::{begin, escape, key, svg};

/// Name of the page in a run folder.
pub(super) const PAGE_FILE: &str = "report.html";

/// The page; `config` is the configuration's text, `names` go with the AUROCs.
pub(super) fn html(run: &str, config: &str, names: &[&str], state: &State, epochs: usize) -> String {
    let kept = state.best.as_ref().map_or_else(
        || "Nothing is kept yet.".to_owned(),
        |best| format!("Epoch {} is kept: score {:.4}.", best.epoch, best.score),
    );
    let lead = format!(
        "{} of {epochs} epochs, {} steps. {kept} The figures are of the validation photographs, which chose the epoch: they \
         flatter.",
        state.epoch, state.step
    );
    let mut page = begin(run, &lead);
    let epochs_of = |of: &dyn Fn(&EpochMetrics) -> Option<f64>| -> Vec<(f64, f64)> {
        state.metrics.iter().filter_map(|line| Some((line.epoch as f64, of(line)?))).collect()
    };
    page.push_str("<h2>Loss</h2>");
    key(&mut page, &["train", "validation"]);
    page.push_str(&svg::lines(
        &[epochs_of(&|line| Some(line.train_loss)), epochs_of(&|line| Some(line.validation_loss))],
        "epoch",
    ));
    page.push_str("<h2>Validation AUROC</h2>");
    let mut all = vec!["mean"];
    all.extend(names);
    key(&mut page, &all);
    let mut curves = vec![epochs_of(&|line| line.mean_auroc)];
    curves.extend((0..names.len()).map(|at| epochs_of(&|line| line.auroc.get(at).copied().flatten())));
    page.push_str(&svg::lines(&curves, "epoch"));
    page.push_str("<h2>Epochs</h2><table><tr><th>epoch<th>step<th>train loss<th>validation loss<th>mean AUROC");
    for name in names {
        let _ = write!(page, "<th>{}", escape(&name.replace('_', " ")));
    }
    page.push_str("</tr>");
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    for line in &state.metrics {
        let kept = state.best.as_ref().is_some_and(|best| best.epoch == line.epoch);
        let _ = write!(
            page,
            "<tr{}><td>{}<td>{}<td>{:.4}<td>{:.4}<td>{}",
            if kept { " style=\"font-weight:600\"" } else { "" },
            line.epoch,
            line.step,
            line.train_loss,
            line.validation_loss,
            figure(line.mean_auroc)
        );
        line.auroc.iter().for_each(|auroc| {
            let _ = write!(page, "<td>{}", figure(*auroc));
        });
        page.push_str("</tr>");
    }
    let _ = writeln!(page, "</table><h2>Configuration</h2><pre>{}</pre></html>", escape(config));
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Best;

    #[test]
    fn the_page_shows_every_epoch_and_which_one_is_kept() {
        let line = |epoch: usize, auroc: Option<f64>| EpochMetrics {
            epoch,
            step: 10 * epoch,
            head_rate: 1e-3,
            train_loss: 0.5 / epoch as f64,
            validation_loss: 0.6,
            auroc: vec![auroc],
            mean_auroc: auroc,
        };
        let state = State {
            digest: String::new(),
            step: 20,
            epoch: 2,
            position: 0,
            seed: 0,
            loss: (0.0, 0.0),
            metrics: vec![line(1, Some(0.71)), line(2, None)],
            best: Some(Best { epoch: 1, score: 0.71, step: 10 }),
        };
        let page = html("runs/<a>", "task = \"anomaly\"\n", &["anomaly"], &state, 6);
        for part in
            ["runs/&lt;a&gt;", "2 of 6 epochs", "Epoch 1 is kept: score 0.7100", "<td>0.2500", "task = &quot;anomaly"]
        {
            assert!(page.contains(part), "{part} is not in {page}");
        }
        assert_eq!(page.matches("font-weight:600\"").count(), 1);
    }
}
