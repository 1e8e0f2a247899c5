//! Ending on request: Ctrl-C and SIGTERM are taken as a wish to stop at the next safe moment.
//!
//! Not here: what is safe (the training loop writes a checkpoint first, a cache its last features).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use crate::error::Exit;

/// Whether somebody asked to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Listens to Ctrl-C and SIGTERM. The first asks; a second one ends the process at once.
    ///
    /// # Errors
    /// When the system refuses the handlers.
    pub fn of_signals() -> std::io::Result<Self> {
        let stop = Stop::default();
        for signal in [SIGINT, SIGTERM] {
            // Registered first, so that it sees what the signals before it have set.
            flag::register_conditional_shutdown(signal, Exit::Interrupted as i32, Arc::clone(&stop.0))?;
            flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    /// Whether to stop.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
