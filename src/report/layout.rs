//! Where everything stands on the page. Lengths are points, 1/72 inch, from the upper left corner.
//!
//! ```text
//!   bands: not real, amended                (only where so)
//!   title, clinic, device            code
//!   patient            encounter
//!   ┌ shape  OUTCOME: the largest words ┐
//!   └ what to do, by when               ┘
//!   ┌ right eye ────┐ ┌ left eye ───────┐
//!   └ picture, words┘ └─────────────────┘
//!   limits                                  (at the foot)
//!   report, page
//! ```
//!
//! All is set as large as the page has room for, from [`LARGEST`] down to [`SMALLEST`]. Where lines are read
//! from the right, the page is mirrored, except that the right eye stays on the left, as seen from the front.
//!
//! Not here: what is said ([`super::content`]), drawing ([`super::paint`]).

use super::{
    Report, ReportError, Thumbnail,
    code::Code,
    content::{Card, Content, Fact},
    sheet::{Area, Drawing, MARGIN, Mark, Role, Sheet, Side},
    symbols::{self, Ink},
    typeset::{Style, Typesetter},
};

/// How far words may grow: old eyes read the page.
pub(super) const LARGEST: f32 = 1.12;
/// How far words may shrink: labels are 6.4 points then.
pub(super) const SMALLEST: f32 = 0.8;
/// By how much they shrink at a time.
const STEP: f32 = 0.04;

/// Lays a report out.
///
/// # Errors
/// When it has no room, or its number can't be made a code.
pub(super) fn layout(report: &Report) -> Result<Sheet, ReportError> {
    let mut typesetter =
        Typesetter::new().ok_or_else(|| ReportError::Pdf { reason: "a font can't be read".to_owned() })?;
    layout_with(&mut typesetter, report)
}

/// As [`layout`], with a typesetter that is there.
pub(super) fn layout_with(typesetter: &mut Typesetter, report: &Report) -> Result<Sheet, ReportError> {
    let content = Content::of(report);
    let code = Code::of(&report.encounter)?;
    let mut scale = LARGEST;
    loop {
        let mut setter = Setter::new(report, typesetter, scale);
        let missing = setter.page(report, &content, &code);
        if missing <= 0.0 {
            return Ok(setter.sheet);
        }
        if scale <= SMALLEST {
            return Err(ReportError::NoRoom { missing: missing.ceil() as u32 });
        }
        scale = (scale - STEP).max(SMALLEST);
    }
}

/// Puts marks on a sheet.
struct Setter<'a> {
    typesetter: &'a mut Typesetter,
    sheet: Sheet,
    mirrored: bool,
    /// By how much words are wider than their place: of a place narrower than a letter.
    too_wide: f32,
}

/// Words and how they look.
#[derive(Clone, Copy)]
struct Say<'a> {
    text: &'a str,
    size: f32,
    bold: bool,
    ink: Ink,
    role: &'a Role,
}

impl<'a> Say<'a> {
    fn new(text: &'a str, size: f32, role: &'a Role) -> Self {
        Say { text, size, bold: false, ink: symbols::BLACK, role }
    }

    fn bold(self) -> Self {
        Say { bold: true, ..self }
    }

    fn ink(self, ink: Ink) -> Self {
        Say { ink, ..self }
    }
}

impl<'a> Setter<'a> {
    fn new(report: &Report, typesetter: &'a mut Typesetter, scale: f32) -> Self {
        let (width, height) = report.paper.size();
        let sheet = Sheet { width, height, scale, marks: Vec::new() };
        Setter { typesetter, sheet, mirrored: report.language.is_right_to_left(), too_wide: 0.0 }
    }

    /// Lays the page out; returns by how much it is too large, at most 0 where it fits.
    fn page(&mut self, report: &Report, content: &Content, code: &Code) -> f32 {
        let full = Area {
            left: MARGIN,
            top: MARGIN,
            width: self.sheet.width - 2.0 * MARGIN,
            height: self.sheet.height - 2.0 * MARGIN,
        };
        let mut top = self.bands(content, full);
        top += self.head(content, code, full.below(top)) + self.gap(8.0);
        top += self.rule(full.below(top)) + self.gap(8.0);
        top += self.facts(content, full.below(top)) + self.gap(12.0);
        top += self.result(content, full.below(top)) + self.gap(12.0);
        top += self.eyes(report, content, full.below(top)) + self.gap(12.0);

        // The limits stand at the foot; their height is known once they are set.
        let first = self.sheet.marks.len();
        let limits = self.limits(content, full.below(top)) + self.gap(8.0);
        let after = self.sheet.marks.len();
        let footer = self.footer(content, full.below(top + limits));
        let spare = full.height - (top - full.top) - limits - footer;
        for (number, mark) in self.sheet.marks.iter_mut().enumerate().skip(first) {
            // In between, they may as well stand nearer to what they are about.
            mark.area.top += if number < after { spare.max(0.0) } else { spare };
        }
        self.too_wide.max(-spare)
    }

