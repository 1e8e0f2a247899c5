//! Words become lines of glyphs: shaping, both directions and line breaking by a library (`cosmic-text`), in the fonts of
//! the panel. Lengths are points, 1/72 inch.
//!
//! A PDF must not contain a letter that its fonts lack; such a letter is printed as `�`. Marks that change the direction
//! of what follows are left out: they could make a number read differently from what it is.
//!
//! Not here: where words stand ([`super::layout`]), how glyphs get into the PDF ([`super::paint`]).

use std::ops::Range;

use cosmic_text::{
    Attrs, Buffer, Family, FontSystem, Metrics, Shaping, Weight, Wrap,
    fontdb::{Database, ID, Source},
};
use krilla::text::{Font, GlyphId, KrillaGlyph};

/// How words look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    /// Size in points.
    pub(super) size: f32,
    /// Whether bold.
    pub(super) bold: bool,
}

/// Height of a line, of the size of its text.
const LINE: f32 = 1.3;
/// From a line's top to its baseline, of the size of its text: the ascent of Noto Sans, set in the middle of the line.
const BASELINE: f32 = 1.0;
/// Stands for a letter that the fonts lack.
const MISSING: char = '\u{fffd}';

/// Words set in lines.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// As printed.
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) lines: Vec<Line>,
    /// Of the widest line.
    pub(super) width: f32,
}

/// A line of glyphs.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) runs: Vec<Run>,
    /// From its first glyph to its last.
    pub(super) width: f32,
    /// The part of the text that it shows.
    #[cfg(test)]
    pub(super) shows: Range<usize>,
}

/// Glyphs of one font and direction, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) font: Font,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// From the left of the line.
    pub(super) left: f32,
}

impl Words {
    /// Height of all lines.
    pub(super) fn height(&self) -> f32 {
        self.lines.len() as f32 * self.line_height()
    }

    /// Height of one line.
    pub(super) fn line_height(&self) -> f32 {
        self.style.size * LINE
    }

    /// From the top of the words down to the baseline of a line.
    pub(super) fn baseline(&self, line: usize) -> f32 {
        line as f32 * self.line_height() + self.style.size * BASELINE
    }
}

/// Sets words.
#[derive(Debug)]
pub(super) struct Typesetter {
    fonts: FontSystem,
    /// The same fonts, as the PDF embeds them.
    embedded: Vec<(ID, Font)>,
}

impl Typesetter {
    /// Reads the fonts; none where one can't be read.
    pub(super) fn new() -> Option<Self> {
        let files = [
            notosans::REGULAR_TTF,
            notosans::BOLD_TTF,
            // Noto Sans has no Arabic letters here; these have, with the tables that join them.
            dejavu::sans::regular(),
            dejavu::sans::bold(),
        ];
        let mut database = Database::new();
        let mut embedded = Vec::new();
        for file in files {
            let font = Font::new(file.into(), 0)?;
            let ids = database.load_font_source(Source::Binary(std::sync::Arc::new(file)));
            embedded.push((*ids.first()?, font));
        }
        let fonts = FontSystem::new_with_locale_and_db("en".to_owned(), database);
        Some(Typesetter { fonts, embedded })
    }

    /// Sets words in lines of at most `width`; a word breaks only where it is longer than a line.
    pub(super) fn set(&mut self, words: &str, style: Style, width: f32) -> Words {
        let mut text = printable(words);
        let mut lines = self.lines(&text, style, width);
        let missing = missing(&lines);
        if !missing.is_empty() {
            text = replaced(&text, &missing);
            lines = self.lines(&text, style, width);
        }
        let width = lines.iter().fold(0.0, |widest: f32, line| widest.max(line.width));
        Words { text, style, lines, width }
    }

