//! The devices and the threads that own them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Instant,
};

use ocellus_board::{
    camera::{Camera, Shutter},
    controller::{Client, Port},
    input::Evdev,
    panel::{Geometry, Panel},
};
use ocellus_model::laterality::Laterality;
use tokio::sync::{mpsc, watch};

use super::{
    ShellError, feeling,
    hatch::Hatch,
    judging::{self, Load},
    keeping, lights,
    lights::Lights,
    listing::{Fetch, Listing},
    live::{Eyepiece, Preview, measure_newest},
    practice::Room,
    pulse::{Pulse, Watchdog},
    showing::{self, Scene, Surface},
    told::Told,
};
use crate::{
    light::Calibration,
    sending::{Hurry, Sender},
    station::{self, Press, Screen},
    store::{Destinations, Device, Home, JudgedBy},
};

/// Messages to the loop that may wait.
const TOLD: usize = 64;
/// Orders to a thread that may wait.
const ORDERS: usize = 16;

/// What the device is made of.
pub struct Devices {
    /// Where photographs come from.
    pub camera: Box<dyn Camera + Send>,
    /// By what the camera hears of flashes.
    pub shutter: Shutter,
    /// The line to the controller.
    pub port: Box<dyn Port>,
    /// Where screens are presented.
    pub panel: Box<dyn Panel + Send>,
    /// What is touched, typed and scanned beside what the panel itself feels.
    pub hands: Option<Evdev>,
    /// Loads the bundle and tests it; what went wrong in the program's words.
    pub load: Load,
    /// Where photographs and results are kept.
    pub store: Home,
    /// What records say of the device.
    pub device: Device,
    /// Who sits before a simulated camera.
    pub room: Option<Room>,
    /// What the lamps give the eye, for the ledger of light.
    pub calibration: Option<Calibration>,
    /// Whether a flash is refused once an eye has had its light of 24 hours.
    pub limits_light: bool,
    /// Where what is found is to be sent.
    pub destinations: Destinations,
    /// Sends it; none where nothing is sent.
    pub sender: Option<Sender>,
    /// Asks who is expected; none where nobody is asked.
    pub worklist: Option<Fetch>,
    /// Hears of each screen as it comes; for demonstrations and tests.
    pub watcher: Option<SyncSender<Screen>>,
    told: (mpsc::Sender<Told>, mpsc::Receiver<Told>),
}

impl std::fmt::Debug for Devices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Devices")
            .field("camera", &self.camera.name())
            .field("store", &self.store.folder)
            .finish_non_exhaustive()
    }
}

/// Operates the device from outside: what a finger, a scanner or a script does.
#[derive(Debug, Clone)]
pub struct Hand(mpsc::Sender<Told>);

impl Hand {
    /// Presses something. Ignored where the screen at hand has no such control.
    pub fn press(&self, press: Press) {
        self.tell(Told::Press(press));
    }

    /// Touches the panel at a place, in pixels, and lets go.
    pub fn touch(&self, at: embedded_graphics::prelude::Point) {
        self.tell(Told::Touch(at));
    }

    /// Moves the shutter button.
    pub fn button(&self, pressed: bool) {
        self.tell(Told::Button { pressed });
    }

    /// Scans a code.
    pub fn scan(&self, code: &str) {
        self.tell(Told::Station(station::Event::Scanned(code.to_owned())));
    }

    /// Switches the device off.
    pub fn switch_off(&self) {
        self.tell(Told::Station(station::Event::Stop));
    }

    fn tell(&self, told: Told) {
        // A device that is off feels no hand.
        let _off = self.0.blocking_send(told);
    }
}

impl Devices {
    /// A device of these parts, without hands, patients of its own, calibration or watcher.
    pub fn new(
        camera: Box<dyn Camera + Send>,
        port: Box<dyn Port>,
        panel: Box<dyn Panel + Send>,
        load: Load,
        store: Home,
        device: Device,
    ) -> Self {
        Devices {
            camera,
            shutter: Shutter::new(),
            port,
            panel,
            hands: None,
            load,
            store,
            device,
            room: None,
            calibration: None,
            limits_light: false,
            destinations: Destinations::default(),
            sender: None,
            worklist: None,
            watcher: None,
            told: mpsc::channel(TOLD),
        }
    }

    /// A hand that operates it.
    pub fn hand(&self) -> Hand {
        Hand(self.told.0.clone())
    }