    /// That this is not real or replaces something; returns the top of what follows.
    fn bands(&mut self, content: &Content, full: Area) -> f32 {
        let mut top = full.top;
        let inset = self.gap(5.0);
        for (text, is_black) in [(&content.not_real, true), (&content.amended, false)] {
            let Some(text) = text else { continue };
            let ink = if is_black { symbols::WHITE } else { symbols::BLACK };
            let at = self.sheet.marks.len();
            let inner = full.below(top).inset(inset);
            let height = self.centred(Say::new(text, 11.0, &Role::Paragraph).bold().ink(ink), inner) + 2.0 * inset;
            let area = Area { height, ..full.below(top) };
            let band = if is_black {
                Drawing::Block(symbols::BLACK)
            } else {
                Drawing::Frame { width: 1.5, ink: symbols::BLACK }
            };
            self.insert(at, area, band);
            top += height + self.gap(7.0);
        }
        top
    }

    fn head(&mut self, content: &Content, code: &Code, area: Area) -> f32 {
        let side = self.gap(58.0);
        let words = Area { width: area.width - side - self.gap(16.0), ..area };
        let mut down = self.say(Say::new(&content.title, 17.0, &Role::Heading(1)).bold(), words);
        down += self.say(Say::new(&content.site, 11.5, &Role::Paragraph).bold(), words.lower(down)) + self.gap(3.0);
        for text in &content.made_with {
            let say = Say::new(text, 8.5, &Role::Paragraph).ink(symbols::QUIET);
            down += self.say(say, words.lower(down));
        }
        let place = Area { left: area.left + area.width - side, top: area.top, width: side, height: side };
        self.put(place, Role::Picture(content.code_alt.clone()), Drawing::Code(code.clone()));
        down.max(side)
    }

    fn rule(&mut self, area: Area) -> f32 {
        self.put(Area { height: 0.75, ..area }, Role::Decoration, Drawing::Block(symbols::LINE));
        0.75
    }

    fn facts(&mut self, content: &Content, area: Area) -> f32 {
        let mut heights = [0.0; 2];
        for (height, (column, facts)) in
            heights.iter_mut().zip(area.halves(self.gap(16.0)).into_iter().zip([&content.patient, &content.encounter]))
        {
            for (number, Fact { label, value }) in facts.iter().enumerate() {
                *height += self.say(Say::new(label, 8.0, &Role::Paragraph).ink(symbols::QUIET), column.lower(*height));
                let value = Say::new(value, 10.5, &Role::Rest);
                // The first of each tells who, and which visit.
                let value = if number == 0 { value.bold() } else { value };
                *height += self.say(value, column.lower(*height));
                if let (1, Some(clock)) = (number, content.clock.as_deref().filter(|_| column.left > area.left)) {
                    *height += self.say(Say::new(clock, 9.0, &Role::Paragraph).bold(), column.lower(*height));
                }
                *height += self.gap(3.0);
            }
        }
        heights[0].max(heights[1])
    }

    fn result(&mut self, content: &Content, area: Area) -> f32 {
        let at = self.sheet.marks.len();
        let inset = self.gap(12.0);
        let inner = area.inset(inset);
        let shape = self.gap(54.0);
        let beside = shape + self.gap(14.0);
        let words = Area { left: inner.left + beside, width: inner.width - beside, ..inner };
        let mut down = self.say(Say::new(&content.result_title, 8.0, &Role::Heading(2)).ink(symbols::QUIET), words);
        down += self.say(Say::new(&content.headline, 22.0, &Role::Paragraph).bold(), words.lower(down)) + self.gap(2.0);
        down += self.say(Say::new(&content.action, 12.0, &Role::Paragraph), words.lower(down));
        if let Some(deadline) = &content.deadline {
            down += self.say(Say::new(deadline, 12.0, &Role::Paragraph).bold(), words.lower(down));
        }
        for remark in &content.remarks {
            down += self.gap(3.0);
            down += self.say(Say::new(remark, 9.5, &Role::Paragraph), words.lower(down));
        }
        let place = Area { width: shape, height: shape, ..inner };
        self.put(place, Role::Decoration, Drawing::Outcome(content.result));
        let height = down.max(shape) + 2.0 * inset;
        let line = Drawing::Frame { width: 1.5, ink: symbols::BLACK };
        self.insert(at, Area { height, ..area }, line);
        height
    }

    fn eyes(&mut self, report: &Report, content: &Content, area: Area) -> f32 {
        let [mut right, mut left] = area.halves(self.gap(12.0));
        if self.mirrored {
            (right, left) = (left, right);
        }
        let thumbnails = [&report.right.thumbnail, &report.left.thumbnail];
        // Where there is no picture at all, no place is kept for one.
        let side = if thumbnails.iter().any(|thumbnail| thumbnail.is_some()) { self.gap(110.0) } else { 0.0 };
        let mut frames = Vec::new();
        let mut height: f32 = 0.0;
        for ((area, card), thumbnail) in [right, left].into_iter().zip(&content.eyes).zip(thumbnails) {
            frames.push((self.sheet.marks.len(), area));
            height = height.max(self.card(card, thumbnail.as_ref(), side, area));
        }
        // Both as high as the higher one; the later mark first, so that the earlier place stays what it is.
        for (at, area) in frames.into_iter().rev() {
            let line = Drawing::Frame { width: 0.75, ink: symbols::LINE };
            self.insert(at, Area { height, ..area }, line);
        }
        height
    }

