//! Touch screens, keyboards and scanners as Linux has them: the device files in `/dev/input`.
//!
//! Devices that are wanted are opened as they come, and taken for this program alone, so that keys reach no console. One
//! that goes is forgotten until it comes again, under whatever number. The folder is looked through once a second; in
//! between the program sleeps until a device has something to tell.
//!
//! Not here: what events mean (`touch.rs`, `typing.rs`).

use std::{
    collections::BTreeMap,
    fmt,
    fs::OpenOptions,
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use evdev::{AbsoluteAxisCode as Abs, AttributeSetRef, KeyCode, PropType, raw_stream::RawDevice};
use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, poll},
};

use super::{
    Input,
    calibration::{Axes, Matrix, Range},
    touch::{Measured, Touch},
    typing::{Key, Typing},
};

/// How often it is looked which devices there are.
const SCAN: Duration = Duration::from_secs(1);
/// Where they are.
const FOLDER: &str = "/dev/input";
/// Reads after lost events until a device has nothing to tell. Its memory holds less.
const DRAIN: usize = 64;

/// Which of several devices of a kind are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Which {
    /// Whatever is there.
    #[default]
    Every,
    /// Those of this name, as the kernel tells it.
    Named(String),
    /// This device file or link to one, such as those in `/dev/input/by-path`.
    File(PathBuf),
}

impl From<&str> for Which {
    /// A text that begins with `/` is a file, another one a name; none is every device.
    fn from(text: &str) -> Self {
        match text {
            "" => Which::Every,
            _ if text.starts_with('/') => Which::File(text.into()),
            _ => Which::Named(text.to_owned()),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Which::Every => f.write_str("any"),
            Which::Named(name) => write!(f, "{name:?}"),
            Which::File(file) => write!(f, "{}", file.display()),
        }
    }
}

impl Which {
    fn means(&self, path: &Path, name: &str) -> bool {
        match self {
            Which::Every => true,
            Which::Named(wanted) => wanted == name,
            Which::File(_) => self.target().is_some_and(|target| target == path),
        }
    }

    /// The device file that a link leads to now.
    fn target(&self) -> Option<PathBuf> {
        match self {
            Which::File(file) => std::fs::canonicalize(file).ok(),
            Which::Every | Which::Named(_) => None,
        }
    }
}

/// What is read, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The panel's pixels across and down.
    pub panel: (u32, u32),
    /// How touch devices lie on it.
    pub matrix: Matrix,
    /// Which touch devices.
    pub touch: Which,
    /// Which keyboards and scanners.
    pub keys: Which,
    /// The key that is the shutter button.
    pub shutter: Option<Key>,
}

/// The devices of the operator.
#[derive(Debug)]
pub struct Evdev {
    settings: Settings,
    folder: PathBuf,
    open: Vec<Device>,
    /// What is known of the others.
    others: BTreeMap<PathBuf, Other>,
    /// Whether a touch device was there when it was told last.
    touch_was_there: Option<bool>,
    start: Instant,
    next_scan: Instant,
}

impl Evdev {
    /// Devices that are looked for from the first [`Evdev::wait`] on.
    pub fn new(settings: Settings) -> Self {
        let now = Instant::now();
        Evdev {
            settings,
            folder: FOLDER.into(),
            open: Vec::new(),
            others: BTreeMap::new(),
            touch_was_there: None,
            start: now,
            next_scan: now,
        }
    }

