//! Words on a picture: shaping, line breaking, both directions and anti-aliased glyphs by a library (`cosmic-text`), in
//! Noto Sans; Arabic, whose letters join and run from the right, in DejaVu Sans.

use std::sync::Arc;

use cosmic_text::{
    Align, Attrs, Buffer, Color, Family, FontSystem, Metrics, Shaping, SwashCache, Weight,
    fontdb::{Database, Source},
};
use embedded_graphics::{
    pixelcolor::Rgb888,
    prelude::{Point, RgbColor},
    primitives::Rectangle,
};
use ocellus_board::panel::Frame;

/// How words look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Size in pixels.
    pub(super) size: f32,
    /// Colour.
    pub(super) colour: Rgb888,
    /// Whether bold.
    pub(super) bold: bool,
    /// Where lines stand in their area.
    pub(super) align: Side,
}

/// Where lines stand in their area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Where reading begins.
    Start,
    /// In the middle.
    Middle,
    /// Where reading ends.
    End,
}

impl Style {
    /// Plain words from the start of the line.
    pub(super) fn new(size: f32, colour: Rgb888) -> Self {
        Style { size, colour, bold: false, align: Side::Start }
    }

    pub(super) fn bold(self) -> Self {
        Style { bold: true, ..self }
    }

    pub(super) fn middle(self) -> Self {
        Style { align: Side::Middle, ..self }
    }

    pub(super) fn end(self) -> Self {
        Style { align: Side::End, ..self }
    }
}

/// How far words on a button may shrink.
const SMALLEST: f32 = 0.62;
/// Height of a line, of the size of its text.
const LINE: f32 = 1.28;

/// Sets words. Keeps fonts and glyphs.
#[derive(Debug)]
pub(super) struct Typesetter {
    fonts: FontSystem,
    glyphs: SwashCache,
    #[cfg(test)]
    overflows: Vec<String>,
}

impl Typesetter {
    pub(super) fn new() -> Self {
        let mut database = Database::new();
        // Noto Sans has no Arabic letters here; DejaVu Sans has, with the tables that join them.
        for font in [notosans::REGULAR_TTF, notosans::BOLD_TTF, dejavu::sans::regular(), dejavu::sans::bold()] {
            database.load_font_source(Source::Binary(Arc::new(font)));
        }
        let fonts = FontSystem::new_with_locale_and_db("en".to_owned(), database);
        Typesetter {
            fonts,
            glyphs: SwashCache::new(),
            #[cfg(test)]
            overflows: Vec::new(),
        }
    }

    /// Draws words into an area, broken into lines at its width; returns their height. What has no room in the area is
    /// logged, and drawn all the same: cut words would be worse.
    pub(super) fn draw(&mut self, frame: &mut Frame, words: &str, style: Style, area: Rectangle) -> u32 {
        let (mut buffer, width, height) = self.set(words, style, area.size.width);
        if width > area.size.width || height > area.size.height {
            log::warn!("no room for the words {words:?}");
            #[cfg(test)]
            self.overflows.push(words.to_owned());
        }
        let colour = Color::rgb(style.colour.r(), style.colour.g(), style.colour.b());
        buffer.draw(&mut self.fonts, &mut self.glyphs, colour, |x, y, width, height, colour| {
            let ink = Rgb888::new(colour.r(), colour.g(), colour.b());
            for (dx, dy) in (0..height as i32).flat_map(|dy| (0..width as i32).map(move |dx| (dx, dy))) {
                frame.blend(area.top_left + Point::new(x + dx, y + dy), ink, colour.a());
            }
        });
        height
    }

    /// As [`draw`](Self::draw), in the middle of the area's height.
    pub(super) fn draw_centred(&mut self, frame: &mut Frame, words: &str, style: Style, area: Rectangle) {
        let (_, _, height) = self.set(words, style, area.size.width);
        let down = area.size.height.saturating_sub(height) / 2;
        let area = super::theme::part(area, 0, down, area.size.width, area.size.height);
        self.draw(frame, words, style, area);
    }

