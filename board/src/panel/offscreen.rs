//! A panel without hardware: each screen becomes a PNG as it first appears.

use std::path::{Path, PathBuf};

use image::ImageFormat;

use super::{Frame, Geometry, Panel, PanelError};

/// Writes what is presented into a folder: `01-ready.png`, `02-aim.png`, … Of pictures that follow each other under one
/// name, as a live picture's do, only the first.
#[derive(Debug)]
pub struct Offscreen {
    geometry: Geometry,
    folder: Option<PathBuf>,
    written: Vec<PathBuf>,
    last: String,
}

impl Offscreen {
    /// A panel that writes into `folder`, which has to exist.
    pub fn new(geometry: Geometry, folder: &Path) -> Self {
        Offscreen { folder: Some(folder.to_owned()), ..Self::blind(geometry) }
    }

    /// A panel that keeps nothing.
    pub fn blind(geometry: Geometry) -> Self {
        Offscreen { geometry, folder: None, written: Vec::new(), last: String::new() }
    }

    /// The pictures so far, in order.
    pub fn written(&self) -> &[PathBuf] {
        &self.written
    }
}

impl Panel for Offscreen {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn present(&mut self, frame: &Frame, name: &str) -> Result<(), PanelError> {
        self.geometry.fits(frame)?;
        let Some(folder) = self.folder.as_ref().filter(|_| name != self.last) else { return Ok(()) };
        name.clone_into(&mut self.last);
        let path = folder.join(format!("{:02}-{name}.png", self.written.len() + 1));
        frame
            .pixels()
            .save_with_format(&path, ImageFormat::Png)
            .map_err(|source| PanelError::Write { path: path.clone(), source })?;
        self.written.push(path);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_numbered_in_the_order_of_presenting() {
        let home = tempfile::tempdir().unwrap();
        let geometry = Geometry { width: 8, height: 4, dpi: 100.0 };
        let mut panel = Offscreen::new(geometry, home.path());
        panel.present(&Frame::new(8, 4), "ready").unwrap();
        panel.present(&Frame::new(8, 4), "aim").unwrap();
        panel.present(&Frame::new(8, 4), "aim").unwrap();
        let names: Vec<_> = panel.written().iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["01-ready.png", "02-aim.png"]);
        assert_eq!(image::open(&panel.written()[1]).unwrap().to_rgb8().dimensions(), (8, 4));
    }

    #[test]
    fn a_picture_of_another_size_and_a_folder_that_is_gone_are_errors() {
        let home = tempfile::tempdir().unwrap();
        let geometry = Geometry { width: 8, height: 4, dpi: 100.0 };
        let mut panel = Offscreen::new(geometry, &home.path().join("gone"));
        assert!(matches!(panel.present(&Frame::new(4, 8), "x"), Err(PanelError::Size { .. })));
        let error = panel.present(&Frame::new(8, 4), "x").unwrap_err().to_string();
        assert!(error.contains("gone") && error.contains("01-x.png"), "{error}");
    }
}
