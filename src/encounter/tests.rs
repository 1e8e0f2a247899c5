//! The encounter as a clinic might live it: straight ways, detours, and a great many random ones.

use proptest::prelude::*;

use super::*;
use crate::{
    decision::Outcome,
    judge::{Judging, Why},
};
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

/// Three tries, no questions, no rest, no drops.
fn plain() -> Settings {
    Settings { attempts_after_rest: 0, ..Settings::default() }
}

fn reading(outcome: Outcome) -> Reading {
    let reasons = if outcome == Outcome::NoResult { vec![Why::Photograph(Reason::TooDark)] } else { vec![] };
    let findings = if outcome == Outcome::Refer { vec![Output::Glaucoma] } else { vec![] };
    Reading { outcome, reasons, findings }
}

impl Clinic {
    fn new() -> Self {
        Self::with(plain())
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
                question @ (Command::Capture { .. }
                | Command::Judge { .. }
                | Command::Persist { .. }
                | Command::Report { .. }) => {
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
            Command::Report { token } => self.tell(Event::Reported { token, report: "device-000001".to_owned() }),
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

/// Aiming at an eye while the other is still to be done.
fn aim(eye: Laterality, tries_left: u32) -> View {
    View::Aim { eye, tries_left, stage: Stage::Undilated, other_open: true }
}

/// Aiming at an eye when the other is done.
fn aim_last(eye: Laterality, tries_left: u32) -> View {
    View::Aim { eye, tries_left, stage: Stage::Undilated, other_open: false }
}

#[test]
fn right_eye_then_left_eye_then_the_result() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    assert_eq!(clinic.last(), &aim(RIGHT, 3));
    clinic.photograph(Outcome::Refer);
    assert_eq!(clinic.last(), &aim_last(LEFT, 3));
    clinic.photograph(Outcome::NoResult);
    let reasons = vec![Why::Photograph(Reason::TooDark)];
    assert_eq!(clinic.last(), &View::Retake { eye: LEFT, reasons, tries_left: 2, other_open: false });
    clinic.tell(Event::Continue);
    assert_eq!(clinic.last(), &aim_last(LEFT, 2));
    clinic.photograph(Outcome::NoReferableSigns);
    assert_eq!(clinic.result(), Some(PatientDisposition::Refer));
    assert_eq!(clinic.encounter.eye(RIGHT), &EyeStatus::Judged(reading(Outcome::Refer)));
    clinic.tell(Event::Continue);
    clinic.answer(Outcome::NoResult);
    let report = Some("device-000001".to_owned());
    assert_eq!(clinic.last(), &View::Report { report, patient: PatientDisposition::Refer });
    clinic.tell(Event::Continue);
    assert_eq!(clinic.encounter.state(), &State::Ended);
    let names: Vec<&str> = clinic.shown.iter().map(View::name).collect();
    let judged = ["ready", "aim", "judging", "aim", "judging", "retake", "aim", "judging"];
    assert_eq!(names, [&judged[..], &["result", "report", "ready"]].concat());
}

#[test]
fn a_report_that_fails_or_is_late_is_said_tried_again_and_keeps_nobody() {
    let failed = View::Report { report: None, patient: PatientDisposition::NoReferableSigns };
    let at_result = || {
        let mut clinic = Clinic::new();
        clinic.tell(Event::Start { first: RIGHT });
        clinic.photograph(Outcome::NoReferableSigns);
        clinic.photograph(Outcome::NoReferableSigns);
        clinic.tell(Event::Continue);
        let Some(Command::Report { token }) = clinic.open.pop() else { panic!("no report asked for") };
        assert_eq!(clinic.result(), Some(PatientDisposition::NoReferableSigns), "the result stands meanwhile");
        (clinic, token)
    };
    let reported = |token| Event::Reported { token, report: "device-000001".to_owned() };

    let (mut clinic, token) = at_result();
    clinic.tell(Event::ReportFailed { token });
    assert_eq!(clinic.last(), &failed);
    clinic.tell(Event::Retry);
    assert!(matches!(clinic.tell(reported(token)), Handled::Ignored { .. }), "an answer to the first question");
    clinic.answer(Outcome::NoResult);
    assert_eq!(clinic.last().name(), "report");

    // One that comes late, while it is said that there is none, counts; one that never comes keeps nobody.
    for comes in [true, false] {
        let (mut clinic, token) = at_result();
        let Some(until) = clinic.encounter.poll_deadline() else { panic!("waits for ever") };
        clinic.now = until;
        clinic.tell(Event::Wake);
        assert_eq!(clinic.last(), &failed);
        if comes {
            clinic.tell(reported(token));
            assert_eq!(clinic.last().name(), "report");
        }
        clinic.tell(Event::Continue);
        assert_eq!(clinic.encounter.state(), &State::Ended);
    }

    // Switching off waits for no paper: the result is stored.
    let (mut clinic, _) = at_result();
    clinic.tell(Event::Abort);
    assert_eq!(clinic.encounter.state(), &State::Ended);
    assert!(matches!(clinic.stored.last(), Some(Entry::Result { .. })));
}

// verifies: RQ-001
#[test]
fn two_eyes_without_signs_are_the_only_way_to_no_referable_signs() {
    for right in [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult] {
        for left in [Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult] {
            let mut clinic = Clinic::with(Settings { attempts: 1, ..plain() });
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

// verifies: RQ-001
#[test]
fn an_eye_that_cannot_be_photographed_leaves_the_patient_incomplete() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::AskNotScreenable);
    assert_eq!(clinic.last(), &View::WhyNot { eye: RIGHT });
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
    assert_eq!(clinic.last(), &aim_last(RIGHT, 2), "the try before counts");
    let handled = clinic.tell(Event::ChooseEye { eye: LEFT });
    assert!(matches!(handled, Handled::Ignored { state: "aiming", .. }), "that eye is done: {handled:?}");
}

// verifies: RQ-050
#[test]
fn nothing_is_shown_before_it_is_stored() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::Shutter);
    clinic.answer(Outcome::Refer);
    clinic.answer(Outcome::Refer);
    let before = clinic.shown.len();
    let Some(Command::Persist { token, .. }) = clinic.open.last().cloned() else { panic!("{:?}", clinic.open) };
    clinic.tell(Event::PersistFailed { token, fault: Fault::StoreFailed });
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
    let late = clinic.open.pop();
    clinic.tell(Event::Retry);
    assert_eq!(clinic.last(), &aim(RIGHT, 3));
    // The photograph comes after all, but another is being aimed at.
    clinic.open.extend(late);
    assert!(matches!(clinic.answer(Outcome::Refer), Handled::Ignored { state: "aiming", .. }));
}

#[test]
fn a_photograph_that_comes_while_its_fault_is_shown_is_not_lost() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::Shutter);
    clinic.now = clinic.encounter.poll_deadline().unwrap();
    clinic.tell(Event::Wake);
    assert_eq!(clinic.last(), &View::Fault(Fault::CameraLost));
    for _ in ["camera", "judge", "store"] {
        assert_eq!(clinic.answer(Outcome::Refer), Handled::Taken);
    }
    assert_eq!(clinic.encounter.eye(RIGHT), &EyeStatus::Judged(reading(Outcome::Refer)));
}

