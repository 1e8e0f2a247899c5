//! The light guard: decides on every light, so that no host and no broken line can give an eye more than the limits.
//!
//! It owns the wanted state of the lights ([`LightGuard::lights`]); the controller only copies that to the hardware.
//! Without a heartbeat there is no light. Time that is told late counts as light: lights were on until the guard was
//! asked ([`LightGuard::poll`]), so it wants to be asked every few milliseconds; [`LightGuard::due`] says by when.
//!
//! What it cannot know: flashes before the controller's start. Power that is switched off and on clears the account.
//!
//! Terms: *energy* is strength times length, permille times microseconds; a *rest* is unbroken time without aiming light.

use heapless::Deque;

use crate::{
    Millis,
    message::{ForcedOff, Refusal},
};

#[cfg(test)]
mod tests;

/// Flashes that fit into one window, whatever their energy.
pub const FLASHES_PER_WINDOW: usize = 32;

/// What an eye may get. Fields are of this crate's lamp, in permille of what it gives.
///
/// The defaults bound an unmeasured lamp to what retinal photography commonly uses. They are **not** a hazard
/// assessment: whoever builds a device sets them from its lamp's measured radiance (ISO 15004-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Energy of one flash at most, permille times microseconds. Default 10 million: 10 ms at full strength.
    pub flash_energy: u64,
    /// Length of one flash at most, microseconds. Default 20 000.
    pub flash_duration_us: u32,
    /// Time from the start of one flash to the next at least. Default 1 s.
    pub flash_spacing: Millis,
    /// Energy of all flashes in a window at most, permille times microseconds. Default 100 million: ten full flashes.
    pub window_energy: u64,
    /// Length of the sliding window. Default 60 s.
    pub window: Millis,
    /// Aiming light at most, 0 to 1000. Default 500.
    pub aiming_permille: u16,
    /// Aiming light at most without a rest; breaks shorter than a rest do not reset it. Default 120 s.
    pub aiming_on: Millis,
    /// The rest after which [`Limits::aiming_on`] begins anew. Default 10 s.
    pub aiming_rest: Millis,
    /// Time without a heartbeat after which lights go out. Default 500 ms.
    pub heartbeat_within: Millis,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            flash_energy: 10_000_000,
            flash_duration_us: 20_000,
            flash_spacing: Millis(1000),
            window_energy: 100_000_000,
            window: Millis(60_000),
            aiming_permille: 500,
            aiming_on: Millis(120_000),
            aiming_rest: Millis(10_000),
            heartbeat_within: Millis(500),
        }
    }
}

/// The lights that last, as they are to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lights {
    /// Aiming light, 0 to 1000.
    pub aiming_permille: u16,
    /// Fixation target, permille of the field's radius; `None` for dark.
    pub fixation: Option<(i16, i16)>,
}

#[derive(Debug, Clone, Copy)]
struct Flash {
    at: Millis,
    energy: u64,
}

/// The guard. Times that go back count as no time passing.
#[derive(Debug, Clone)]
pub struct LightGuard {
    limits: Limits,
    now: Millis,
    heard: Option<Millis>,
    lights: Lights,
    /// Aiming light since the last rest.
    aimed: Millis,
    dark_since: Millis,
    flashes: Deque<Flash, FLASHES_PER_WINDOW>,
    forced_off: Option<ForcedOff>,
}

impl LightGuard {
    /// A guard of dark lights that has heard no heartbeat.
    pub fn new(limits: Limits) -> Self {
        LightGuard {
            limits,
            now: Millis(0),
            heard: None,
            lights: Lights::default(),
            aimed: Millis(0),
            dark_since: Millis(0),
            flashes: Deque::new(),
            forced_off: None,
        }
    }

    /// What the lights are to be now.
    pub fn lights(&self) -> Lights {
        self.lights
    }

    /// A sign of life from the host. One that comes too late does not bring lights back.
    pub fn heard(&mut self, now: Millis) {
        self.settle(now);
        self.heard = Some(self.now);
    }

    /// Puts lights out that must not stay on, and says so once.
    pub fn poll(&mut self, now: Millis) -> Option<ForcedOff> {
        self.settle(now);
        self.forced_off.take()
    }

    /// When lights will have to go out if nothing else happens; `None` while they are dark.
    pub fn due(&self) -> Option<Millis> {
        self.next_forced_off().map(|(due, _)| due)
    }

    /// All lights out.
    pub fn lights_off(&mut self, now: Millis) {
        self.settle(now);
        self.darken();
    }

