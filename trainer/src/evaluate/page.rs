//! The evaluation as a page: curves, calibration, and the photographs that the network got most wrong, with where it
//! looked.

use std::{fmt::Write, path::Path};

use ocellus_model::label::Output;

use super::{
    Metrics, OutputFigures, Photograph,
    became::{Became, COLUMNS, counted},
    report::{surest_wrong, with_interval},
};
use crate::{
    html::{begin, escape, picture, small, svg},
    predict::Predictor,
};

/// Photographs of each kind in the gallery.
const GALLERY: usize = 4;
/// Side of a picture in the gallery, in pixels.
const SIDE: u32 = 200;

/// `report.html`. Opens the photographs of the gallery once more.
pub fn html(metrics: &Metrics, predictor: &Predictor, photographs: &[Photograph<'_>], root: &Path) -> String {
    let mut page = begin(
        "Evaluation",
        &format!(
            "{} {} photographs of {}, {} judged. Research software: the figures say what was measured on these photographs, \
             and nothing of others.",
            metrics.network,
            metrics.photographs,
            metrics.manifest.display(),
            metrics.judged
        ),
    );
    decisions(&mut page, &metrics.became);
    for (at, output) in predictor.outputs.iter().enumerate() {
        let frame = metrics.frame_baseline.outputs.get(*output);
        let Some(figures) = metrics.outputs.get(*output).filter(|figures| figures.positives.min(figures.negatives) > 0)
        else {
            continue;
        };
        section(&mut page, *output, figures, frame);
        curves(&mut page, predictor, photographs, at, *output, figures);
        gallery(&mut page, predictor, photographs, root, at, *output);
    }
    page.push_str("</html>\n");
    page
}

/// What a device would make of the photographs, by what their readers said; nothing where no threshold was settled.
fn decisions(page: &mut String, became: &[Became]) {
    if became.is_empty() {
        return;
    }
    let _ = write!(
        page,
        "<h2>What became of them, by what their readers said</h2><p>At the thresholds, the gate applied. {}</p>\
         <table><tr><th>{}</tr>",
        counted(),
        COLUMNS.join("<th>")
    );
    for became in became {
        let cells = became.cells().map(|cell| escape(&cell)).join("<td>");
        let _ = write!(page, "<tr><td>{cells}</tr>");
    }
    page.push_str("</table>");
}

fn section(page: &mut String, output: Output, figures: &OutputFigures, frame: Option<&OutputFigures>) {
    let patients = figures
        .auroc_patients_ci95
        .map_or_else(String::new, |[low, high]| format!("; over patients {low:.3} to {high:.3}"));
    let _ = write!(
        page,
        "<h2>{output}</h2><p>{} with, {} without. AUROC {}{patients}; the frame alone {}. At the threshold: sensitivity {}, \
         specificity {}.</p>",
        figures.positives,
        figures.negatives,
        with_interval(figures.auroc, figures.auroc_ci95),
        with_interval(frame.and_then(|frame| frame.auroc), frame.and_then(|frame| frame.auroc_ci95)),
        with_interval(figures.sensitivity, figures.sensitivity_ci95),
        with_interval(figures.specificity, figures.specificity_ci95),
    );
}

/// The ROC curve and the reliability of the probabilities, side by side.
fn curves(
    page: &mut String,
    predictor: &Predictor,
    photographs: &[Photograph<'_>],
    at: usize,
    output: Output,
    figures: &OutputFigures,
) {
    let known = photographs.iter().filter_map(|photograph| {
        Some((predictor.probabilities(photograph.logits.as_ref().ok()?)[at], photograph.row.target(output)?))
    });
    let mut known: Vec<(f64, bool)> = known.collect();
    known.sort_by(|a, b| b.0.total_cmp(&a.0));
    let positives = known.iter().filter(|known| known.1).count() as f64;
    let negatives = known.len() as f64 - positives;
    let (mut hits, mut alarms) = (0.0, 0.0);
    let mut roc = vec![(0.0, 0.0)];
    for tied in known.chunk_by(|a, b| a.0 == b.0) {
        let new = tied.iter().filter(|known| known.1).count() as f64;
        hits += new;
        alarms += tied.len() as f64 - new;
        roc.push((alarms / negatives, hits / positives));
    }
    let mark = figures.specificity.zip(figures.sensitivity).map(|(passed, found)| (1.0 - passed, found));
    let bins: Vec<(f64, f64)> = (0..10)
        .filter_map(|bin| {
            let inside: Vec<&(f64, bool)> =
                known.iter().filter(|known| ((known.0 * 10.0) as usize).min(9) == bin).collect();
            let count = inside.len() as f64;
            let mean = inside.iter().map(|known| known.0).sum::<f64>() / count;
            (count > 0.0).then(|| (mean, inside.iter().filter(|known| known.1).count() as f64 / count))
        })
        .collect();
    let _ = write!(
        page,
        "<figure>{}<figcaption>ROC; the dot is the threshold</figcaption></figure>\
         <figure>{}<figcaption>Reliability in ten bins</figcaption></figure>",
        svg::square(&roc, mark, "1 - specificity", "sensitivity"),
        svg::square(&bins, None, "probability", "frequency")
    );
}

/// The photographs that were got most wrong, and some that were got right.
fn gallery(
    page: &mut String,
    predictor: &Predictor,
    photographs: &[Photograph<'_>],
    root: &Path,
    at: usize,
    output: Output,
) {
    let surest = |class: bool| surest_wrong(predictor, photographs, at, output, Some(class));
    let (missed, mistaken) = (surest(true), surest(false));
    let found: Vec<_> = missed.iter().rev().take(GALLERY).copied().collect();
    for (title, chosen) in
        [("Missed most surely", &missed), ("Found where nobody saw it", &mistaken), ("Found most surely", &found)]
    {
        let _ = write!(page, "<h3>{title}</h3>");
        for (photograph, _, probability) in chosen.iter().take(GALLERY) {
            // What was judged can be shown, unless somebody took the file away meanwhile.
            let Ok(shown) = predictor.show(&root.join(&photograph.row.file), at) else { continue };
            let _ = write!(
                page,
                "<figure>{}{}<figcaption>{:.3} {}</figcaption></figure>",
                picture(&small(shown.disc.clone(), SIDE)),
                picture(&small(shown.overlay(), SIDE)),
                probability,
                escape(&photograph.row.file)
            );
        }
    }
}
