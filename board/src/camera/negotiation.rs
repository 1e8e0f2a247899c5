//! What to ask a camera for, and whether what it granted will do. Does no I/O.
//!
//! A driver may answer any wish with something else and call it success: what it grants is compared with what was asked,
//! and what would make a pixel mean something else than the program takes it for is refused. The terms are V4L2's.

use std::{fmt, time::Duration};

use super::{Matrix, PixelFormat, Range, Raster, Rows, Samples};

/// A pixel format that is understood, in the order in which they are preferred where all are offered: a stream of JPEGs
/// is what fits through a USB cable in full size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// `MJPG`, one JPEG a frame.
    Mjpeg,
    /// `YUYV`, two pixels in four bytes.
    Yuyv,
    /// `RGB3`, three bytes a pixel.
    Rgb24,
}

impl Coding {
    /// All of them, the best first.
    pub const ALL: [Coding; 3] = [Coding::Mjpeg, Coding::Yuyv, Coding::Rgb24];

    /// V4L2's four letters.
    pub fn four_letters(self) -> [u8; 4] {
        match self {
            Coding::Mjpeg => *b"MJPG",
            Coding::Yuyv => *b"YUYV",
            Coding::Rgb24 => *b"RGB3",
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.four_letters()))
    }
}

/// What the device wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Pixel formats, the best first.
    pub codings: Vec<Coding>,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Frames a second, at least 1. A camera that grants less than half is refused.
    pub per_second: u32,
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codings: Vec<_> = self.codings.iter().map(Coding::to_string).collect();
        write!(f, "{} {}x{}", codings.join(" or "), self.width, self.height)
    }
}

/// Sizes that a camera offers, in pixels across and down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// One.
    One((u32, u32)),
    /// All from the least to the largest, by steps.
    Steps {
        /// The least.
        least: (u32, u32),
        /// The largest.
        most: (u32, u32),
        /// From one to the next.
        step: (u32, u32),
    },
}

impl Sizes {
    fn contain(&self, width: u32, height: u32) -> bool {
        match *self {
            Sizes::One(size) => size == (width, height),
            Sizes::Steps { least, most, step } => {
                let fits = |wanted: u32, least: u32, most: u32, step: u32| {
                    least <= wanted && wanted <= most && (wanted - least).is_multiple_of(step.max(1))
                };
                fits(width, least.0, most.0, step.0) && fits(height, least.1, most.1, step.1)
            }
        }
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sizes::One((width, height)) => write!(f, "{width}x{height}"),
            Sizes::Steps { least, most, .. } => write!(f, "{}x{} to {}x{}", least.0, least.1, most.0, most.1),
        }
    }
}

/// A pixel format that a camera offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The format.
    pub coding: Coding,
    /// Its sizes; empty where the driver does not list them, and any may be tried.
    pub sizes: Vec<Sizes>,
    /// The shortest interval at the size that is wanted, as a fraction of a second; none where the driver does not say.
    pub shortest: Option<(u32, u32)>,
}

impl Offer {
    fn has_size(&self, wish: &Wish) -> bool {
        self.sizes.is_empty() || self.sizes.iter().any(|sizes| sizes.contain(wish.width, wish.height))
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<_> = self.sizes.iter().map(Sizes::to_string).collect();
        write!(f, "{} {}", self.coding, if sizes.is_empty() { "any size".to_owned() } else { sizes.join(", ") })
    }
}

/// What a driver granted, in V4L2's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Granted {
    /// The pixel format's four letters.
    pub four_letters: [u8; 4],
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `bytesperline`.
    pub bytes_per_line: u32,
    /// `sizeimage`.
    pub image_bytes: u32,
    /// `field`.
    pub field: u32,
    /// `colorspace`.
    pub colorspace: u32,
    /// `quantization`.
    pub quantization: u32,
    /// `xfer_func`.
    pub transfer: u32,
}

