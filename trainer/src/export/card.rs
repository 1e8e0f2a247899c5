//! The bundle's figures and its README, written from what was measured.

use std::fmt::Write;

use ocellus_model::bundle::BundleManifest;
use serde::Deserialize;
use serde_json::Value;

use super::{Settled, Uncertain, maps::Maps, threshold::Rule};
use crate::{
    evaluate::became::{self, Became},
    gate::Refusals,
    gradability::GradabilityHead,
    train::RunInfo,
};

/// The bundle's table of figures: what validation said when thresholds were chosen, and the evaluation, if any.
pub(super) fn metrics(
    settled: &[Settled],
    gradability: Option<&GradabilityHead>,
    evaluation: Option<&Value>,
) -> toml::Table {
    let mut validation = toml::Table::new();
    for output in settled {
        let mut table = toml::Table::new();
        table.insert("positives".into(), toml::Value::Integer(output.positives as i64));
        table.insert("negatives".into(), toml::Value::Integer(output.negatives as i64));
        for (key, figure) in [("auroc", output.auroc), ("ece", output.ece_after)] {
            if let Some(figure) = figure {
                table.insert(key.into(), toml::Value::Float(figure));
            }
        }
        validation.insert(output.output.as_str().to_owned(), table.into());
    }
    let mut metrics = toml::Table::new();
    metrics.insert("validation".into(), validation.into());
    if let Some(table) = gradability.and_then(|head| to_toml(&serde_json::to_value(head).ok()?)) {
        metrics.insert("gradability".into(), table);
    }
    if let Some(Value::Object(evaluation)) = evaluation {
        let mut table = toml::Table::new();
        for key in ["anomaly", "labels", "frame_baseline"] {
            if let Some(value) = evaluation.get(key).and_then(to_toml) {
                table.insert(key.to_owned(), value);
            }
        }
        metrics.insert("evaluation".into(), table.into());
    }
    metrics
}

/// JSON as TOML; nulls, which TOML has not, are left out.
fn to_toml(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => toml::Value::Boolean(*value),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => toml::Value::Integer(integer),
            None => toml::Value::Float(number.as_f64()?),
        },
        Value::String(text) => toml::Value::String(text.clone()),
        Value::Array(items) => toml::Value::Array(items.iter().filter_map(to_toml).collect()),
        Value::Object(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| Some((key.clone(), to_toml(value)?)));
            toml::Value::Table(entries.collect())
        }
    })
}

