//! The controller's thread: light for aiming, flashes, focus, the shutter button.
//!
//! The controller itself puts lights out when this thread stands still: its heartbeat comes from here.

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use ocellus_board::{
    camera::Shutter,
    controller::{Client, Event, Port, Refusal, Request, RequestId},
};
use tokio::sync::mpsc;

use super::{
    pulse::Pulse,
    told::{Asked, Told},
};
use crate::{
    encounter::Fault,
    station::{self, Battery},
};

/// How often the line is looked at.
const ROUND: Duration = Duration::from_millis(10);
/// How often battery and focus are asked for when nothing moves, and while the focus motor does.
const ASK: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(20));
/// How long lights that were refused wait.
const AGAIN: Duration = Duration::from_secs(1);

/// Something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Light for aiming, with the fixation target; none puts all lights out.
    Aim(Option<Aim>),
    /// Fire a flash.
    Flash { asked: Asked, permille: u16, duration_us: u32 },
    /// Drive the focus motor.
    Focus(i32),
    /// All lights out, then end.
    End,
}

/// Light for aiming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aim {
    pub(super) permille: u16,
    pub(super) fixation: (i16, i16),
}

/// What the thread works with.
pub(super) struct Lights {
    pub(super) client: Client<Box<dyn Port>>,
    /// Tells the camera of flashes.
    pub(super) shutter: Shutter,
    pub(super) orders: Receiver<Order>,
    pub(super) tell: mpsc::Sender<Told>,
    pub(super) pulse: Pulse,
    pub(super) start: Instant,
}

/// What a request was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Light,
    Dark,
    Focus,
    Flash(Asked),
    Status,
}

/// What is wanted and under way.
#[derive(Debug, Default)]
struct Wanted {
    aim: Option<Aim>,
    /// Whether the controller has been asked for it, or for the dark.
    aim_is_set: bool,
    aim_not_before: Duration,
    /// Waits for the camera to hold its exposure.
    flash: Option<(Asked, Request)>,
    focus: Option<i32>,
    focus_is_asked: bool,
    ends: bool,
}

impl Lights {
    /// Runs until it is told to end, or nobody gives orders any more.
    pub(super) fn run(mut self) {
        let mut wanted = Wanted::default();
        let mut requests: HashMap<RequestId, For> = HashMap::new();
        let mut connected = false;
        let mut ask_status = Duration::ZERO;
        let mut deadline: Option<Duration> = None;
        loop {
            self.pulse.beat();
            let now = self.start.elapsed();
            loop {
                match self.orders.try_recv() {
                    Ok(order) => self.take(order, &mut wanted),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => {
                        wanted.aim = None;
                        wanted.ends = true;
                        break;
                    }
                }
            }
            if self.shutter.is_ready()
                && let Some((asked, flash)) = wanted.flash.take()
                && !(connected && self.ask(flash, For::Flash(asked), &mut requests))
            {
                self.shutter.cancel();
                self.say(Told::NotFlashed { asked, fault: Fault::ControllerLost });
            }
            for event in self.client.poll(now) {
                self.happened(event, now, &mut connected, &mut wanted, &mut requests);
            }
            if connected {
                self.ask_for_light(now, &mut wanted, &mut requests);
                if let Some(steps) = wanted.focus.filter(|_| !wanted.focus_is_asked) {
                    wanted.focus_is_asked = self.ask(Request::Focus { steps }, For::Focus, &mut requests);
                    ask_status = now + ASK.1;
                }
                if now >= ask_status && self.ask(Request::Status, For::Status, &mut requests) {
                    ask_status = now + if wanted.focus.is_some() { ASK.1 } else { ASK.0 };
                }
            }
            if wanted.ends {
                // The dark is waited for, but not for ever: the heartbeat that stops with this thread brings it too.
                let until = *deadline.get_or_insert(now + AGAIN);
                let dark = wanted.aim_is_set && !requests.values().any(|purpose| *purpose == For::Dark);
                if !connected || dark || now >= until {
                    return;
                }
            }
            thread::sleep(ROUND);
        }
    }

