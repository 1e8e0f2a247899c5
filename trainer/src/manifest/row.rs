//! One photograph.

use ocellus_model::{
    label::{Label, Output},
    laterality::Laterality,
    quality::Gradability,
};

/// A row of a manifest. Text that is not given is empty; knowledge that is not given is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// The photograph, relative to the manifest's root folder, with `/`.
    pub file: String,
    /// Camera, clinic or data set it comes from.
    pub source: String,
    /// Patient, unique within the source.
    pub patient: Option<String>,
    /// Which eye.
    pub eye: Option<Laterality>,
    /// What the readers said, indexed by `Label as usize`: present, absent, or unknown.
    pub labels: [Option<bool>; 8],
    /// International Clinical Diabetic Retinopathy grade, 0..=4.
    pub dr_grade: Option<u8>,
    /// The readers' judgement of the photograph itself.
    pub quality: Option<Gradability>,
    /// Rows with the same group are never parted by a split.
    pub group: Option<String>,
    /// Free text of the source.
    pub note: String,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: Option<String>,
}

impl Row {
    /// What the readers said of a label.
    pub fn label(&self, label: Label) -> Option<bool> {
        self.labels[label as usize]
    }

    /// The target of a network's output: true, false, or `None` where the source says nothing.
    pub fn target(&self, output: Output) -> Option<bool> {
        self.label(output.label()).map(|present| output.target(present))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_anomaly_is_the_negation_of_the_normal_column_and_unknown_stays_unknown() {
        let mut row = Row::default();
        assert_eq!(row.target(Output::Anomaly), None);
        row.labels[Label::Normal as usize] = Some(true);
        assert_eq!(row.target(Output::Anomaly), Some(false));
        row.labels[Label::Glaucoma as usize] = Some(true);
        assert_eq!(row.target(Output::Glaucoma), Some(true));
    }
}
