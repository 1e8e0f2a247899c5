//! The encounter as a clinic might live it: straight ways, detours, and a great many random ones.

use proptest::prelude::*;

use super::*;
use crate::judge::{Judging, Why};
use ocellus_model::{label::Output, quality::Reason};

const RIGHT: Laterality = Laterality::Od;
const LEFT: Laterality = Laterality::Os;

/// An encounter with a clinic around it that does what it is told.
struct Clinic {
    encounter: Encounter,
    now: Monotonic,
    shown: Vec<View>,
    stored: Vec<Entry>,
    /// Questions that were not answered yet.
    open: Vec<Command>,
}

fn reading(outcome: Outcome) -> Reading {
    let reasons = if outcome == Outcome::NoResult { vec![Why::Photograph(Reason::TooDark)] } else { vec![] };
    let findings = if outcome == Outcome::Refer { vec![Output::Glaucoma] } else { vec![] };
    Reading { outcome, reasons, findings }
}

impl Clinic {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let mut clinic = Clinic {
            encounter: Encounter::new(settings),
            now: Monotonic::default(),
            shown: Vec::new(),
            stored: Vec::new(),
            open: Vec::new(),
        };
        clinic.fetch();
        clinic
    }

    fn fetch(&mut self) {
        while let Some(command) = self.encounter.poll_command() {
            match command {
                Command::Show(view) => self.shown.push(view),
                question @ (Command::Capture { .. } | Command::Judge { .. } | Command::Persist { .. }) => {
                    self.open.push(question);
                }
            }
        }
    }

    fn tell(&mut self, event: Event) -> Handled {
        let handled = self.encounter.handle(event, self.now);
        self.fetch();
        handled
    }

    /// Answers the newest question in the good way.
    fn answer(&mut self, judged: Outcome) -> Handled {
        match self.open.pop().expect("a question") {
            Command::Capture { token, .. } => self.tell(Event::Captured { token }),
            Command::Judge { token, .. } => self.tell(Event::Judged { token, reading: reading(judged) }),
            Command::Persist { token, entry } => {
                let handled = self.tell(Event::Persisted { token });
                if handled == Handled::Taken {
                    self.stored.push(entry);
                }
                handled
            }
            Command::Show(view) => unreachable!("{view:?} is no question"),
        }
    }

    /// From the shutter to what comes of it.
    fn photograph(&mut self, judged: Outcome) {
        assert_eq!(self.tell(Event::Shutter), Handled::Taken);
        for _ in ["camera", "judge", "store"] {
            assert_eq!(self.answer(judged), Handled::Taken);
        }
        // Both eyes done: the result is stored, too.
        if matches!(self.encounter.state(), State::Concluding { .. }) {
            self.answer(judged);
        }
    }

    fn last(&self) -> &View {
        self.shown.last().expect("a screen")
    }

    fn result(&self) -> Option<PatientDisposition> {
        match self.last() {
            View::Result { patient, .. } => Some(*patient),
            _ => None,
        }
    }
}

#[test]
fn right_eye_then_left_eye_then_the_result() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    assert_eq!(clinic.last(), &View::Aim { eye: RIGHT, tries_left: 3 });
    clinic.photograph(Outcome::Refer);
    assert_eq!(clinic.last(), &View::Aim { eye: LEFT, tries_left: 3 });
    clinic.photograph(Outcome::NoResult);
    let reasons = vec![Why::Photograph(Reason::TooDark)];
    assert_eq!(clinic.last(), &View::Retake { eye: LEFT, reasons, tries_left: 2 });
    clinic.tell(Event::Continue);
    assert_eq!(clinic.last(), &View::Aim { eye: LEFT, tries_left: 2 });
    clinic.photograph(Outcome::NoReferableSigns);
    assert_eq!(clinic.result(), Some(PatientDisposition::Refer));
    assert_eq!(clinic.encounter.eye(RIGHT), &EyeStatus::Judged(reading(Outcome::Refer)));
    clinic.tell(Event::Continue);
    assert_eq!(clinic.encounter.state(), &State::Ended);
    let names: Vec<&str> = clinic.shown.iter().map(View::name).collect();
    assert_eq!(names, ["ready", "aim", "judging", "aim", "judging", "retake", "aim", "judging", "result", "ready"]);
}

#[test]
fn two_eyes_without_signs_are_the_only_way_to_no_referable_signs() {
    for right in [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult] {
        for left in [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult] {
            let mut clinic = Clinic::with(Settings { attempts: 1, ..Settings::default() });
            clinic.tell(Event::Start { first: RIGHT });
            clinic.photograph(right);
            clinic.photograph(left);
            assert_eq!(clinic.result(), Some(decision::patient(Some(right), Some(left))));
        }
    }
}