    /// Starts the threads.
    pub(super) fn start(self) -> Result<Running, ShellError> {
        let Devices {
            camera,
            shutter,
            port,
            panel,
            hands,
            load,
            store,
            device,
            room,
            calibration,
            limits_light,
            destinations,
            sender,
            worklist,
            watcher,
            told: (tell, told),
        } = self;
        let start = Instant::now();
        let device_of_reports = device.clone();
        let simulated = camera.is_simulated() || port.is_simulated();
        let geometry = panel.geometry();
        let [camera_pulse, live_pulse, judge_pulse, store_pulse, light_pulse, panel_pulse] =
            [(); 6].map(|()| Pulse::default());
        let wanted = Arc::new(AtomicBool::new(false));
        let (frames_in, frames) = watch::channel(None);
        let (frame_wake, frame_wakes) = sync_channel(1);
        let (newest_in, newest) = watch::channel(None);
        let (scene, scenes) = watch::channel(None);
        let (judged_by_in, judged_by) = watch::channel(None);
        let (judge_orders, judge_inbox) = sync_channel(ORDERS);
        let (store_orders, store_inbox) = sync_channel(ORDERS);
        let (light_orders, light_inbox) = sync_channel(ORDERS);
        let surface = Surface::default();

        let eyepiece = Eyepiece {
            camera,
            wanted: wanted.clone(),
            frames: frames_in,
            wake: frame_wake,
            tell: tell.clone(),
            pulse: camera_pulse.clone(),
        };
        let lights = Lights {
            client: Client::new(port),
            shutter,
            orders: light_inbox,
            tell: tell.clone(),
            pulse: light_pulse.clone(),
            start,
        };
        let hatch = Hatch::to(store_orders.clone());
        let (wake, wakes) = sync_channel(1);
        let hurry = sender.as_ref().map(Sender::hurry);
        if let Some(sender) = sender {
            let hatch = hatch.clone();
            // It may be waiting for somebody far away when the device ends; what it could not note is sent once more.
            spawn("sender", move || sender.run(hatch, &wakes))?;
        }
        let (list, lists) = sync_channel(1);
        let listing = Listing { home: store.clone(), fetch: worklist, hatch: hatch.clone(), tell: tell.clone() };
        // It may be waiting for somebody far away as well.
        spawn("worklist", move || listing.run(&lists))?;
        // The camera's thread ends by itself when nobody listens; it may be waiting for a frame until then.
        spawn("camera", move || eyepiece.run())?;
        {
            let pulse = live_pulse.clone();
            spawn("live picture", move || measure_newest(frames, &frame_wakes, &newest_in, &pulse))?;
        }
        let mut threads = vec![
            {
                let (tell, pulse) = (tell.clone(), judge_pulse.clone());
                spawn("judge", move || judging::run(&load, &judge_inbox, &tell, &judged_by_in, &pulse))?
            },
            {
                let (tell, pulse) = (tell.clone(), store_pulse.clone());
                spawn("store", move || keeping::run((store, device, destinations), &store_inbox, &tell, &pulse))?
            },
            spawn("lights", move || lights.run())?,
            {
                let (surface, tell, pulse) = (surface.clone(), tell.clone(), panel_pulse.clone());
                spawn("panel", move || showing::run(panel, scenes, &surface, &tell, &pulse))?
            },
        ];
        let mut pulses = vec![
            ("the camera", camera_pulse),
            ("the live picture", live_pulse),
            ("the judge", judge_pulse),
            ("the store", store_pulse),
            ("the controller", light_pulse),
            ("the panel", panel_pulse),
        ];
        if let Some(hands) = hands {
            let (tell, pulse) = (tell.clone(), Pulse::default());
            pulses.push(("the input", pulse.clone()));
            threads.push(spawn("input", move || feeling::run(hands, &tell, &pulse))?);
        }
        Ok(Running {
            start,
            simulated,
            device: device_of_reports,
            geometry,
            told,
            tell,
            newest,
            surface,
            judged_by,
            calibration,
            limits_light,
            wanted,
            scene: Some(scene),
            judge_orders: Some(judge_orders),
            store_orders: Some(store_orders),
            light_orders: Some(light_orders),
            hatch,
            wake: Some(wake),
            hurry,
            list: Some(list),
            watcher,
            room: Room::thread(room)?,
            threads,
            pulses,
        })
    }
}

