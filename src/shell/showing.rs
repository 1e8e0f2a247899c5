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
    let mut failed = false;
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
        let scene = scenes.borrow_and_update().clone();
        let Some(scene) = scene.filter(|scene| scene.round != last) else {
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
                failed = false;
                pace.shown(scene.preview.as_ref());
            }
            Err(error) if !failed => {
                failed = true;
                log::error!("panel: {error}");
            }
            Err(_) => {}
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
    use embedded_graphics::{prelude::Size, primitives::Rectangle};

    use super::*;

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
