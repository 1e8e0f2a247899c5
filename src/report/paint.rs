//! A laid out page becomes a PDF (`krilla`): letters as letters in embedded fonts, and a tree that tells a screen reader
//! what is a heading, a paragraph or a picture.
//!
//! Title and number of the report are the document's properties; nothing of the patient is.
//!
//! Not here: where things stand ([`super::layout`]).

use std::num::NonZeroU16;

use krilla::{
    Document, SerializeSettings,
    configure::{Accessibility, Archival, ConfigurationBuilder},
    destination::XyzDestination,
    geom::{Point, Size, Transform},
    image::Image,
    metadata::{DateTime, Metadata, TextDirection},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    paint::FillRule,
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, Tag, TagGroup, TagKind, TagTree},
};

use super::{
    Report, ReportError, Thumbnail,
    content::in_line,
    dates::Day,
    sheet::{Area, Drawing, Mark, Role, Sheet, Side},
    symbols::{self, Ink},
    texts::Printed,
    typeset::Words,
};
use crate::{language::Language, screens::texts::Text};

/// Writes the PDF.
///
/// # Errors
/// When a picture can't be read or the writer refuses something.
pub(super) fn paint(report: &Report, sheet: &Sheet) -> Result<Vec<u8>, ReportError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| failed(format!("{error:?}")))?;
    let mut document = Document::new_with(SerializeSettings { configuration, ..SerializeSettings::default() });
    document.set_metadata(metadata(report));

    let settings = PageSettings::from_wh(sheet.width, sheet.height).ok_or_else(|| failed("empty page".to_owned()))?;
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut elements: Vec<Element> = Vec::new();
    for mark in &sheet.marks {
        draw(&mut surface, mark, report.language, &mut elements)?;
    }
    surface.finish();
    page.finish();

    let mut tree = TagTree::new().with_lang(Some(report.language.code().to_owned()));
    let mut outline = Outline::new();
    for element in elements {
        if let Role::Heading(_) = element.role {
            let place = XyzDestination::new(0, Point::from_xy(element.area.left, element.area.top));
            outline.push_child(OutlineNode::new(element.text.clone(), place));
        }
        tree.push(element.group());
    }
    document.set_outline(outline);
    document.set_tag_tree(tree);
    document.finish().map_err(|error| failed(error.to_string()))
}

fn failed(reason: String) -> ReportError {
    ReportError::Pdf { reason }
}

fn metadata(report: &Report) -> Metadata {
    let title = format!("{} {}", Printed::Title.of(report.language), report.id);
    let direction =
        if report.language.is_right_to_left() { TextDirection::RightToLeft } else { TextDirection::LeftToRight };
    let Day { year, month, day } = Day::of(report.at.unix_seconds);
    let second = report.at.unix_seconds.rem_euclid(86_400);
    let part = |value: i64| u8::try_from(value).unwrap_or_default();
    let created = DateTime::new(u16::try_from(year).unwrap_or_default())
        .month(month)
        .day(day)
        .hour(part(second / 3_600))
        .minute(part(second / 60 % 60))
        .second(part(second % 60))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    // PDF/A wants a date also where the clock is not certain; the page says that it is not.
    Metadata::new()
        .title(title)
        .language(report.language.code().to_owned())
        .creator(format!("Ocellus {}", report.device.version))
        .document_id(report.id.clone())
        .text_direction(direction)
        .creation_date(created)
}

/// An element of the tree under construction.
#[derive(Debug)]
struct Element {
    role: Role,
    /// What it says, without line breaks.
    text: String,
    area: Area,
    content: Vec<Identifier>,
}

