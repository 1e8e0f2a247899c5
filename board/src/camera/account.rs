//! Which buffers of a stream are frames, and how many frames were lost. Does no I/O.
//!
//! A camera's first frames are often half exposed or torn (*warm-up*); a buffer may be from before the stream began
//! (*stale*), come twice (*repeated*), be flagged by the driver (*flagged*), have too few bytes (*short*) or, as a JPEG,
//! no beginning or no end (*torn*). Such are dropped and counted, and the stream goes on: one bad frame is no failure.

use std::time::Duration;

use super::PixelFormat;

/// An interval between frames longer than this many usual ones is a pause.
const PAUSE: f64 = 2.5;
/// Where the sequence numbers jump by more than this they were started anew.
const ANEW: u32 = u32::MAX / 2;

/// What a driver says of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Buffer<'a> {
    /// The bytes that it says were filled.
    pub bytes: &'a [u8],
    /// The driver's number of the frame.
    pub sequence: u32,
    /// When it was taken, on the monotonic clock; none where the driver does not say.
    pub taken: Option<Duration>,
    /// Whether the driver says that it is damaged.
    pub flagged: bool,
}

/// Why a buffer is no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// Among the first of the stream.
    WarmUp,
    /// The driver says that it is damaged.
    Flagged,
    /// It has too few bytes.
    Short,
    /// It is no JPEG from beginning to end.
    Torn,
    /// It was taken before the stream began.
    Stale,
    /// It has come before.
    Repeated,
}

/// What becomes of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is a frame.
    Keep {
        /// How many of its bytes are the frame; padding follows.
        length: usize,
        /// Frames between the last that was kept and this one.
        missed: u32,
    },
    /// It is not.
    Drop(Flaw),
}

/// What has come of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames kept.
    pub kept: u64,
    /// Frames that never came, by the driver's numbers.
    pub lost: u64,
    /// Times when none came for long, though none was lost by the numbers: a camera that takes longer in the dark.
    pub pauses: u64,
    /// Warm-up frames.
    pub warm_up: u64,
    /// Flagged by the driver.
    pub flagged: u64,
    /// With too few bytes.
    pub short: u64,
    /// No whole JPEG.
    pub torn: u64,
    /// From before the stream.
    pub stale: u64,
    /// Repeated.
    pub repeated: u64,
}

impl Counts {
    /// How many came damaged.
    pub fn damaged(&self) -> u64 {
        self.flagged + self.short + self.torn
    }

    fn count(&mut self, flaw: Flaw) {
        let counter = match flaw {
            Flaw::WarmUp => &mut self.warm_up,
            Flaw::Flagged => &mut self.flagged,
            Flaw::Short => &mut self.short,
            Flaw::Torn => &mut self.torn,
            Flaw::Stale => &mut self.stale,
            Flaw::Repeated => &mut self.repeated,
        };
        *counter += 1;
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.kept += other.kept;
        self.lost += other.lost;
        self.pauses += other.pauses;
        self.warm_up += other.warm_up;
        self.flagged += other.flagged;
        self.short += other.short;
        self.torn += other.torn;
        self.stale += other.stale;
        self.repeated += other.repeated;
    }
}

/// The account of one stream.
#[derive(Debug, Clone)]
pub struct Account {
    format: PixelFormat,
    /// Between two frames, as the camera granted it.
    interval: Option<Duration>,
    /// Nothing is taken earlier.
    began: Duration,
    warm_up: u32,
    /// Number and time of the last buffer.
    last: Option<(u32, Option<Duration>)>,
    missed: u32,
    counts: Counts,
}

impl Account {
    /// An account of a stream that began at `began`, whose first `warm_up` frames are dropped.
    pub fn new(format: PixelFormat, interval: Option<Duration>, warm_up: u32, began: Duration) -> Self {
        Account { format, interval, began, warm_up, last: None, missed: 0, counts: Counts::default() }
    }

