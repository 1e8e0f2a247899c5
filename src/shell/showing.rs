//! The panel's thread: draws the newest scene and presents it; says where its controls are.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use embedded_graphics::prelude::Point;
use ocellus_board::panel::Panel;
use tokio::sync::{mpsc, watch};

use super::{
    live::Preview,
    pulse::Pulse,
    told::{Picture, Told},
};
use crate::{
    auto_shutter::AimHint,
    encounter::Monotonic,
    language::Language,
    screens::{Context, Control, Live, Screens, Shots, Status},
    station::{Battery, Press, Screen},
};

/// All that is to be seen.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// Counts the scenes, from 1.
    pub(super) round: u64,
    /// Counts the screens: the same number is the same screen, with another live picture at most.
    pub(super) number: u64,
    pub(super) screen: Screen,
    pub(super) language: Language,
    pub(super) right: Option<Picture>,
    pub(super) left: Option<Picture>,
    pub(super) preview: Option<Arc<Preview>>,
    pub(super) closing: f64,
    pub(super) focus: f64,
    pub(super) hint: Option<AimHint>,
    pub(super) place: String,
    pub(super) simulated: bool,
    pub(super) practice: bool,
    pub(super) battery: Option<Battery>,
    pub(super) highlighted: Option<usize>,
    pub(super) now: Monotonic,
    pub(super) months: u32,
    pub(super) auto_shutter: bool,
}

/// What stands on the panel.
#[derive(Debug, Default)]
pub(super) struct Shown {
    number: u64,
    since: Option<Instant>,
    controls: Vec<Control>,
}

/// What stands on the panel, for those who have to know what was touched.
#[derive(Debug, Clone, Default)]
pub(super) struct Surface(Arc<Mutex<Shown>>);

/// After another screen has come, touches are meant for the one before: a wet hand taps twice, and a hand is slow.
const SETTLE: Duration = Duration::from_millis(250);

/// How long a panel that fails is left alone before the next try.
const AGAIN: Duration = Duration::from_millis(500);

impl Surface {
    /// What stands for a touch at a place, if the screen of that number has stood long enough to be meant. A target is
    /// `grown` pixels larger than it looks; the nearest middle counts where two overlap.
    pub(super) fn touched(&self, at: Point, number: u64, grown: u32) -> Option<Press> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.number != number || shown.since.is_none_or(|since| since.elapsed() < SETTLE) {
            return None;
        }
        let distance = |control: &Control| {
            let away = control.area.center() - at;
            i64::from(away.x) * i64::from(away.x) + i64::from(away.y) * i64::from(away.y)
        };
        let hit = |control: &&Control| control.area.offset(grown as i32).contains(at);
        shown.controls.iter().filter(hit).min_by_key(|control| distance(control)).map(|control| control.press)
    }

    /// The control of a number on the screen of a number.
    pub(super) fn control(&self, index: usize, number: u64) -> Option<Press> {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (shown.number == number).then(|| shown.controls.get(index).map(|control| control.press)).flatten()
    }

    /// How many controls there are.
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).controls.len()
    }

    fn set(&self, number: u64, controls: Vec<Control>) {
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.number != number || shown.since.is_none() {
            shown.since = Some(Instant::now());
        }
        shown.number = number;
        shown.controls = controls;
    }
}

/// Counts the live pictures that are shown, and says how fast they came once nobody aims any more.
#[derive(Debug, Default)]
struct Pace {
    since: Option<Instant>,
    last: Option<Arc<Preview>>,
    pictures: u32,
}

impl Pace {
    /// What stands on the panel now; none where it is no live picture.
    fn shown(&mut self, preview: Option<&Arc<Preview>>) {
        match (preview, self.since) {
            (Some(preview), Some(_)) => {
                self.pictures += u32::from(!self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, preview)));
                self.last = Some(preview.clone());
            }
            (Some(preview), None) => {
                (self.since, self.last) = (Some(Instant::now()), Some(preview.clone()));
            }
            (None, Some(since)) => {
                let seconds = since.elapsed().as_secs_f64();
                log::info!("live picture: {:.1} a second in {seconds:.1} s", f64::from(self.pictures) / seconds);
                *self = Pace::default();
            }
            (None, None) => {}
        }
    }
}