    /// As [`draw_centred`](Self::draw_centred), smaller where the words have no room in their size: down to what is still
    /// read at arm's length.
    pub(super) fn draw_fitting(&mut self, frame: &mut Frame, words: &str, style: Style, area: Rectangle) {
        let mut style = style;
        let least = style.size * SMALLEST;
        while style.size > least && self.is_too_large(words, style, area) {
            style.size = (style.size - 1.0).max(least);
        }
        self.draw_centred(frame, words, style, area);
    }

    /// Words that have room in an area: cut at a word, with an ellipsis, where they are too many.
    pub(super) fn cut(&mut self, words: &str, style: Style, area: Rectangle) -> String {
        let mut cut = words.to_owned();
        while self.set(&cut, style, area.size.width).2 > area.size.height {
            let Some((shorter, _)) = cut.trim_end_matches('…').trim_end().rsplit_once(' ') else { break };
            cut = format!("{shorter} …");
        }
        cut
    }

    /// Whether words have no room, or break inside a word.
    fn is_too_large(&mut self, words: &str, style: Style, area: Rectangle) -> bool {
        let (_, width, height) = self.set(words, style, area.size.width);
        let widest = words.split_whitespace().map(|word| self.width(word, style)).max().unwrap_or(0);
        width > area.size.width || height > area.size.height || widest > area.size.width
    }

    /// Width of a line of words.
    pub(super) fn width(&mut self, words: &str, style: Style) -> u32 {
        self.set(words, style, u32::MAX).1
    }

    /// Words that had no room since the last call.
    #[cfg(test)]
    pub(super) fn take_overflows(&mut self) -> Vec<String> {
        std::mem::take(&mut self.overflows)
    }

    /// The words in lines, with the width and height they take.
    fn set(&mut self, words: &str, style: Style, width: u32) -> (Buffer, u32, u32) {
        let line = (style.size * LINE).round();
        let mut buffer = Buffer::new(&mut self.fonts, Metrics::new(style.size, line));
        buffer.set_size((width != u32::MAX).then_some(width as f32), None);
        let weight = if style.bold { Weight::BOLD } else { Weight::NORMAL };
        let attributes = Attrs::new().family(Family::Name("Noto Sans")).weight(weight);
        let align = match style.align {
            Side::Start => None,
            Side::Middle => Some(Align::Center),
            Side::End => Some(Align::End),
        };
        buffer.set_text(words, &attributes, Shaping::Advanced, align);
        buffer.shape_until_scroll(&mut self.fonts, false);
        let (widest, lines) =
            buffer.layout_runs().fold((0.0_f32, 0_u32), |(widest, lines), run| (widest.max(run.line_w), lines + 1));
        (buffer, widest.ceil() as u32, (line as u32).saturating_mul(lines))
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::prelude::Size;

    use super::*;

    const WHITE: Rgb888 = Rgb888::WHITE;

    fn area(width: u32, height: u32) -> Rectangle {
        Rectangle::new(Point::new(4, 4), Size::new(width, height))
    }

    #[test]
    fn long_words_break_into_lines_and_what_has_no_room_is_noted() {
        let mut text = Typesetter::new();
        let mut frame = Frame::new(300, 200);
        let style = Style::new(20.0, WHITE);
        let one = text.draw(&mut frame, "one", style, area(200, 100));
        let two = text.draw(&mut frame, "several words that need more than a line", style, area(200, 100));
        assert!(one == 26 && two >= 2 * one, "{one} {two}");
        assert!(text.take_overflows().is_empty());
        text.draw(&mut frame, "several words that need more than a line", style, area(200, 30));
        assert_eq!(text.take_overflows().len(), 1);
    }

    #[test]
    fn words_leave_ink_inside_their_area_and_bold_leaves_more() {
        let mut text = Typesetter::new();
        let mut ink = |style: Style| {
            let mut frame = Frame::new(300, 60);
            text.draw(&mut frame, "Refer", style, area(280, 40));
            let outside =
                frame.pixels().enumerate_pixels().filter(|(x, y, p)| (*x < 4 || *y < 4) && p.0[0] > 0).count();
            assert_eq!(outside, 0);
            frame.pixels().iter().map(|&value| u64::from(value)).sum::<u64>()
        };
        let plain = ink(Style::new(24.0, WHITE));
        assert!(plain > 10_000 && ink(Style::new(24.0, WHITE).bold()) > plain * 11 / 10);
    }
}
