//! The device with everything around it that does what it is told.

use proptest::prelude::*;

use super::*;
use crate::{
    decision::Outcome,
    encounter::{Question, Reading, State},
};

/// A patient of the worklist, of whom something was ordered.
fn jane() -> Expected {
    let patient = Patient { id: "4711".into(), name: "Roe, Jane".into(), birth_date: "1961-02-28".into() };
    let order = Order { accession: "A1".into(), study: Some("2.25.71".into()), ..Order::default() };
    Expected { order: Some(order), time: "09:30".into(), ..patient.into() }
}

/// A device with everything around it that does what it is told.
struct Bench {
    station: Station,
    now: Monotonic,
    screen: Screen,
    light: Option<Laterality>,
    /// Questions that were not answered yet.
    open: Vec<Command>,
    stored: Vec<encounter::Entry>,
    begun: Vec<Beginning>,
    exited: bool,
}

fn operator(id: &str, role: Role) -> Operator {
    Operator { id: id.to_owned(), name: id.to_uppercase(), role }
}

fn settings() -> Settings {
    Settings {
        operators: vec![operator("amina", Role::Operator), operator("sven", Role::Service)],
        lock_after: Duration::from_secs(300),
        may_practise: true,
        first_eye: Laterality::Od,
        encounter: encounter::Settings { questions: vec![Question::Symptoms], ..encounter::Settings::default() },
        language: Language::En,
        auto_shutter: true,
    }
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let mut bench = Bench {
            station: Station::new(settings, Monotonic::default()),
            now: Monotonic::default(),
            screen: Screen::Stopping,
            light: None,
            open: Vec::new(),
            stored: Vec::new(),
            begun: Vec::new(),
            exited: false,
        };
        bench.fetch();
        bench
    }

    /// Signed in and ready.
    fn ready() -> Self {
        let mut bench = Bench::new(settings());
        bench.answer_all();
        bench.sign_in(0);
        bench
    }

    fn sign_in(&mut self, operator: usize) {
        self.press(Press::Operator(operator));
        self.press(Press::Digit(4));
        self.press(Press::Enter);
        self.answer_all();
    }

    fn fetch(&mut self) {
        while let Some(command) = self.station.poll_command() {
            match command {
                Command::Show(screen) => self.screen = screen,
                Command::Light(eye) => self.light = eye,
                Command::Exit => self.exited = true,
                Command::Begin(begun) => self.begun.push(begun),
                Command::End { .. } | Command::SendNow { .. } => {}
                question @ (Command::Check(_)
                | Command::CheckPin { .. }
                | Command::FetchWorklist
                | Command::Encounter { .. }) => self.open.push(question),
            }
        }
    }

    fn tell(&mut self, event: Event) {
        self.station.handle(event, self.now);
        self.fetch();
    }

    fn press(&mut self, press: Press) {
        self.tell(Event::Press(press));
    }

    fn answer(&mut self, question: Command, outcome: Outcome) {
        let event = match question {
            Command::Check(check) => Event::Checked { check, found: Checked::Good },
            Command::CheckPin { token, pin, .. } => {
                let refused = (pin.0 != "4").then_some(PinRefused::Wrong { tries_left: 2 });
                Event::PinChecked { token, refused }
            }
            Command::FetchWorklist => Event::Worklist(Worklist { expected: vec![jane()], is_old: false }),
            Command::Encounter { number, command } => {
                let event = match command {
                    encounter::Command::Capture { token, .. } => encounter::Event::Captured { token },
                    encounter::Command::Judge { token, .. } => encounter::Event::Judged {
                        token,
                        reading: Reading { outcome, reasons: Vec::new(), findings: Vec::new() },
                    },
                    encounter::Command::Persist { token, entry } => {
                        self.stored.push(entry);
                        encounter::Event::Persisted { token }
                    }
                    encounter::Command::Report { token } => {
                        encounter::Event::Reported { token, report: "device-000001".to_owned() }
                    }
                    encounter::Command::Show(view) => unreachable!("{view:?} is no question"),
                };
                Event::Encounter { number, event }
            }
            other => unreachable!("{other:?} is no question"),
        };
        self.tell(event);
    }

    fn answer_all(&mut self) {
        self.answer_all_with(Outcome::NoReferableSigns);
    }

    fn answer_all_with(&mut self, outcome: Outcome) {
        while !self.open.is_empty() {
            let question = self.open.remove(0);
            self.answer(question, outcome);
        }
    }

    /// From the ready screen to aiming at the first eye of a patient of the worklist.
    fn begin(&mut self) {
        self.press(Press::NextPatient);
        self.answer_all();
        self.press(Press::Listed(0));
        assert!(matches!(&self.screen, Screen::Confirm(patient) if patient.id == "4711"), "{:?}", self.screen);
        self.press(Press::Continue);
        self.press(Press::Answer(false));
        assert!(matches!(self.screen, Screen::Encounter(View::Aim { .. })), "{:?}", self.screen);
    }
}

