//! `[camera]`: where photographs come from.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    optional,
    reader::{Choice, Section},
};

/// The camera.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Camera {
    /// What it is.
    pub kind: CameraKind,
    /// The simulated one.
    pub simulated: SimulatedCamera,
    /// One of the kernel's.
    pub v4l2: V4l2Camera,
}

/// What the camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CameraKind {
    /// Practice eyes are drawn, or practice photographs shown.
    #[default]
    Simulated,
    /// A camera of the kernel's video interface.
    V4l2,
}

/// A camera that draws practice patients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SimulatedCamera {
    /// Another number, other practice patients. 0 to 2^63 - 1, as TOML has no larger whole numbers.
    pub seed: u64,
    /// The photographs of this folder are shown instead of drawn eyes; none draws them.
    #[serde(serialize_with = "optional")]
    pub photographs: Option<PathBuf>,
    /// Pictures a second while aiming, 1 to 60.
    pub frames_per_second: u32,
}

impl Default for SimulatedCamera {
    fn default() -> Self {
        SimulatedCamera { seed: 3, photographs: None, frames_per_second: 20 }
    }
}

/// A camera of the kernel's video interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct V4l2Camera {
    /// Its device file, its name or its port; empty where there is only one.
    pub device: String,
    /// Pixel formats that may be used, the best first.
    pub formats: Vec<CameraFormat>,
    /// Pixels across, 160 to 8192.
    pub width_px: u32,
    /// Pixels down, 120 to 8192.
    pub height_px: u32,
    /// Frames a second, 1 to 120.
    pub frames_per_second: u32,
    /// Frames at the beginning of a stream that are not used, 0 to 100.
    pub warm_up_frames: u32,
}

/// A pixel format of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CameraFormat {
    /// One JPEG a frame.
    Mjpeg,
    /// Two pixels in four bytes.
    Yuyv,
    /// Three bytes a pixel.
    Rgb24,
}

impl Default for V4l2Camera {
    fn default() -> Self {
        V4l2Camera {
            device: String::new(),
            formats: CameraFormat::ALL.to_vec(),
            width_px: 1920,
            height_px: 1080,
            frames_per_second: 25,
            warm_up_frames: 4,
        }
    }
}

impl Camera {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let kind = section.choice("kind", CameraKind::default());
        let simulated = SimulatedCamera::read(&mut section.section("simulated"));
        let v4l2 = V4l2Camera::read(&mut section.section("v4l2"));
        Camera { kind, simulated, v4l2 }
    }
}

impl V4l2Camera {
    fn read(section: &mut Section<'_>) -> Self {
        let V4l2Camera { device, formats, width_px, height_px, frames_per_second, warm_up_frames } =
            V4l2Camera::default();
        let given = V4l2Camera {
            device: section.text("device", 0..=200, device),
            formats: section.choices("formats", formats),
            width_px: section.whole("width_px", "pixels", 160..=8192, width_px),
            height_px: section.whole("height_px", "pixels", 120..=8192, height_px),
            frames_per_second: section.whole("frames_per_second", "frames a second", 1..=120, frames_per_second),
            warm_up_frames: section.whole("warm_up_frames", "frames", 0..=100, warm_up_frames),
        };
        if given.formats.is_empty() {
            section.wrong("formats", "one format at least".to_owned(), "leave the key out to allow all".to_owned());
        }
        given
    }
}

impl SimulatedCamera {
    fn read(section: &mut Section<'_>) -> Self {
        let SimulatedCamera { seed, photographs, frames_per_second } = SimulatedCamera::default();
        SimulatedCamera {
            seed: section.whole("seed", "which patients", 0..=i64::MAX.unsigned_abs(), seed),
            photographs: section.path("photographs", photographs),
            frames_per_second: section.whole("frames_per_second", "pictures a second", 1..=60, frames_per_second),
        }
    }
}

impl Choice for CameraKind {
    const ALL: &'static [Self] = &[CameraKind::Simulated, CameraKind::V4l2];

    fn name(self) -> &'static str {
        match self {
            CameraKind::Simulated => "simulated",
            CameraKind::V4l2 => "v4l2",
        }
    }
}

impl Choice for CameraFormat {
    const ALL: &'static [Self] = &[CameraFormat::Mjpeg, CameraFormat::Yuyv, CameraFormat::Rgb24];

    fn name(self) -> &'static str {
        match self {
            CameraFormat::Mjpeg => "mjpeg",
            CameraFormat::Yuyv => "yuyv",
            CameraFormat::Rgb24 => "rgb24",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        testing::written_as_read::<CameraKind>();
        testing::written_as_read::<CameraFormat>();
    }

    #[test]
    fn formats_keep_their_order_and_none_is_too_few() {
        let camera = testing::with(r#"camera.v4l2.formats=["yuyv", "mjpeg"]"#).camera;
        assert_eq!(camera.v4l2.formats, [CameraFormat::Yuyv, CameraFormat::Mjpeg]);
        testing::refuses("camera.v4l2.formats=[]", "camera.v4l2.formats: expected one format at least");
    }

    #[test]
    fn a_negative_seed_is_refused() {
        testing::refuses("camera.simulated.seed=-1", "camera.simulated.seed: expected a whole number");
    }
}