    /// One eye, with a picture of `side` points; 0 for none.
    fn card(&mut self, card: &Card, thumbnail: Option<&Thumbnail>, side: f32, area: Area) -> f32 {
        let inset = self.gap(9.0);
        let inner = area.inset(inset);
        let mut down = self.say(Say::new(&card.eye, 12.0, &Role::Heading(2)).bold(), inner) + self.gap(4.0);
        let place = Area { width: side, height: side, ..inner.lower(down) };
        match thumbnail {
            Some(thumbnail) => {
                self.put(place, Role::Picture(card.picture_alt.clone()), Drawing::Thumbnail(thumbnail.clone()));
            }
            None if side > 0.0 => self.put(place, Role::Decoration, Drawing::Frame { width: 0.75, ink: symbols::LINE }),
            None => {}
        }
        let beside = if side > 0.0 { side + self.gap(10.0) } else { 0.0 };
        let words = Area { left: inner.left + beside, width: inner.width - beside, ..inner.lower(down) };
        let shape = self.gap(24.0);
        let place = Area { width: shape, height: shape, ..words };
        self.put(place, Role::Decoration, Drawing::Outcome(card.outcome));
        let mut told = shape + self.gap(3.0);
        told += self.say(Say::new(&card.title, 12.0, &Role::Paragraph).bold(), words.lower(told)) + self.gap(1.0);
        if !card.line.is_empty() {
            told += self.say(Say::new(&card.line, 9.5, &Role::Paragraph), words.lower(told));
        }
        down += told.max(side) + self.gap(6.0);

        let label = inner.width * 0.46;
        for fact in &card.facts {
            let rest = Area { left: inner.left + label, width: inner.width - label, ..inner.lower(down) };
            let column = Area { width: label - self.gap(6.0), ..inner.lower(down) };
            let height = self.say(Say::new(&fact.label, 9.0, &Role::Paragraph).ink(symbols::QUIET), column);
            down += height.max(self.say(Say::new(&fact.value, 9.0, &Role::Rest), rest)) + self.gap(2.0);
        }
        down + 2.0 * inset - self.gap(2.0)
    }

    fn limits(&mut self, content: &Content, area: Area) -> f32 {
        let mut down = self.say(Say::new(&content.limits_title, 9.0, &Role::Heading(2)).bold(), area) + self.gap(1.0);
        for text in &content.limits {
            down += self.say(Say::new(text, 8.5, &Role::Paragraph), area.lower(down)) + self.gap(2.5);
        }
        down
    }

    fn footer(&mut self, content: &Content, area: Area) -> f32 {
        let down = self.rule(area) + self.gap(4.0);
        let page = self.gap(90.0);
        let words = Area { width: area.width - page, ..area.lower(down) };
        let height = self.say(Say::new(&content.report, 8.5, &Role::Paragraph).ink(symbols::QUIET), words);
        let place = Area { left: area.left + area.width - page, width: page, ..words };
        let say = Say::new(&content.page, 8.5, &Role::Paragraph).ink(symbols::QUIET);
        down + height.max(self.aligned(say, place, Side::Right))
    }

    fn say(&mut self, say: Say<'_>, area: Area) -> f32 {
        self.aligned(say, area, Side::Left)
    }

    fn centred(&mut self, say: Say<'_>, area: Area) -> f32 {
        self.aligned(say, area, Side::Middle)
    }

    /// Sets words at the top of an area; returns their height.
    fn aligned(&mut self, say: Say<'_>, area: Area, side: Side) -> f32 {
        let style = Style { size: say.size * self.sheet.scale, bold: say.bold };
        let words = self.typesetter.set(say.text, style, area.width);
        let height = words.height();
        // Not for what rounding leaves.
        self.too_wide = self.too_wide.max(words.width - area.width - 0.01);
        let side = match side {
            Side::Left if self.mirrored => Side::Right,
            Side::Right if self.mirrored => Side::Left,
            side => side,
        };
        self.put(Area { height, ..area }, say.role.clone(), Drawing::Words { words, ink: say.ink, side });
        height
    }

    fn put(&mut self, area: Area, role: Role, drawing: Drawing) {
        let mark = self.mark(area, role, drawing);
        self.sheet.marks.push(mark);
    }

    /// Puts something under what was put since `at`.
    fn insert(&mut self, at: usize, area: Area, drawing: Drawing) {
        let mark = self.mark(area, Role::Decoration, drawing);
        self.sheet.marks.insert(at, mark);
    }

    fn mark(&self, area: Area, role: Role, drawing: Drawing) -> Mark {
        let left = if self.mirrored { self.sheet.width - area.left - area.width } else { area.left };
        Mark { area: Area { left, ..area }, role, drawing }
    }

    fn gap(&self, points: f32) -> f32 {
        points * self.sheet.scale
    }
}