/// Why a camera does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// It is no camera that sends a stream.
    #[error("is no camera with a stream of frames, but {found}")]
    NoCamera {
        /// What it says it can.
        found: String,
    },
    /// What is wanted is not among what it offers.
    #[error("offers no {wanted}, but {offered}")]
    NotOffered {
        /// What is wanted.
        wanted: String,
        /// What it offers of the formats that are understood.
        offered: String,
    },
    /// It granted another format or size.
    #[error("was asked for {expected} and gives {found}")]
    OtherFormat {
        /// What was asked for.
        expected: String,
        /// What was granted.
        found: String,
    },
    /// It is too slow.
    #[error("gives a frame every {found_ms} ms, expected every {expected_ms} ms or sooner")]
    TooSlow {
        /// The longest interval.
        expected_ms: u64,
        /// What was granted.
        found_ms: u64,
    },
    /// Half of the rows are missing.
    #[error("gives one field of a frame at a time (field order {found}), expected whole frames")]
    HalfFrames {
        /// V4L2's number of the field order.
        found: u32,
    },
    /// Its rows or frames are too short for its pixels.
    #[error("gives {found} bytes {of}, expected at least {expected}")]
    TooFewBytes {
        /// A row or a frame.
        of: &'static str,
        /// What the pixels take.
        expected: u64,
        /// What was granted.
        found: u64,
    },
    /// Its colours mean something else than those of photographs.
    #[error("gives colours as {what} {found}, expected {expected}")]
    OtherColours {
        /// Which of V4L2's fields says so.
        what: &'static str,
        /// Its number.
        found: u32,
        /// What is understood.
        expected: &'static str,
    },
    /// The driver says something that can't be understood.
    #[error("its driver says something that is not understood: {detail}")]
    Garbled {
        /// What is known of it.
        detail: String,
    },
}

/// A fraction of a second; none where it is no time.
pub fn interval((numerator, denominator): (u32, u32)) -> Option<Duration> {
    let seconds = f64::from(numerator) / f64::from(denominator);
    (numerator > 0 && denominator > 0).then(|| Duration::from_secs_f64(seconds))
}

/// The longest interval that will do.
fn longest(wish: &Wish) -> Duration {
    2 * Duration::from_secs(1) / wish.per_second.max(1)
}

/// The formats to try, the best first: those that are fast enough, then those of which the driver does not say how fast
/// they are or says that they are slow, both in the order of the wish.
///
/// # Errors
/// When the camera offers none of the size that is wanted.
pub fn order(wish: &Wish, offers: &[Offer]) -> Result<Vec<Coding>, Unsuitable> {
    let wanted = |coding: &Coding| offers.iter().find(|offer| offer.coding == *coding && offer.has_size(wish));
    let is_fast = |offer: &Offer| offer.shortest.and_then(interval).is_some_and(|shortest| shortest <= longest(wish));
    let (fast, other): (Vec<_>, Vec<_>) = wish.codings.iter().filter_map(wanted).partition(|offer| is_fast(offer));
    let ordered: Vec<_> = fast.into_iter().chain(other).map(|offer| offer.coding).collect();
    if ordered.is_empty() {
        let offered: Vec<_> = offers.iter().map(Offer::to_string).collect();
        let offered = if offered.is_empty() { "no format that is understood".to_owned() } else { offered.join("; ") };
        return Err(Unsuitable::NotOffered { wanted: wish.to_string(), offered });
    }
    Ok(ordered)
}

/// What frames of the format that was granted are.
///
/// # Errors
/// When it is not what was asked for, or its pixels mean something that is not understood.
pub fn check(wish: &Wish, coding: Coding, granted: &Granted) -> Result<PixelFormat, Unsuitable> {
    let &Granted { four_letters, width, height, .. } = granted;
    if (four_letters, width, height) != (coding.four_letters(), wish.width, wish.height) {
        return Err(Unsuitable::OtherFormat {
            expected: format!("{coding} {}x{}", wish.width, wish.height),
            found: format!("{} {width}x{height}", String::from_utf8_lossy(&four_letters)),
        });
    }
    let rows = match granted.field {
        // None; interlaced in place, in either order.
        1 | 4 | 8 | 9 => Rows::InPlace,
        5 => Rows::TopThenBottom,
        6 => Rows::BottomThenTop,
        // Top, bottom, alternate; and "any", which no driver may grant.
        found => return Err(Unsuitable::HalfFrames { found }),
    };
    let samples = match coding {
        // A JPEG says itself what its colours are.
        Coding::Mjpeg => return Ok(PixelFormat::Mjpeg { width, height }),
        Coding::Yuyv => {
            colours(granted)?;
            Samples::Yuyv { range: range(granted)?, matrix: matrix(granted) }
        }
        Coding::Rgb24 => {
            colours(granted)?;
            if granted.quantization == LIMITED {
                return Err(Unsuitable::OtherColours {
                    what: "RGB of quantization",
                    found: LIMITED,
                    expected: "the full range",
                });
            }
            Samples::Rgb
        }
    };
    let raster = Raster { width, height, samples, bytes_per_line: granted.bytes_per_line, rows };
    let enough = |of, expected: u64, found: u32| match u64::from(found) {
        found if found < expected => Err(Unsuitable::TooFewBytes { of, expected, found }),
        _ => Ok(()),
    };
    enough("a row", raster.row_bytes().into(), granted.bytes_per_line)?;
    enough("a frame", raster.bytes() as u64, granted.image_bytes)?;
    Ok(PixelFormat::Raw(raster))
}

