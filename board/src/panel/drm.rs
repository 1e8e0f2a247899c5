//! A panel on a graphics card, by the kernel's mode setting (DRM/KMS).
//!
//! Two buffers in plain memory: one stands on the panel while the next picture is drawn into the other, and the panel
//! changes between them in its pause between two pictures, so that a picture is never seen half. The card is opened again
//! after any error, with whatever hangs on it by then; when to try again is the caller's.
//!
//! Terms: a *connector* is the socket, a *CRTC* what reads a buffer and sends it there, a *flip* the change of buffers.
//! Not here: which mode fits (`modes.rs`), what pixels look like (`pixels.rs`), acceleration.

use std::{
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::fs::OpenOptionsExt,
    },
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use drm::{
    Device as _, DriverCapability,
    buffer::{Buffer as _, DrmFourcc, DrmModifier, Handle, PlanarBuffer},
    control::{
        Device as _, Event, FbCmd2Flags, Mode, ModeFlags, ModeTypeFlags, PageFlipFlags, ResourceHandles, connector,
        crtc, dumbbuffer::DumbBuffer, framebuffer,
    },
};
use image::RgbImage;
use nix::{
    errno::Errno,
    fcntl::OFlag,
    poll::{PollFd, PollFlags, poll},
};

use super::{
    Frame, Geometry, Panel, PanelError, modes,
    pixels::{Layout, Packer},
};

/// How long a flip may take. A panel shows 25 pictures a second or more.
const FLIP_WITHIN: Duration = Duration::from_millis(500);
/// How often it is looked whether the panel still hangs on its connector.
const LOOK: Duration = Duration::from_secs(1);
/// Where cards are found.
const CARDS: &str = "/dev/dri";
/// What the pixels may look like; the first that the card takes is used.
const FORMATS: [(DrmFourcc, Layout); 5] = [
    (DrmFourcc::Xrgb8888, Layout::XRGB8888),
    (DrmFourcc::Xbgr8888, Layout::XBGR8888),
    (DrmFourcc::Rgb565, Layout::RGB565),
    (DrmFourcc::Rgbx8888, Layout::RGBX8888),
    (DrmFourcc::Bgrx8888, Layout::BGRX8888),
];

/// Which panel is drawn on. What is not said is found: the first card with a panel, the panel's own mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    /// The device file, such as `/dev/dri/card0`.
    pub card: Option<PathBuf>,
    /// The connector, such as `HDMI-A-1`.
    pub connector: Option<String>,
    /// The mode, such as `800x480` or `800x480@60`; it has to have the size of the pictures.
    pub mode: Option<String>,
}

/// The panel.
#[derive(Debug)]
pub struct Drm {
    geometry: Geometry,
    output: Output,
    screen: Option<Screen>,
    looked: Instant,
}

impl Drm {
    /// Opens it, and blackens it.
    ///
    /// # Errors
    /// No card, no panel on it, no mode of the size in `geometry`, another program that draws, no permission.
    pub fn open(geometry: Geometry, output: Output) -> Result<Self, PanelError> {
        let screen = Screen::find(&output, (geometry.width, geometry.height))?;
        Ok(Drm { geometry, output, screen: Some(screen), looked: Instant::now() })
    }
}

impl Panel for Drm {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn present(&mut self, frame: &Frame, _name: &str) -> Result<(), PanelError> {
        self.geometry.fits(frame)?;
        let mut screen = match self.screen.take() {
            Some(screen) => screen,
            None => Screen::find(&self.output, (self.geometry.width, self.geometry.height))?,
        };
        screen.show(frame.pixels())?;
        self.screen = Some(screen);
        Ok(())
    }

    fn tend(&mut self) -> Result<(), PanelError> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        if let Some(screen) = self.screen.take() {
            screen.look()?;
            self.screen = Some(screen);
        }
        Ok(())
    }
}

/// A device file of a card.
#[derive(Debug)]
struct Card {
    file: File,
    name: String,
}

