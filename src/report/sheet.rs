//! A page with what stands on it, before it is drawn. Lengths are points, 1/72 inch, from the upper left corner.
//!
//! Not here: what stands where ([`super::layout`]), drawing ([`super::paint`]).

use super::{Thumbnail, code::Code, symbols::Ink, typeset::Words};
use crate::decision::Outcome;

/// White at the page's edges; printers leave as much.
pub(super) const MARGIN: f32 = 40.0;

/// A part of the page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// What something is to somebody who can't see the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// A heading of some level, from 1.
    Heading(u16),
    /// A paragraph.
    Paragraph,
    /// The rest of the paragraph before.
    Rest,
    /// A picture, with what it shows.
    Picture(String),
    /// Nothing.
    Decoration,
}

/// Something to be drawn.
#[derive(Debug, Clone)]
pub(super) enum Drawing {
    Words { words: Words, ink: Ink, side: Side },
    Block(Ink),
    Frame { width: f32, ink: Ink },
    Outcome(Outcome),
    Thumbnail(Thumbnail),
    Code(Code),
}

/// Where lines stand in their area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Middle,
    Right,
}

/// Something in its place.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) area: Area,
    pub(super) role: Role,
    pub(super) drawing: Drawing,
}

/// A page with all that stands on it, in the order in which it is read.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) width: f32,
    pub(super) height: f32,
    /// Size of its words beside those in the layout.
    pub(super) scale: f32,
    pub(super) marks: Vec<Mark>,
}

impl Area {
    /// From a place on the page downwards.
    pub(super) fn below(self, top: f32) -> Self {
        self.lower(top - self.top)
    }

    /// Without its upper part.
    pub(super) fn lower(self, by: f32) -> Self {
        Area { top: self.top + by, height: self.height - by, ..self }
    }

    /// Without an edge all around.
    pub(super) fn inset(self, by: f32) -> Self {
        Area { left: self.left + by, top: self.top + by, width: self.width - 2.0 * by, height: self.height - 2.0 * by }
    }

    /// Two columns.
    pub(super) fn halves(self, gap: f32) -> [Self; 2] {
        let width = (self.width - gap) / 2.0;
        [self, Area { left: self.left + width + gap, ..self }].map(|half| Area { width, ..half })
    }
}
