//! What readers wrote in words: diagnostic keywords, or one label a photograph.
//!
//! *Keywords* are parts between commas, semicolons or bars, as in the table of ODIR-5K ("mild nonproliferative
//! retinopathy，lens dust"). A condition that is named is present; one that is only suspected is unknown; drusen alone leave
//! macular degeneration unknown and count as another finding; dirt on the lens says something of the photograph, not of the
//! eye. What is not named is absent, but for macular oedema, which those readers never name: it is unknown unless the eye
//! is normal. Anything else that is named is another finding.

use ocellus_model::{label::Label, quality::Gradability};

use super::Row;

/// Says something of the photograph alone.
const DIRT: &str = "lens dust";
/// Words after which the rest says nothing of the eye.
const UNGRADABLE: [&str; 4] = ["low image quality", "image offset", "no fundus image", "anterior segment image"];

/// What keywords say, in a row's columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Labels, in the order of [`Label::ALL`].
    pub labels: [Option<bool>; 8],
    /// Grade of diabetic retinopathy (ICDR), where the words tell it.
    pub dr_grade: Option<u8>,
    /// What they say of the photograph.
    pub quality: Option<Gradability>,
}

impl Said {
    /// Puts it into a row.
    pub fn fill(self, row: &mut Row) {
        (row.labels, row.dr_grade, row.quality) = (self.labels, self.dr_grade, self.quality);
    }
}

/// The parts of a text of keywords, lower case.
fn parts(text: &str) -> Vec<String> {
    let parts = text.split([',', '，', ';', '|']).map(|part| part.trim().to_lowercase());
    parts.filter(|part| !part.is_empty()).collect()
}

/// The condition that a keyword names, and the grade where it tells one; none for another finding.
fn condition(word: &str) -> Option<(Label, Option<u8>)> {
    let word = word.strip_prefix("old ").unwrap_or(word);
    let graded = |grade| Some((Label::DiabeticRetinopathy, Some(grade)));
    // "non proliferative" and "nonproliferative" are both written.
    match word.replace("non proliferative", "nonproliferative").as_str() {
        "cataract" | "refractive media opacity" | "vitreous opacity" => Some((Label::Opacity, None)),
        "glaucoma" => Some((Label::Glaucoma, None)),
        "mild nonproliferative retinopathy" => graded(1),
        "moderate nonproliferative retinopathy" => graded(2),
        "severe nonproliferative retinopathy" => graded(3),
        "proliferative diabetic retinopathy" | "severe proliferative diabetic retinopathy" => graded(4),
        "diabetic retinopathy" | "nonproliferative diabetic retinopathy" => Some((Label::DiabeticRetinopathy, None)),
        "macular edema" | "diabetic macular edema" | "macular oedema" => Some((Label::MacularEdema, None)),
        other if other.ends_with("age-related macular degeneration") => Some((Label::MacularDegeneration, None)),
        other if other.contains("vein occlusion") || other.contains("artery occlusion") => {
            Some((Label::RetinalVascularOcclusion, None))
        }
        _ => None,
    }
}

/// What a text of keywords says; nothing for an empty one.
pub fn keywords(text: &str) -> Said {
    let words = parts(text);
    let mut said = Said::default();
    if words.iter().any(|word| UNGRADABLE.contains(&word.as_str())) {
        said.quality = Some(Gradability::Ungradable);
        return said;
    }
    if words.iter().any(|word| word == DIRT) {
        said.quality = Some(Gradability::Usable);
    }
    let words: Vec<&String> = words.iter().filter(|word| *word != DIRT).collect();
    if words.is_empty() {
        return said;
    }
    if words.iter().all(|word| *word == "normal fundus") {
        said.labels = [Some(false); 8];
        said.labels[Label::Normal as usize] = Some(true);
        said.dr_grade = Some(0);
        return said;
    }
    said.labels = [Some(false); 8];
    said.labels[Label::MacularEdema as usize] = None;
    for word in words {
        if let Some(suspected) = word.strip_prefix("suspected ") {
            if let Some((label, _)) = condition(suspected) {
                let told = &mut said.labels[label as usize];
                *told = told.filter(|present| *present);
            }
        } else if let Some((label, grade)) = condition(word) {
            said.labels[label as usize] = Some(true);
            said.dr_grade = said.dr_grade.max(grade);
        } else if word != "normal fundus" {
            said.labels[Label::Other as usize] = Some(true);
            let degeneration = &mut said.labels[Label::MacularDegeneration as usize];
            if word == "drusen" && *degeneration == Some(false) {
                *degeneration = None;
            }
        }
    }
    said
}

/// What one label, or several between commas, semicolons or bars, says: those are present; what is not named stays
/// unknown, but that an eye with a condition is not normal.
///
/// # Errors
/// The part that is no label.
pub fn label_string(text: &str) -> Result<Said, String> {
    let mut said = Said::default();
    for part in parts(text) {
        let label: Label = part.replace([' ', '-'], "_").parse().map_err(|_| part)?;
        said.labels[label as usize] = Some(true);
        said.labels[Label::Normal as usize] = Some(label == Label::Normal);
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_say_what_the_manifest_of_the_real_photographs_says() {
        let Some(folder) = std::env::var_os("OCELLUS_PHOTOGRAPHS").filter(|folder| !folder.is_empty()) else {
            eprintln!("skipped: OCELLUS_PHOTOGRAPHS does not name a folder with real photographs");
            return;
        };
        let manifest = crate::manifest::Manifest::read(&std::path::Path::new(&folder).join("manifest.csv")).unwrap();
        let mut compared = 0;
        for row in &manifest.rows {
            let Some(words) = row.note.strip_prefix("ODIR keywords: ") else { continue };
            let expected = Said { labels: row.labels, dr_grade: row.dr_grade, quality: row.quality };
            assert_eq!(keywords(words), expected, "{}: {words}", row.file);
            compared += 1;
        }
        assert!(compared > 2000, "only {compared} rows carry keywords");
    }

    #[test]
    fn what_is_suspected_is_unknown_whatever_comes_first() {
        for words in ["suspected glaucoma, glaucoma", "glaucoma，suspected glaucoma"] {
            assert_eq!(keywords(words).labels[Label::Glaucoma as usize], Some(true), "{words}");
        }
        let suspected = keywords("suspected glaucoma; drusen");
        assert_eq!(suspected.labels[Label::Glaucoma as usize], None);
        assert_eq!(suspected.labels[Label::MacularDegeneration as usize], None);
        assert_eq!(suspected.labels[Label::Other as usize], Some(true));
        assert_eq!(keywords(" "), Said::default());
    }

    #[test]
    fn a_label_string_claims_what_it_names() {
        let said = label_string("Diabetic Retinopathy|opacity").unwrap();
        assert_eq!(said.labels[Label::DiabeticRetinopathy as usize], Some(true));
        assert_eq!(said.labels[Label::Normal as usize], Some(false));
        assert_eq!(said.labels[Label::Glaucoma as usize], None);
        assert_eq!(label_string("drusen"), Err("drusen".to_owned()));
    }
}