/// Checks the interval that was granted; one that is not said is measured later.
///
/// # Errors
/// When it is less than half as fast as was wished.
pub fn check_interval(wish: &Wish, granted: Option<Duration>) -> Result<(), Unsuitable> {
    match granted {
        Some(found) if found > longest(wish) => Err(Unsuitable::TooSlow {
            expected_ms: longest(wish).as_millis() as u64,
            found_ms: found.as_millis() as u64,
        }),
        _ => Ok(()),
    }
}

const FULL: u32 = 1;
const LIMITED: u32 = 2;
const COLORSPACE_REC709: u32 = 3;
const COLORSPACE_JPEG: u32 = 7;

/// Photographs are sRGB, or so near to it that nobody sees it.
fn colours(granted: &Granted) -> Result<(), Unsuitable> {
    // Default, SMPTE 170M, Rec. 709, EBU, JPEG, sRGB.
    if !matches!(granted.colorspace, 0 | 1 | COLORSPACE_REC709 | 6 | COLORSPACE_JPEG | 8) {
        let found = granted.colorspace;
        return Err(Unsuitable::OtherColours { what: "colorspace", found, expected: "sRGB or near to it" });
    }
    // Default, Rec. 709, sRGB.
    if !matches!(granted.transfer, 0..=2) {
        let found = granted.transfer;
        return Err(Unsuitable::OtherColours {
            what: "transfer function",
            found,
            expected: "that of sRGB or Rec. 709",
        });
    }
    Ok(())
}

/// V4L2's rules for a driver that leaves it at the default.
fn range(granted: &Granted) -> Result<Range, Unsuitable> {
    match (granted.quantization, granted.colorspace) {
        (FULL, _) | (0, COLORSPACE_JPEG) => Ok(Range::Full),
        (LIMITED | 0, _) => Ok(Range::Limited),
        (found, _) => {
            Err(Unsuitable::OtherColours { what: "quantization", found, expected: "default, full or limited" })
        }
    }
}