// verifies: RQ-120
#[test]
fn a_yes_before_the_photographs_leads_straight_to_refer() {
    for (number, question) in Question::ALL.into_iter().enumerate() {
        let mut clinic = Clinic::with(Settings { questions: Question::ALL.to_vec(), ..plain() });
        clinic.tell(Event::Start { first: RIGHT });
        for asked in &Question::ALL[..number] {
            assert_eq!(clinic.last(), &View::Question(*asked));
            clinic.tell(Event::Answer { yes: false });
        }
        assert_eq!(clinic.last(), &View::Question(question));
        clinic.tell(Event::Answer { yes: true });
        assert_eq!(clinic.result(), None, "not before it is stored");
        clinic.answer(Outcome::NoResult);
        assert_eq!(clinic.result(), Some(PatientDisposition::Refer));
        assert!(matches!(clinic.last(), View::Result { pre_check: Some(asked), .. } if *asked == question));
        assert!(!clinic.shown.iter().any(|view| matches!(view, View::Aim { .. })), "no light for such eyes");
    }
}

// verifies: RQ-010
#[test]
fn a_photograph_that_may_show_the_other_eye_is_asked_about_and_judged_again_or_withdrawn() {
    let doubted =
        |outcome| Reading { outcome, reasons: vec![Why::Photograph(Reason::WrongEyeSuspected)], findings: Vec::new() };
    for as_intended in [true, false] {
        let mut clinic = Clinic::new();
        clinic.tell(Event::Start { first: RIGHT });
        clinic.tell(Event::Shutter);
        clinic.answer(Outcome::Refer);
        let Some(Command::Judge { token, capture, eye_confirmed: false }) = clinic.open.pop() else { panic!() };
        clinic.tell(Event::Judged { token, reading: doubted(Outcome::NoResult) });
        clinic.answer(Outcome::Refer);
        assert_eq!(clinic.last(), &View::WhichEye { eye: RIGHT });
        assert_eq!(clinic.encounter.light(), None);
        clinic.tell(Event::WhichEye { as_intended });
        if as_intended {
            let again = clinic.open.last().cloned();
            assert!(
                matches!(again, Some(Command::Judge { capture: same, eye_confirmed: true, .. }) if same == capture),
                "{again:?}"
            );
            clinic.answer(Outcome::NoReferableSigns);
            clinic.answer(Outcome::NoReferableSigns);
            assert_eq!(clinic.encounter.eye(RIGHT).outcome(), Some(Outcome::NoReferableSigns));
        } else {
            clinic.answer(Outcome::NoResult);
            assert_eq!(clinic.stored.last(), Some(&Entry::Withdrawn { eye: RIGHT, attempt: 1, capture }));
            assert!(matches!(clinic.last(), View::Retake { eye: RIGHT, tries_left: 2, .. }));
        }
    }
}