impl AsFd for Card {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl drm::Device for Card {}
impl drm::control::Device for Card {}

impl Card {
    fn open(path: &Path) -> Result<Self, PanelError> {
        let name = path.display().to_string();
        // Not blocking: events are waited for with a deadline.
        let options = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
        let file = options.map_err(|error| PanelError::of(&name, "opening it", error))?;
        let card = Card { file, name };
        // Whoever opens a card first may draw on it. An error can also mean that an old kernel does not answer users who
        // already may; then setting the mode tells.
        match card.acquire_master_lock() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => Err(card.failed("drawing on it", error)),
            Ok(()) | Err(_) => Ok(card),
        }
    }

    fn failed(&self, what: &'static str, source: io::Error) -> PanelError {
        PanelError::of(&self.name, what, source)
    }

    /// What hangs on the card: the connector that is looked for, or else the first with a panel.
    fn connector(&self, resources: &ResourceHandles, wanted: Option<&str>) -> Result<connector::Info, PanelError> {
        let (mut found, mut chosen) = (Vec::new(), None);
        for &handle in resources.connectors() {
            let info =
                self.get_connector(handle, true).map_err(|error| self.failed("asking what hangs on it", error))?;
            let name = info.to_string();
            let has_panel = is_connected(&info) && !info.modes().is_empty();
            found.push(format!("{name} ({})", if has_panel { "a panel" } else { "none" }));
            if has_panel && chosen.is_none() && wanted.is_none_or(|wanted| wanted == name) {
                chosen = Some(info);
            }
        }
        chosen.ok_or_else(|| PanelError::NotConnected {
            device: self.name.clone(),
            expected: wanted.unwrap_or("any connector").to_owned(),
            found,
        })
    }

    /// What can send to a connector: what does so already, or else the first that could.
    fn crtc(&self, resources: &ResourceHandles, connector: &connector::Info) -> Result<crtc::Handle, PanelError> {
        let encoder = |handle| self.get_encoder(handle).ok();
        let current = connector.current_encoder().and_then(encoder).and_then(|encoder| encoder.crtc());
        let possible = || {
            let encoders = connector.encoders().iter().copied().filter_map(encoder);
            encoders.flat_map(|encoder| resources.filter_crtcs(encoder.possible_crtcs())).next()
        };
        current.or_else(possible).ok_or_else(|| {
            self.failed("finding what sends to the connector", io::Error::from(io::ErrorKind::Unsupported))
        })
    }
}

/// Some drivers do not know whether something hangs there, and it mostly does.
fn is_connected(info: &connector::Info) -> bool {
    match info.state() {
        connector::State::Connected | connector::State::Unknown => true,
        connector::State::Disconnected => false,
    }
}

fn facts(mode: &Mode) -> modes::Mode {
    let (width, height) = mode.size();
    modes::Mode {
        name: mode.name().to_string_lossy().into_owned(),
        size: (width.into(), height.into()),
        refresh: mode.vrefresh(),
        preferred: mode.mode_type().contains(ModeTypeFlags::PREFERRED),
        interlaced: mode.flags().contains(ModeFlags::INTERLACE),
    }
}

/// Memory that the card can send to the panel.
#[derive(Debug)]
struct Buffer {
    memory: DumbBuffer,
    handle: framebuffer::Handle,
}

/// The memory, described for the card.
struct Plane<'a>(&'a DumbBuffer);

impl PlanarBuffer for Plane<'_> {
    fn size(&self) -> (u32, u32) {
        self.0.size()
    }

    fn format(&self) -> DrmFourcc {
        self.0.format()
    }

    fn modifier(&self) -> Option<DrmModifier> {
        None
    }

    fn pitches(&self) -> [u32; 4] {
        [self.0.pitch(), 0, 0, 0]
    }

    fn handles(&self) -> [Option<Handle>; 4] {
        [Some(self.0.handle()), None, None, None]
    }

    fn offsets(&self) -> [u32; 4] {
        [0; 4]
    }
}

impl Buffer {
    fn new(card: &Card, size: (u32, u32), format: DrmFourcc, layout: &Layout) -> io::Result<Self> {
        let memory = card.create_dumb_buffer(size, format, layout.bits)?;
        match card.add_planar_framebuffer(&Plane(&memory), FbCmd2Flags::empty()) {
            Ok(handle) => Ok(Buffer { memory, handle }),
            Err(error) => {
                // The error that counts is the one above.
                card.destroy_dumb_buffer(memory).ok();
                Err(error)
            }
        }
    }