#[test]
fn a_whole_day_begins_with_checks_and_sign_in_and_counts_its_patients() {
    let mut bench = Bench::new(settings());
    assert!(matches!(bench.screen, Screen::Starting(_)));
    bench.answer_all();
    let Screen::SignIn { names, .. } = &bench.screen else { panic!("{:?}", bench.screen) };
    assert_eq!(names, &["AMINA", "SVEN"]);
    bench.sign_in(0);
    for outcome in [Outcome::Refer, Outcome::NoReferableSigns] {
        bench.begin();
        for _ in 0..2 {
            bench.press(Press::Photograph);
            bench.answer_all_with(outcome);
        }
        assert!(matches!(bench.screen, Screen::Encounter(View::Result { .. })), "{:?}", bench.screen);
        bench.press(Press::Map);
        assert!(matches!(bench.screen, Screen::Map(_)));
        bench.press(Press::Map);
        bench.press(Press::Continue);
        bench.answer_all();
        assert!(matches!(bench.screen, Screen::Encounter(View::Report { report: Some(_), .. })), "{:?}", bench.screen);
        bench.press(Press::Continue);
    }
    let Screen::Home(home) = &bench.screen else { panic!("{:?}", bench.screen) };
    assert_eq!(home.tally, Tally { referred: 1, no_referable_signs: 1, incomplete: 0, broken_off: 0 });
    bench.press(Press::SignOut);
    assert!(matches!(bench.screen, Screen::SignIn { .. }));
}

// verifies: RQ-080
#[test]
fn a_wrong_pin_does_not_sign_in_and_is_never_shown_or_logged() {
    let mut bench = Bench::new(settings());
    bench.answer_all();
    bench.press(Press::Operator(0));
    for digit in [1, 2, 3] {
        bench.press(Press::Digit(digit));
    }
    let shown = format!("{:?}", bench.screen);
    assert!(shown.contains("digits: 3") && !shown.contains("123"), "{shown}");
    bench.press(Press::Enter);
    assert!(!format!("{:?}", bench.open).contains("123"), "{:?}", bench.open);
    bench.answer_all();
    let refused = Some(PinRefused::Wrong { tries_left: 2 });
    assert!(matches!(&bench.screen, Screen::Pin { refused: found, digits: 0, .. } if *found == refused));
}

#[test]
fn a_bundle_that_is_refused_or_a_store_that_fails_blocks_until_it_works() {
    for needed in [Check::Bundle, Check::Store] {
        let mut bench = Bench::new(settings());
        for check in Check::ALL {
            let found = if check == needed { Checked::Bad("why".into()) } else { Checked::Good };
            bench.tell(Event::Checked { check, found });
        }
        assert_eq!(bench.screen, Screen::Blocked { check: needed, detail: "why".into() });
        bench.open.clear();
        bench.press(Press::Retry);
        bench.answer_all();
        assert!(matches!(bench.screen, Screen::SignIn { .. }));
    }
    // Camera and controller may come later.
    for later in [Check::Camera, Check::Controller] {
        let mut bench = Bench::new(settings());
        for check in Check::ALL {
            let found = if check == later { Checked::Bad("gone".into()) } else { Checked::Good };
            bench.tell(Event::Checked { check, found });
        }
        assert!(matches!(bench.screen, Screen::SignIn { .. }));
    }
}

