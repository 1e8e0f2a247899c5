//! A look at a data set before anything is trained on it: one page with figures, and nothing that needs a network.
//!
//! The page answers what an engineer has to know first: what there is and what is missing, what comes together, what the
//! cameras look like, which photographs are in it twice, which labels contradict each other; and above all the
//! *confound report*: how well each label can be told from frame and mean colours alone, for all sources and for each.
//! A network trained on such a label may learn the camera.
//!
//! Not here: changing anything (`split` parts what looks alike, `balance` weighs sources).

mod page;

use std::{collections::BTreeMap, path::Path};

use ocellus_model::{
    field::{Field, find_field},
    label::{Label, Output},
    quality::{Gradability, Quality, assess},
};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Serialize;

pub use page::html;

use crate::{
    cli::Ui,
    evaluate::{
        Unreadable,
        auroc::{Auroc, auroc},
        frame::{CONFOUNDED, FEATURES, cross_validated, features},
    },
    html::small,
    manifest::{
        Row,
        check::{SourceCounts, count},
    },
    split::{
        components::components,
        near_duplicate::{Fingerprint, fingerprint, pairs},
    },
};

/// Photographs on a contact sheet.
const SHEET: usize = 24;
/// Side of a small picture, in pixels.
const SMALL: u32 = 112;
/// Near-duplicates that are shown as pictures.
const PAIRS_SHOWN: usize = 12;
/// Seed of the contact sheets and of the baseline.
const SEED: u64 = 1;

/// What was seen of one photograph.
#[derive(Debug, Clone)]
struct Seen {
    width: u32,
    height: u32,
    field: Option<Field>,
    quality: Option<Quality>,
    frame: [f64; FEATURES],
    fingerprint: Option<Fingerprint>,
    small: Vec<u8>,
}

/// How well a label can be told from the frame alone.
#[derive(Debug, Clone, Serialize)]
pub struct Confound {
    /// The source; none for all of them together.
    pub source: Option<String>,
    /// The output.
    pub output: Output,
    /// Photographs with it.
    pub with: usize,
    /// Without it.
    pub without: usize,
    /// AUROC of the frame alone, on photographs of other patients; none where a class is too small.
    pub auroc: Option<Auroc>,
}

impl Confound {
    /// Whether to warn.
    pub fn warns(&self) -> bool {
        self.auroc.is_some_and(|auroc| auroc.value > CONFOUNDED)
    }
}