/// The thread. Ends when nobody sends scenes any more.
pub(super) fn run(
    mut panel: Box<dyn Panel + Send>,
    mut scenes: watch::Receiver<Option<Scene>>,
    surface: &Surface,
    tell: &mpsc::Sender<Told>,
    pulse: &Pulse,
) {
    let mut screens = Screens::new(panel.geometry());
    // When to try again what could not be shown.
    let mut again: Option<Instant> = None;
    let mut last = 0;
    let mut pace = Pace::default();
    loop {
        pulse.beat();
        for touch in panel.touches() {
            // Nobody listens only when the program ends.
            let _ended = tell.blocking_send(Told::Touch(touch));
        }
        // The last scene is shown, too, when nobody sends any more.
        let ended = scenes.has_changed().is_err();
        if again.is_none()
            && let Err(error) = panel.tend()
        {
            log::error!("panel: {error}");
            again = Some(Instant::now());
        }
        let is_due = match again {
            Some(again) => Instant::now() >= again || ended,
            None => scenes.borrow().as_ref().is_some_and(|scene| scene.round != last),
        };
        let scene = if is_due { scenes.borrow_and_update().clone() } else { None };
        let Some(scene) = scene else {
            if ended {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        last = scene.round;
        let drawn = draw(&mut screens, &scene);
        match panel.present(&drawn.frame, scene.screen.name()) {
            Ok(()) => {
                if again.take().is_some() {
                    log::info!("panel: it shows pictures again");
                }
                pace.shown(scene.preview.as_ref());
            }
            // One that failed before has been told.
            Err(_) if again.is_some() => again = Some(Instant::now() + AGAIN),
            Err(error) => {
                log::error!("panel: {error}");
                again = Some(Instant::now() + AGAIN);
            }
        }
        if ended {
            return;
        }
        surface.set(scene.number, drawn.controls);
    }
}

fn draw(screens: &mut Screens, scene: &Scene) -> crate::screens::Drawn {
    let live = scene.preview.as_ref().map(|preview| preview.picture.shot());
    let context = Context {
        language: scene.language,
        shots: Shots { right: scene.right.as_ref().map(Picture::shot), left: scene.left.as_ref().map(Picture::shot) },
        live: Live { shot: live, closing: scene.closing, focus: scene.focus, hint: scene.hint },
        status: Status {
            place: &scene.place,
            simulated: scene.simulated,
            practice: scene.practice,
            battery: scene.battery,
        },
        highlighted: scene.highlighted,
        now: scene.now,
        months: scene.months,
        auto_shutter: scene.auto_shutter,
    };
    screens.draw(&scene.screen, &context)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Sender, channel},
    };

    use embedded_graphics::{prelude::Size, primitives::Rectangle};
    use ocellus_board::panel::{Frame, Geometry, PanelError};

    use super::*;

    /// Fails so many times, is lost when it is told so, and tells what it was given and whether it stands.
    struct Shaky {
        fails: u32,
        lost: Arc<AtomicBool>,
        tell: Sender<(String, bool)>,
    }

    impl Panel for Shaky {
        fn geometry(&self) -> Geometry {
            Geometry::SEVEN_INCH
        }

        fn present(&mut self, _: &Frame, name: &str) -> Result<(), PanelError> {
            let stands = self.fails == 0;
            self.fails = self.fails.saturating_sub(1);
            self.tell.send((name.to_owned(), stands)).unwrap();
            if stands { Ok(()) } else { Err(PanelError::Gone) }
        }

        fn tend(&mut self) -> Result<(), PanelError> {
            if self.lost.swap(false, Ordering::Relaxed) { Err(PanelError::Gone) } else { Ok(()) }
        }
    }

    #[test]
    fn a_picture_that_does_not_stand_is_presented_until_it_does() {
        let scene = Scene {
            round: 1,
            number: 1,
            screen: Screen::ClockNotSet,
            language: Language::En,
            right: None,
            left: None,
            preview: None,
            closing: 0.0,
            focus: 0.0,
            hint: None,
            place: "Clinic".to_owned(),
            simulated: false,
            practice: false,
            battery: None,
            highlighted: None,
            now: Monotonic::default(),
            months: 12,
            auto_shutter: true,
        };
        let name = scene.screen.name();
        let lost = Arc::new(AtomicBool::new(false));
        let (tell, told) = channel();
        let panel = Shaky { fails: 2, lost: lost.clone(), tell };
        let (sender, scenes) = watch::channel(Some(scene));
        let hands = mpsc::channel(1).0;
        let surface = Surface::default();
        let controls = surface.clone();
        let thread = std::thread::spawn(move || run(Box::new(panel), scenes, &surface, &hands, &Pulse::default()));
        let given = || told.recv_timeout(Duration::from_secs(60)).unwrap();
        assert_eq!([given(), given(), given()], [false, false, true].map(|stands| (name.to_owned(), stands)));
        lost.store(true, Ordering::Relaxed);
        assert_eq!(given(), (name.to_owned(), true), "it came back without the picture");
        drop(sender);
        thread.join().unwrap();
        assert!(told.try_recv().is_err(), "a picture that stands is left alone");
        assert!(controls.count() > 0);
    }

    #[test]
    fn touches_count_on_the_screen_that_stands_inside_the_grown_target_and_not_at_once() {
        let surface = Surface::default();
        let control = |x, press| Control { area: Rectangle::new(Point::new(x, 0), Size::new(100, 100)), press };
        surface.set(7, vec![control(0, Press::Continue), control(110, Press::Back)]);
        assert_eq!(surface.touched(Point::new(50, 50), 7, 16), None, "another screen has just come");
        std::thread::sleep(SETTLE);
        assert_eq!(surface.touched(Point::new(50, 50), 7, 16), Some(Press::Continue));
        assert_eq!(surface.touched(Point::new(50, 50), 8, 16), None, "that screen is gone");
        assert_eq!(surface.touched(Point::new(107, 50), 7, 16), Some(Press::Back), "between two: the nearer");
        assert_eq!(surface.touched(Point::new(220, 50), 7, 16), Some(Press::Back));
        assert_eq!(surface.touched(Point::new(240, 50), 7, 16), None);
        // The same screen again, with a newer live picture, need not settle.
        surface.set(7, vec![control(0, Press::Continue)]);
        assert_eq!(surface.touched(Point::new(50, 50), 7, 16), Some(Press::Continue));
    }
}