/// The threads at work, and the queues to them.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) start: Instant,
    pub(super) simulated: bool,
    /// What records say of the device.
    pub(super) device: Device,
    pub(super) geometry: Geometry,
    pub(super) told: mpsc::Receiver<Told>,
    pub(super) tell: mpsc::Sender<Told>,
    pub(super) newest: watch::Receiver<Option<Arc<Preview>>>,
    pub(super) surface: Surface,
    pub(super) judged_by: watch::Receiver<Option<JudgedBy>>,
    pub(super) calibration: Option<Calibration>,
    pub(super) limits_light: bool,
    wanted: Arc<AtomicBool>,
    scene: Option<watch::Sender<Option<Scene>>>,
    judge_orders: Option<SyncSender<judging::Order>>,
    store_orders: Option<SyncSender<keeping::Order>>,
    light_orders: Option<SyncSender<lights::Order>>,
    hatch: Hatch,
    /// Tells the sender that there may be something to send; it ends when this is gone.
    wake: Option<SyncSender<()>>,
    /// Has it try all that waits; none where nothing is sent.
    hurry: Option<Hurry>,
    /// Has the worklist told; its thread ends when this is gone.
    list: Option<SyncSender<()>>,
    watcher: Option<SyncSender<Screen>>,
    room: Option<SyncSender<super::practice::Order>>,
    threads: Vec<JoinHandle<()>>,
    pulses: Vec<(&'static str, Pulse)>,
}

impl Running {
    pub(super) fn watchdog(&self) -> Watchdog {
        Watchdog::new(self.pulses.iter().cloned())
    }

    pub(super) fn judge(&self, order: judging::Order) {
        give(self.judge_orders.as_ref(), order, "the judge");
    }

    pub(super) fn store(&self, order: keeping::Order) {
        let hurries = matches!(order, keeping::Order::SendNow { .. });
        let wakes = hurries || matches!(order, keeping::Order::Forget(_));
        give(self.store_orders.as_ref(), order, "the store");
        if let Some(hurry) = self.hurry.as_ref().filter(|_| hurries) {
            hurry.up();
        }
        if let Some(wake) = self.wake.as_ref().filter(|_| wakes) {
            // One that is awake already needs no second call.
            let _awake = wake.try_send(());
        }
    }

    /// Has the worklist told. One that is being told already needs no second call.
    pub(super) fn list(&self) {
        let _under_way = self.list.as_ref().map(|list| list.try_send(()));
    }

    pub(super) fn light(&self, order: lights::Order) {
        give(self.light_orders.as_ref(), order, "the controller");
    }

    pub(super) fn scene(&self, newest: Scene) {
        if let Some(scene) = &self.scene {
            scene.send_replace(Some(newest));
        }
    }

    /// Tells who watches; one who does not keep up misses screens.
    pub(super) fn watched(&self, screen: &Screen) {
        if let Some(watcher) = &self.watcher {
            let _missed = watcher.try_send(screen.clone());
        }
    }

    pub(super) fn aim_at(&self, eye: Option<Laterality>) {
        self.wanted.store(eye.is_some(), Ordering::Relaxed);
        give(self.room.as_ref(), super::practice::Order::TurnTo(eye), "the practice room");
    }

    pub(super) fn patient_sits(&self, patient: u32) {
        give(self.room.as_ref(), super::practice::Order::Next(patient), "the practice room");
    }

    pub(super) fn patient_leaves(&self) {
        give(self.room.as_ref(), super::practice::Order::Leave, "the practice room");
    }

    /// Lights out, then every thread to its end: what was ordered is carried out.
    pub(super) fn end(mut self) {
        self.light(lights::Order::End);
        self.scene = None;
        self.judge_orders = None;
        self.store_orders = None;
        self.hatch.close();
        self.wake = None;
        self.list = None;
        self.light_orders = None;
        self.room = None;
        // A thread that tells something now must not wait for an ear.
        self.told.close();
        while self.told.try_recv().is_ok() {}
        for thread in self.threads {
            if thread.join().is_err() {
                log::error!("a thread had panicked");
            }
        }
    }
}

/// Gives an order without waiting. A full queue is a thread that does not keep up: what was asked for gets no answer, and
/// the encounter's deadline says so.
fn give<T>(orders: Option<&SyncSender<T>>, order: T, whom: &str) {
    if let Some(orders) = orders
        && orders.try_send(order).is_err()
    {
        log::error!("{whom} takes no more orders");
    }
}

pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, ShellError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| ShellError::System { what: "a thread", source })
}