    fn lines(&mut self, text: &str, style: Style, width: f32) -> Vec<Line> {
        let mut buffer = Buffer::new(&mut self.fonts, Metrics::new(style.size, style.size * LINE));
        buffer.set_size(Some(width), None);
        buffer.set_wrap(Wrap::WordOrGlyph);
        let weight = if style.bold { Weight::BOLD } else { Weight::NORMAL };
        let attributes = Attrs::new().family(Family::Name("Noto Sans")).weight(weight);
        buffer.set_text(text, &attributes, Shaping::Advanced, None);
        buffer.shape_until_scroll(&mut self.fonts, false);

        let mut lines = Vec::new();
        for laid in buffer.layout_runs() {
            let mut glyphs: Vec<_> = laid.glyphs.iter().collect();
            // A mark has no width; from the right it stands before its letter.
            glyphs.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.w.total_cmp(&b.w)));
            let Some(first) = glyphs.first() else { continue };
            let left = first.x;
            let right = glyphs.iter().fold(left, |right, glyph| right.max(glyph.x + glyph.w));
            #[cfg(test)]
            let shows = glyphs.iter().map(|glyph| glyph.start).min().unwrap_or(0)
                ..glyphs.iter().map(|glyph| glyph.end).max().unwrap_or(0);
            let mut runs: Vec<Run> = Vec::new();
            let mut before = None;
            for glyph in glyphs {
                let Some((id, font)) = self.embedded.iter().find(|(id, _)| *id == glyph.font_id) else { continue };
                let set = KrillaGlyph::new(
                    GlyphId::new(u32::from(glyph.glyph_id)),
                    glyph.w / style.size,
                    glyph.x_offset,
                    glyph.y_offset,
                    0.0,
                    glyph.start..glyph.end,
                    None,
                );
                let kind = (*id, glyph.level);
                match runs.last_mut() {
                    Some(run) if before == Some(kind) => run.glyphs.push(set),
                    _ => runs.push(Run { font: font.clone(), glyphs: vec![set], left: glyph.x - left }),
                }
                before = Some(kind);
            }
            lines.push(Line {
                runs,
                width: right - left,
                #[cfg(test)]
                shows,
            });
        }
        lines
    }
}

/// One line without what has no place in it.
fn printable(text: &str) -> String {
    let kept = text.chars().filter_map(|letter| match letter {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => None,
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fffe}' | '\u{ffff}' => Some(MISSING),
        letter if letter.is_control() => Some(' '),
        letter => Some(letter),
    });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the fonts have no glyph for.
fn missing(lines: &[Line]) -> Vec<Range<usize>> {
    let glyphs = lines.iter().flat_map(|line| &line.runs).flat_map(|run| &run.glyphs);
    glyphs.filter(|glyph| glyph.glyph_id.to_u32() == 0).map(|glyph| glyph.text_range.clone()).collect()
}

fn replaced(text: &str, missing: &[Range<usize>]) -> String {
    let is_missing = |at: usize| missing.iter().any(|range| range.contains(&at));
    text.char_indices().map(|(at, letter)| if is_missing(at) { MISSING } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { size: 10.0, bold: false };

    #[test]
    fn lines_are_no_wider_than_asked_and_show_every_letter() {
        let mut typesetter = Typesetter::new().unwrap();
        let text = "several words that need more than one line, and 0123456789012345678901234567890123456789";
        let words = typesetter.set(text, PLAIN, 100.0);
        assert!(words.lines.len() > 3 && words.width <= 100.0, "{words:?}");
        let shown: String = words.lines.iter().map(|line| &words.text[line.shows.clone()]).collect();
        assert_eq!(shown.replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn arabic_letters_join_and_run_from_the_right() {
        let mut typesetter = Typesetter::new().unwrap();
        let words = typesetter.set("العين", PLAIN, 100.0);
        let run = &words.lines[0].runs[0];
        assert!(run.glyphs.windows(2).all(|pair| pair[0].text_range.start >= pair[1].text_range.start));
        // The letter alone is another glyph than the same letter in a word.
        let alone = typesetter.set("ع", PLAIN, 100.0).lines[0].runs[0].glyphs[0].glyph_id;
        assert!(run.glyphs.iter().all(|glyph| glyph.glyph_id != alone));
    }

    #[test]
    fn letters_that_no_font_has_are_replaced_and_hidden_marks_left_out() {
        let mut typesetter = Typesetter::new().unwrap();
        for (text, printed) in [
            ("Ana 山田", "Ana \u{fffd}\u{fffd}"),
            ("12\u{202e}34\u{200f}\n5\t6", "1234 5 6"),
            ("\u{e000}x", "\u{fffd}x"),
            ("Žofie Ἀθηνᾶ Иван", "Žofie Ἀθηνᾶ Иван"),
        ] {
            let words = typesetter.set(text, PLAIN, 300.0);
            assert_eq!(words.text, printed);
            assert!(missing(&words.lines).is_empty(), "{text}");
        }
    }
}
