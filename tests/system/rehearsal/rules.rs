//! What must hold whatever happens, and what is said when it does not.

use std::fmt;

/// A rule of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// An eye without referable signs was photographed, could be judged and is stored as such.
    NoFalseNegative,
    /// Light is only where the station wants it, and out soon after a crash.
    LightWhereWanted,
    /// No light beyond what the controller's limits allow.
    LightWithinLimits,
    /// No flash that takes an eye beyond its dose of 24 hours.
    DoseWithinLimit,
    /// What is shown of a photograph or of a result is stored.
    StoredBeforeShown,
    /// What was told to be stored survives a crash.
    KeptForGood,
    /// A photograph is filed under the eye that it shows, and flashed for once.
    RightEye,
    /// Nothing is photographed while the device is locked or something it needs is out of order.
    OnlyWhenReady,
    /// Encounters are counted as they were stored.
    Counted,
    /// From everywhere there is a way to the next patient and to the end of the program.
    WayOut,
}

impl Rule {
    fn text(self) -> &'static str {
        match self {
            Rule::NoFalseNegative => "a negative from a missing, ungradable or unstored eye",
            Rule::LightWhereWanted => "light where nobody wants it",
            Rule::LightWithinLimits => "light past the limits of the controller",
            Rule::DoseWithinLimit => "a flash past the dose of 24 hours",
            Rule::StoredBeforeShown => "shown, but not stored",
            Rule::KeptForGood => "told to be stored, but lost",
            Rule::RightEye => "a photograph of another eye, or one flash too many",
            Rule::OnlyWhenReady => "a photograph while locked or out of order",
            Rule::Counted => "encounters counted that are not stored as such",
            Rule::WayOut => "no way out",
        }
    }
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    /// Which.
    pub(crate) rule: Rule,
    /// By what.
    pub(crate) detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.text(), self.detail)
    }
}

/// Whether a rule holds.
pub(crate) type Holds = Result<(), Broken>;

/// A rule, the condition under which it holds, and what to say when it does not: told only then, as most hold.
pub(crate) fn holds(rule: Rule, condition: bool, detail: impl FnOnce() -> String) -> Holds {
    if condition { Ok(()) } else { Err(Broken { rule, detail: detail() }) }
}