/// Two photographs that look the same.
#[derive(Debug, Clone, Serialize)]
pub struct Twin {
    /// One file.
    pub one: String,
    /// The other.
    pub other: String,
    /// Whether one is the other's mirror picture.
    pub mirrored: bool,
    /// Labels that one has and the other has not: at least one of them is wrong.
    pub contradictions: Vec<Label>,
    #[serde(skip)]
    small: [Vec<u8>; 2],
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Exploration {
    /// Rows of the manifest.
    pub photographs: usize,
    /// Different patients, groups or looks.
    pub components: usize,
    /// Photographs that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Photographs without a field, by source.
    pub without_field: BTreeMap<String, usize>,
    /// Labels by source.
    pub sources: BTreeMap<String, SourceCounts>,
    /// How often two labels come together, of photographs where both are known.
    pub together: Vec<Vec<usize>>,
    /// What the gate makes of them, by source: ungradable, usable, good.
    pub gradability: BTreeMap<String, [usize; 3]>,
    /// Photographs that look the same.
    pub twins: Vec<Twin>,
    /// What the frame alone tells, the worst first.
    pub confounds: Vec<Confound>,
    #[serde(skip)]
    series: BTreeMap<String, Series>,
    #[serde(skip)]
    sheets: Vec<(Label, Vec<Vec<u8>>)>,
}

/// Numbers of one source that are drawn.
#[derive(Debug, Clone, Default)]
struct Series {
    longer_side: Vec<f64>,
    brightness: Vec<f64>,
    visible: Vec<f64>,
}

/// Looks at every photograph of a manifest, a few in memory at a time.
pub fn explore(rows: &[Row], root: &Path, ui: &Ui) -> Exploration {
    let progress = ui.progress("looking at photographs", rows.len() as u64);
    let looked: Vec<Result<Seen, String>> = rows
        .par_iter()
        .map(|row| {
            let seen = look(&root.join(&row.file));
            progress.inc(1);
            seen
        })
        .collect();
    drop(progress);
    let fingerprints: Vec<Option<Fingerprint>> =
        looked.iter().map(|seen| seen.as_ref().ok().and_then(|seen| seen.fingerprint.clone())).collect();
    let alike = pairs(&fingerprints);
    let parts = components(rows, alike.iter().map(|pair| (pair.first, pair.second)));
    let mut found = Exploration {
        photographs: rows.len(),
        components: parts.iter().max().map_or(0, |last| last + 1),
        unreadable: Vec::new(),
        without_field: BTreeMap::new(),
        sources: count(rows),
        together: together(rows),
        gradability: BTreeMap::new(),
        twins: Vec::new(),
        confounds: Vec::new(),
        series: BTreeMap::new(),
        sheets: sheets(rows, &looked),
    };
    for (row, seen) in rows.iter().zip(&looked) {
        match seen {
            Err(reason) => found.unreadable.push(Unreadable { file: row.file.clone(), reason: reason.clone() }),
            Ok(seen) => found.add(row, seen),
        }
    }
    for pair in &alike {
        let (first, second) = (&rows[pair.first], &rows[pair.second]);
        let differ =
            |label: &Label| matches!((first.label(*label), second.label(*label)), (Some(a), Some(b)) if a != b);
        let small = |at: usize| looked[at].as_ref().map(|seen| seen.small.clone()).unwrap_or_default();
        found.twins.push(Twin {
            one: first.file.clone(),
            other: second.file.clone(),
            mirrored: pair.mirrored,
            contradictions: Label::ALL.into_iter().filter(differ).collect(),
            small: [small(pair.first), small(pair.second)],
        });
    }
    found.twins.sort_by_key(|twin| std::cmp::Reverse(twin.contradictions.len()));
    ui.say("fitting what the frame alone tells");
    found.confounds = confounds(rows, &looked, &parts);
    found
}

/// Opens one photograph.
fn look(path: &Path) -> Result<Seen, String> {
    let pixels = ocellus_model::image::read(path).map_err(|error| error.to_string())?.pixels;
    let field = find_field(&pixels).ok();
    Ok(Seen {
        width: pixels.width(),
        height: pixels.height(),
        quality: field.as_ref().map(|field| assess(&pixels, field)),
        fingerprint: fingerprint(&pixels, field.as_ref()),
        field,
        frame: features(&pixels),
        small: small(pixels, SMALL),
    })
}

impl Exploration {
    fn add(&mut self, row: &Row, seen: &Seen) {
        let series = self.series.entry(row.source.clone()).or_default();
        series.longer_side.push(f64::from(seen.width.max(seen.height)));
        let Some((field, quality)) = seen.field.as_ref().zip(seen.quality.as_ref()) else {
            *self.without_field.entry(row.source.clone()).or_default() += 1;
            return;
        };
        series.brightness.push(quality.scores.brightness);
        series.visible.push(field.visible_radius / field.radius);
        let grades = self.gradability.entry(row.source.clone()).or_default();
        grades[match quality.gradability {
            Gradability::Ungradable => 0,
            Gradability::Usable => 1,
            Gradability::Good => 2,
        }] += 1;
    }
}

/// How often each label comes with each other one.
fn together(rows: &[Row]) -> Vec<Vec<usize>> {
    let both =
        |a: Label, b: Label| rows.iter().filter(|row| row.label(a) == Some(true) && row.label(b) == Some(true)).count();
    Label::ALL.map(|a| Label::ALL.map(|b| both(a, b)).to_vec()).to_vec()
}

/// Some photographs of each label, drawn by a seed.
fn sheets(rows: &[Row], looked: &[Result<Seen, String>]) -> Vec<(Label, Vec<Vec<u8>>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let sheet = |label: Label, rng: &mut ChaCha8Rng| {
        let with = rows.iter().zip(looked).filter(|(row, _)| row.label(label) == Some(true));
        let mut with: Vec<&Vec<u8>> = with.filter_map(|(_, seen)| Some(&seen.as_ref().ok()?.small)).collect();
        with.shuffle(rng);
        with.into_iter().take(SHEET).cloned().collect()
    };
    Label::ALL.into_iter().map(|label| (label, sheet(label, &mut rng))).collect()
}

/// The frame's word on every output, for all sources and each, the worst first.
fn confounds(rows: &[Row], looked: &[Result<Seen, String>], parts: &[usize]) -> Vec<Confound> {
    let mut sources: Vec<Option<&str>> = rows.iter().map(|row| Some(row.source.as_str())).collect();
    sources.push(None);
    sources.sort_unstable();
    sources.dedup();
    let mut asked = Vec::new();
    for source in sources {
        asked.extend(Output::ALL.map(|output| (source, output)));
    }
    let mut found: Vec<Confound> = asked
        .into_par_iter()
        .filter_map(|(source, output)| {
            let known: Vec<(usize, [f64; FEATURES], bool)> = rows
                .iter()
                .zip(looked)
                .enumerate()
                .filter(|(_, (row, _))| source.is_none_or(|source| row.source == source))
                .filter_map(|(at, (row, seen))| Some((at, seen.as_ref().ok()?.frame, row.target(output)?)))
                .collect();
            let frames: Vec<_> = known.iter().map(|known| known.1).collect();
            let targets: Vec<bool> = known.iter().map(|known| known.2).collect();
            let parts: Vec<usize> = known.iter().map(|known| parts[known.0]).collect();
            let with = targets.iter().filter(|target| **target).count();
            let scores = cross_validated(&frames, &targets, &parts, SEED);
            (!known.is_empty()).then(|| Confound {
                source: source.map(str::to_owned),
                output,
                with,
                without: targets.len() - with,
                auroc: scores.and_then(|scores| auroc(&scores, &targets)),
            })
        })
        .collect();
    let worst = |confound: &Confound| confound.auroc.map_or(-1.0, |auroc| auroc.value);
    found.sort_by(|a, b| worst(b).total_cmp(&worst(a)));
    found
}

#[cfg(test)]
mod tests {
    use ocellus_model::{
        laterality::Laterality,
        phantom::{CameraLook, PracticeEye, draw},
    };

