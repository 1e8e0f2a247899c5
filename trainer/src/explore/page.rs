//! The page itself: one HTML file with everything in it.

use std::fmt::Write;

use ocellus_model::label::Label;

use super::{Exploration, PAIRS_SHOWN, Series};
use crate::evaluate::frame::CONFOUNDED;
use crate::html::{begin, escape, key, picture, svg};

/// What is drawn of a source.
type Values = fn(&Series) -> &[f64];

/// The page; `name` says of what.
pub fn html(found: &Exploration, name: &str) -> String {
    let mut page = begin(
        name,
        &format!(
            "{} photographs, {} different eyes or patients as far as is known, {} sources, {} unreadable.",
            found.photographs,
            found.components,
            found.sources.len(),
            found.unreadable.len()
        ),
    );
    confounds(&mut page, found);
    prevalence(&mut page, found);
    cameras(&mut page, found);
    twins(&mut page, found);
    sheets(&mut page, found);
    if !found.unreadable.is_empty() {
        page.push_str("<h2>Not readable</h2><ul>");
        for photograph in &found.unreadable {
            let _ = write!(page, "<li><code>{}</code>: {}</li>", escape(&photograph.file), escape(&photograph.reason));
        }
        page.push_str("</ul>");
    }
    page.push_str("</html>\n");
    page
}

fn confounds(page: &mut String, found: &Exploration) {
    let _ = write!(
        page,
        "<h2>What the camera gives away</h2><p class=\"lead\">AUROC of a classifier that sees only frame and mean colours, \
         on photographs of patients that it was not fitted to. 0.5 is chance. Above {CONFOUNDED} a network may learn the \
         camera instead of the eye: train with the disc mask, balance sources, leave sources out that know one class \
         only, and judge the network on a source that it never saw.</p>\
         <table><tr><th>label<th>source<th>with<th>without<th>AUROC<th>95 %</tr>"
    );
    for confound in &found.confounds {
        let Some(auroc) = confound.auroc else { continue };
        let interval = auroc.ci95.map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"));
        let _ = write!(
            page,
            "<tr{}><td>{}<td class=\"name\">{}<td>{}<td>{}<td>{:.3}<td>{interval}</tr>",
            if confound.warns() { " class=\"warn\"" } else { "" },
            confound.output,
            confound.source.as_deref().map_or("all".to_owned(), escape),
            confound.with,
            confound.without,
            auroc.value
        );
    }
    page.push_str("</table>");
    let single: Vec<String> = found
        .confounds
        .iter()
        .filter(|confound| confound.source.is_some() && confound.with.min(confound.without) == 0)
        .map(|confound| {
            let only = if confound.with > 0 { "only with" } else { "only without" };
            format!("{}: {only} {}", escape(confound.source.as_deref().unwrap_or_default()), confound.output)
        })
        .collect();
    if !single.is_empty() {
        let _ = write!(page, "<p>Sources that know one class only: {}.</p>", single.join("; "));
    }
}

fn prevalence(page: &mut String, found: &Exploration) {
    page.push_str("<h2>Labels</h2>");
    key(page, &["present", "absent", "unknown"]);
    let rows: Vec<(String, Vec<usize>, String)> = Label::ALL
        .into_iter()
        .map(|label| {
            let sum = |of: fn(&crate::manifest::check::Count) -> usize| {
                found.sources.values().filter_map(|source| source.labels.get(&label)).map(of).sum::<usize>()
            };
            let (present, absent) = (sum(|count| count.present), sum(|count| count.absent));
            let known = (present + absent).max(1) as f64;
            let text = format!("{present} of {} known ({:.0} %)", present + absent, 100.0 * present as f64 / known);
            (label.to_string(), vec![present, absent, sum(|count| count.unknown)], text)
        })
        .collect();
    page.push_str(&svg::bars(&rows));
    page.push_str("<h3>By source: present / absent</h3><table><tr><th>source<th>photographs");
    for label in Label::ALL {
        let _ = write!(page, "<th>{}", label.as_str().replace('_', " "));
    }
    page.push_str("</tr>");
    for (source, counts) in &found.sources {
        let _ = write!(page, "<tr><td>{}<td>{}", escape(source), counts.photographs);
        for label in Label::ALL {
            match counts.labels.get(&label).filter(|count| count.present + count.absent > 0) {
                Some(count) => {
                    let _ = write!(page, "<td>{} / {}", count.present, count.absent);
                }
                None => page.push_str("<td>–"),
            }
        }
        page.push_str("</tr>");
    }
    page.push_str("</table><h3>Labels that come together</h3>");
    let names = Label::ALL.map(Label::as_str);
    page.push_str(&svg::squares(&names, &found.together));
}

fn cameras(page: &mut String, found: &Exploration) {
    page.push_str("<h2>Photographs</h2>");
    let names: Vec<&str> = found.series.keys().map(String::as_str).collect();
    key(page, &names);
    let figures: [(&str, &str, Values); 3] = [
        ("Longer side", "pixels", |series| &series.longer_side),
        ("Brightness", "mean luma in the field, 0 to 1", |series| &series.brightness),
        ("Visible part of the field", "visible radius over radius", |series| &series.visible),
    ];
    for (title, unit, of) in figures {
        let series: Vec<(String, &[f64])> =
            found.series.iter().map(|(name, series)| (name.clone(), of(series))).collect();
        let _ = write!(page, "<h3>{title}</h3>{}", svg::histograms(&series, unit));
    }
    page.push_str("<h3>What the quality gate makes of them</h3>");
    key(page, &["ungradable", "usable", "good"]);
    let rows: Vec<(String, Vec<usize>, String)> = found
        .gradability
        .iter()
        .map(|(source, grades)| {
            let without = found.without_field.get(source).copied().unwrap_or_default();
            let field = if without > 0 { format!(", {without} without a field") } else { String::new() };
            (source.clone(), grades.to_vec(), format!("{} ungradable{field}", grades[0]))
        })
        .collect();
    page.push_str(&svg::bars(&rows));
}

fn twins(page: &mut String, found: &Exploration) {
    let contradict = found.twins.iter().filter(|twin| !twin.contradictions.is_empty()).count();
    let _ = write!(
        page,
        "<h2>The same eye twice</h2><p class=\"lead\">{} pairs look the same, {contradict} of them with labels that \
         contradict each other: one of the two is wrong. <code>split</code> keeps such pairs on one side.</p>",
        found.twins.len()
    );
    for twin in found.twins.iter().take(PAIRS_SHOWN) {
        let words: Vec<String> = twin.contradictions.iter().map(ToString::to_string).collect();
        let words = if words.is_empty() { String::new() } else { format!("<br><b>{}</b>", words.join(", ")) };
        let mirrored = if twin.mirrored { " (mirrored)" } else { "" };
        let _ = write!(
            page,
            "<figure>{}{}<figcaption>{}<br>{}{mirrored}{words}</figcaption></figure>",
            picture(&twin.small[0]),
            picture(&twin.small[1]),
            escape(&twin.one),
            escape(&twin.other)
        );
    }
}

fn sheets(page: &mut String, found: &Exploration) {
    page.push_str("<h2>Contact sheets</h2>");
    for (label, pictures) in found.sheets.iter().filter(|(_, pictures)| !pictures.is_empty()) {
        let _ = write!(page, "<h3>{label}</h3><div class=\"sheet\">");
        pictures.iter().for_each(|bytes| page.push_str(&picture(bytes)));
        page.push_str("</div>");
    }
}