    fn free(self, card: &Card) {
        // What is not freed now is freed when the card is closed.
        card.destroy_framebuffer(self.handle).ok();
        card.destroy_dumb_buffer(self.memory).ok();
    }
}

/// A panel that is drawn on. Closing the card frees its buffers and gives the panel back to the console.
#[derive(Debug)]
struct Screen {
    card: Card,
    connector: connector::Handle,
    crtc: crtc::Handle,
    mode: Mode,
    packer: Packer,
    /// The one that stands on the panel, and the one that is drawn into.
    front: Buffer,
    back: Buffer,
    /// Whether the card can flip.
    flips: bool,
}

impl Screen {
    /// The first card with such a panel. Of several errors the one that says most.
    fn find(output: &Output, size: (u32, u32)) -> Result<Self, PanelError> {
        let cards = match &output.card {
            Some(card) => vec![card.clone()],
            None => cards(Path::new(CARDS)),
        };
        let mut worst = PanelError::Absent { device: format!("{CARDS}/card*") };
        for card in cards {
            match Screen::open(&card, output, size) {
                Ok(screen) => return Ok(screen),
                // A card that only computes, beside one that has connectors, says that it can't do this.
                Err(PanelError::Failed { .. }) if !matches!(worst, PanelError::Absent { .. }) => {}
                Err(error) => worst = error,
            }
        }
        Err(worst)
    }

    fn open(path: &Path, output: &Output, size: (u32, u32)) -> Result<Self, PanelError> {
        let card = Card::open(path)?;
        let resources = card.resource_handles().map_err(|error| card.failed("asking for its connectors", error))?;
        let buffers = card.get_driver_capability(DriverCapability::DumbBuffer);
        if buffers.map_err(|error| card.failed("asking what it can do", error))? == 0 {
            return Err(card.failed("buffers in plain memory", io::Error::from(io::ErrorKind::Unsupported)));
        }
        let connector = card.connector(&resources, output.connector.as_deref())?;
        let known: Vec<_> = connector.modes().iter().map(facts).collect();
        let number = modes::choose(&known, output.mode.as_deref(), size).map_err(|expected| PanelError::NoMode {
            device: format!("{} {connector}", card.name),
            expected,
            found: known.iter().map(modes::Mode::described).collect(),
        })?;
        let mode = connector.modes()[number];
        let crtc = card.crtc(&resources, &connector)?;
        let connector = connector.handle();
        let mut refused = None;
        for (format, layout) in FORMATS {
            match Self::light(&card, connector, crtc, mode, format, &layout) {
                Ok((front, back)) => {
                    let packer = Packer::new(&layout);
                    return Ok(Screen { card, connector, crtc, mode, packer, front, back, flips: true });
                }
                Err(error) => match error.raw_os_error().map(Errno::from_i32) {
                    // A format that the card does not know, or not on this connector.
                    Some(Errno::EINVAL | Errno::ENOTSUP | Errno::ENOENT) => refused = refused.or(Some(error)),
                    // The file could be opened: this is about who draws.
                    Some(Errno::EACCES | Errno::EPERM) => return Err(PanelError::Busy { device: card.name }),
                    _ => return Err(card.failed("lighting the panel", error)),
                },
            }
        }
        let refused = refused.unwrap_or_else(|| io::Error::from(io::ErrorKind::Unsupported));
        Err(card.failed("lighting the panel with any known format of pixels", refused))
    }

    /// Two black buffers, and the first of them on the panel.
    fn light(
        card: &Card,
        connector: connector::Handle,
        crtc: crtc::Handle,
        mode: Mode,
        format: DrmFourcc,
        layout: &Layout,
    ) -> io::Result<(Buffer, Buffer)> {
        let size = (mode.size().0.into(), mode.size().1.into());
        let front = Buffer::new(card, size, format, layout)?;
        let lit = Buffer::new(card, size, format, layout).and_then(|back| {
            match card.set_crtc(crtc, Some(front.handle), (0, 0), &[connector], Some(mode)) {
                Ok(()) => Ok(back),
                Err(error) => {
                    back.free(card);
                    Err(error)
                }
            }
        });
        match lit {
            Ok(back) => Ok((front, back)),
            Err(error) => {
                front.free(card);
                Err(error)
            }
        }
    }