    /// Sets the aiming light; 0 is never refused.
    ///
    /// # Errors
    /// When it would be brighter or longer than allowed, or there is no heartbeat.
    pub fn aiming(&mut self, permille: u16, now: Millis) -> Result<(), Refusal> {
        self.settle(now);
        if permille == 0 {
            self.aiming_out();
            return Ok(());
        }
        if permille > 1000 {
            return Err(Refusal::OutOfRange);
        }
        if permille > self.limits.aiming_permille {
            return Err(Refusal::AimingTooBright);
        }
        self.is_alive()?;
        if self.aimed >= self.limits.aiming_on {
            return Err(Refusal::AimingTooLong);
        }
        self.lights.aiming_permille = permille;
        Ok(())
    }

    /// Sets the fixation target; `None` is never refused.
    ///
    /// # Errors
    /// When it lies outside the field, or there is no heartbeat.
    pub fn fixation(&mut self, target: Option<(i16, i16)>, now: Millis) -> Result<(), Refusal> {
        self.settle(now);
        if let Some((x, y)) = target {
            if x.unsigned_abs() > 1000 || y.unsigned_abs() > 1000 {
                return Err(Refusal::OutOfRange);
            }
            self.is_alive()?;
        }
        self.lights.fixation = target;
        Ok(())
    }

    /// Books a flash that is to be fired at once.
    ///
    /// # Errors
    /// When it must not be fired; nothing is booked then.
    pub fn flash(&mut self, permille: u16, duration_us: u32, now: Millis) -> Result<(), Refusal> {
        self.settle(now);
        let (limits, now) = (self.limits, self.now);
        if permille == 0 || permille > 1000 || duration_us == 0 {
            return Err(Refusal::OutOfRange);
        }
        if duration_us > limits.flash_duration_us {
            return Err(Refusal::FlashTooLong);
        }
        let energy = u64::from(permille) * u64::from(duration_us);
        if energy > limits.flash_energy {
            return Err(Refusal::FlashTooStrong);
        }
        self.is_alive()?;
        if self.flashes.back().is_some_and(|last| now.since(last.at) < limits.flash_spacing) {
            return Err(Refusal::FlashTooSoon);
        }
        while self.flashes.front().is_some_and(|first| now.since(first.at) >= limits.window.max(limits.flash_spacing)) {
            self.flashes.pop_front();
        }
        let spent: u64 = self.flashes.iter().map(|flash| flash.energy).sum();
        if spent + energy > limits.window_energy {
            return Err(Refusal::FlashBudgetSpent);
        }
        // A full account refuses: a flash that is not remembered could not be counted.
        self.flashes.push_back(Flash { at: now, energy }).map_err(|_| Refusal::FlashBudgetSpent)
    }

    fn is_alive(&self) -> Result<(), Refusal> {
        match self.heard {
            Some(heard) if self.now.since(heard) < self.limits.heartbeat_within => Ok(()),
            Some(_) | None => Err(Refusal::NoHeartbeat),
        }
    }

    /// Which limit the lights meet first, and when.
    fn next_forced_off(&self) -> Option<(Millis, ForcedOff)> {
        if self.lights == Lights::default() {
            return None;
        }
        let silence = (self.heard?.plus(self.limits.heartbeat_within), ForcedOff::HeartbeatLost);
        if self.lights.aiming_permille == 0 {
            return Some(silence);
        }
        let left = self.limits.aiming_on.since(self.aimed);
        let too_long = (self.now.plus(left), ForcedOff::AimingTooLong);
        Some(if too_long.0 < silence.0 { too_long } else { silence })
    }

    /// Brings the account up to `now`.
    fn settle(&mut self, now: Millis) {
        let due = self.next_forced_off();
        let passed = now.since(self.now);
        self.now = self.now.plus(passed);
        if self.lights.aiming_permille > 0 {
            self.aimed = self.aimed.plus(passed);
        } else if self.now.since(self.dark_since) >= self.limits.aiming_rest {
            self.aimed = Millis(0);
        }
        if let Some((due, why)) = due
            && self.now >= due
        {
            self.darken();
            self.forced_off = Some(why);
        }
    }

    fn darken(&mut self) {
        self.aiming_out();
        self.lights.fixation = None;
    }

    fn aiming_out(&mut self) {
        if self.lights.aiming_permille > 0 {
            self.lights.aiming_permille = 0;
            self.dark_since = self.now;
        }
    }
}