    fn take(&self, order: Order, wanted: &mut Wanted) {
        match order {
            Order::Aim(aim) => {
                wanted.aim = aim;
                wanted.aim_is_set = false;
            }
            Order::Focus(steps) => {
                wanted.focus = Some(steps);
                wanted.focus_is_asked = false;
            }
            Order::Flash { asked, permille, duration_us } => {
                let flash = Request::Flash { permille, duration_us };
                if let Some((before, _)) = wanted.flash.replace((asked, flash)) {
                    self.say(Told::NotFlashed { asked: before, fault: Fault::ControllerLost });
                }
                self.shutter.order();
            }
            Order::End => {
                wanted.flash = None;
                wanted.aim = None;
                wanted.aim_is_set = false;
                wanted.ends = true;
            }
        }
    }

    fn ask_for_light(&mut self, now: Duration, wanted: &mut Wanted, requests: &mut HashMap<RequestId, For>) {
        if wanted.aim_is_set || now < wanted.aim_not_before {
            return;
        }
        wanted.aim_is_set = match wanted.aim {
            Some(Aim { permille, fixation }) => {
                self.ask(Request::AimingLight { permille }, For::Light, requests)
                    && self.ask(Request::Fixation { target: Some(fixation) }, For::Light, requests)
            }
            None => self.ask(Request::LightsOff, For::Dark, requests),
        };
    }

    fn ask(&mut self, request: Request, purpose: For, requests: &mut HashMap<RequestId, For>) -> bool {
        match self.client.request(request) {
            Ok(id) => {
                requests.insert(id, purpose);
                true
            }
            Err(error) => {
                log::info!("controller: {error}");
                false
            }
        }
    }

    fn happened(
        &mut self,
        event: Event,
        now: Duration,
        connected: &mut bool,
        wanted: &mut Wanted,
        requests: &mut HashMap<RequestId, For>,
    ) {
        match event {
            Event::Connected { firmware, .. } => {
                log::info!("controller: connected, {firmware:?}");
                *connected = true;
                // A session begins in the dark.
                wanted.aim_is_set = false;
                wanted.aim_not_before = now;
                wanted.focus_is_asked = false;
                self.say(Told::Controller(Ok(())));
            }
            Event::Lost { why } => {
                *connected = false;
                self.say(Told::Controller(Err(why.to_string())));
            }
            Event::Done { id } => {
                if let Some(For::Flash(asked)) = requests.remove(&id) {
                    self.shutter.fired();
                    self.say(Told::Flashed { asked });
                }
            }
            Event::Refused { id, refusal } => match requests.remove(&id) {
                Some(For::Flash(asked)) => {
                    self.shutter.cancel();
                    log::warn!("the flash was refused: {refusal}");
                    self.say(Told::NotFlashed { asked, fault: fault_of(refusal) });
                }
                Some(For::Light) => {
                    log::info!("the aiming light was refused: {refusal}");
                    wanted.aim_is_set = false;
                    wanted.aim_not_before = now + AGAIN;
                }
                Some(For::Focus) => {
                    log::warn!("the focus was refused: {refusal}");
                    wanted.focus = None;
                }
                Some(For::Dark | For::Status) | None => log::warn!("controller: refused: {refusal}"),
            },
            Event::Failed { id } => match requests.remove(&id) {
                Some(For::Flash(asked)) => {
                    self.shutter.cancel();
                    self.say(Told::NotFlashed { asked, fault: Fault::ControllerLost });
                }
                Some(For::Light | For::Dark) => wanted.aim_is_set = false,
                Some(For::Focus) => wanted.focus_is_asked = false,
                Some(For::Status) | None => {}
            },
            Event::Shutter { pressed } => self.say(Told::Button { pressed }),
            Event::Status(status) => {
                if wanted.focus == Some(status.focus_steps) {
                    wanted.focus = None;
                    self.say(Told::FocusAt(status.focus_steps));
                }
                let battery = Battery { percent: status.battery_percent, on_mains: status.on_mains };
                self.say(Told::Station(station::Event::Battery(battery)));
            }
            Event::LightForcedOff(why) => {
                log::warn!("the controller put the lights out: {why:?}");
                wanted.aim_is_set = false;
                wanted.aim_not_before = now + AGAIN;
            }
        }
    }

    fn say(&self, told: Told) {
        // Nobody listens only when the program ends.
        let _ended = self.tell.blocking_send(told);
    }
}

/// What a refused flash means to the encounter: the eye has had its light, or the controller is not as it should be.
fn fault_of(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::FlashBudgetSpent => Fault::LightLimit,
        _ => Fault::ControllerLost,
    }
}