// verifies: RQ-130
#[test]
fn a_clock_that_is_not_set_is_said_and_may_be_lived_with() {
    let mut bench = Bench::new(settings());
    for check in Check::ALL {
        let found = if check == Check::Clock { Checked::Bad("1970".into()) } else { Checked::Good };
        bench.tell(Event::Checked { check, found });
    }
    assert_eq!(bench.screen, Screen::ClockNotSet);
    bench.press(Press::Continue);
    assert!(matches!(bench.screen, Screen::SignIn { .. }) && bench.station.is_clock_doubtful());
}

// verifies: RQ-085
#[test]
fn the_lock_hides_the_patient_puts_the_light_out_and_leads_back() {
    let mut bench = Bench::ready();
    bench.begin();
    assert_eq!(bench.light, Some(Laterality::Od));
    bench.now = bench.station.poll_deadline().unwrap();
    bench.tell(Event::Wake);
    assert!(matches!(bench.screen, Screen::Pin { locked: true, .. }), "{:?}", bench.screen);
    assert_eq!(bench.light, None);
    // Nothing of the patient can be reached.
    for press in [Press::Photograph, Press::BreakOff, Press::Continue, Press::SignOut, Press::Back] {
        bench.press(press);
        assert!(matches!(bench.screen, Screen::Pin { locked: true, .. }));
    }
    bench.tell(Event::Shutter);
    assert!(bench.open.is_empty());
    bench.press(Press::Digit(4));
    bench.press(Press::Enter);
    bench.answer_all();
    assert!(matches!(bench.screen, Screen::Encounter(View::Aim { .. })), "{:?}", bench.screen);
    assert_eq!(bench.light, Some(Laterality::Od));
}

// verifies: RQ-060
#[test]
fn a_patient_is_found_by_code_by_number_and_by_date_of_birth() {
    let mut bench = Bench::ready();
    bench.tell(Event::Scanned("12|Doe, John|1950-12-31".into()));
    assert!(matches!(&bench.screen, Screen::Confirm(patient) if patient.name == "Doe, John"));
    bench.press(Press::Back);
    for digit in [9, 9] {
        bench.press(Press::Digit(digit));
    }
    bench.press(Press::Erase);
    bench.press(Press::Enter);
    assert_eq!(bench.screen, Screen::BirthDate { id: "9".into(), typed: String::new(), refused: false });
    for digit in [1, 9, 6, 1, 0, 2, 3, 0] {
        bench.press(Press::Digit(digit));
    }
    bench.press(Press::Enter);
    assert!(matches!(bench.screen, Screen::BirthDate { refused: true, .. }), "30 February");
    for digit in [2, 8] {
        bench.press(Press::Erase);
        bench.press(Press::Erase);
        bench.press(Press::Digit(digit));
    }
    // Erased down to `19610`, `2` gone: type the rest again.
    for _ in 0..8 {
        bench.press(Press::Erase);
    }
    for digit in [1, 9, 6, 1, 0, 2, 2, 8] {
        bench.press(Press::Digit(digit));
    }
    bench.press(Press::Enter);
    assert!(matches!(&bench.screen, Screen::Confirm(patient) if patient.birth_date == "1961-02-28"));
}

// verifies: RQ-092
#[test]
fn without_operators_one_can_only_practise_and_practice_is_not_counted() {
    let mut bench = Bench::new(Settings { operators: Vec::new(), ..settings() });
    bench.answer_all();
    let Screen::Home(home) = &bench.screen else { panic!("{:?}", bench.screen) };
    assert!(!home.may_screen && home.may_practise);
    bench.press(Press::NextPatient);
    bench.tell(Event::Scanned("12|Doe, John|1950-12-31".into()));
    assert!(matches!(bench.screen, Screen::Home(_)));
    bench.press(Press::Practise);
    assert!(bench.station.is_practice());
    bench.press(Press::Answer(true));
    bench.answer_all();
    for _ in ["result", "report"] {
        bench.press(Press::Continue);
        bench.answer_all();
    }
    assert_eq!(bench.station.tally(), Tally::default());
    assert!(matches!(bench.screen, Screen::Home(_)));
}