    /// Waits until something is done at a device, `patience` at most. What keeps a device from being used is logged.
    pub fn wait(&mut self, patience: Duration) -> Vec<Input> {
        let until = Instant::now() + patience;
        let mut heard = Vec::new();
        loop {
            if self.next_scan <= Instant::now() {
                self.scan();
                self.next_scan = Instant::now() + SCAN;
            }
            let left = until.min(self.next_scan).saturating_duration_since(Instant::now());
            let wanted = self.open.iter().map(|device| PollFd::new(device.raw.as_raw_fd(), PollFlags::POLLIN));
            let mut waited: Vec<PollFd> = wanted.collect();
            // A millisecond more, as a part of one would be none.
            match poll(&mut waited, i32::try_from(left.as_millis()).unwrap_or(i32::MAX - 1) + 1) {
                Ok(_) => {
                    // Flags that are not known are no reason not to look.
                    let ready = waited.iter().map(|fd| fd.revents().is_none_or(|events| !events.is_empty()));
                    self.read(&ready.collect::<Vec<_>>(), &mut heard);
                }
                Err(Errno::EINTR) => {}
                Err(error) => {
                    log::error!("{}: devices cannot be waited for: {}", self.folder.display(), error.desc());
                    std::thread::sleep(left);
                }
            }
            if !heard.is_empty() || Instant::now() >= until {
                return heard;
            }
        }
    }

    fn read(&mut self, ready: &[bool], heard: &mut Vec<Input>) {
        let now = self.start.elapsed();
        let mut ready = ready.iter();
        self.open.retain_mut(|device| {
            if ready.next() != Some(&true) {
                return true;
            }
            let read = device.read(now, heard);
            if let Err(error) = &read {
                log::warn!("{}: {:?} is gone: {error}", device.path.display(), device.name);
                device.gone(heard);
            }
            read.is_ok()
        });
    }

    /// Opens what is wanted and not open yet.
    fn scan(&mut self) {
        let mut present = present(&self.folder);
        present.retain(|path| self.open.iter().all(|device| device.path != *path));
        self.others.retain(|path, _| present.contains(path));
        for path in present {
            let seen = Seen::of(&path, &self.settings);
            let before = self.others.get(&path);
            if before.is_some_and(|other| other.is_settled(&seen)) {
                continue;
            }
            let other = match Device::open(&path, &self.settings) {
                Ok(Some(device)) => {
                    log::info!("{}: {:?} is used: {}", path.display(), device.name, device.uses());
                    self.others.remove(&path);
                    self.open.push(device);
                    continue;
                }
                Ok(None) => Other::NotWanted(seen),
                Err(error) => Other::Failed(error.to_string()),
            };
            if let Other::Failed(error) = &other
                && before != Some(&other)
            {
                log::warn!("{}: {error}", path.display());
            }
            self.others.insert(path, other);
        }
        let is_there = self.open.iter().any(|device| device.touch.is_some());
        if self.touch_was_there != Some(is_there) {
            self.touch_was_there = Some(is_there);
            if !is_there {
                let (folder, wanted) = (self.folder.display(), &self.settings.touch);
                log::warn!("{folder}: expected a touch device ({wanted}), found none; the panel feels no finger");
            }
        }
    }
}

/// The device files of events in a folder, in order.
fn present(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("event"));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        })
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// What a decision about a device file rests on: the file, and where links lead.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    file: Option<(u64, i64, i64)>,
    targets: [Option<PathBuf>; 2],
}

impl Seen {
    fn of(path: &Path, settings: &Settings) -> Self {
        let file = std::fs::metadata(path).ok().map(|data| (data.ino(), data.ctime(), data.ctime_nsec()));
        Seen { file, targets: [settings.touch.target(), settings.keys.target()] }
    }
}

/// A device that is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Other {
    /// It is not for us, as long as nothing changes.
    NotWanted(Seen),
    /// It can't be used, and is tried again: permissions come later than files, and programs end.
    Failed(String),
}

impl Other {
    fn is_settled(&self, now: &Seen) -> bool {
        match self {
            Other::NotWanted(seen) => seen == now,
            Other::Failed(_) => false,
        }
    }
}

/// Why a device is not used.
#[derive(Debug, thiserror::Error)]
enum DeviceError {
    #[error("it cannot be opened: {0}")]
    Open(io::Error),
    #[error("it cannot be asked what it is: {0}")]
    Ask(io::Error),
    #[error("{name:?} is in use by another program: {source}")]
    Busy { name: String, source: io::Error },
    #[error("{name:?}: expected axes with a range, found {x:?} and {y:?}")]
    Axes { name: String, x: Range, y: Range },
}

