//! One opened camera: its format settled and checked, its stream begun, buffers taken with a deadline.
//!
//! The library hands out the buffer after the last one is given back, and waits for it without end unless told. So the
//! wait is done here, before: while one buffer is out, the others are with the driver, and a poll of the device says
//! whether one of them is ready. A wait that is over has then touched nothing. After any other error the whole stream is
//! thrown away, since nobody knows which buffers the driver still has.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use v4l::{
    Device, Format, FourCC,
    buffer::{Flags as BufferFlags, Metadata, Type},
    capability::{Capabilities, Flags},
    format::FieldOrder,
    frameinterval::FrameIntervalEnum,
    framesize::FrameSizeEnum,
    io::{
        mmap::Stream,
        traits::{CaptureStream, Stream as _},
    },
    video::{Capture, capture::Parameters},
};

use super::{
    super::{
        CameraError, PixelFormat,
        account::{Account, Buffer, Counts, Fate},
        negotiation::{Coding, Granted, Offer, Sizes, Unsuitable, Wish, check, check_interval, interval, order},
        shutter,
    },
    Settings,
    find::{SENDS, find, name_of},
};

/// Buffers that driver and program share: one is read while the others are filled.
const BUFFERS: u32 = 4;
/// poll(2): there is something to read.
const POLLIN: i16 = 1;
/// The numbers of errors that have a meaning of their own (errno(3)).
mod errno {
    pub(super) const ENOENT: i32 = 2;
    pub(super) const ENXIO: i32 = 6;
    pub(super) const EACCES: i32 = 13;
    pub(super) const EPERM: i32 = 1;
    pub(super) const EBUSY: i32 = 16;
    pub(super) const ENODEV: i32 = 19;
}

/// A camera whose stream runs.
pub(super) struct Opened {
    // Dropped in this order: a device must outlive its stream.
    stream: Stream<'static>,
    pub(super) device: Device,
    account: Account,
    /// The device file.
    pub(super) name: String,
    /// What the camera calls itself.
    pub(super) card: String,
    pub(super) format: PixelFormat,
    /// Between two frames, as it was granted; none where the driver does not say.
    pub(super) interval: Option<Duration>,
}

/// A frame that was taken.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    /// Frames that are missing before it.
    pub(super) missed: u32,
    pub(super) taken: Option<Duration>,
    /// When its light was gathered.
    pub(super) exposure: (Duration, Duration),
}

/// Why there is no frame.
#[derive(Debug)]
pub(super) enum NoFrame {
    /// None came until the deadline.
    None,
    /// One came and was dropped.
    Dropped,
    /// The stream is broken.
    Broken(CameraError),
}

impl Opened {
    /// Finds, opens and starts the camera.
    pub(super) fn open(settings: &Settings) -> Result<Self, CameraError> {
        let (file, device) = find(&settings.address)?;
        let name = name_of(&file);
        guarded(&name, || Self::start(settings, &file, device))
    }

    fn start(settings: &Settings, file: &Path, device: Device) -> Result<Self, CameraError> {
        let name = name_of(file);
        let card = abilities(&name, &device)?;
        if !sends_frames(card.capabilities) {
            let why = Unsuitable::NoCamera { found: format!("{:?}", card.capabilities) };
            return Err(CameraError::Unsuitable { name, why });
        }
        let (format, interval) = settle(&name, &device, &settings.wish)?;
        let io = |error: io::Error| cause(&name, &error);
        let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(io)?;
        // A net below the poll: no call of the library may wait for ever.
        stream.set_timeout(Duration::from_secs(1));
        // All but the first: that one counts as being read, and is given to the driver before the first frame is taken.
        for index in 1..BUFFERS {
            match CaptureStream::queue(&mut stream, index as usize) {
                Ok(()) => {}
                // The driver gave fewer buffers; two are the least.
                Err(error) if index > 1 && error.kind() == io::ErrorKind::InvalidInput => break,
                Err(error) => return Err(io(error)),
            }
        }
        let began = shutter::now();
        stream.start().map_err(io)?;
        let account = Account::new(format, interval, settings.warm_up, began);
        log::info!("{name}: {}, {format:?}, a frame every {interval:?}", card.card);
        Ok(Opened { stream, device, account, name, card: card.card, format, interval })
    }

    pub(super) fn counts(&self) -> Counts {
        self.account.counts()
    }

