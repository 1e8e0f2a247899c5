//! A panel behind a framebuffer device such as `/dev/fb0`: for kernels that have no DRM driver for it.
//!
//! Pictures are written as into a file, in whatever pixels the device has. The device has one memory, so a picture may be
//! seen half for a moment: where there is DRM, [`Drm`](super::Drm) is better. The device is opened again after any error.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use ::framebuffer::{Framebuffer as Device, FramebufferError};

use super::{
    Frame, Geometry, Panel, PanelError,
    pixels::{Channel, Layout, Packer},
};

/// The panel.
#[derive(Debug)]
pub struct Framebuffer {
    geometry: Geometry,
    path: PathBuf,
    open: Option<Open>,
}

impl Framebuffer {
    /// Opens the device.
    ///
    /// # Errors
    /// There is none, it can't be opened, it has another size than `geometry`, its pixels are not known.
    pub fn open(geometry: Geometry, path: &Path) -> Result<Self, PanelError> {
        let open = Open::new(path, &geometry)?;
        Ok(Framebuffer { geometry, path: path.to_owned(), open: Some(open) })
    }
}

impl Panel for Framebuffer {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn present(&mut self, frame: &Frame, _name: &str) -> Result<(), PanelError> {
        self.geometry.fits(frame)?;
        let mut open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.path, &self.geometry)?,
        };
        open.show(frame)?;
        self.open = Some(open);
        Ok(())
    }
}

/// What a device says of its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    /// Pixels across and down that are seen.
    size: (u32, u32),
    /// Where in the memory the first of them lies, in pixels.
    first: (u32, u32),
    /// Bytes from line to line.
    stride: u32,
    layout: Layout,
}

impl Shape {
    /// Bytes before the first pixel.
    fn start(&self) -> u64 {
        u64::from(self.first.1) * u64::from(self.stride) + u64::from(self.first.0) * self.layout.bytes() as u64
    }
}

/// A device that is open.
#[derive(Debug)]
struct Open {
    file: File,
    name: String,
    shape: Shape,
    packer: Packer,
    /// A picture's lines as the device has them.
    memory: Vec<u8>,
}

impl Open {
    fn new(path: &Path, geometry: &Geometry) -> Result<Self, PanelError> {
        let name = path.display().to_string();
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| PanelError::of(&name, "opening it", error))?;
        let shape = shape(&file)
            .map_err(|error| PanelError::of(&name, "asking for its size", std::io::Error::other(error.details)))?;
        let (expected, Layout { bits, red, green, blue }) = ((geometry.width, geometry.height), shape.layout);
        if shape.size != expected {
            let size = |(width, height)| format!("{width} x {height} pixels");
            let expected = format!("{}, as the screens have", size(expected));
            return Err(PanelError::NoMode { device: name, expected, found: vec![size(shape.size)] });
        }
        if !shape.layout.is_known() {
            let found = format!("{bits} bits, red {red:?}, green {green:?}, blue {blue:?}");
            return Err(PanelError::Pixels { device: name, found });
        }
        wake(path);
        let memory = vec![0; shape.stride as usize * expected.1 as usize];
        Ok(Open { file, name, shape, packer: Packer::new(&shape.layout), memory })
    }

    fn show(&mut self, frame: &Frame) -> Result<(), PanelError> {
        let (stride, picture) = (self.shape.stride as usize, frame.pixels());
        if !self.packer.pack(picture, &mut self.memory, stride) {
            let found = format!("lines of {stride} bytes");
            return Err(PanelError::Pixels { device: self.name.clone(), found });
        }
        let line = self.packer.line(picture.width());
        // What lies right of the picture is not ours: unless it fills the lines, they are written one by one.
        let (length, step) = if line == stride { (self.memory.len(), self.memory.len()) } else { (line, stride) };
        let mut at = self.shape.start();
        for part in self.memory.chunks(step) {
            let written = self.file.write_all_at(&part[..length], at);
            written.map_err(|error| PanelError::of(&self.name, "writing a picture", error))?;
            at += step as u64;
        }
        Ok(())
    }
}

fn shape(file: &File) -> Result<Shape, FramebufferError> {
    let (seen, memory) = (Device::get_var_screeninfo(file)?, Device::get_fix_screeninfo(file)?);
    let channel = |field: &::framebuffer::Bitfield| Channel { offset: field.offset, bits: field.length };
    Ok(Shape {
        size: (seen.xres, seen.yres),
        first: (seen.xoffset, seen.yoffset),
        stride: memory.line_length,
        layout: Layout {
            bits: seen.bits_per_pixel,
            red: channel(&seen.red),
            green: channel(&seen.green),
            blue: channel(&seen.blue),
        },
    })
}

/// Lights the panel, and takes the text console's cursor away, which would blink through the picture. Where that is not
/// allowed the picture still stands, with what it is under.
fn wake(path: &Path) {
    if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
        // 0 is the kernel's word for "lit".
        std::fs::write(format!("/sys/class/graphics/{name}/blank"), "0").ok();
    }
    // No cursor, and no dark screen after ten minutes without a key.
    let told =
        OpenOptions::new().write(true).open("/dev/tty0").and_then(|mut tty| tty.write_all(b"\x1b[?25l\x1b[9;0]"));
    if let Err(error) = told {
        log::info!("/dev/tty0: the console's cursor cannot be hidden: {error}");
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::{pixelcolor::Rgb888, prelude::Point};

    use super::*;

    fn red_in_the_corner(shape: Shape) -> Vec<u8> {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&[0xee; 64], 0).unwrap();
        let (width, height) = shape.size;
        let memory = vec![0; shape.stride as usize * height as usize];
        let name = "fb".to_owned();
        let mut open =
            Open { file: file.try_clone().unwrap(), name, shape, packer: Packer::new(&shape.layout), memory };
        let mut frame = Frame::new(width, height);
        frame.blend(Point::new(0, 0), Rgb888::new(255, 0, 0), 255);
        open.show(&frame).unwrap();
        let mut found = vec![0; 64];
        file.read_exact_at(&mut found, 0).unwrap();
        found
    }

    #[test]
    fn a_picture_lies_where_the_device_shows_it_and_nothing_beside_it_changes() {
        let shape = Shape { size: (2, 2), first: (1, 1), stride: 10, layout: Layout::RGB565 };
        let mut expected = vec![0xee; 64];
        expected[12..16].copy_from_slice(&[0x00, 0xf8, 0, 0]);
        expected[22..26].fill(0);
        assert_eq!(red_in_the_corner(shape), expected);
    }

    #[test]
    fn a_picture_that_fills_the_memory_is_written_whole() {
        let shape = Shape { size: (2, 2), first: (0, 0), stride: 8, layout: Layout::XRGB8888 };
        let mut expected = vec![0xee; 64];
        expected[..16].copy_from_slice(&[0, 0, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
        assert_eq!(red_in_the_corner(shape), expected);
    }

    #[test]
    fn a_device_that_is_not_there_or_is_none_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fb0");
        let open = || Framebuffer::open(Geometry::SEVEN_INCH, &path).unwrap_err();
        assert!(matches!(open(), PanelError::Absent { .. }));
        std::fs::write(&path, "no framebuffer").unwrap();
        let error = open().to_string();
        assert!(error.starts_with(&format!("{}: asking for its size: ", path.display())), "{error}");
    }
}