/// A device that is open.
#[derive(Debug)]
struct Device {
    path: PathBuf,
    name: String,
    raw: RawDevice,
    touch: Option<Touch>,
    typing: Option<Typing>,
}

impl Device {
    /// Opens a device and takes it for us alone, if it is wanted.
    fn open(path: &Path, settings: &Settings) -> Result<Option<Self>, DeviceError> {
        // Not blocking: it is read when it has something to tell.
        let options = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
        let mut raw = RawDevice::try_from(options.map_err(DeviceError::Open)?).map_err(DeviceError::Ask)?;
        let name = raw.name().unwrap_or_default().to_owned();
        let kind = Kind::of(&raw, settings.shutter);
        let is_touch = kind.touch && settings.touch.means(path, &name);
        let is_typing = kind.keys && settings.keys.means(path, &name);
        if !is_touch && !is_typing {
            return Ok(None);
        }
        let touch = if is_touch { Some(touch(&raw, &name, settings)?) } else { None };
        let typing = is_typing.then(|| Typing::new(settings.shutter));
        raw.grab().map_err(|source| DeviceError::Busy { name: name.clone(), source })?;
        Ok(Some(Device { path: path.to_owned(), name, raw, touch, typing }))
    }

    fn uses(&self) -> &'static str {
        match (&self.touch, &self.typing) {
            (Some(_), Some(_)) => "touch and keys",
            (Some(_), None) => "touch",
            (None, _) => "keys",
        }
    }

    fn read(&mut self, now: Duration, heard: &mut Vec<Input>) -> io::Result<()> {
        for event in read(&mut self.raw)? {
            if let Some(touch) = &mut self.touch {
                touch.take(event, heard);
            }
            if let Some(typing) = &mut self.typing {
                typing.take(event, now, heard);
            }
        }
        let touch = self.touch.as_mut().filter(|touch| touch.lost());
        let typing = self.typing.as_mut().filter(|typing| typing.lost());
        if touch.is_none() && typing.is_none() {
            return Ok(());
        }
        log::warn!("{}: events of {:?} were lost", self.path.display(), self.name);
        // What is still to be read is older than what the device says now.
        for _ in 0..DRAIN {
            if read(&mut self.raw)?.is_empty() {
                break;
            }
        }
        if let Some(touch) = touch {
            touch.resume(measured(&self.raw)?);
        }
        if let Some(typing) = typing {
            let down = self.raw.get_key_state()?;
            typing.resume(|key| down.contains(key), heard);
        }
        Ok(())
    }

    fn gone(&mut self, heard: &mut Vec<Input>) {
        if let Some(typing) = &mut self.typing {
            typing.gone(heard);
        }
    }
}

