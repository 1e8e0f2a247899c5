//! `[panel]`: where pictures are shown to the operator.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    optional,
    reader::{Choice, Section},
};

/// The panel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Panel {
    /// What it is.
    pub kind: PanelKind,
    /// Pixels across, 320 to 4096.
    pub width_px: u32,
    /// Pixels down, 240 to 4096.
    pub height_px: u32,
    /// Pixels per inch, 40 to 600: sizes are given in millimetres and converted by it.
    pub dots_per_inch: f64,
    /// Where an offscreen panel leaves its pictures; none where it keeps none.
    #[serde(serialize_with = "optional")]
    pub folder: Option<PathBuf>,
    /// The device file of a DRM card or a framebuffer; none where the first is taken.
    #[serde(serialize_with = "optional")]
    pub device: Option<PathBuf>,
    /// The connector of a DRM card that the panel hangs on, 0 to 40 characters; empty for the first with a panel.
    pub connector: String,
    /// The mode of a DRM card, 0 to 40 characters; empty for the panel's own.
    pub mode: String,
}

/// What the panel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PanelKind {
    /// Drawn without a screen.
    Offscreen,
    /// A window on this machine's desktop.
    Window,
    /// The panel of a graphics card.
    Drm,
    /// A framebuffer device.
    Framebuffer,
}

impl Default for Panel {
    /// The usual panel of 7 inches across the diagonal, drawn without a screen.
    fn default() -> Self {
        Panel {
            kind: PanelKind::Offscreen,
            width_px: 800,
            height_px: 480,
            dots_per_inch: 133.3,
            folder: None,
            device: None,
            connector: String::new(),
            mode: String::new(),
        }
    }
}

impl Panel {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let Panel { kind, width_px, height_px, dots_per_inch, folder, device, connector, mode } = Panel::default();
        Panel {
            kind: section.choice("kind", kind),
            width_px: section.whole("width_px", "pixels", 320..=4096, width_px),
            height_px: section.whole("height_px", "pixels", 240..=4096, height_px),
            dots_per_inch: section.number("dots_per_inch", "pixels per inch", 40.0..=600.0, dots_per_inch),
            folder: section.path("folder", folder),
            device: section.path("device", device),
            connector: section.text("connector", 0..=40, connector),
            mode: section.text("mode", 0..=40, mode),
        }
    }
}

impl Choice for PanelKind {
    const ALL: &'static [Self] = &[PanelKind::Offscreen, PanelKind::Window, PanelKind::Drm, PanelKind::Framebuffer];

    fn name(self) -> &'static str {
        match self {
            PanelKind::Offscreen => "offscreen",
            PanelKind::Window => "window",
            PanelKind::Drm => "drm",
            PanelKind::Framebuffer => "framebuffer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        testing::written_as_read::<PanelKind>();
    }

    #[test]
    fn a_density_is_a_number_whole_or_not() {
        assert_eq!(testing::with("panel.dots_per_inch=96").panel.dots_per_inch, 96.0);
        assert_eq!(testing::with("panel.dots_per_inch=96.5").panel.dots_per_inch, 96.5);
        testing::refuses(
            "panel.dots_per_inch=nan",
            "panel.dots_per_inch: expected a number from 40 to 600 (pixels per inch), found nan",
        );
    }
}
