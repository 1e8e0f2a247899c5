//! Deliberate faults of the harness's own parts. Each breaks a rule, so that it can be seen that the rules bite.

use super::rules::Rule;

/// What is spoilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// The store says that it has stored what it threw away.
    StoreForgets,
    /// What the store holds is gone after a crash.
    StoreIsMemory,
    /// The loop says that something is stored as soon as it has asked for it.
    StoredTooEarly,
    /// The lamp stays on when it is told to go out.
    LampIgnoresOff,
    /// The lamp has no limits of its own.
    LampWithoutLimits,
    /// The judge finds no referable signs on a photograph that can't be judged.
    JudgeIsBlind,
    /// A result's screen says "no referable signs" where an eye is missing.
    ScreenRoundsUp,
    /// The loop never wakes the station when a deadline comes.
    LoopOversleeps,
    /// A flash is written into the ledger only when the controller has confirmed it.
    FlashesBookedLate,
    /// A photograph is given to whoever waits for one, not to who asked for it.
    PhotographsMixedUp,
    /// The loop goes on with a photograph while the device is locked.
    LockIsDrawnOnly,
}

impl Sabotage {
    /// All of them, each with the rules that may be the first to notice.
    pub(crate) const ALL: [(Sabotage, &'static [Rule]); 11] = [
        (Sabotage::StoreForgets, &[Rule::StoredBeforeShown, Rule::KeptForGood, Rule::NoFalseNegative]),
        (Sabotage::StoreIsMemory, &[Rule::KeptForGood]),
        (Sabotage::StoredTooEarly, &[Rule::StoredBeforeShown, Rule::NoFalseNegative]),
        (Sabotage::LampIgnoresOff, &[Rule::LightWhereWanted]),
        (Sabotage::LampWithoutLimits, &[Rule::LightWithinLimits]),
        (Sabotage::JudgeIsBlind, &[Rule::NoFalseNegative]),
        (Sabotage::ScreenRoundsUp, &[Rule::NoFalseNegative]),
        (Sabotage::LoopOversleeps, &[Rule::WayOut]),
        (Sabotage::FlashesBookedLate, &[Rule::DoseWithinLimit]),
        (Sabotage::PhotographsMixedUp, &[Rule::RightEye]),
        (Sabotage::LockIsDrawnOnly, &[Rule::OnlyWhenReady]),
    ];
}