// verifies: RQ-092
#[test]
fn who_is_signed_in_for_service_screens_nobody() {
    let mut bench = Bench::new(settings());
    bench.answer_all();
    bench.sign_in(1);
    let Screen::Home(home) = &bench.screen else { panic!("{:?}", bench.screen) };
    assert!(!home.may_screen);
    bench.press(Press::NextPatient);
    assert!(matches!(bench.screen, Screen::Home(_)));
}

// verifies: RQ-112
#[test]
fn switching_off_in_the_middle_stores_that_first_and_puts_the_light_out() {
    let mut bench = Bench::ready();
    bench.begin();
    bench.tell(Event::Stop);
    assert_eq!((bench.light, bench.exited), (None, false), "the end is not stored yet");
    bench.answer_all();
    assert!(bench.exited);
    assert_eq!(bench.stored.last(), Some(&encounter::Entry::Aborted));

    // A store that can't keep the program.
    let mut bench = Bench::ready();
    bench.begin();
    bench.tell(Event::Stop);
    let Some(Command::Encounter { number, command: encounter::Command::Persist { token, .. } }) = bench.open.pop()
    else {
        panic!("{:?}", bench.open)
    };
    let event = encounter::Event::PersistFailed { token, fault: Fault::StoreFull };
    bench.tell(Event::Encounter { number, event });
    assert!(bench.exited);
}

// verifies: RQ-060
#[test]
fn an_answer_to_an_encounter_that_is_over_is_counted_and_dropped() {
    let mut bench = Bench::ready();
    bench.begin();
    bench.press(Press::Photograph);
    let late = bench.open.pop().unwrap();
    bench.tell(Event::Encounter { number: 1, event: encounter::Event::Abort });
    bench.answer_all();
    bench.begin();
    let before = bench.station.ignored();
    bench.answer(late, Outcome::Refer);
    assert_eq!(bench.station.ignored(), before + 1);
    assert!(matches!(bench.station.encounter().map(Encounter::state), Some(State::Aiming { .. })));
}

#[test]
fn an_empty_battery_stops_aiming_until_the_charger_is_there() {
    let mut bench = Bench::ready();
    bench.begin();
    bench.tell(Event::Battery(Battery { percent: 3, on_mains: false }));
    assert!(matches!(bench.screen, Screen::Encounter(View::Fault(Fault::BatteryEmpty))), "{:?}", bench.screen);
    assert_eq!(bench.light, None);
    bench.tell(Event::Battery(Battery { percent: 3, on_mains: true }));
    assert!(matches!(bench.screen, Screen::Encounter(View::Aim { .. })));
}

