//! The encounter's number as a code of dark and light squares, for paper and panel.
//!
//! Not here: drawing it.

use qrcode::{Color, EcLevel, QrCode};

use super::ReportError;

/// A QR code with error correction M, without its quiet zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    side: usize,
    dark: Vec<bool>,
}

impl Code {
    /// Of a text.
    ///
    /// # Errors
    /// When the text is too long.
    pub(crate) fn of(text: &str) -> Result<Self, ReportError> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| ReportError::Code { reason: error.to_string() })?;
        let dark = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
        Ok(Code { side: code.width(), dark })
    }

    /// Squares of a side.
    pub(crate) fn side(&self) -> usize {
        self.side
    }

    /// Runs of dark squares: row, first column, how many. Squares side by side are one run, so that no hairline shows
    /// between them.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.dark.chunks(self.side).enumerate().flat_map(|(row, squares)| {
            let mut column = 0;
            squares.chunk_by(|a, b| a == b).filter_map(move |run| {
                let first = column;
                column += run.len();
                run[0].then_some((row, first, run.len()))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_holds_64_characters_and_refuses_a_book() {
        let code = Code::of(&"W".repeat(64)).unwrap();
        // A finder pattern stands in the corner.
        assert!(code.side() <= 41 && code.dark.len() == code.side * code.side);
        assert_eq!(code.runs().next(), Some((0, 0, 7)));
        assert_eq!(
            code.runs().map(|(_, _, squares)| squares).sum::<usize>(),
            code.dark.iter().filter(|&&it| it).count()
        );
        assert!(matches!(Code::of(&"W".repeat(9_000)), Err(ReportError::Code { .. })));
    }
}
