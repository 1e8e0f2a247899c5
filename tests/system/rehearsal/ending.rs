//! The end of each run: everything works again, and there must be a way out.

use ocellus::station::{Battery, Event};

use super::{
    operator,
    queue::Happening,
    rules::{Holds, Rule, holds},
    world::{Room, World},
};

impl World {
    /// From now on everything works.
    pub(crate) fn heal(&mut self) {
        self.note(|| "from now on everything works".to_owned());
        self.calm = true;
        self.crash_in = None;
        self.room = Room { camera: true, controller: true, store: None, poor: 50, ..self.room };
        for healed in [
            Happening::ClockRight,
            Happening::Camera(true),
            Happening::Controller(true),
            Happening::Battery(Battery { percent: 100, on_mains: true }),
        ] {
            self.queue.push(self.now + 50, healed);
        }
    }

    /// Whoever presses what the screens offer gets to where the next patient may come.
    pub(crate) fn leave(&mut self) -> Holds {
        let pace = self.pace();
        for _ in 0..600 {
            if self.exited {
                return Ok(());
            }
            if self.station.is_some() {
                match operator::leaves(&self.screen) {
                    Some(doing) => self.perform(doing)?,
                    None => return Ok(()),
                }
            }
            self.pass_until(self.now + pace)?;
        }
        holds(Rule::WayOut, false, || format!("it stays at {:?}", self.screen))
    }

    /// The program can always be ended, and leaves the dark.
    pub(crate) fn stop(&mut self) -> Holds {
        if !self.exited {
            self.pass_until(self.now + 4000)?;
            self.tell(Event::Stop)?;
            self.pass_until(self.now + 60_000.min(200 * self.pace()))?;
        }
        holds(Rule::WayOut, self.exited, || format!("it does not end at {:?}", self.screen))?;
        self.pass_until(self.now + 3000)?;
        holds(Rule::LightWhereWanted, self.lamp.level() == 0, || "light after the end".to_owned())?;
        self.disk.keeps_what_it_said()
    }

    fn pace(&self) -> u64 {
        if self.script.bench { 150 } else { 700 }
    }
}