    /// What has come so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Decides on the next buffer.
    pub fn take(&mut self, buffer: Buffer<'_>) -> Fate {
        match self.judge(buffer) {
            Ok(length) => {
                self.counts.kept += 1;
                Fate::Keep { length, missed: std::mem::take(&mut self.missed) }
            }
            Err(flaw) => {
                self.counts.count(flaw);
                if matches!(flaw, Flaw::Flagged | Flaw::Short | Flaw::Torn) {
                    self.missed = self.missed.saturating_add(1);
                }
                Fate::Drop(flaw)
            }
        }
    }

    fn judge(&mut self, buffer: Buffer<'_>) -> Result<usize, Flaw> {
        let Buffer { bytes, sequence, taken, flagged } = buffer;
        if taken.is_some_and(|taken| taken < self.began) {
            return Err(Flaw::Stale);
        }
        if self.last == Some((sequence, taken)) {
            return Err(Flaw::Repeated);
        }
        let lost = self.lost_before(sequence, taken);
        self.last = Some((sequence, taken));
        if self.warm_up > 0 {
            self.warm_up -= 1;
            return Err(Flaw::WarmUp);
        }
        self.counts.lost += u64::from(lost);
        self.missed = self.missed.saturating_add(lost);
        if flagged {
            return Err(Flaw::Flagged);
        }
        match self.format {
            PixelFormat::Raw(raster) if bytes.len() < raster.bytes() => Err(Flaw::Short),
            PixelFormat::Raw(_) => Ok(bytes.len()),
            PixelFormat::Jpeg | PixelFormat::Mjpeg { .. } if bytes.is_empty() => Err(Flaw::Short),
            PixelFormat::Jpeg | PixelFormat::Mjpeg { .. } => whole_jpeg(bytes).ok_or(Flaw::Torn),
        }
    }

    /// Frames that are missing between the last buffer and this one.
    fn lost_before(&mut self, sequence: u32, taken: Option<Duration>) -> u32 {
        let Some((last, last_taken)) = self.last else { return 0 };
        let intervals = taken.zip(last_taken).zip(self.interval).and_then(|((taken, last), interval)| {
            (!interval.is_zero()).then(|| taken.saturating_sub(last).as_secs_f64() / interval.as_secs_f64())
        });
        match sequence.wrapping_sub(last) {
            // A driver that does not number its frames: only the time tells.
            0 => intervals.map_or(0, |intervals| (intervals.round() as u32).saturating_sub(1)),
            // One that began to count anew.
            step if step > ANEW => 0,
            1 => {
                self.counts.pauses += u64::from(intervals.is_some_and(|intervals| intervals > PAUSE));
                0
            }
            step => step - 1,
        }
    }
}

/// The length of a JPEG that is there from its beginning to its end; cameras pad what is behind it.
fn whole_jpeg(bytes: &[u8]) -> Option<usize> {
    const BEGIN: [u8; 2] = [0xff, 0xd8];
    const END: [u8; 2] = [0xff, 0xd9];
    if !bytes.starts_with(&BEGIN) {
        return None;
    }
    bytes.windows(2).rposition(|pair| pair == END).map(|at| at + END.len())
}

#[cfg(test)]
mod tests {
    use super::super::{Raster, Rows, Samples};
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(40);
    const RASTER: Raster =
        Raster { width: 2, height: 2, samples: Samples::Rgb, bytes_per_line: 8, rows: Rows::InPlace };
    /// Two rows of six bytes and padding between them.
    const WHOLE: [u8; 14] = [7; 14];

    fn account(warm_up: u32) -> Account {
        Account::new(PixelFormat::Raw(RASTER), Some(INTERVAL), warm_up, 100 * INTERVAL)
    }