#[test]
fn after_the_tries_the_eye_rests_then_drops_are_offered_then_it_is_ungradable() {
    let rest = Duration::from_secs(60);
    let mut clinic = Clinic::with(Settings {
        attempts: 2,
        attempts_after_rest: 1,
        attempts_dilated: 1,
        rest,
        dilation: Duration::from_secs(1200),
        ..plain()
    });
    clinic.tell(Event::Start { first: RIGHT });
    clinic.photograph(Outcome::NoResult);
    clinic.tell(Event::Continue);
    clinic.photograph(Outcome::NoResult);
    let until = clinic.now.after(rest);
    assert_eq!(clinic.last(), &View::Rest { eye: RIGHT, until, other_open: true });
    assert!(matches!(clinic.tell(Event::Continue), Handled::Ignored { .. }), "darkness takes its time");
    // Meanwhile the other eye can be done; coming back, the rest goes on.
    clinic.tell(Event::ChooseEye { eye: LEFT });
    clinic.photograph(Outcome::NoReferableSigns);
    assert_eq!(clinic.last(), &View::Rest { eye: RIGHT, until, other_open: false });
    clinic.now = until;
    clinic.tell(Event::Wake);
    assert_eq!(clinic.last(), &View::Aim { eye: RIGHT, tries_left: 1, stage: Stage::SmallPupil, other_open: false });
    clinic.photograph(Outcome::NoResult);
    assert_eq!(clinic.last(), &View::OfferDrops { eye: RIGHT, other_open: false });
    clinic.tell(Event::Dilated { agent: Agent::Tropicamide });
    assert!(matches!(clinic.last(), View::DropsWork { eye: RIGHT, .. }));
    clinic.tell(Event::Continue);
    clinic.photograph(Outcome::NoResult);
    assert_eq!(clinic.result(), Some(PatientDisposition::Incomplete));
    assert!(matches!(clinic.encounter.eye(RIGHT), EyeStatus::Ungradable { attempts: 4, .. }));
    let last = clinic.stored.iter().rev().find(|entry| matches!(entry, Entry::Photograph { .. }));
    assert!(
        matches!(
            last,
            Some(Entry::Photograph { stage: Stage::Dilated, agent: Some(Agent::Tropicamide), attempt: 4, .. })
        ),
        "{last:?}"
    );
}

#[test]
fn without_drops_an_eye_that_could_not_be_judged_is_ungradable() {
    let mut clinic = Clinic::with(Settings { attempts: 1, attempts_dilated: 2, ..plain() });
    clinic.tell(Event::Start { first: RIGHT });
    clinic.photograph(Outcome::NoResult);
    clinic.tell(Event::NotDilated);
    assert!(matches!(clinic.encounter.eye(RIGHT), EyeStatus::Ungradable { attempts: 1, .. }));
}

#[test]
fn what_is_out_of_order_stops_aiming_and_goes_on_by_itself_when_it_works_again() {
    for fault in [Fault::CameraLost, Fault::ControllerLost, Fault::BatteryEmpty] {
        let mut clinic = Clinic::new();
        clinic.tell(Event::Start { first: RIGHT });
        assert_eq!(clinic.encounter.light(), Some(RIGHT));
        clinic.tell(Event::Down { fault });
        assert_eq!((clinic.last(), clinic.encounter.light()), (&View::Fault(fault), None));
        clinic.tell(Event::Retry);
        assert_eq!(clinic.last(), &View::Fault(fault), "it still does not work");
        clinic.tell(Event::Up { fault });
        assert_eq!((clinic.last(), clinic.encounter.light()), (&aim(RIGHT, 3), Some(RIGHT)));
    }
    // It may happen before anybody aims.
    let mut clinic = Clinic::new();
    clinic.tell(Event::Down { fault: Fault::ControllerLost });
    clinic.tell(Event::Start { first: RIGHT });
    assert_eq!(clinic.last(), &View::Fault(Fault::ControllerLost));
}

