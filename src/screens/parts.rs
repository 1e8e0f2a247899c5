//! What several screens have in common: headline with a line below, buttons, cards.

use embedded_graphics::{
    prelude::{DrawTarget, Point},
    primitives::Rectangle,
};

use super::{
    Page, shapes,
    text::Style,
    theme::{self, part},
};

impl Page<'_> {
    pub(super) fn background(&mut self) {
        let Ok(()) = self.frame.clear(theme::BACKGROUND);
    }

    /// What is, and what to do now; returns the height used.
    pub(super) fn headline(&mut self, headline: &str, line: &str, area: Rectangle) -> u32 {
        let style = Style::new(self.layout.headline(), theme::TEXT).bold();
        let used = self.text.draw(self.frame, headline, style, area) + self.layout.unit() / 2;
        let below = part(area, 0, used, area.size.width, area.size.height);
        let style = Style::new(self.layout.body(), theme::TEXT);
        used + self.text.draw(self.frame, line, style, below)
    }

    /// The row of buttons: quiet ones from the left, the main one right and as wide as two.
    pub(super) fn buttons(&mut self, quiet: &[&str], main: &str) {
        let row = self.layout.buttons();
        let gap = self.layout.mm(3.0);
        let single = (row.size.width - 3 * gap) / 4;
        let corner = self.layout.mm(2.0);
        for (number, words) in quiet.iter().take(2).enumerate() {
            let area = part(row, number as u32 * (single + gap), 0, single, row.size.height);
            shapes::rounded_outline(self.frame, area, corner, self.layout.mm(0.4).max(2), theme::OUTLINE);
            self.button_words(words, Style::new(self.layout.body(), theme::TEXT), area);
        }
        let area = part(row, 2 * (single + gap), 0, 2 * single + gap, row.size.height);
        shapes::rounded(self.frame, area, corner, theme::ACCENT);
        self.button_words(main, Style::new(self.layout.headline(), theme::BACKGROUND).bold(), area);
    }

    fn button_words(&mut self, words: &str, style: Style, area: Rectangle) {
        let inset = self.layout.mm(2.0);
        let inside = part(area, inset, 0, area.size.width - 2 * inset, area.size.height);
        self.text.draw_centred(self.frame, words, style.middle(), inside);
    }

    /// A card's ground.
    pub(super) fn card(&mut self, area: Rectangle) {
        shapes::rounded(self.frame, area, self.layout.mm(2.0), theme::SURFACE);
    }

    /// The left part of the main area for a round picture, the rest for words. Returns the circle's centre and radius,
    /// and the rest.
    pub(super) fn picture_and_words(&self) -> (Point, u32, Rectangle) {
        let main = self.layout.main();
        let radius = main.size.height / 2 - 2;
        let centre = main.top_left + theme::point(radius + 2, main.size.height / 2);
        let left = 2 * radius + self.layout.mm(6.0);
        (centre, radius, part(main, left, 0, main.size.width - left, main.size.height))
    }
}