    use super::*;

    /// Thirty eyes of two cameras: glaucoma comes from the one with a wide border, opacity from both.
    fn set(folder: &Path) -> Vec<Row> {
        (0..32u64)
            .map(|number| {
                let wide = number % 2 == 0;
                let camera = CameraLook { border: if wide { 0.2 } else { 0.01 }, ..CameraLook::default() };
                let eye = PracticeEye { size: (160, 160), camera, ..PracticeEye::new(number, Laterality::Od) };
                let file = format!("{number}.png");
                draw(&eye).save(folder.join(&file)).unwrap();
                let mut row = Row { file, source: "clinic <one>".to_owned(), ..Row::default() };
                row.labels[Label::Glaucoma as usize] = Some(wide);
                row.labels[Label::Opacity as usize] = Some(number / 2 % 2 == 0);
                row
            })
            .collect()
    }

    #[test]
    fn a_label_that_the_border_gives_away_is_warned_of_and_twins_that_disagree_are_named() {
        let home = tempfile::tempdir().unwrap();
        let mut rows = set(home.path());
        std::fs::copy(home.path().join("3.png"), home.path().join("again.png")).unwrap();
        let mut again = Row { file: "again.png".to_owned(), ..rows[3].clone() };
        again.labels[Label::Opacity as usize] = rows[3].labels[Label::Opacity as usize].map(|present| !present);
        rows.push(again);
        std::fs::write(home.path().join("torn.jpg"), b"no photograph").unwrap();
        rows.push(Row { file: "torn.jpg".to_owned(), ..Row::default() });

        let found = explore(&rows, home.path(), &Ui::silent());
        assert_eq!((found.photographs, found.unreadable.len()), (34, 1));
        let of = |output: Output| {
            let all = found.confounds.iter().find(|confound| confound.source.is_none() && confound.output == output);
            all.unwrap().clone()
        };
        assert!(of(Output::Glaucoma).auroc.unwrap().value > 0.95 && of(Output::Glaucoma).warns());
        assert!(of(Output::Opacity).auroc.unwrap().value < 0.8);
        assert_eq!(found.confounds[0].output, Output::Glaucoma, "the worst comes first");
        let twin = &found.twins[0];
        assert_eq!((twin.one.as_str(), twin.other.as_str()), ("3.png", "again.png"));
        assert_eq!(twin.contradictions, [Label::Opacity]);

        let page = html(&found, "a <set>");
        assert!(page.contains("a &lt;set&gt;") && page.contains("clinic &lt;one&gt;"), "names are escaped");
        assert!(!page.contains("http://") && !page.contains("https://"), "nothing is fetched");
        assert!(page.contains("data:image/jpeg;base64,/9j/"));
        assert!(page.contains("again.png") && page.contains("torn.jpg"));
    }
}