#[test]
fn an_eye_that_has_had_its_light_is_done_without_a_negative() {
    for tries in [0, 1] {
        let mut clinic = Clinic::new();
        clinic.tell(Event::Start { first: RIGHT });
        for _ in 0..tries {
            clinic.photograph(Outcome::NoResult);
            clinic.tell(Event::Continue);
        }
        clinic.tell(Event::Shutter);
        let Some(Command::Capture { token, .. }) = clinic.open.pop() else { panic!("no capture") };
        clinic.tell(Event::CaptureFailed { token, fault: Fault::LightLimit });
        assert_eq!(clinic.last(), &View::Fault(Fault::LightLimit));
        clinic.tell(Event::Retry);
        assert_eq!(clinic.last(), &aim_last(LEFT, 3));
        match clinic.encounter.eye(RIGHT) {
            EyeStatus::NotScreenable(Unscreenable::LightLimit) => assert_eq!(tries, 0),
            EyeStatus::Ungradable { attempts: 1, .. } => assert_eq!(tries, 1),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn breaking_off_is_asked_about_first() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::AskAbort);
    assert_eq!((clinic.last(), clinic.encounter.light()), (&View::ConfirmAbort, None));
    clinic.tell(Event::Back);
    assert_eq!(clinic.last(), &aim(RIGHT, 3));
    clinic.tell(Event::Shutter);
    assert!(matches!(clinic.tell(Event::AskAbort), Handled::Ignored { .. }), "not in the middle of a photograph");
}

// verifies: RQ-060
#[test]
fn an_answer_to_an_earlier_question_is_not_taken_for_a_later_one() {
    let mut clinic = Clinic::new();
    clinic.tell(Event::Start { first: RIGHT });
    clinic.tell(Event::Shutter);
    let Some(Command::Capture { token, .. }) = clinic.open.pop() else { panic!("no capture") };
    clinic.tell(Event::CaptureFailed { token, fault: Fault::CameraLost });
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
        pre_check: None,
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
    Doubted(Outcome),
    Fail,
    Stale(u32),
    Wait(u64),
}

fn outcome_doubted() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![Outcome::Refer, Outcome::NoResult])
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let outcome = prop::sample::select(vec![Outcome::Refer, Outcome::NoReferableSigns, Outcome::NoResult]);
    let one = prop_oneof![
        4 => (0u8..21).prop_map(Happening::Operator),
        8 => outcome.prop_map(Happening::Answer),
        1 => Just(Happening::Fail),
        1 => (0u32..20).prop_map(Happening::Stale),
        1 => (0u64..90).prop_map(Happening::Wait),
        1 => outcome_doubted().prop_map(Happening::Doubted),
    ];
    prop::collection::vec(one, 0..80)
}

/// What an operator, or a device, may do of itself.
fn operator(number: u8, now: Monotonic) -> Event {
    match number {
        0 => Event::Start { first: if now.0.as_secs().is_multiple_of(2) { RIGHT } else { LEFT } },
        1..=3 => Event::Shutter,
        4 | 5 => Event::Continue,
        6 => Event::Retry,
        7 => Event::ChooseEye { eye: LEFT },
        8 => Event::NotScreenable { reason: Unscreenable::Declined },
        9 => Event::AskNotScreenable,
        10 => Event::ChooseEye { eye: RIGHT },
        11 => Event::Answer { yes: false },
        12 => Event::Answer { yes: true },
        13 => Event::WhichEye { as_intended: true },
        14 => Event::WhichEye { as_intended: false },
        15 => Event::Dilated { agent: Agent::Phenylephrine },
        16 => Event::NotDilated,
        17 => Event::AskAbort,
        18 => Event::Back,
        19 => Event::Down { fault: Fault::ControllerLost },
        _ => Event::Up { fault: Fault::ControllerLost },
    }
}

