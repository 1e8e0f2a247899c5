//! How much light each eye has been given, and whether it may be given more.
//!
//! The retina can be hurt by short-wave light long before it is warmed, and that adds up over hours: what counts is the
//! radiant exposure at the retina, weighted by wavelength for an eye without its lens (the aphakic photochemical hazard
//! A(λ) of ISO 15004-2, 305 to 700 nm). This module sums it over 24 hours, for each patient and eye.
//!
//! Terms: a *dose* is that weighted exposure in nJ/cm²; *permille* is a light's level, 1000 being the level at which
//! the calibration was measured; a *trusted* time comes of a clock that is known to be right.
//!
//! **Not verified on hardware.** The limit is taken from a secondary source of the standard's 2007 edition, no device's
//! light has been measured, and this sum protects nobody by itself: the limits of each flash and of the lights' level
//! (photochemical rate, thermal, anterior segment) belong to the controller's firmware.
//!
//! Not here: files, clocks, lights. The caller keeps the ledger (it is serialisable) and passes the time in.

mod calibration;
mod dose;
mod entries;
mod ledger;
#[cfg(test)]
mod tests;

pub use calibration::{Calibration, CalibrationError};
pub use dose::Dose;
pub use ledger::{Ledger, Refused, WallTime, Whose};