    /// Takes the next buffer; waits at most `within`.
    pub(super) fn take(&mut self, within: Duration) -> Result<Taken, NoFrame> {
        self.wait(within)?;
        let Opened { stream, account, name, interval, .. } = self;
        let (bytes, about) = CaptureStream::next(stream).map_err(|error| NoFrame::Broken(cause(name, &error)))?;
        // Never the whole mapping: what is behind it is from another frame.
        let bytes = bytes.get(..about.bytesused as usize).unwrap_or_default();
        let taken = taken(about);
        let flagged = about.flags.contains(BufferFlags::ERROR);
        match account.take(Buffer { bytes, sequence: about.sequence, taken, flagged }) {
            Fate::Keep { length, missed } => {
                let taken_at = taken.unwrap_or_else(shutter::now);
                let lasting = interval.unwrap_or_default();
                let exposure = match about.flags & BufferFlags::TSTAMP_SRC_MASK == BufferFlags::TSTAMP_SRC_SOE {
                    true => (taken_at, taken_at + lasting),
                    false => (taken_at.saturating_sub(lasting), taken_at),
                };
                Ok(Taken { bytes: bytes[..length].to_vec(), missed, taken, exposure })
            }
            Fate::Drop(flaw) => {
                log::debug!("{name}: frame {} dropped: {flaw:?}", about.sequence);
                Err(NoFrame::Dropped)
            }
        }
    }

    /// Waits until a buffer is ready, or something is wrong with the device: taking a buffer tells what.
    fn wait(&self, within: Duration) -> Result<(), NoFrame> {
        let end = shutter::now() + within;
        loop {
            // Rounded up: otherwise the last fraction of a millisecond would be spent asking again and again.
            let left = end.saturating_sub(shutter::now()).as_micros().div_ceil(1000);
            match self.stream.handle().poll(POLLIN, i32::try_from(left).unwrap_or(i32::MAX)) {
                Ok(0) => return Err(NoFrame::None),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(NoFrame::Broken(cause(&self.name, &error))),
            }
        }
    }

    /// Gives everything back to the system.
    pub(super) fn close(self) {
        let name = self.name.clone();
        // The library panics where a stream can't be ended.
        if let Err(error) = guarded(&name, || {
            drop(self);
            Ok(())
        }) {
            log::warn!("{error}");
        }
    }
}

/// When a frame was taken, where that is on the monotonic clock.
fn taken(about: &Metadata) -> Option<Duration> {
    let monotonic = about.flags & BufferFlags::TIMESTAMP_MASK == BufferFlags::TIMESTAMP_MONOTONIC;
    let (seconds, micros) = (u64::try_from(about.timestamp.sec).ok()?, u32::try_from(about.timestamp.usec).ok()?);
    monotonic.then(|| Duration::new(seconds, 0) + Duration::from_micros(micros.into()))
}

/// Does it, and takes a panic for an answer: the library panics where a driver says something that its tables lack.
fn guarded<T>(name: &str, act: impl FnOnce() -> Result<T, CameraError>) -> Result<T, CameraError> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let detail = panic.downcast_ref::<String>().cloned();
        let detail = detail.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned())).unwrap_or_default();
        Err(CameraError::Unsuitable { name: name.to_owned(), why: Unsuitable::Garbled { detail } })
    })
}

/// What an error of the system's means.
pub(super) fn cause(name: &str, error: &io::Error) -> CameraError {
    let name = name.to_owned();
    match error.raw_os_error() {
        Some(errno::ENOENT | errno::ENXIO) => CameraError::Absent { detail: format!("{name}: no such camera") },
        Some(errno::ENODEV) => CameraError::Absent { detail: format!("{name}: unplugged") },
        Some(errno::EACCES | errno::EPERM) => CameraError::PermissionDenied { name },
        Some(errno::EBUSY) => CameraError::Busy { name },
        _ => CameraError::Broken { name, detail: error.to_string() },
    }
}

/// What the device says of itself.
pub(super) fn abilities(name: &str, device: &Device) -> Result<Capabilities, CameraError> {
    guarded(name, || device.query_caps().map_err(|error| cause(name, &error)))
}

/// Whether it sends frames, one plane each, and does not turn frames of ours into others.
pub(super) fn sends_frames(abilities: Flags) -> bool {
    abilities.contains(SENDS) && !abilities.intersects(Flags::VIDEO_M2M | Flags::VIDEO_M2M_MPLANE)
}