fn happen(clinic: &mut Clinic, happening: Happening) {
    match happening {
        Happening::Operator(number) => drop(clinic.tell(operator(number, clinic.now))),
        Happening::Answer(outcome) => {
            if !clinic.open.is_empty() {
                clinic.answer(outcome);
            }
        }
        Happening::Doubted(outcome) => {
            if let Some(Command::Judge { token, .. }) = clinic.open.last() {
                let reasons = vec![Why::Photograph(Reason::WrongEyeSuspected)];
                let event = Event::Judged { token: *token, reading: Reading { outcome, reasons, findings: vec![] } };
                clinic.open.pop();
                clinic.tell(event);
            }
        }
        Happening::Fail => match clinic.open.pop() {
            Some(Command::Capture { token, .. }) => {
                drop(clinic.tell(Event::CaptureFailed { token, fault: Fault::CameraLost }));
            }
            Some(Command::Persist { token, .. }) => {
                drop(clinic.tell(Event::PersistFailed { token, fault: Fault::StoreFull }));
            }
            Some(Command::Report { token }) => drop(clinic.tell(Event::ReportFailed { token })),
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

/// All that an encounter can have.
fn everything() -> Settings {
    Settings { questions: vec![Question::Symptoms], attempts_dilated: 1, ..Settings::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    // verifies: RQ-001
    #[test]
    fn whatever_happens_no_eye_is_without_signs_that_was_not_stored_as_such(happenings in happenings()) {
        let mut clinic = Clinic::with(everything());
        clinic.tell(Event::Start { first: RIGHT });
        for happening in happenings {
            happen(&mut clinic, happening);
            for eye in [RIGHT, LEFT] {
                let stored = stored_readings(&clinic, eye);
                prop_assert!(stored.len() <= 2 * 6, "{stored:?}: more tries than allowed, each judged twice at most");
                if clinic.encounter.eye(eye).outcome() == Some(Outcome::NoReferableSigns) {
                    prop_assert_eq!(stored.last(), Some(&Outcome::NoReferableSigns));
                }
                if clinic.encounter.eye(eye).outcome() == Some(Outcome::Refer) {
                    prop_assert_eq!(stored.last(), Some(&Outcome::Refer));
                    prop_assert_eq!(clinic.encounter.disposition(), PatientDisposition::Refer);
                }
            }
            let lit = matches!(clinic.encounter.state(), State::Aiming { .. } | State::Capturing { .. });
            prop_assert_eq!(clinic.encounter.light().is_some(), lit);
            if let Some(patient) = clinic.result() {
                let stored = clinic.stored.iter().any(|entry| {
                    matches!(entry, Entry::Result { patient: written, .. } if *written == patient)
                });
                prop_assert!(stored, "shown, but not stored: {patient:?}");
                prop_assert_eq!(patient, clinic.encounter.disposition());
            }
        }
    }

    // verifies: RQ-110
    #[test]
    fn from_every_state_there_is_a_way_out(happenings in happenings()) {
        let mut clinic = Clinic::with(everything());
        clinic.tell(Event::Start { first: RIGHT });
        for happening in happenings {
            happen(&mut clinic, happening);
        }
        // Everything works from now on: an operator who presses what the screen offers gets to an end.
        for _ in 0..120 {
            match clinic.encounter.state().clone() {
                State::Ended => break,
                State::Aiming { .. } => drop(clinic.tell(Event::Shutter)),
                State::Retake { .. } | State::Result | State::Report { .. } => drop(clinic.tell(Event::Continue)),
                State::Fault { fault, .. } => {
                    clinic.tell(Event::Up { fault });
                    clinic.tell(Event::Retry);
                }
                State::Idle => drop(clinic.tell(Event::Start { first: LEFT })),
                State::Asking { .. } => drop(clinic.tell(Event::Answer { yes: false })),
                State::WhyNot { .. } => drop(clinic.tell(Event::NotScreenable { reason: Unscreenable::Declined })),
                State::WhichEye { .. } => drop(clinic.tell(Event::WhichEye { as_intended: true })),
                State::OfferingDrops { .. } => drop(clinic.tell(Event::NotDilated)),
                State::ConfirmingAbort { .. } => drop(clinic.tell(Event::Back)),
                State::Resting { until, .. } | State::DropsWork { until, .. } => {
                    clinic.now = clinic.now.max(until);
                    clinic.tell(Event::Wake);
                }
                State::Capturing { waiting, .. } | State::Judging { waiting, .. } | State::Storing { waiting, .. }
                | State::Withdrawing { waiting, .. } | State::Concluding { waiting } | State::Reporting { waiting }
                | State::Aborting { waiting } => {
                    if clinic.open.is_empty() {
                        clinic.now = clinic.now.max(waiting.until);
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