#[test]
fn an_eye_without_a_result_is_ungradable_after_the_last_try_and_the_patient_incomplete() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.photograph(Outcome::NoReferableSigns);
    for _ in 0..2 {
        clinic.photograph(Outcome::NoResult);
        clinic.tell(Event::Continue);
    }
    clinic.photograph(Outcome::NoResult);
    let reasons = vec![Why::Photograph(Reason::TooDark)];
    assert_eq!(clinic.encounter.eye(LEFT), &EyeStatus::Ungradable { attempts: 3, reasons });
    assert_eq!(clinic.result(), Some(PatientDisposition::Incomplete));
    assert_eq!(clinic.stored.len(), 5, "four photographs and the result");
}

#[test]
fn an_eye_that_cannot_be_photographed_leaves_the_patient_incomplete() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::NotScreenable { reason: Unscreenable::EyeAbsent });
    clinic.photograph(Outcome::NoReferableSigns);
    assert_eq!(clinic.result(), Some(PatientDisposition::Incomplete));
    assert_eq!(clinic.encounter.eye(RIGHT).outcome(), None);
}

#[test]
fn the_operator_may_turn_to_the_other_eye_and_come_back() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.photograph(Outcome::NoResult);
    assert_eq!(clinic.tell(Event::ChooseEye { eye: LEFT }), Handled::Taken);
    clinic.photograph(Outcome::NoReferableSigns);
    assert_eq!(clinic.last(), &View::Aim { eye: RIGHT, tries_left: 2 }, "the try before counts");
    let handled = clinic.tell(Event::ChooseEye { eye: LEFT });
    assert!(matches!(handled, Handled::Ignored { state: "aiming", .. }), "that eye is done: {handled:?}");
}

#[test]
fn nothing_is_shown_before_it_is_stored() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::Shutter);
    clinic.answer(Outcome::Refer);
    clinic.answer(Outcome::Refer);
    let before = clinic.shown.len();
    let Some(Command::Persist { token, .. }) = clinic.open.last().cloned() else { panic!("{:?}", clinic.open) };
    clinic.tell(Event::PersistFailed { token });
    assert_eq!(clinic.shown[before..], [View::Fault(Fault::StoreFailed)]);
    assert_eq!(clinic.encounter.eye(RIGHT), &EyeStatus::Pending);
    // The same photograph is offered to the store again, and then counts.
    clinic.tell(Event::Retry);
    clinic.answer(Outcome::Refer);
    assert_eq!(clinic.encounter.eye(RIGHT), &EyeStatus::Judged(reading(Outcome::Refer)));
}

#[test]
fn a_lost_camera_costs_no_try_and_aiming_goes_on() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::Shutter);
    let Some(until) = clinic.encounter.poll_deadline() else { panic!("the camera is waited for") };
    assert!(matches!(clinic.tell(Event::Wake), Handled::Ignored { .. }), "too early");
    clinic.now = until;
    assert_eq!(clinic.tell(Event::Wake), Handled::Taken);
    assert_eq!(clinic.last(), &View::Fault(Fault::CameraLost));
    // The photograph comes after all, but nobody asks for it any more.
    assert!(matches!(clinic.answer(Outcome::Refer), Handled::Ignored { state: "fault", .. }));
    clinic.tell(Event::Retry);
    assert_eq!(clinic.last(), &View::Aim { eye: RIGHT, tries_left: 3 });
}

#[test]
fn an_answer_to_an_earlier_question_is_not_taken_for_a_later_one() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::Shutter);
    let Some(Command::Capture { token, .. }) = clinic.open.pop() else { panic!("no capture") };
    clinic.tell(Event::CaptureFailed { token });
    clinic.tell(Event::Retry);
    clinic.tell(Event::Shutter);
    assert!(matches!(clinic.tell(Event::Captured { token }), Handled::Ignored { state: "capturing", .. }));
    assert_eq!(clinic.encounter.ignored(), 1);
}

#[test]
fn breaking_off_is_stored_and_gives_no_result() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.photograph(Outcome::NoReferableSigns);
    clinic.tell(Event::Abort);
    clinic.answer(Outcome::NoResult);
    assert_eq!(clinic.stored.last(), Some(&Entry::Aborted));
    assert_eq!((clinic.encounter.state(), clinic.last()), (&State::Ended, &View::Ready));
    assert!(!clinic.shown.iter().any(|view| matches!(view, View::Result { .. })));
}

#[test]
fn entries_are_written_with_names_that_stay() {
    let entry = Entry::Result {
        right: EyeStatus::Ungradable { attempts: 3, reasons: vec![Why::Judging(Judging::Unreadable)] },
        left: EyeStatus::NotScreenable(Unscreenable::EyeAbsent),
        patient: PatientDisposition::Incomplete,
    };
    let expected = serde_json::json!({
        "kind": "result",
        "right": {"status": "ungradable", "attempts": 3, "reasons": ["unreadable"]},
        "left": {"status": "not_screenable", "reason": "eye_absent"},
        "patient": "incomplete",
    });
    assert_eq!(serde_json::to_value(entry).unwrap(), expected);
}