impl Element {
    fn group(self) -> TagGroup {
        // The whole text: lines end without the space that parts their words.
        let tag: TagKind = match self.role {
            Role::Heading(level) => {
                let level = NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN);
                Tag::Hn(level, Some(self.text.clone())).with_actual_text(Some(self.text)).into()
            }
            Role::Picture(alt) => Tag::Figure(Some(alt)).into(),
            Role::Paragraph | Role::Rest | Role::Decoration => Tag::P.with_actual_text(Some(self.text)).into(),
        };
        TagGroup::with_children(tag, self.content.into_iter().map(Node::from).collect())
    }
}

/// Draws a mark and adds it to the elements, unless it is decoration.
fn draw(
    surface: &mut Surface<'_>,
    mark: &Mark,
    language: Language,
    elements: &mut Vec<Element>,
) -> Result<(), ReportError> {
    let Mark { area, role, drawing } = mark;
    let (text, content) = match drawing {
        Drawing::Words { words, ink, side } => {
            (words.text.clone(), lines(surface, words, *ink, *side, *area, language))
        }
        drawing => {
            let tag = match role {
                Role::Picture(_) => ContentTag::Other,
                _ => ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)),
            };
            let content = surface.start_tagged(tag);
            let drawn = shape(surface, drawing, *area);
            surface.end_tagged();
            drawn?;
            (String::new(), vec![content])
        }
    };
    match (role, elements.last_mut()) {
        (Role::Decoration, _) => {}
        (Role::Rest, Some(before)) => {
            before.text = in_line(&before.text, &text, language);
            before.content.extend(content);
        }
        _ => elements.push(Element { role: role.clone(), text, area: *area, content }),
    }
    Ok(())
}

fn shape(surface: &mut Surface<'_>, drawing: &Drawing, area: Area) -> Result<(), ReportError> {
    match drawing {
        // Drawn line by line.
        Drawing::Words { .. } => {}
        Drawing::Block(ink) => symbols::block(surface, area, *ink),
        Drawing::Frame { width, ink } => symbols::frame(surface, area, *width, *ink),
        Drawing::Outcome(outcome) => symbols::outcome(surface, *outcome, area),
        Drawing::Code(code) => symbols::code(code, surface, area),
        Drawing::Thumbnail(thumbnail) => picture(surface, thumbnail, area)?,
    }
    Ok(())
}

fn picture(surface: &mut Surface<'_>, thumbnail: &Thumbnail, area: Area) -> Result<(), ReportError> {
    let image = Image::from_jpeg(thumbnail.jpeg.clone().into(), false).map_err(failed)?;
    let size = Size::from_wh(area.width, area.height).ok_or_else(|| failed("empty picture".to_owned()))?;
    let outline = if thumbnail.is_disc { symbols::disc(area) } else { symbols::rectangle(area) };
    if let Some(outline) = &outline {
        surface.push_clip_path(outline, &FillRule::NonZero);
    }
    surface.push_transform(&Transform::from_translate(area.left, area.top));
    surface.draw_image(image, size);
    surface.pop();
    if outline.is_some() {
        surface.pop();
    }
    Ok(())
}

/// Draws words line by line; each line is a piece of content of its own.
fn lines(
    surface: &mut Surface<'_>,
    words: &Words,
    ink: Ink,
    side: Side,
    area: Area,
    language: Language,
) -> Vec<Identifier> {
    surface.set_fill(Some(ink.fill()));
    surface.set_stroke(None);
    let mut content = Vec::new();
    for (number, line) in words.lines.iter().enumerate() {
        let spare = area.width - line.width;
        let left = area.left
            + match side {
                Side::Left => 0.0,
                Side::Middle => spare / 2.0,
                Side::Right => spare,
            };
        let tag = ContentTag::Span(SpanTag::empty().with_lang(Some(language.code())));
        content.push(surface.start_tagged(tag));
        for run in &line.runs {
            let start = Point::from_xy(left + run.left, area.top + words.baseline(number));
            surface.draw_glyphs(start, &run.glyphs, run.font.clone(), &words.text, words.style.size, false);
        }
        surface.end_tagged();
    }
    content
}
