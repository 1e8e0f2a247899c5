//! Cameras: blocking sources of undecoded frames.
//!
//! A frame is handed on as the camera delivered it; what its bytes mean is told beside them. Decoding belongs to the
//! contract with the trainer, not here.
//!
//! ```text
//!   negotiation ★ what to ask for, and whether what was granted will do
//!   account     ★ which buffers are frames, and how many were lost
//!   recovery    ★ when a camera that failed is opened again
//!   shutter       tells a camera that a flash comes, and came
//!   v4l2          a camera of the kernel's, by the three above (feature `v4l2`)
//!   contract      what every camera must do, as checks
//! ```
//!
//! ★ does no I/O and reads no clock. Times are durations on the system's monotonic clock, since the machine's start.

pub mod account;
pub mod contract;
pub mod negotiation;
pub mod recovery;
mod shutter;
#[cfg(feature = "v4l2")]
pub mod v4l2;

use std::time::Duration;

pub use negotiation::Unsuitable;
pub use shutter::Shutter;

/// How the bytes of a frame are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelFormat {
    /// A whole JPEG file.
    Jpeg,
    /// One JPEG of a stream, perhaps without its Huffman tables.
    Mjpeg {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// Pixels that are not compressed.
    Raw(Raster),
}

/// How bytes are pixels that are not compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Raster {
    /// Pixels across.
    pub width: u32,
    /// Pixels down, of the whole frame.
    pub height: u32,
    /// What a pixel is made of.
    pub samples: Samples,
    /// Bytes from one row to the next; behind a row's pixels is padding.
    pub bytes_per_line: u32,
    /// In which order the rows come.
    pub rows: Rows,
}

impl Raster {
    /// Bytes of the pixels of one row.
    pub fn row_bytes(&self) -> u32 {
        self.width.saturating_mul(match self.samples {
            Samples::Yuyv { .. } => 2,
            Samples::Rgb => 3,
        })
    }

    /// Bytes that a whole frame has at least: the padding behind its last row may be missing.
    pub fn bytes(&self) -> usize {
        self.height.saturating_sub(1) as usize * self.bytes_per_line as usize + self.row_bytes() as usize
    }
}

/// What a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Samples {
    /// Two pixels in four bytes: Y Cb Y Cr.
    Yuyv {
        /// Which levels are black and white.
        range: Range,
        /// Between luma and colours.
        matrix: Matrix,
    },
    /// Red, green, blue, 0 to 255 each.
    Rgb,
}

/// Which levels are black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// 0 and 255.
    Full,
    /// 16 and 235; colour differences 16 to 240.
    Limited,
}

/// Between luma with colour differences and the three colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
}

/// In which order the rows of a frame come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rows {
    /// From top to bottom, taken at one time or in two fields.
    InPlace,
    /// Those of the top field, then those of the bottom field.
    TopThenBottom,
    /// Those of the bottom field, then those of the top field.
    BottomThenTop,
}

/// A picture as the camera delivered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraFrame {
    /// Counts up by one; a gap tells of frames that were lost, or dropped because they were damaged. After the largest
    /// number comes 0.
    pub sequence: u32,
    /// When it was taken, on the system's monotonic clock; none where the camera does not say.
    pub taken: Option<Duration>,
    /// How the bytes are coded.
    pub format: PixelFormat,
    /// A photograph that the flash lit, in full size; otherwise a frame of the live picture.
    pub lit_by_flash: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Why there is no frame. Each says something else to do: wait, plug in, close another program, choose another format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    /// Nothing came in time; the camera may still deliver.
    #[error("the camera delivered no frame within {} ms", within.as_millis())]
    Stalled {
        /// How long was waited.
        within: Duration,
    },
    /// The camera is not there, or was unplugged.
    #[error("the camera is gone: {detail}")]
    Absent {
        /// What is known of it.
        detail: String,
    },
    /// Several cameras fit what is configured.
    #[error("{wanted}: several cameras fit: {}", found.join(", "))]
    Several {
        /// What was looked for.
        wanted: String,
        /// What was found.
        found: Vec<String>,
    },
    /// This user may not open it.
    #[error("{name}: permission denied")]
    PermissionDenied {
        /// The device file.
        name: String,
    },
    /// Another program has it.
    #[error("{name}: in use by another program")]
    Busy {
        /// The device file.
        name: String,
    },
    /// It does not deliver what the device needs.
    #[error("{name}: {why}")]
    Unsuitable {
        /// The device file.
        name: String,
        /// What is missing.
        why: Unsuitable,
    },
    /// It is open and has never sent a frame.
    #[error("{name}: is open, and has sent nothing for {} ms", lasting.as_millis())]
    Silent {
        /// The device file.
        name: String,
        /// Since when.
        lasting: Duration,
    },
    /// It had been sending, and has stopped. The stream is built anew.
    #[error("{name}: has stopped sending, for {} ms", lasting.as_millis())]
    Stopped {
        /// The device file.
        name: String,
        /// Since when.
        lasting: Duration,
    },
    /// It sends, and nothing of it is whole: a cable or a port that is too slow.
    #[error("{name}: sends only damaged frames, {frames} of them in {} ms", lasting.as_millis())]
    Damaged {
        /// The device file.
        name: String,
        /// How many came.
        frames: u64,
        /// Since when.
        lasting: Duration,
    },
    /// Its stream broke. It is built anew.
    #[error("{name}: the stream broke: {detail}")]
    Broken {
        /// The device file.
        name: String,
        /// What the system says.
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
    /// A camera that failed is tried again by the next calls, for as long as there are any.
    ///
    /// # Errors
    /// When none comes in time, or the camera is gone or unfit.
    fn next_frame(&mut self, within: Duration) -> Result<CameraFrame, CameraError>;
}
