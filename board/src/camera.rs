//! Cameras: blocking sources of undecoded frames.
//!
//! A frame is handed on as the camera delivered it; what its bytes mean is told beside them. Decoding belongs to the
//! contract with the trainer, not here.

use std::time::Duration;

/// How the bytes of a frame are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// A whole JPEG file.
    Jpeg,
}

/// A picture as the camera delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraFrame {
    /// Counts up by one; a gap tells of frames that were lost.
    pub sequence: u32,
    /// How the bytes are coded.
    pub format: PixelFormat,
    /// A photograph that the flash lit, in full size; otherwise a frame of the live picture.
    pub lit_by_flash: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why there is no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    /// Nothing came in time.
    #[error("the camera delivered no frame within {} ms", within.as_millis())]
    Stalled {
        /// How long was waited.
        within: Duration,
    },
    /// The camera is not there, or gave up.
    #[error("the camera is gone: {detail}")]
    Absent {
        /// What is known of it.
        detail: String,
    },
}

/// A source of frames, used from a thread of its own.
pub trait Camera {
    /// What it is, for status bars and records.
    fn name(&self) -> &str;

    /// Whether what it shows is not of a patient.
    fn is_simulated(&self) -> bool;

    /// The next frame; waits at most `within`.
    ///
    /// # Errors
    /// When none comes in time, or the camera is gone.
    fn next_frame(&mut self, within: Duration) -> Result<CameraFrame, CameraError>;
}
