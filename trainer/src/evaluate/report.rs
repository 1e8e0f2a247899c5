//! The evaluation for people (Markdown) and for spreadsheets (CSV).

use std::fmt::Write;

use ocellus_model::{decision::Outcome, label::Output};

use super::{ByOutput, Metrics, OutputFigures, Photograph, Together, became, borders::Borders, frame::CONFOUNDED};
use crate::{files::csv_bytes, gate, predict::Predictor};

/// Photographs an output that are named as suspects.
const SUSPECTS: usize = 20;

/// `report.md`.
pub fn markdown(metrics: &Metrics) -> String {
    let mut text = format!(
        "# Evaluation\n\n{}\n\n{} photographs of `{}`, {} judged, {} not (unreadable or without a field).\n\n",
        metrics.network,
        metrics.photographs,
        metrics.manifest.display(),
        metrics.judged,
        metrics.unreadable.len(),
    );
    text.push_str(
        "Research software. The *frame* columns are what a classifier gets on the same photographs that sees only the \
         frame and the mean colours, cross-validated by patient or group. A network that is not clearly above it may \
         have learnt the camera. Every photograph with a field is judged here, also one that the quality \
         gate would refuse.\n\n",
    );
    let _ = writeln!(
        text,
        "The quality gate, by what people said of the photographs:\n\n```\n{}```\n",
        gate::text(&metrics.gate)
    );
    if let Some(screening) = &metrics.screening {
        let share =
            |share: Option<super::interval::Proportion>| share.map_or("–".to_owned(), |share| share.to_string());
        let _ = writeln!(
            text,
            "At the thresholds, the gate applied: {} refer, {} no referable signs found, {} no result. Abnormal eyes sent \
             on (referred or without a result): {}; normal eyes passed: {}. Where {:.1} % of the people are abnormal: \
             positive predictive value {}, negative {}.\n",
            screening.refer,
            screening.no_referable_signs,
            screening.no_result,
            share(screening.sensitivity),
            share(screening.specificity),
            100.0 * screening.prevalence,
            figure(screening.positive_predictive_value),
            figure(screening.negative_predictive_value)
        );
    }
    together(&mut text, &metrics.together);
    // Classes that share one softmax have no figures of their own.
    if metrics.outputs != ByOutput::default() {
        text.push_str("## All sources\n\n");
        table(&mut text, &metrics.outputs, &metrics.frame_baseline.outputs);
        for (name, figures) in &metrics.sources {
            let frame = metrics.frame_baseline.sources.get(name).cloned().unwrap_or_default();
            let name = if name.is_empty() { "(no source named)" } else { name };
            let _ = writeln!(text, "\n## {name} ({} photographs)\n", figures.photographs);
            // Of a source whose photographs all have or all lack a condition nothing can be ranked.
            let ranked = figures.together.multi_label.clone().filter(|all| all.outputs > 0);
            together(&mut text, &Together { multi_label: ranked, ..figures.together.clone() });
            table(&mut text, &figures.outputs, &frame);
        }
    }
    if !metrics.became.is_empty() {
        let _ = write!(
            text,
            "\n## What became of them, by what their readers said\n\nAt the thresholds, the gate applied. {}",
            became::markdown(&metrics.became)
        );
    }
    if let Some(borders) = &metrics.borders {
        in_other_frames(&mut text, borders);
    }
    if !metrics.unreadable.is_empty() {
        text.push_str("\n## Not judged\n\n");
        for photograph in &metrics.unreadable {
            let _ = writeln!(text, "- `{}`: {}", photograph.file, photograph.reason);
        }
    }
    text
}

