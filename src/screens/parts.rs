//! What several screens have in common: headline with a line below, buttons, cards, rows.

use embedded_graphics::{
    pixelcolor::Rgb888,
    prelude::{DrawTarget, Point},
    primitives::Rectangle,
};
use ocellus_model::laterality::Laterality;

use super::{
    Control, Page, Shot, icons, picture, shapes,
    text::Style,
    texts::{Button, During, Text, fill},
    theme::{self, part, point},
};
use crate::station::Press;

/// A quiet button and what it stands for.
pub(super) type Quiet = (Button, Press);

impl Page<'_> {
    pub(super) fn background(&mut self) {
        let Ok(()) = self.frame.clear(theme::BACKGROUND);
    }

    /// A text in the page's language.
    pub(super) fn say(&self, text: impl Text) -> &'static str {
        text.of(self.context.language)
    }

    /// A text about an eye, with its name put in.
    pub(super) fn of_eye(&self, text: impl Text, eye: Laterality) -> String {
        fill(self.say(text), "eye", self.eye(eye))
    }

    /// The name of an eye.
    pub(super) fn eye(&self, eye: Laterality) -> &'static str {
        self.say(match eye {
            Laterality::Od => During::RightEye,
            Laterality::Os => During::LeftEye,
        })
    }

    /// What is, and what to do now; returns the height used.
    pub(super) fn headline(&mut self, headline: &str, line: &str, area: Rectangle) -> u32 {
        let style = Style::new(self.layout.headline(), theme::TEXT).bold();
        let used = self.text.draw(self.frame, headline, style, area) + self.layout.unit() / 2;
        let below = part(area, 0, used, area.size.width, area.size.height);
        let style = Style::new(self.layout.body(), theme::TEXT);
        used + self.text.draw(self.frame, line, style, below)
    }

    /// A symbol at the left of the main area, headline and line beside it.
    pub(super) fn notice(&mut self, headline: &str, line: &str, symbol: impl FnOnce(&mut Self, Point, u32)) {
        let main = self.layout.main();
        let size = self.layout.mm(16.0);
        let down = self.layout.mm(6.0);
        let centre = main.top_left + point(size / 2 + self.layout.mm(2.0), size / 2 + down);
        symbol(self, centre, size);
        let left = size + self.layout.mm(8.0);
        let words = part(main, left, down, main.size.width - left, main.size.height);
        self.headline(headline, line, words);
    }

    /// A notice with a warning.
    pub(super) fn warning(&mut self, headline: &str, line: &str) {
        self.notice(headline, line, |page, centre, size| {
            icons::warning_triangle(page.frame, centre, size, theme::WARNING);
        });
    }

    /// The row of buttons: quiet ones from the left, the main one right and as wide as two.
    pub(super) fn buttons(&mut self, quiet: &[Quiet], main: Option<Quiet>) {
        let row = self.layout.buttons();
        let gap = self.layout.mm(3.0);
        let units = (quiet.len() as u32 + 2).max(4);
        let single = (row.size.width - (units - 1) * gap) / units;
        if let Some((words, press)) = main {
            let left = (units - 2) * (single + gap);
            let area = part(row, left, 0, row.size.width - left, row.size.height);
            shapes::rounded(self.frame, area, self.layout.mm(2.0), theme::ACCENT);
            let style = Style::new(self.layout.headline(), theme::BACKGROUND).bold();
            self.button_words(self.say(words), style, area);
            self.controls.push(Control { area, press });
        }
        for (number, &(words, press)) in quiet.iter().enumerate() {
            let area = part(row, number as u32 * (single + gap), 0, single, row.size.height);
            self.quiet_button(self.say(words), area, press);
        }
    }

    /// The row of buttons while an eye is at hand: break off, it is not possible, the other eye where that is open.
    pub(super) fn eye_buttons(&mut self, eye: Laterality, other_open: bool, main: Quiet) {
        let other = (Button::OtherEye, Press::Eye(eye.other()));
        let quiet = [(Button::BreakOff, Press::BreakOff), (Button::NotPossible, Press::NotPossible), other];
        self.buttons(&quiet[..if other_open { 3 } else { 2 }], Some(main));
    }

    /// A button with an outline.
    pub(super) fn quiet_button(&mut self, words: &str, area: Rectangle, press: Press) {
        self.outline(area, theme::OUTLINE);
        self.button_words(words, Style::new(self.layout.body(), theme::TEXT), area);
        self.controls.push(Control { area, press });
    }

    /// A button with a ground, for lists and keys.
    pub(super) fn card_button(&mut self, words: &str, area: Rectangle, press: Press) {
        self.card(area);
        self.button_words(words, Style::new(self.layout.body(), theme::TEXT).bold(), area);
        self.controls.push(Control { area, press });
    }

    pub(super) fn outline(&mut self, area: Rectangle, colour: Rgb888) {
        let (corner, width) = (self.layout.mm(2.0), self.layout.mm(0.4).max(2));
        shapes::rounded_outline(self.frame, area, corner, width, colour);
    }

    fn button_words(&mut self, words: &str, style: Style, area: Rectangle) {
        let inset = self.layout.mm(1.2);
        let inside = part(area, inset, 0, area.size.width - 2 * inset, area.size.height);
        self.text.draw_fitting(self.frame, words, style.middle(), inside);
    }

    /// Marks the control that the shutter button would press.
    pub(super) fn highlight(&mut self) {
        let Some(control) = self.context.highlighted.and_then(|number| self.controls.get(number)).copied() else {
            return;
        };
        let grown = self.layout.mm(0.9);
        let around = control.area.offset(grown as i32);
        shapes::rounded_outline(self.frame, around, self.layout.mm(2.6), self.layout.mm(0.5).max(2), theme::TEXT);
    }

    /// A card's ground.
    pub(super) fn card(&mut self, area: Rectangle) {
        shapes::rounded(self.frame, area, self.layout.mm(2.0), theme::SURFACE);
    }

    /// Cells of a grid in an area, row by row.
    pub(super) fn grid(&self, area: Rectangle, columns: u32, rows: u32) -> Vec<Rectangle> {
        let gap = self.layout.mm(3.0);
        let width = (area.size.width - (columns - 1) * gap) / columns;
        let height = (area.size.height - (rows - 1) * gap) / rows;
        (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (column, row)))
            .map(|(column, row)| part(area, column * (width + gap), row * (height + gap), width, height))
            .collect()
    }

    /// A photograph at the left of the main area. Returns centre, radius and width of the ring to be drawn around it, and
    /// the area for words.
    pub(super) fn photograph(&mut self, shot: Option<Shot<'_>>) -> ((Point, u32, u32), Rectangle) {
        let (centre, radius, words) = self.layout.picture_and_words();
        let ring = self.layout.mm(1.0);
        picture::draw(self.frame, shot, centre, radius - 3 * ring);
        ((centre, radius - ring, ring), words)
    }
}
