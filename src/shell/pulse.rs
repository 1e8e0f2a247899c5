//! Whether the work goes on: each task counts its rounds, and the watchdog of the system is fed only when all have moved.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// How long a thread waits for an order at most before it shows that it is alive.
const ROUND: Duration = Duration::from_millis(200);

/// The rounds of one task.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulse {
    rounds: Arc<AtomicU64>,
    /// Until then one long round is no standstill.
    excused: Arc<Mutex<Option<Instant>>>,
}

impl Pulse {
    /// One more round.
    pub(super) fn beat(&self) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
    }

    /// The round that begins may take this long.
    pub(super) fn excuse(&self, time: Duration) {
        *self.excused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + time);
        self.beat();
    }

    fn is_excused(&self) -> bool {
        self.excused.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
    }

    fn count(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }
}

/// The next order for a thread, which shows meanwhile that it is alive; none when nobody gives orders any more.
pub(super) fn next_order<T>(orders: &Receiver<T>, pulse: &Pulse) -> Option<T> {
    loop {
        pulse.beat();
        match orders.recv_timeout(ROUND) {
            Ok(order) => return Some(order),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// Feeds the system's watchdog from the tasks' pulses.
#[derive(Debug)]
pub(super) struct Watchdog {
    pulses: Vec<(&'static str, Pulse, u64)>,
}

impl Watchdog {
    pub(super) fn new(pulses: impl IntoIterator<Item = (&'static str, Pulse)>) -> Self {
        Watchdog { pulses: pulses.into_iter().map(|(name, pulse)| (name, pulse, 0)).collect() }
    }

    /// How often to look: a third of what the system waits, or every five seconds where there is no such system.
    pub(super) fn interval() -> Duration {
        sd_notify::watchdog_enabled().map_or(Duration::from_secs(5), |patience| patience / 3)
    }

    /// Whether every task has moved since it was last asked; the names of those that have not are logged.
    pub(super) fn all_moved(&mut self) -> bool {
        let mut all = true;
        for (name, pulse, before) in &mut self.pulses {
            let now = pulse.count();
            if now == *before && !pulse.is_excused() {
                log::error!("{name} stands still");
                all = false;
            }
            *before = now;
        }
        all
    }

    /// Feeds it where the work goes on.
    pub(super) fn feed(&mut self) {
        if self.all_moved() {
            notify(sd_notify::NotifyState::Watchdog);
        }
    }
}

/// Tells the system's manager, where there is one.
pub(super) fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::warn!("the system's manager cannot be told: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // verifies: RQ-111
    #[test]
    fn one_task_that_stands_still_is_enough_to_starve_the_watchdog() {
        let [camera, store] = [Pulse::default(), Pulse::default()];
        let mut watchdog = Watchdog::new([("camera", camera.clone()), ("store", store.clone())]);
        for pulse in [&camera, &store] {
            pulse.beat();
        }
        assert!(watchdog.all_moved());
        camera.beat();
        assert!(!watchdog.all_moved(), "the store stood still");
        store.beat();
        assert!(!watchdog.all_moved(), "now the camera did");
        store.beat();
        camera.excuse(Duration::from_secs(60));
        assert!(watchdog.all_moved());
        store.beat();
        assert!(watchdog.all_moved(), "the camera said that it would take long");
    }
}
