//! What happens to the station: answers, and devices, disk, battery and clock that are not as they should be.

use ocellus::{
    encounter::{self, Entry, Fault},
    station::{Battery, Check, Event, Queue},
};

use super::{disk::Key, lamp::Lamp, queue::Happening, rules::Holds, world::World};

/// What can be disturbed.
#[derive(Debug, Clone, Copy)]
enum Disturbance {
    Camera,
    Controller,
    Battery,
    Store,
    Clock,
    Night,
    Queued,
    Stop,
}

impl World {
    /// One thing happens.
    pub(crate) fn happen(&mut self, happening: Happening) -> Holds {
        match happening {
            Happening::Act => self.act(),
            Happening::Boot => self.start(),
            Happening::Told(boot, event) if boot == self.boot => self.tell(event),
            Happening::Says(boot, says) if boot == self.boot => self.said(says),
            // Who was told is dead.
            Happening::Told(..) | Happening::Says(..) => Ok(()),
            Happening::Photograph(flash) => self.photographed(flash),
            Happening::Judged(asked, capture, reading) => {
                if asked.boot != self.boot {
                    return Ok(());
                }
                if self.shell.begun.as_ref().is_some_and(|begun| begun.number == asked.number)
                    && let Some(taken) = self.shell.captures.get_mut(&capture)
                {
                    taken.reading = Some(reading.clone());
                }
                self.tell_encounter(asked.number, encounter::Event::Judged { token: asked.token, reading })
            }
            Happening::Written(key, entry) => self.written(key, entry),
            Happening::Stored(key, entry, token) => {
                if key.0 != self.boot || self.station.is_none() {
                    return Ok(());
                }
                self.disk.told(key, entry);
                self.tell_encounter(key.1, encounter::Event::Persisted { token })
            }
            Happening::DevicesSeen(boot) => {
                if boot != self.boot {
                    return Ok(());
                }
                self.device(Check::Camera, Fault::CameraLost, self.room.camera)?;
                match self.lamp {
                    Lamp::Plain(_) => self.device(Check::Controller, Fault::ControllerLost, self.room.controller),
                    Lamp::Bench(_) => Ok(()),
                }
            }
            Happening::Camera(works) => {
                self.room.camera = works;
                self.device(Check::Camera, Fault::CameraLost, works)
            }
            Happening::Controller(works) => {
                self.room.controller = works;
                match &mut self.lamp {
                    Lamp::Plain(lamp) => lamp.connect(works, self.now),
                    // There the line tells by itself.
                    Lamp::Bench(bench) => {
                        bench.clear_the_line();
                        return Ok(());
                    }
                }
                self.device(Check::Controller, Fault::ControllerLost, works)
            }
            Happening::StoreWorks => {
                self.room.store = None;
                Ok(())
            }
            Happening::Battery(battery) => match &mut self.lamp {
                Lamp::Plain(_) => self.tell(Event::Battery(battery)),
                Lamp::Bench(bench) => {
                    bench.charge(battery);
                    Ok(())
                }
            },
            Happening::ClockRight => {
                self.room.clock = (0, true);
                if self.station.is_some() {
                    self.note_time();
                }
                Ok(())
            }
        }
    }

    /// An entry is on the disk.
    fn written(&mut self, key: Key, entry: Entry) -> Holds {
        let result = match &entry {
            Entry::Result { patient, pre_check, .. } => Some((*patient, *pre_check)),
            Entry::Photograph { .. } | Entry::Withdrawn { .. } | Entry::Aborted => None,
        };
        self.disk.write(key, entry);
        let Some((patient, pre_check)) = result else { return Ok(()) };
        self.check_negative(key, patient, pre_check)
    }

    /// Something goes wrong for a while.
    pub(crate) fn disturb(&mut self) -> Holds {
        let bench = matches!(self.lamp, Lamp::Bench(_));
        let long = if bench { 3000 } else { 20_000 };
        let until = self.now + self.dice.within(100, long);
        let what = self.dice.weighted(&[
            (5, Disturbance::Camera),
            (5, Disturbance::Controller),
            (3, Disturbance::Battery),
            (4, Disturbance::Store),
            (3, Disturbance::Clock),
            (2, Disturbance::Night),
            (1, Disturbance::Queued),
            (1, Disturbance::Stop),
        ]);
        self.note(|| format!("{what:?} until {until}"));
        match what {
            Disturbance::Camera => {
                self.queue.push(until, Happening::Camera(true));
                self.happen(Happening::Camera(false))
            }
            Disturbance::Controller => {
                self.queue.push(until, Happening::Controller(true));
                match &mut self.lamp {
                    Lamp::Plain(_) => self.happen(Happening::Controller(false)),
                    Lamp::Bench(bench) => {
                        bench.spoil_the_line(&mut self.dice);
                        Ok(())
                    }
                }
            }
            Disturbance::Battery => {
                self.queue.push(until, Happening::Battery(Battery { percent: 4, on_mains: true }));
                self.happen(Happening::Battery(Battery { percent: 4, on_mains: false }))
            }
            Disturbance::Store => {
                self.room.store = Some(self.dice.one(&[Fault::StoreFailed, Fault::StoreFull]));
                self.queue.push(until, Happening::StoreWorks);
                Ok(())
            }
            Disturbance::Clock => {
                // Back so far that it does not meet the times of this run again before it is put right, or not set.
                let back = if self.room.clock_was_right { (-400 * 86_400, true) } else { (0, false) };
                self.room.clock = self.dice.one(&[back, (-1_790_000_000, false), (0, false)]);
                self.queue.push(until, Happening::ClockRight);
                Ok(())
            }
            // Only where nobody sits before the camera: the days between two visits.
            Disturbance::Night if self.shell.begun.is_none() && !bench => {
                self.now += self.dice.within(1, 30) * 3_600_000;
                Ok(())
            }
            Disturbance::Night => Ok(()),
            Disturbance::Queued => {
                let waiting = self.dice.within(0, 99);
                self.tell(Event::Queued(Queue { waiting, ..Queue::default() }))
            }
            Disturbance::Stop if self.dice.chance(200) => self.tell(Event::Stop),
            Disturbance::Stop => Ok(()),
        }
    }
}
