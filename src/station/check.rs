//! What the device looks at before it is used.

/// Something that is looked at when the device starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Check {
    /// The bundle's signature holds, and its own photographs give what they must.
    Bundle,
    /// Photographs and results can be stored.
    Store,
    /// The camera delivers.
    Camera,
    /// The controller of light and focus answers.
    Controller,
    /// The clock is set.
    Clock,
}

impl Check {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Check; 5] = [Check::Bundle, Check::Store, Check::Camera, Check::Controller, Check::Clock];

    /// Whether nobody can be screened without it. Camera and controller may come later: photographs wait for them.
    pub fn is_needed(self) -> bool {
        match self {
            Check::Bundle | Check::Store => true,
            Check::Camera | Check::Controller | Check::Clock => false,
        }
    }
}

/// How a check stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Checked {
    /// Not known yet.
    #[default]
    Pending,
    /// In order.
    Good,
    /// Out of order, with what is known of it; for service, in the program's own words.
    Bad(String),
}