/// The README of a bundle.
pub(super) fn readme(
    manifest: &BundleManifest,
    info: &RunInfo,
    (settled, uncertain): (&[Settled], Option<Uncertain>),
    gradability: Option<&GradabilityHead>,
    evaluation: Option<&Value>,
    maps: &[Maps],
) -> String {
    let mut text = format!(
        "# {} {}\n\n**{}**\n\n{}\n\n## Data and terms\n\nTrained on {} photographs, validated on {}:\n\n",
        manifest.name,
        manifest.version,
        manifest.statement,
        manifest.intended_use,
        info.train_photographs,
        info.validation_photographs,
    );
    for source in &manifest.provenance.sources {
        let _ = writeln!(text, "- {}: {}", source.name, source.photographs);
    }
    let _ = write!(
        text,
        "\nThese sources are for research only; weights fitted to them are to be treated the same way: no commercial \
         use.\nThe self-test photographs are drawn by a program and show nobody.\n\nStarting weights: {} ({} \
         convention). Preprocessing: {} pixels, {:?}, disc {} of the field, darker ones made as bright as {}.\n",
        manifest.provenance.base_weights,
        manifest.provenance.base_convention,
        info.spec.size,
        info.spec.variant,
        info.spec.disc,
        info.spec.least_brightness,
    );
    text.push_str(
        "\n## Thresholds\n\nChosen on the validation photographs, which also chose the epoch: the AUROC of this table \
         flatters.\n\n| output | with | without | AUROC | threshold | chosen for | calibrated |\n|---|---|---|---|---|---|---|\n",
    );
    for output in settled {
        let rule = match output.rule {
            Rule::Sensitivity(wanted) => format!("sensitivity {wanted}"),
            Rule::F1 => "largest F1".to_owned(),
            Rule::ExpectedF1 => "largest expected F1".to_owned(),
            Rule::EvenOdds => "even odds: too few photographs".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.4} | {rule} | {} |",
            output.output,
            output.positives,
            output.negatives,
            figure(output.auroc),
            output.threshold,
            if output.calibrated { "yes" } else { "no" },
        );
    }
    if let Some(Uncertain { fraction, abnormal, others, missed, passed }) = uncertain {
        let _ = write!(
            text,
            "\nWhat comes nearer to a threshold than {fraction} of it is referred as uncertain. Of the validation \
             photographs on which nothing was found that is so for {abnormal} of {} of abnormal eyes and for {others} of {} \
             others.\n",
            abnormal + missed,
            others + passed,
        );
    }
    text.push_str("\n## Photographs that can't be judged\n\n");
    match gradability {
        None => text.push_str("This network does not say whether a photograph can be judged.\n"),
        Some(head) => {
            let _ = write!(
                text,
                "The network's last output says whether people would call a photograph ungradable; from a probability of \
                 {:.3} it is refused. Its two parts: what the photograph shows of the faults of ungradable ones, and how unlike \
                 it is all that could be judged; the larger counts. In cross-validation (series and patients apart; AUROC of \
                 ungradable against good {}):\n\n| people said | photographs | refused (95 %) | too unlike, whatever else |\n\
                 |---|---|---|---|\n",
                head.spec.refused_from,
                figure(head.auroc),
            );
            let by_people = [
                ("ungradable".to_owned(), &head.ungradable),
                ("usable".to_owned(), &head.usable),
                ("good".to_owned(), &head.good),
                ("not graded, but labelled".to_owned(), &head.labelled),
                ("drawn practice eyes".to_owned(), &head.drawn),
            ];
            let degraded =
                head.degraded.iter().map(|(fault, of)| (format!("good or labelled, then made poor: {fault}"), of));
            for (name, refused) in by_people.into_iter().chain(degraded) {
                let all = &refused.all;
                let _ = writeln!(text, "| {name} | {} | {} | {} |", all.photographs, share(all), refused.unlike);
            }
        }
    }
    text.push_str("\n## Evaluation\n\n");
    match evaluation {
        None => text.push_str("None was given when this bundle was exported. Evaluate it on other photographs.\n"),
        Some(evaluation) => {
            text.push_str(
                "Beside each AUROC stands what a classifier gets that sees only the frame and the mean colours: what is \
                 not clearly above it may be the camera.\n",
            );
            figures(&mut text, "All sources", evaluation, evaluation.get("frame_baseline"), settled);
            let sources = evaluation.get("sources").and_then(Value::as_object);
            for (name, found) in sources.into_iter().flatten() {
                let frame = evaluation.get("frame_baseline").and_then(|frame| frame.get("sources")?.get(name));
                figures(&mut text, name, found, frame, settled);
            }
        }
    }
    if let Some(evaluation) = evaluation {
        failures(&mut text, evaluation);
    }
    where_it_looked(&mut text, maps);
    let _ = write!(
        text,
        "\n## Parted and measured again\n\n`trained-on.txt` tells the photographs that made this network by their digests. From the \
         folder of photographs, the same parts and the same figures:\n\n```sh\nocellus-trainer split PHOTOGRAPHS/manifest.csv \
         --like {name} --out split\nocellus-trainer evaluate --bundle {name} --split split --root PHOTOGRAPHS \
         --swap-borders\n```\n\nTrained again: `ocellus-trainer train` with the configuration whose SHA-256 is `{config}`, or, for a \
         network that was trained elsewhere, as the project's `docs/trainer.md` says (`scripts/retrain.sh`).\n",
        name = manifest.name,
        config = manifest.provenance.config_digest,
    );
    text
}

/// Whom the bundle misses, and whom it sends on for nothing; nothing where the evaluation doesn't say.
fn failures(text: &mut String, evaluation: &Value) {
    let became = evaluation.get("became").and_then(|found| Vec::<Became>::deserialize(found).ok()).unwrap_or_default();
    if became.is_empty() {
        return;
    }
    let share = |key: &str| {
        let found = evaluation.get("screening").and_then(|screening| screening.get(key));
        figure(found.and_then(|share| share.get("value")).and_then(Value::as_f64))
    };
    let _ = write!(
        text,
        "\n## Failures\n\nWhat a device makes of the evaluation's photographs, at the thresholds and with the quality gate applied: of \
         abnormal eyes {} are sent on (referred or without a result), of normal ones {} passed. {}",
        share("sensitivity"),
        share("specificity"),
        became::markdown(&became)
    );
}