/// One thing that may happen, fitting or not.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Operator(u8),
    Answer(Outcome),
    Fail,
    Stale(u32),
    Wait(u64),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let outcome = prop::sample::select(vec![Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult]);
    let one = prop_oneof![
        4 => (0u8..9).prop_map(Happening::Operator),
        8 => outcome.prop_map(Happening::Answer),
        1 => Just(Happening::Fail),
        1 => (0u32..20).prop_map(Happening::Stale),
        1 => (0u64..40).prop_map(Happening::Wait),
    ];
    prop::collection::vec(one, 0..80)
}

fn happen(clinic: &mut Clinic, happening: Happening) {
    match happening {
        Happening::Operator(number) => {
            let event = match number {
                0 => Event::Start { first: if clinic.now.0.as_secs().is_multiple_of(2) { RIGHT } else { LEFT } },
                1..=3 => Event::Shutter,
                4 | 5 => Event::Continue,
                6 => Event::Retry,
                7 => Event::ChooseEye { eye: LEFT },
                _ => Event::NotScreenable { reason: Unscreenable::Declined },
            };
            clinic.tell(event);
        }
        Happening::Answer(outcome) => {
            if !clinic.open.is_empty() {
                clinic.answer(outcome);
            }
        }
        Happening::Fail => match clinic.open.pop() {
            Some(Command::Capture { token, .. }) => drop(clinic.tell(Event::CaptureFailed { token })),
            Some(Command::Persist { token, .. }) => drop(clinic.tell(Event::PersistFailed { token })),
            Some(Command::Judge { .. } | Command::Show(_)) | None => {}
        },
        Happening::Stale(token) => {
            clinic.tell(Event::Persisted { token: token.wrapping_add(1_000_000) });
        }
        Happening::Wait(seconds) => {
            clinic.now.0 += Duration::from_secs(seconds);
            clinic.tell(Event::Wake);
        }
    }
}

/// Readings of an eye that were stored, in order.
fn stored_readings(clinic: &Clinic, of: Laterality) -> Vec<Outcome> {
    clinic
        .stored
        .iter()
        .filter_map(|entry| match entry {
            Entry::Photograph { eye, reading, .. } if *eye == of => Some(reading.outcome),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_happens_no_eye_is_without_signs_that_was_not_stored_as_such(happenings in happenings()) {
        let mut clinic = Clinic::new();
        clinic.tell(Event::Start { first: RIGHT });
        for happening in happenings {
            happen(&mut clinic, happening);
            for eye in [RIGHT, LEFT] {
                let stored = stored_readings(&clinic, eye);
                prop_assert!(stored.len() <= 3, "{stored:?}: more tries than allowed");
                if clinic.encounter.eye(eye).outcome() == Some(Outcome::NoReferableSigns) {
                    prop_assert_eq!(stored.last(), Some(&Outcome::NoReferableSigns));
                }
                if stored.contains(&Outcome::Refer) {
                    prop_assert_eq!(clinic.encounter.eye(eye).outcome(), Some(Outcome::Refer));
                    prop_assert_eq!(clinic.encounter.disposition(), PatientDisposition::Refer);
                }
            }
            if let Some(patient) = clinic.result() {
                let stored = clinic.stored.iter().any(|entry| {
                    matches!(entry, Entry::Result { patient: written, .. } if *written == patient)
                });
                prop_assert!(stored, "shown, but not stored: {patient:?}");
                prop_assert_eq!(patient, clinic.encounter.disposition());
            }
        }
    }

    #[test]
    fn from_every_state_there_is_a_way_out(happenings in happenings()) {
        let mut clinic = Clinic::new();
        clinic.tell(Event::Start { first: RIGHT });
        for happening in happenings {
            happen(&mut clinic, happening);
        }
        // Everything works from now on: an operator who presses what the screen offers gets to an end.
        for _ in 0..60 {
            match clinic.encounter.state().clone() {
                State::Ended => break,
                State::Aiming { .. } => drop(clinic.tell(Event::Shutter)),
                State::Retake { .. } | State::Result => drop(clinic.tell(Event::Continue)),
                State::Fault { .. } => drop(clinic.tell(Event::Retry)),
                State::Idle => drop(clinic.tell(Event::Start { first: LEFT })),
                State::Capturing { waiting, .. } | State::Judging { waiting, .. } | State::Storing { waiting, .. }
                | State::Concluding { waiting } | State::Aborting { waiting } => {
                    if clinic.open.is_empty() {
                        clinic.now = waiting.until;
                        clinic.tell(Event::Wake);
                    } else {
                        clinic.answer(Outcome::NoResult);
                    }
                }
            }
        }
        prop_assert_eq!(clinic.encounter.state(), &State::Ended);
    }
}