/// Settles format and rate, the best that the camera grants.
fn settle(name: &str, device: &Device, wish: &Wish) -> Result<(PixelFormat, Option<Duration>), CameraError> {
    let unsuitable = |why: Unsuitable| CameraError::Unsuitable { name: name.to_owned(), why };
    let codings = order(wish, &offers(name, device, wish)?).map_err(unsuitable)?;
    let mut first = None;
    for coding in codings {
        match ask(name, device, wish, coding) {
            Ok(settled) => return Ok(settled),
            // Another format may do; what is told is what was wrong with the best.
            Err(error @ CameraError::Unsuitable { .. }) => {
                log::info!("{error}");
                first.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let nothing = || unsuitable(Unsuitable::NotOffered { wanted: wish.to_string(), offered: "nothing".to_owned() });
    Err(first.unwrap_or_else(nothing))
}

/// Asks for one format and looks what was granted.
fn ask(
    name: &str,
    device: &Device,
    wish: &Wish,
    coding: Coding,
) -> Result<(PixelFormat, Option<Duration>), CameraError> {
    let unsuitable = |why: Unsuitable| CameraError::Unsuitable { name: name.to_owned(), why };
    let io = |error: io::Error| cause(name, &error);
    let mut wanted = Format::new(wish.width, wish.height, FourCC::new(&coding.four_letters()));
    wanted.field_order = FieldOrder::Progressive;
    let granted = device.set_format(&wanted).map_err(io)?;
    let format = check(wish, coding, &in_numbers(&granted)).map_err(unsuitable)?;
    // A camera whose rate can't be set runs at its own.
    let granted = match device.set_params(&Parameters::with_fps(wish.per_second.max(1))) {
        Ok(granted) => interval((granted.interval.numerator, granted.interval.denominator)),
        Err(error) if error.raw_os_error() == Some(errno::ENODEV) => return Err(io(error)),
        Err(error) => {
            log::info!("{name}: takes no frame rate: {error}");
            None
        }
    };
    check_interval(wish, granted).map_err(unsuitable)?;
    Ok((format, granted))
}

fn in_numbers(format: &Format) -> Granted {
    Granted {
        four_letters: format.fourcc.repr,
        width: format.width,
        height: format.height,
        bytes_per_line: format.stride,
        image_bytes: format.size,
        field: format.field_order as u32,
        colorspace: format.colorspace as u32,
        quantization: format.quantization as u32,
        transfer: format.transfer as u32,
    }
}

/// What the camera offers of the formats that are wanted.
fn offers(name: &str, device: &Device, wish: &Wish) -> Result<Vec<Offer>, CameraError> {
    let formats = device.enum_formats().map_err(|error| cause(name, &error))?;
    let offered = |coding: &&Coding| formats.iter().any(|format| format.fourcc.repr == coding.four_letters());
    let offer = |coding: &Coding| {
        let letters = FourCC::new(&coding.four_letters());
        // A driver that lists none is asked for the size that is wanted.
        let sizes = device.enum_framesizes(letters).unwrap_or_default().into_iter().map(|size| match size.size {
            FrameSizeEnum::Discrete(size) => Sizes::One((size.width, size.height)),
            FrameSizeEnum::Stepwise(sizes) => Sizes::Steps {
                least: (sizes.min_width, sizes.min_height),
                most: (sizes.max_width, sizes.max_height),
                step: (sizes.step_width, sizes.step_height),
            },
        });
        let intervals = device.enum_frameintervals(letters, wish.width, wish.height).unwrap_or_default();
        let shortest = intervals.into_iter().map(|interval| match interval.interval {
            FrameIntervalEnum::Discrete(one) => (one.numerator, one.denominator),
            FrameIntervalEnum::Stepwise(steps) => (steps.min.numerator, steps.min.denominator),
        });
        Offer { coding: *coding, sizes: sizes.collect(), shortest: shortest.min_by_key(|one| interval(*one)) }
    };
    Ok(wish.codings.iter().filter(offered).map(offer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_become_what_an_operator_can_act_on() {
        let of = |number| cause("/dev/video0", &io::Error::from_raw_os_error(number)).to_string();
        assert_eq!(of(errno::ENOENT), "the camera is gone: /dev/video0: no such camera");
        assert_eq!(of(errno::ENODEV), "the camera is gone: /dev/video0: unplugged");
        assert_eq!(of(errno::EBUSY), "/dev/video0: in use by another program");
        assert_eq!(of(errno::EACCES), "/dev/video0: permission denied");
        assert!(of(5).starts_with("/dev/video0: the stream broke: "), "{}", of(5));
    }

    #[test]
    fn a_panic_of_the_library_is_a_camera_that_is_not_understood() {
        let error = guarded::<()>("/dev/video0", || panic!("Invalid colorspace: ()")).unwrap_err();
        let expected = "/dev/video0: its driver says something that is not understood: Invalid colorspace: ()";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn only_what_sends_frames_of_its_own_is_a_camera() {
        assert!(sends_frames(Flags::VIDEO_CAPTURE | Flags::STREAMING | Flags::READ_WRITE));
        let others = [
            Flags::VIDEO_OUTPUT | Flags::STREAMING,
            Flags::META_CAPTURE | Flags::STREAMING,
            Flags::VIDEO_CAPTURE | Flags::READ_WRITE,
            Flags::VIDEO_CAPTURE_MPLANE | Flags::STREAMING,
            Flags::VIDEO_CAPTURE | Flags::VIDEO_M2M | Flags::STREAMING,
        ];
        for other in others {
            assert!(!sends_frames(other), "{other:?}");
        }
    }

    #[test]
    fn a_time_of_another_clock_is_no_time() {
        let mut about = Metadata { timestamp: v4l::Timestamp::new(12, 345_678), ..Metadata::default() };
        assert_eq!(taken(&about), None);
        about.flags = BufferFlags::TIMESTAMP_MONOTONIC;
        assert_eq!(taken(&about), Some(Duration::from_micros(12_345_678)));
    }
}
