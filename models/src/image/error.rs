//! Why bytes are not a photograph we can be sure of.

use std::path::PathBuf;

use super::limits::{PIXELS_MAX, SIDE_MAX, SIDE_MIN};

/// Why a file or frame is not a photograph we can be sure of.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The file can't be read.
    #[error("can't read {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// No bytes at all.
    #[error("the file is empty; copy the photograph again")]
    Empty,
    /// Larger than any photograph.
    #[error("{length} bytes are more than a photograph has, at most {most} are read")]
    FileTooLarge {
        /// Bytes.
        length: u64,
        /// Most bytes that are read.
        most: u64,
    },
    /// Not one of the formats read here.
    #[error("not a photograph: starts with {found}, expected JPEG, PNG, TIFF, BMP or DICOM")]
    UnknownKind {
        /// The first bytes.
        found: String,
    },
    /// Too many pixels or too few.
    #[error(
        "{width} x {height} pixels, expected sides of {SIDE_MIN} to {SIDE_MAX} and at most {PIXELS_MAX} pixels in all"
    )]
    Size {
        /// Width as the header states it, in pixels.
        width: u64,
        /// Height as the header states it, in pixels.
        height: u64,
    },
    /// The data breaks the rules of its format, or ends early.
    #[error("the {kind} data is damaged: {detail}; take or copy the photograph again")]
    Damaged {
        /// `JPEG`, `PNG`, …
        kind: &'static str,
        /// What the decoder found.
        detail: String,
    },
    /// Sound, perhaps, but of a sort whose colours or pixels can't be told for sure.
    #[error("the {kind} holds {found}, expected {expected}")]
    Unsupported {
        /// `JPEG`, `PNG`, …
        kind: &'static str,
        /// What it holds.
        found: String,
        /// What can be read, and so what to do.
        expected: &'static str,
    },
}

impl DecodeError {
    /// For data that breaks its format's rules.
    pub(super) fn damaged(kind: &'static str) -> impl Fn(&dyn std::fmt::Display) -> DecodeError {
        // Decoders' messages may run over several lines; ours are one line.
        move |error| {
            let detail = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            DecodeError::Damaged { kind, detail }
        }
    }

    /// For data that begins like nothing known.
    pub(super) fn unknown(bytes: &[u8]) -> DecodeError {
        DecodeError::UnknownKind { found: format!("{:02x?}", &bytes[..bytes.len().min(8)]) }
    }
}
