//! The closed set of labels a photograph can carry, and the outputs a network can have.
//!
//! A *label* is what a reader said of a photograph (manifest columns). An *output* is what a network computes: the
//! conditions, and [`Output::Anomaly`] which is "not normal". The word *normal* never leaves the trainer: to a
//! person it is "no referable signs found".

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A label that a manifest row can carry: present (1), absent (0) or unknown (empty cell).
///
/// The order is that of the manifest's columns and is part of the contract; new labels are added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// No anomaly seen by the readers.
    Normal,
    /// Cataract or another opacity of the refractive media.
    Opacity,
    /// Diabetic retinopathy of any grade.
    DiabeticRetinopathy,
    /// Glaucoma (definite, not "suspected").
    Glaucoma,
    /// Macular (o)edema.
    MacularEdema,
    /// Age-related macular degeneration, dry or wet.
    MacularDegeneration,
    /// Branch or central, vein or artery, old or new.
    RetinalVascularOcclusion,
    /// An anomaly outside the six conditions above.
    Other,
}

impl Label {
    /// All labels in column order.
    pub const ALL: [Label; 8] = [
        Label::Normal,
        Label::Opacity,
        Label::DiabeticRetinopathy,
        Label::Glaucoma,
        Label::MacularEdema,
        Label::MacularDegeneration,
        Label::RetinalVascularOcclusion,
        Label::Other,
    ];

    /// The column name, `snake_case`, as in manifests.
    pub fn as_str(self) -> &'static str {
        match self {
            Label::Normal => "normal",
            Label::Opacity => "opacity",
            Label::DiabeticRetinopathy => "diabetic_retinopathy",
            Label::Glaucoma => "glaucoma",
            Label::MacularEdema => "macular_edema",
            Label::MacularDegeneration => "macular_degeneration",
            Label::RetinalVascularOcclusion => "retinal_vascular_occlusion",
            Label::Other => "other",
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is not in the closed set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} {found:?}, expected one of {expected}")]
pub struct UnknownName {
    /// What was being read, e.g. `label`.
    pub kind: &'static str,
    /// The name as found.
    pub found: String,
    /// The accepted names, comma separated.
    pub expected: String,
}

impl FromStr for Label {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Label::ALL.into_iter().find(|label| label.as_str() == text).ok_or_else(|| UnknownName {
            kind: "label",
            found: text.to_owned(),
            expected: Label::ALL.map(Label::as_str).join(", "),
        })
    }
}

/// An output of a network: one calibrated probability each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Anything that is not [`Label::Normal`].
    Anomaly,
    /// See [`Label::Opacity`].
    Opacity,
    /// See [`Label::DiabeticRetinopathy`].
    DiabeticRetinopathy,
    /// See [`Label::Glaucoma`].
    Glaucoma,
    /// See [`Label::MacularEdema`].
    MacularEdema,
    /// See [`Label::MacularDegeneration`].
    MacularDegeneration,
    /// See [`Label::RetinalVascularOcclusion`].
    RetinalVascularOcclusion,
    /// See [`Label::Other`].
    Other,
}

impl Output {
    /// All outputs, in the order networks emit them.
    pub const ALL: [Output; 8] = [
        Output::Anomaly,
        Output::Opacity,
        Output::DiabeticRetinopathy,
        Output::Glaucoma,
        Output::MacularEdema,
        Output::MacularDegeneration,
        Output::RetinalVascularOcclusion,
        Output::Other,
    ];

    /// The name in bundles and records, `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Output::Anomaly => "anomaly",
            other => other.label().as_str(),
        }
    }

    /// The manifest label this output is trained on. [`Output::Anomaly`] is the negation of [`Label::Normal`].
    pub fn label(self) -> Label {
        match self {
            Output::Anomaly => Label::Normal,
            Output::Opacity => Label::Opacity,
            Output::DiabeticRetinopathy => Label::DiabeticRetinopathy,
            Output::Glaucoma => Label::Glaucoma,
            Output::MacularEdema => Label::MacularEdema,
            Output::MacularDegeneration => Label::MacularDegeneration,
            Output::RetinalVascularOcclusion => Label::RetinalVascularOcclusion,
            Output::Other => Label::Other,
        }
    }

    /// Turns the manifest's statement about [`Output::label`] into this output's target.
    pub fn target(self, label_is_present: bool) -> bool {
        match self {
            Output::Anomaly => !label_is_present,
            _ => label_is_present,
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Output {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Output::ALL.into_iter().find(|output| output.as_str() == text).ok_or_else(|| UnknownName {
            kind: "output",
            found: text.to_owned(),
            expected: Output::ALL.map(Output::as_str).join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_match_serde() {
        for label in Label::ALL {
            assert_eq!(label.as_str().parse::<Label>(), Ok(label));
        }
        for output in Output::ALL {
            assert_eq!(output.as_str().parse::<Output>(), Ok(output));
        }
        #[derive(Serialize)]
        struct Names {
            labels: [Label; 8],
            outputs: [Output; 8],
        }
        let text = toml::to_string(&Names { labels: Label::ALL, outputs: Output::ALL }).unwrap();
        for name in Label::ALL.map(Label::as_str).into_iter().chain(Output::ALL.map(Output::as_str)) {
            assert!(text.contains(&format!("\"{name}\"")), "{name} is spelt differently by serde");
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = "drusen".parse::<Label>().unwrap_err().to_string();
        assert!(error.contains("\"drusen\"") && error.contains("macular_degeneration"), "{error}");
    }

    #[test]
    fn anomaly_is_the_negation_of_normal() {
        assert!(!Output::Anomaly.target(true));
        assert!(Output::Anomaly.target(false));
        assert!(Output::Glaucoma.target(true));
    }
}