    /// Draws a picture of the panel's size into the back buffer, and brings it to the front.
    fn show(&mut self, picture: &RgbImage) -> Result<(), PanelError> {
        let pitch = self.back.memory.pitch() as usize;
        {
            let mapped = self.card.map_dumb_buffer(&mut self.back.memory);
            let mut memory = mapped.map_err(|error| PanelError::of(&self.card.name, "reaching its memory", error))?;
            if !self.packer.pack(picture, memory.as_mut(), pitch) {
                let found = format!("{} bytes in lines of {pitch}", memory.as_ref().len());
                return Err(PanelError::Pixels { device: self.card.name.clone(), found });
            }
        }
        self.flip()?;
        std::mem::swap(&mut self.front, &mut self.back);
        Ok(())
    }

    /// Lets the panel change to the back buffer, and waits until it has.
    fn flip(&mut self) -> Result<(), PanelError> {
        if self.flips {
            match self.card.page_flip(self.crtc, self.back.handle, PageFlipFlags::EVENT, None) {
                Ok(()) => return self.flipped(),
                Err(error) => match error.raw_os_error().map(Errno::from_i32) {
                    Some(Errno::EINVAL | Errno::ENOSYS | Errno::ENOTSUP | Errno::ENOTTY) => {
                        log::warn!("{}: it cannot flip ({error}); pictures may be seen half", self.card.name);
                        self.flips = false;
                    }
                    _ => return Err(self.card.failed("a flip", error)),
                },
            }
        }
        let lit = self.card.set_crtc(self.crtc, Some(self.back.handle), (0, 0), &[self.connector], Some(self.mode));
        lit.map_err(|error| self.card.failed("a new picture", error))
    }

    fn flipped(&self) -> Result<(), PanelError> {
        let deadline = Instant::now() + FLIP_WITHIN;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(PanelError::Stalled { device: self.card.name.clone(), limit: FLIP_WITHIN });
            }
            let mut waited = [PollFd::new(self.card.file.as_raw_fd(), PollFlags::POLLIN)];
            // A millisecond more, as a part of one would be none.
            match poll(&mut waited, left.as_millis() as i32 + 1) {
                Ok(0) | Err(Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(self.card.failed("waiting for a flip", error.into())),
            }
            match self.card.receive_events() {
                Ok(mut events) => {
                    if events.any(|event| matches!(event, Event::PageFlip(_))) {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.card.failed("waiting for a flip", error)),
            }
        }
    }

    /// Whether the panel still hangs on its connector, as far as the kernel knows.
    fn look(&self) -> Result<(), PanelError> {
        let info = self.card.get_connector(self.connector, false);
        let info = info.map_err(|error| self.card.failed("asking what hangs on it", error))?;
        if is_connected(&info) {
            return Ok(());
        }
        let (device, expected) = (self.card.name.clone(), info.to_string());
        Err(PanelError::NotConnected { device, expected, found: Vec::new() })
    }
}

/// The device files of cards in a folder, in the order of their numbers.
fn cards(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix("card")?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_come_in_the_order_of_their_numbers_and_nothing_else_is_one() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["card10", "card2", "renderD128", "card", "cardinal", "by-path"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<_> = cards(folder.path()).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["card2", "card10"]);
        assert!(cards(&folder.path().join("none")).is_empty());
    }

    #[test]
    fn a_card_that_is_not_there_or_is_none_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("card0");
        let open = || {
            let output = Output { card: Some(path.clone()), ..Output::default() };
            Drm::open(Geometry::SEVEN_INCH, output).unwrap_err()
        };
        assert!(matches!(open(), PanelError::Absent { device } if device == path.display().to_string()));
        std::fs::write(&path, "no card").unwrap();
        let error = open().to_string();
        assert!(error.starts_with(&format!("{}: asking for its connectors: ", path.display())), "{error}");
    }
}