fn presses() -> impl Strategy<Value = Press> {
    prop_oneof![
        Just(Press::Continue),
        Just(Press::Back),
        Just(Press::Retry),
        (0_usize..4).prop_map(Press::Operator),
        Just(Press::More),
        (0_u8..12).prop_map(Press::Digit),
        Just(Press::Digit(4)),
        Just(Press::Erase),
        Just(Press::Enter),
        (0_usize..3).prop_map(Press::Listed),
        Just(Press::NextPatient),
        Just(Press::Practise),
        Just(Press::Health),
        Just(Press::Queue),
        Just(Press::SendNow),
        Just(Press::Settings),
        Just(Press::SignOut),
        any::<bool>().prop_map(Press::Answer),
        Just(Press::Photograph),
        Just(Press::Eye(Laterality::Os)),
        Just(Press::NotPossible),
        Just(Press::Because(encounter::Unscreenable::Declined)),
        Just(Press::BreakOff),
        Just(Press::BreakOffIndeed),
        Just(Press::Map),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn whatever_is_pressed_light_is_only_where_an_encounter_wants_it_and_the_end_is_always_reached(
        steps in prop::collection::vec((presses(), 0_u64..200, any::<bool>()), 0..120)
    ) {
        let mut bench = Bench::new(settings());
        for (press, wait, answers) in steps {
            bench.now.0 += Duration::from_secs(wait);
            bench.tell(Event::Wake);
            bench.press(press);
            if answers {
                bench.answer_all();
            }
            let wanted = bench.station.encounter().and_then(Encounter::light);
            prop_assert!(bench.light.is_none() || bench.light == wanted);
            if matches!(bench.screen, Screen::Pin { locked: true, .. }) {
                prop_assert_eq!(bench.light, None);
            }
        }
        bench.tell(Event::Stop);
        bench.answer_all();
        prop_assert!(bench.exited && bench.light.is_none());
    }
}

/// Who is expected: so many, each with an order of her own.
fn many(count: usize) -> Worklist {
    let expected = (0..count).map(|number| Expected {
        patient: Patient { id: number.to_string(), ..jane().patient },
        order: Some(Order { accession: format!("A{number}"), ..Order::default() }),
        ..Expected::default()
    });
    Worklist { expected: expected.collect(), is_old: false }
}

fn listed(screen: &Screen) -> (Vec<&str>, bool) {
    let Screen::PatientNumber { listed, more, .. } = screen else { panic!("{screen:?}") };
    (listed.iter().map(|expected| expected.patient.id.as_str()).collect(), *more)
}

// verifies: RQ-157
#[test]
fn what_was_ordered_follows_the_patient_who_is_chosen() {
    let mut bench = Bench::ready();
    bench.press(Press::NextPatient);
    bench.tell(Event::Worklist(many(5)));
    assert_eq!(listed(&bench.screen), (vec!["0", "1"], true));
    for (expected, last) in
        [(vec!["2", "3"], false), (vec!["4"], false), (vec!["0", "1"], false), (vec!["2", "3"], true)]
    {
        bench.press(Press::More);
        assert_eq!(listed(&bench.screen).0, expected);
        if last {
            bench.press(Press::Listed(1));
        }
    }
    bench.press(Press::Continue);
    let begun = bench.begun.last().unwrap();
    assert_eq!((begun.patient.id.as_str(), begun.order.as_ref().unwrap().accession.as_str()), ("3", "A3"));
    // A press on a place of the list where nobody stands does nothing.
    let mut bench = Bench::ready();
    bench.press(Press::NextPatient);
    bench.tell(Event::Worklist(many(1)));
    bench.press(Press::Listed(1));
    assert_eq!(listed(&bench.screen), (vec!["0"], false));
}

// verifies: RQ-157
#[test]
fn a_list_that_changes_under_the_finger_is_another_screen() {
    let mut bench = Bench::ready();
    bench.press(Press::NextPatient);
    bench.tell(Event::Worklist(many(5)));
    bench.press(Press::More);
    let before = bench.screen.clone();
    bench.press(Press::Digit(4));
    assert!(bench.screen.continues(&before));
    bench.tell(Event::Worklist(Worklist { is_old: true, ..many(4) }));
    assert_eq!(listed(&bench.screen), (vec!["0", "1"], true));
    assert!(matches!(bench.screen, Screen::PatientNumber { is_old: true, .. }));
    assert!(!bench.screen.continues(&before));
}

// verifies: RQ-157
#[test]
fn a_scanned_patient_has_the_order_of_the_same_person_only() {
    let order_of = |code: &str| {
        let mut bench = Bench::ready();
        bench.press(Press::NextPatient);
        bench.answer_all();
        bench.tell(Event::Scanned(code.to_owned()));
        bench.press(Press::Continue);
        bench.begun.pop().map(|begun| begun.order.map(|order| order.accession))
    };
    assert_eq!(order_of("4711"), Some(Some("A1".to_owned())));
    assert_eq!(order_of("4711|Roe, J.|1961-02-28"), Some(Some("A1".to_owned())));
    // The same number and another day of birth: somebody else, or a mistake. Nothing of the order is put on her.
    assert_eq!(order_of("4711|Roe, Jane|1991-02-28"), Some(None));
    assert_eq!(order_of("4711|Roe, Jane"), Some(None));
    assert_eq!(order_of("12|Doe, John|1950-12-31"), Some(None));
}