    /// The frame of this number, in time.
    fn buffer(number: u32) -> Buffer<'static> {
        Buffer { bytes: &WHOLE, sequence: number, taken: Some((101 + number) * INTERVAL), flagged: false }
    }

    fn keep(missed: u32) -> Fate {
        Fate::Keep { length: WHOLE.len(), missed }
    }

    #[test]
    fn the_first_frames_are_dropped_and_what_is_lost_among_them_is_no_loss() {
        let mut account = account(2);
        let fates = [0, 3, 4, 5].map(|number| account.take(buffer(number)));
        assert_eq!(fates, [Fate::Drop(Flaw::WarmUp), Fate::Drop(Flaw::WarmUp), keep(0), keep(0)]);
        assert_eq!((account.counts().lost, account.counts().kept), (0, 2));
    }

    #[test]
    fn a_gap_in_the_numbers_is_frames_lost() {
        let mut account = account(0);
        let fates = [0, 1, 4, 5].map(|number| account.take(buffer(number)));
        assert_eq!(fates, [keep(0), keep(0), keep(2), keep(0)]);
        assert_eq!(account.counts().lost, 2);
    }

    #[test]
    fn after_the_largest_number_comes_nought_without_a_gap() {
        let mut account = account(0);
        for (step, sequence) in [u32::MAX - 1, u32::MAX, 0, 1].into_iter().enumerate() {
            assert_eq!(account.take(Buffer { sequence, ..buffer(step as u32) }), keep(0), "{sequence}");
        }
        assert_eq!(account.take(Buffer { sequence: 3, ..buffer(5) }), keep(1));
    }

    #[test]
    fn a_driver_that_counts_anew_has_lost_nothing() {
        let mut account = account(0);
        let fates = [9, 0, 1].map(|sequence| account.take(Buffer { sequence, ..buffer(9 + sequence) }));
        assert_eq!(fates, [keep(0); 3]);
    }

    #[test]
    fn a_driver_that_does_not_count_is_believed_by_its_clock() {
        let mut account = account(0);
        for (number, missed) in [(0, 0), (1, 0), (4, 2), (5, 0)] {
            assert_eq!(account.take(Buffer { sequence: 0, ..buffer(number) }), keep(missed), "{number}");
        }
    }

    #[test]
    fn a_camera_that_takes_longer_has_paused_and_lost_nothing() {
        let mut account = account(0);
        account.take(buffer(0));
        assert_eq!(account.take(Buffer { sequence: 1, ..buffer(3) }), keep(0));
        assert_eq!((account.counts().pauses, account.counts().lost), (1, 0));
    }

    #[test]
    fn damaged_frames_are_dropped_counted_and_missing_to_who_gets_the_next() {
        let mut account = account(0);
        account.take(buffer(0));
        assert_eq!(account.take(Buffer { flagged: true, ..buffer(1) }), Fate::Drop(Flaw::Flagged));
        assert_eq!(account.take(Buffer { bytes: &WHOLE[..13], ..buffer(2) }), Fate::Drop(Flaw::Short));
        assert_eq!(account.take(buffer(4)), keep(3));
        let counts = account.counts();
        assert_eq!((counts.flagged, counts.short, counts.lost, counts.damaged()), (1, 1, 1, 2));
    }

    #[test]
    fn what_was_taken_before_the_stream_or_came_before_is_not_taken_again() {
        let mut account = account(0);
        assert_eq!(account.take(Buffer { taken: Some(99 * INTERVAL), ..buffer(7) }), Fate::Drop(Flaw::Stale));
        assert_eq!(account.take(buffer(0)), keep(0));
        assert_eq!(account.take(buffer(0)), Fate::Drop(Flaw::Repeated));
        assert_eq!(account.take(buffer(1)), keep(0));
    }

    #[test]
    fn a_jpeg_is_cut_behind_its_end_and_one_without_an_end_is_torn() {
        let format = PixelFormat::Mjpeg { width: 2, height: 2 };
        let mut account = Account::new(format, Some(INTERVAL), 0, Duration::ZERO);
        let padded = [0xff, 0xd8, 1, 2, 0xff, 0xd9, 0, 0, 0];
        assert_eq!(account.take(Buffer { bytes: &padded, ..buffer(0) }), Fate::Keep { length: 6, missed: 0 });
        for torn in [&padded[..4], &padded[1..6]] {
            let mut account = account.clone();
            assert_eq!(account.take(Buffer { bytes: torn, ..buffer(1) }), Fate::Drop(Flaw::Torn), "{torn:?}");
        }
        assert_eq!(account.take(Buffer { bytes: &[], ..buffer(1) }), Fate::Drop(Flaw::Short));
    }
}