/// The activation maps of hits and misses.
fn where_it_looked(text: &mut String, maps: &[Maps]) {
    if maps.is_empty() {
        return;
    }
    text.push_str(
        "\n## Where the network looked\n\nActivation maps on validation photographs of eyes with the condition, each on an \
         even disc, without the photograph: vermillion where a place spoke for the output, as a part of the strongest place of \
         that map. On the left those found most surely, on the right those missed most surely. A map shows where the network \
         looked, not that what it saw there is the disease.\n\n| output | found | missed | maps |\n|---|---|---|---|\n",
    );
    for Maps { output, file, shown, of, .. } in maps {
        let [found, missed] = [0, 1].map(|group| format!("{} of {}", shown[group], of[group]));
        let _ = writeln!(text, "| {output} | {found} | {missed} | ![maps of {output}]({file}) |");
    }
}

/// A table of what was measured on one set of photographs; outputs of which nothing is known there are left out.
fn figures(text: &mut String, title: &str, found: &Value, frame: Option<&Value>, settled: &[Settled]) {
    let of = |table: &Value, name: &str| table.get(name).or_else(|| table.get("labels")?.get(name)).cloned();
    let mut rows = String::new();
    for output in settled {
        let name = output.output.as_str();
        let Some(found) = of(found, name) else { continue };
        let count = |key: &str| found.get(key).and_then(Value::as_u64).unwrap_or_default();
        let (with, without) = (count("positives"), count("negatives"));
        if with + without == 0 {
            continue;
        }
        let number = |key: &str| figure(found.get(key).and_then(Value::as_f64));
        let interval = match found.get("auroc_ci95").and_then(Value::as_array).map(Vec::as_slice) {
            Some([low, high]) => format!(" ({} to {})", figure(low.as_f64()), figure(high.as_f64())),
            _ => String::new(),
        };
        let frame = frame.and_then(|frame| of(frame, name)).and_then(|found| found.get("auroc")?.as_f64());
        let _ = writeln!(rows, "| {name} | {with} | {without} | {}{interval} | {} |", number("auroc"), figure(frame));
    }
    if !rows.is_empty() {
        let _ = write!(
            text,
            "\n### {title}\n\n| output | with | without | AUROC (95 %) | frame only |\n|---|---|---|---|---|\n{rows}"
        );
    }
}

fn share(refused: &Refusals) -> String {
    refused.share.map_or_else(|| "–".to_owned(), |share| share.to_string())
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_card_has_a_table_for_all_and_for_each_source_beside_the_frame() {
        let settled = [Settled::undecided(ocellus_model::label::Output::Glaucoma)];
        let found = |auroc: f64| serde_json::json!({"positives": 2, "negatives": 3, "auroc": auroc});
        let labels = |auroc: f64| serde_json::json!({"labels": {"glaucoma": found(auroc)}});
        let frame = labels(0.6);
        let mut text = String::new();
        let mut with_interval = labels(0.8);
        with_interval["labels"]["glaucoma"]["auroc_ci95"] = serde_json::json!([0.7, 0.9]);
        figures(&mut text, "here", &with_interval, Some(&frame), &settled);
        assert!(
            text.contains("### here") && text.contains("| glaucoma | 2 | 3 | 0.800 (0.700 to 0.900) | 0.600 |"),
            "{text}"
        );
        let mut nothing = String::new();
        figures(&mut nothing, "there", &serde_json::json!({"labels": {}}), None, &settled);
        assert_eq!(nothing, "");
    }

    #[test]
    fn the_card_says_whom_it_misses_where_the_evaluation_does() {
        let mut evaluation = serde_json::json!({
            "screening": {"sensitivity": {"value": 0.75, "ci95": [0.5, 0.9]}, "specificity": null},
            "became": [
                {"by": "label", "said": "glaucoma", "refer": 3, "no_result": 1, "passed": 1},
                {"by": "note", "said": "mild", "refer": 0, "no_result": 0, "passed": 5},
            ],
        });
        let mut text = String::new();
        failures(&mut text, &evaluation);
        for expected in
            ["## Failures", "0.750 are sent on", "– passed", "| glaucoma | 5 | 3 | 1 | 1: 0.200 (0.036 to 0.624) |"]
        {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(text.contains("| \"mild\" | 5 | 0 | 0 | 5: 1.000 (0.566 to 1.000) |"), "{text}");
        evaluation["became"] = serde_json::json!([]);
        let mut nothing = String::new();
        failures(&mut nothing, &evaluation);
        assert_eq!(nothing, "");
    }

    #[test]
    fn json_becomes_toml_without_its_nulls() {
        let json = serde_json::json!({"a": null, "b": [1, 0.5, null], "c": {"d": "x", "e": true}});
        let table = to_toml(&json).unwrap();
        assert_eq!(toml::to_string(&table).unwrap(), "b = [1, 0.5]\n\n[c]\nd = \"x\"\ne = true\n");
    }
}