/// The events that wait to be read.
fn read(raw: &mut RawDevice) -> io::Result<Vec<evdev::InputEvent>> {
    match raw.fetch_events() {
        Ok(events) => Ok(events.collect()),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn measured(raw: &RawDevice) -> io::Result<Measured> {
    let axes = raw.get_abs_state()?;
    let value = |axis: Abs| axes[usize::from(axis.0)].value;
    let has = |axis| raw.supported_absolute_axes().is_some_and(|axes| axes.contains(axis));
    let has_button = raw.supported_keys().is_some_and(|keys| keys.contains(KeyCode::BTN_TOUCH));
    let tells_one = has(Abs::ABS_X) && has(Abs::ABS_Y) && has_button;
    Ok(Measured {
        x: value(Abs::ABS_X),
        y: value(Abs::ABS_Y),
        slot: value(Abs::ABS_MT_SLOT),
        touched: !tells_one || raw.get_key_state()?.contains(KeyCode::BTN_TOUCH),
    })
}

/// The fingers of a touch device.
fn touch(raw: &RawDevice, name: &str, settings: &Settings) -> Result<Touch, DeviceError> {
    let several = raw.supported_absolute_axes().is_some_and(tells_fingers_apart);
    let (x, y) = match several {
        true => (Abs::ABS_MT_POSITION_X, Abs::ABS_MT_POSITION_Y),
        false => (Abs::ABS_X, Abs::ABS_Y),
    };
    let axes = raw.get_abs_state().map_err(DeviceError::Ask)?;
    let range = |axis: Abs| {
        let axis = axes[usize::from(axis.0)];
        Range { least: axis.minimum, most: axis.maximum }
    };
    let (x, y) = (range(x), range(y));
    if !x.is_known() || !y.is_known() {
        return Err(DeviceError::Axes { name: name.to_owned(), x, y });
    }
    let axes = Axes { x, y, matrix: settings.matrix, panel: settings.panel };
    Ok(Touch::new(axes, several, measured(raw).map_err(DeviceError::Ask)?))
}

fn tells_fingers_apart(axes: &AttributeSetRef<Abs>) -> bool {
    [Abs::ABS_MT_SLOT, Abs::ABS_MT_TRACKING_ID, Abs::ABS_MT_POSITION_X, Abs::ABS_MT_POSITION_Y]
        .iter()
        .all(|&axis| axes.contains(axis))
}

/// What a device can be used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    touch: bool,
    keys: bool,
}

impl Kind {
    fn of(raw: &RawDevice, shutter: Option<Key>) -> Self {
        Kind {
            touch: raw
                .supported_absolute_axes()
                .is_some_and(|axes| is_touch(axes, raw.supported_keys(), raw.properties())),
            keys: raw.supported_keys().is_some_and(|keys| is_typing(keys, shutter)),
        }
    }
}

/// Whether a device measures places on a panel, and when it is touched; a touch pad moves a pointer instead.
fn is_touch(
    axes: &AttributeSetRef<Abs>,
    keys: Option<&AttributeSetRef<KeyCode>>,
    properties: &AttributeSetRef<PropType>,
) -> bool {
    let has = |key| keys.is_some_and(|keys| keys.contains(key));
    let is_pad = properties.contains(PropType::POINTER) && has(KeyCode::BTN_TOOL_FINGER);
    let one =
        axes.contains(Abs::ABS_X) && axes.contains(Abs::ABS_Y) && (has(KeyCode::BTN_TOUCH) || has(KeyCode::BTN_LEFT));
    (one || tells_fingers_apart(axes)) && !is_pad
}

/// Whether codes can be typed on a device, or the shutter button is on it.
fn is_typing(keys: &AttributeSetRef<KeyCode>, shutter: Option<Key>) -> bool {
    let types = [KeyCode::KEY_1, KeyCode::KEY_A, KeyCode::KEY_ENTER].iter().all(|&key| keys.contains(key));
    types || shutter.is_some_and(|shutter| keys.contains(shutter.0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use evdev::AttributeSet;

    use super::*;

    fn settings() -> Settings {
        let (touch, keys) = (Which::Every, Which::Every);
        Settings { panel: (800, 480), matrix: Matrix::STRAIGHT, touch, keys, shutter: None }
    }

    fn touch_of(axes: &[Abs], keys: &[KeyCode], properties: &[PropType]) -> bool {
        let axes: AttributeSet<Abs> = axes.iter().copied().collect();
        let keys: AttributeSet<KeyCode> = keys.iter().copied().collect();
        let properties: AttributeSet<PropType> = properties.iter().copied().collect();
        is_touch(&axes, Some(&keys), &properties)
    }

    #[test]
    fn touch_screens_and_absolute_pointers_are_touched_and_touch_pads_and_sticks_are_not() {
        let (xy, mt) = (
            [Abs::ABS_X, Abs::ABS_Y],
            [Abs::ABS_MT_SLOT, Abs::ABS_MT_TRACKING_ID, Abs::ABS_MT_POSITION_X, Abs::ABS_MT_POSITION_Y],
        );
        assert!(touch_of(&xy, &[KeyCode::BTN_TOUCH], &[PropType::DIRECT]));
        assert!(touch_of(&xy, &[KeyCode::BTN_LEFT], &[]));
        assert!(touch_of(&mt, &[], &[PropType::DIRECT]));
        assert!(!touch_of(&mt[1..], &[], &[PropType::DIRECT]), "fingers that are not told apart");
        assert!(!touch_of(&xy, &[KeyCode::BTN_TRIGGER], &[]), "a stick");
        assert!(!touch_of(&xy[..1], &[KeyCode::BTN_TOUCH], &[]), "one axis");
        let pad = [KeyCode::BTN_TOUCH, KeyCode::BTN_LEFT, KeyCode::BTN_TOOL_FINGER];
        assert!(!touch_of(&[xy.as_slice(), &mt].concat(), &pad, &[PropType::POINTER]));
    }

    #[test]
    fn keyboards_type_and_a_device_with_the_shutter_key_counts_as_well() {
        let keyboard: AttributeSet<KeyCode> =
            [KeyCode::KEY_1, KeyCode::KEY_A, KeyCode::KEY_ENTER].into_iter().collect();
        let remote: AttributeSet<KeyCode> = [KeyCode::KEY_VOLUMEUP].into_iter().collect();
        assert!(is_typing(&keyboard, None));
        assert!(!is_typing(&remote, None));
        assert!(is_typing(&remote, Some("KEY_VOLUMEUP".parse().unwrap())));
        assert!(!is_typing(&remote, Some("KEY_CAMERA".parse().unwrap())));
    }

    #[test]
    fn devices_are_meant_by_name_by_link_or_all() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let (file, link) = (folder.join("event3"), folder.join("usb-touch"));
        std::fs::write(&file, "").unwrap();
        let by_link = Which::from(link.to_str().unwrap());
        assert!(!by_link.means(&file, "Touch"), "the link is not there yet");
        symlink("event3", &link).unwrap();
        assert!(by_link.means(&file, "Touch") && !by_link.means(&folder.join("event4"), "Touch"));
        assert!(Which::from("Touch").means(&file, "Touch") && !Which::from("Touch").means(&file, "Touch 2"));
        assert!(Which::from("").means(&file, "Touch"));
    }

    #[test]
    fn a_device_that_was_not_wanted_is_looked_at_again_when_it_or_a_link_changes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let (file, link) = (folder.join("event3"), folder.join("usb-touch"));
        std::fs::write(&file, "").unwrap();
        let settings = Settings { touch: Which::File(link.clone()), ..settings() };
        let other = Other::NotWanted(Seen::of(&file, &settings));
        assert!(other.is_settled(&Seen::of(&file, &settings)));
        symlink("event3", &link).unwrap();
        assert!(!other.is_settled(&Seen::of(&file, &settings)));
        let other = Other::NotWanted(Seen::of(&file, &settings));
        // Another file of the same name: the first is kept, so that its number is not given again.
        std::fs::rename(&file, folder.join("event4")).unwrap();
        std::fs::write(&file, "").unwrap();
        assert!(!other.is_settled(&Seen::of(&file, &settings)));
    }

    #[test]
    fn only_event_files_are_looked_at_and_what_is_no_device_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["event1", "event0", "mouse0", "js0", "events", "by-path"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = present(folder.path()).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["event0", "event1"]);
        let mut evdev = Evdev { folder: folder.path().to_owned(), ..Evdev::new(settings()) };
        assert_eq!(evdev.wait(Duration::ZERO), []);
        assert!(evdev.open.is_empty());
        let failed = |other: &Other| matches!(other, Other::Failed(error) if error.contains("asked what it is"));
        assert!(evdev.others.len() == 2 && evdev.others.values().all(failed), "{:?}", evdev.others);
        std::fs::remove_file(folder.path().join("event1")).unwrap();
        evdev.scan();
        assert_eq!(evdev.others.len(), 1);
    }
}
