//! Which eye.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::label::UnknownName;

/// The eye a photograph shows, in ophthalmology's words. DICOM's `R`/`L` appear only where DICOM is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Laterality {
    /// Oculus dexter: the patient's right eye. As photographed, the optic disc lies on the right of the picture.
    Od,
    /// Oculus sinister: the patient's left eye. As photographed, the optic disc lies on the left of the picture.
    Os,
}

impl Laterality {
    /// `OD` or `OS`.
    pub fn as_str(self) -> &'static str {
        match self {
            Laterality::Od => "OD",
            Laterality::Os => "OS",
        }
    }

    /// The other eye.
    pub fn other(self) -> Self {
        match self {
            Laterality::Od => Laterality::Os,
            Laterality::Os => Laterality::Od,
        }
    }
}

impl fmt::Display for Laterality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Laterality {
    type Err = UnknownName;

    /// Accepts `OD`/`OS`, `right`/`left` and `R`/`L`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text.to_ascii_lowercase().as_str() {
            "od" | "right" | "r" => Ok(Laterality::Od),
            "os" | "left" | "l" => Ok(Laterality::Os),
            _ => Err(UnknownName { kind: "eye", found: text.to_owned(), expected: "OD (right), OS (left)".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_writing_an_eye_are_read() {
        for (text, eye) in [("OD", Laterality::Od), ("left", Laterality::Os), ("r", Laterality::Od)] {
            assert_eq!(text.parse::<Laterality>(), Ok(eye));
        }
        assert!("both".parse::<Laterality>().is_err());
        assert_eq!(Laterality::Od.other(), Laterality::Os);
    }
}