/// The matrix is what the colour space has by default: the driver's own word for it does not come through the library.
fn matrix(granted: &Granted) -> Matrix {
    match granted.colorspace {
        COLORSPACE_REC709 => Matrix::Bt709,
        _ => Matrix::Bt601,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish { codings: Coding::ALL.to_vec(), width: 640, height: 480, per_second: 25 }
    }

    fn offer(coding: Coding, size: (u32, u32), per_second: u32) -> Offer {
        Offer { coding, sizes: vec![Sizes::One((320, 180)), Sizes::One(size)], shortest: Some((1, per_second)) }
    }

    fn yuyv() -> Granted {
        Granted {
            four_letters: *b"YUYV",
            width: 640,
            height: 480,
            bytes_per_line: 1280,
            image_bytes: 614_400,
            field: 1,
            colorspace: 8,
            quantization: 0,
            transfer: 0,
        }
    }

    fn raster(granted: Granted) -> Result<Raster, Unsuitable> {
        match check(&wish(), Coding::Yuyv, &granted)? {
            PixelFormat::Raw(raster) => Ok(raster),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_what_is_fast_enough_the_best_comes_first_and_the_slow_is_the_last_resort() {
        let (mjpeg, yuyv) = (offer(Coding::Mjpeg, (640, 480), 30), offer(Coding::Yuyv, (640, 480), 30));
        assert_eq!(order(&wish(), &[yuyv.clone(), mjpeg]).unwrap(), [Coding::Mjpeg, Coding::Yuyv]);
        let slow = offer(Coding::Mjpeg, (640, 480), 5);
        assert_eq!(order(&wish(), &[yuyv, slow]).unwrap(), [Coding::Yuyv, Coding::Mjpeg]);
    }

    #[test]
    fn a_size_is_offered_alone_or_as_a_step() {
        let other = offer(Coding::Yuyv, (1280, 720), 30);
        let steps = |step| Offer {
            sizes: vec![Sizes::Steps { least: (16, 16), most: (1920, 1080), step }],
            ..offer(Coding::Rgb24, (0, 0), 30)
        };
        assert_eq!(order(&wish(), &[other.clone(), steps((2, 2))]).unwrap(), [Coding::Rgb24]);
        let unsuitable = order(&wish(), &[other, steps((32, 32))]).unwrap_err();
        let expected = "offers no MJPG or YUYV or RGB3 640x480, but YUYV 320x180, 1280x720; RGB3 16x16 to 1920x1080";
        assert_eq!(unsuitable.to_string(), expected, "480 - 16 is no multiple of 32");
    }

    #[test]
    fn a_driver_that_silently_gives_another_format_is_found_out() {
        let unsuitable = check(&wish(), Coding::Mjpeg, &yuyv()).unwrap_err();
        assert_eq!(unsuitable.to_string(), "was asked for MJPG 640x480 and gives YUYV 640x480");
        let smaller = Granted { width: 320, height: 240, ..yuyv() };
        assert!(matches!(raster(smaller), Err(Unsuitable::OtherFormat { .. })));
    }

    #[test]
    fn padding_is_kept_and_rows_that_are_too_short_are_refused() {
        let padded = Granted { bytes_per_line: 1344, image_bytes: 1344 * 480, ..yuyv() };
        assert_eq!(raster(padded).unwrap().bytes_per_line, 1344);
        assert_eq!(raster(padded).unwrap().bytes(), 1344 * 479 + 1280);
        let short = Granted { bytes_per_line: 1279, ..yuyv() };
        let expected = Unsuitable::TooFewBytes { of: "a row", expected: 1280, found: 1279 };
        assert_eq!(raster(short).unwrap_err(), expected);
        assert!(raster(Granted { image_bytes: 1000, ..yuyv() }).is_err());
    }

    #[test]
    fn fields_are_told_apart_and_half_frames_refused() {
        let rows = |field| raster(Granted { field, ..yuyv() }).map(|raster| raster.rows);
        for in_place in [1, 4, 8, 9] {
            assert_eq!(rows(in_place).unwrap(), Rows::InPlace);
        }
        assert_eq!((rows(5).unwrap(), rows(6).unwrap()), (Rows::TopThenBottom, Rows::BottomThenTop));
        for half in [0, 2, 3, 7] {
            assert_eq!(rows(half).unwrap_err(), Unsuitable::HalfFrames { found: half });
        }
    }

    #[test]
    fn levels_and_matrix_follow_what_the_driver_says_or_the_rules_for_its_silence() {
        let samples = |colorspace, quantization| {
            raster(Granted { colorspace, quantization, ..yuyv() }).map(|raster| raster.samples)
        };
        let yuyv = |range, matrix| Ok(Samples::Yuyv { range, matrix });
        assert_eq!(samples(8, 0), yuyv(Range::Limited, Matrix::Bt601));
        assert_eq!(samples(8, 1), yuyv(Range::Full, Matrix::Bt601));
        assert_eq!(samples(7, 0), yuyv(Range::Full, Matrix::Bt601));
        assert_eq!(samples(7, 2), yuyv(Range::Limited, Matrix::Bt601));
        assert_eq!(samples(3, 0), yuyv(Range::Limited, Matrix::Bt709));
        for foreign in [2, 5, 9, 10, 11, 12, 99] {
            assert!(matches!(samples(foreign, 0), Err(Unsuitable::OtherColours { .. })), "{foreign}");
        }
        assert!(samples(8, 3).is_err());
    }

    #[test]
    fn linear_light_and_rgb_of_limited_range_are_refused() {
        assert!(raster(Granted { transfer: 5, ..yuyv() }).is_err());
        let rgb = Granted { four_letters: *b"RGB3", bytes_per_line: 1920, image_bytes: 921_600, ..yuyv() };
        assert!(matches!(
            check(&wish(), Coding::Rgb24, &rgb),
            Ok(PixelFormat::Raw(Raster { samples: Samples::Rgb, .. }))
        ));
        assert!(check(&wish(), Coding::Rgb24, &Granted { quantization: LIMITED, ..rgb }).is_err());
    }

    #[test]
    fn half_as_fast_will_do_and_slower_will_not() {
        let granted = |numerator, denominator| check_interval(&wish(), interval((numerator, denominator)));
        assert_eq!(granted(1, 25), Ok(()));
        assert_eq!(granted(2, 25), Ok(()));
        assert_eq!(granted(1, 5), Err(Unsuitable::TooSlow { expected_ms: 80, found_ms: 200 }));
        assert_eq!(granted(0, 0), Ok(()), "not said");
    }
}