/// All outputs in one figure.
fn together(text: &mut String, figures: &Together) {
    if let Some(all) = &figures.multi_label {
        let _ = writeln!(
            text,
            "All conditions together, {} photographs: macro AUROC {} over {} outputs, macro F1 {}, exact match {}.\n",
            all.photographs,
            figure(all.macro_auroc),
            all.outputs,
            figure(all.macro_f1),
            all.exact_match.map_or("–".to_owned(), |share| share.to_string())
        );
    }
    if let Some(classes) = &figures.multi_class {
        let names: Vec<&str> = classes.classes.iter().map(|class| class.as_str()).collect();
        let _ = writeln!(
            text,
            "One of {} ({} photographs): accuracy {}, macro AUROC {} (by the frame alone {}).\n",
            names.join(", "),
            classes.photographs,
            classes.accuracy.map_or("–".to_owned(), |share| share.to_string()),
            figure(classes.macro_auroc),
            figure(classes.frame_macro_auroc)
        );
        let _ = writeln!(text, "| is \\ told | {} |\n|---|{}", names.join(" | "), "---|".repeat(names.len()));
        for (name, told) in names.iter().zip(&classes.confusion) {
            let cells: Vec<String> = told.iter().map(usize::to_string).collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
        text.push('\n');
    }
}

fn in_other_frames(text: &mut String, borders: &Borders) {
    let _ = writeln!(
        text,
        "\n## In the frame of another source\n\nThe discs of {} photographs, each set into the border of one of another \
         source; {} could be judged in their own only. 95 of 100 probabilities move by less than {}.\n\n\
         | source | output | AUROC | in another frame | difference (95 %) |\n|---|---|---|---|---|",
        borders.photographs,
        borders.lost.len(),
        figure(borders.moved_p95)
    );
    let all = std::iter::once(("all", &borders.outputs));
    for (source, outputs) in all.chain(borders.sources.iter().map(|(name, outputs)| (name.as_str(), outputs))) {
        for (output, found) in outputs {
            let interval = found.ci95.map_or(String::new(), |[low, high]| format!(" ({low:+.3} to {high:+.3})"));
            let _ = writeln!(
                text,
                "| {source} | {output} | {:.3} | {:.3} | {:+.3}{interval} |",
                found.one, found.other, found.difference
            );
        }
    }
    for photograph in &borders.lost {
        let _ = writeln!(text, "\n- `{}`: {}", photograph.file, photograph.reason);
    }
}

fn table(text: &mut String, figures: &ByOutput, frame: &ByOutput) {
    text.push_str(
        "| output | with | without | AUROC (95 %) | frame AUROC (95 %) | average precision | threshold | sensitivity (95 %) | specificity (95 %) | Brier | ECE |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let names = figures.anomaly.iter().map(|found| ("anomaly", found));
    let names = names.chain(figures.labels.iter().map(|(name, found)| (*name, found)));
    let mut left_out = Vec::new();
    for (name, found) in names {
        if found.positives == 0 && found.negatives == 0 {
            left_out.push(name);
            continue;
        }
        let none = OutputFigures::default();
        let beside = if name == "anomaly" { frame.anomaly.as_ref() } else { frame.labels.get(name) }.unwrap_or(&none);
        let warning = if beside.auroc.is_some_and(|area| area > CONFOUNDED) { " ⚠" } else { "" };
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {}{warning} | {} | {} | {} | {} | {} | {} |",
            found.positives,
            found.negatives,
            with_interval(found.auroc, found.auroc_ci95),
            with_interval(beside.auroc, beside.auroc_ci95),
            figure(found.average_precision),
            figure(found.threshold),
            with_interval(found.sensitivity, found.sensitivity_ci95),
            with_interval(found.specificity, found.specificity_ci95),
            figure(found.brier),
            figure(found.ece),
        );
    }
    if !left_out.is_empty() {
        let _ = writeln!(text, "\nNothing known of: {}.", left_out.join(", "));
    }
}

pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

pub(super) fn with_interval(value: Option<f64>, interval: Option<[f64; 2]>) -> String {
    match interval {
        Some([low, high]) => format!("{} ({low:.3} to {high:.3})", figure(value)),
        None => figure(value),
    }
}

/// `suspects.csv`: photographs whose label the network is surest to be wrong, at most [`SUSPECTS`] an output: the first
/// to be looked at again by a reader.
///
/// # Errors
/// When the table can't be built.
pub fn suspects_csv(predictor: &Predictor, photographs: &[Photograph<'_>]) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["file", "source", "output", "label", "probability"])?;
    for (at, output) in predictor.outputs.iter().enumerate() {
        for (photograph, target, probability) in
            surest_wrong(predictor, photographs, at, *output, None).into_iter().take(SUSPECTS)
        {
            csv.write_record([
                photograph.row.file.as_str(),
                photograph.row.source.as_str(),
                output.as_str(),
                if target { "1" } else { "0" },
                &format!("{probability:.6}"),
            ])?;
        }
    }
    csv_bytes(csv)
}

/// Photographs by how sure the network is of the opposite of an output's label, the surest first; of one class or both.
pub(super) fn surest_wrong<'a>(
    predictor: &Predictor,
    photographs: &'a [Photograph<'a>],
    at: usize,
    output: Output,
    class: Option<bool>,
) -> Vec<(&'a Photograph<'a>, bool, f64)> {
    let mut wrong: Vec<(&Photograph<'_>, bool, f64)> = photographs
        .iter()
        .filter_map(|photograph| {
            let target = photograph.row.target(output).filter(|target| class.is_none_or(|class| class == *target))?;
            let probability = predictor.probabilities(photograph.logits.as_ref().ok()?)[at];
            Some((photograph, target, probability))
        })
        .collect();
    let off =
        |(_, target, probability): &(&Photograph<'_>, bool, f64)| (f64::from(u8::from(*target)) - probability).abs();
    wrong.sort_by(|a, b| off(b).total_cmp(&off(a)));
    wrong
}

/// `predictions.csv`: file, outcome as the device decides (empty without thresholds), and a column for each output with its probability (calibrated where there is a
/// calibration, else the sigmoid of the logit). Empty cells where there is no result.
///
/// # Errors
/// When the table can't be built.
pub fn predictions_csv(predictor: &Predictor, photographs: &[Photograph<'_>]) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let names = predictor.names();
    csv.write_record(["file", "outcome"].iter().chain(&names))?;
    for photograph in photographs {
        let outcome = photograph.outcome.map_or("", Outcome::as_str);
        let mut cells = vec![photograph.row.file.clone(), outcome.to_owned()];
        match &photograph.logits {
            Err(_) => cells.extend(names.iter().map(|_| String::new())),
            Ok(logits) => {
                cells.extend(predictor.probabilities(logits).iter().map(|probability| format!("{probability:.6}")));
            }
        }
        csv.write_record(cells)?;
    }
    csv_bytes(csv)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::evaluate::{Baseline, Figures, MultiLabel, interval::proportion};

    /// Judged photographs of a manifest without a name for its source, all with the same condition.
    fn all_with_one_condition() -> Metrics {
        let multi_label = MultiLabel {
            photographs: 4,
            outputs: 0,
            macro_auroc: None,
            macro_f1: Some(0.8),
            exact_match: proportion(3, 4),
        };
        let together = Together { multi_label: Some(multi_label), multi_class: None };
        let found = |auroc| OutputFigures { positives: 4, auroc: Some(auroc), ..OutputFigures::default() };
        let outputs = |auroc| ByOutput { anomaly: Some(found(auroc)), labels: BTreeMap::new() };
        let of_source = Figures { photographs: 4, outputs: outputs(0.75), together: together.clone() };
        Metrics {
            program: "0",
            network: "a network".to_owned(),
            manifest: "m.csv".into(),
            manifest_sha256: String::new(),
            photographs: 4,
            judged: 4,
            unreadable: Vec::new(),
            outputs: outputs(0.75),
            sources: BTreeMap::from([(String::new(), of_source)]),
            together,
            screening: None,
            became: Vec::new(),
            gate: BTreeMap::new(),
            frame_baseline: Baseline {
                outputs: outputs(0.625),
                sources: BTreeMap::from([(String::new(), outputs(0.5))]),
            },
            borders: None,
        }
    }

    #[test]
    fn what_nothing_can_be_ranked_of_is_still_summed_up_for_the_whole_manifest() {
        let text = markdown(&all_with_one_condition());
        let line =
            "All conditions together, 4 photographs: macro AUROC – over 0 outputs, macro F1 0.800, exact match 0.750";
        assert_eq!(text.matches(line).count(), 1, "{text}");
        assert!(text.find(line) < text.find("## All sources"), "{text}");
    }

    #[test]
    fn a_source_without_a_name_has_its_frame_beside_it() {
        let text = markdown(&all_with_one_condition());
        let section = &text[text.find("## (no source named)").unwrap()..];
        assert!(section.contains("| anomaly | 4 | 0 | 0.750 | 0.500 |"), "{section}");
    }
}
