//! The camera: what its apparatus and the single exposure make of the light that comes back from the retina.
//!
//! [`CameraLook`] is what all photographs of one camera share, [`Faults`] is what went wrong with one of them. The
//! order is that of the light: blur and motion (eye and optics), illumination, haze and flare, exposure, the
//! sensor's tone, tint and noise, and last the aperture, which stays sharp however blurred the eye is.

mod blur;
mod expose;

pub(super) use expose::expose;

/// A tab by the field's edge that shows the operator which way is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notch {
    /// No tab.
    #[default]
    None,
    /// A rectangle at the upper right.
    Square,
    /// Half a disc at the upper right.
    Round,
    /// A triangle at the lower right.
    Triangle,
}

/// What all photographs of a camera have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraLook {
    /// Angle that the field spans, degrees, 20 to 60.
    pub field_of_view_deg: f32,
    /// Black margin left and right of the field, as a fraction of half the picture's width, -0.2 to 0.6. Below 0
    /// the frame cuts the field. In a picture that is wider than high the frame cuts it above and below.
    pub border: f32,
    /// Shift of the field's centre from the picture's, right and down, as a fraction of the width, -0.2 to 0.2.
    pub offset: (f32, f32),
    /// Share of the field's diameter blacked out at the top, 0 to 0.4.
    pub cut_top: f32,
    /// Share of the field's diameter blacked out at the bottom, 0 to 0.4.
    pub cut_bottom: f32,
    /// The orientation tab.
    pub notch: Notch,
    /// Exposure, stops above or below what is right, -3 to 3.
    pub exposure: f32,
    /// Gain of red, green and blue, about 1.
    pub tint: [f32; 3],
    /// Fall of the light towards the field's edge, 0 (even) to 1 (dark edge).
    pub vignette: f32,
    /// Blur of the optics: standard deviation as a fraction of the field's radius, 0 to 0.1; 0.002 is sharp.
    pub blur: f32,
    /// Veil of scattered light, 0 to 1.
    pub haze: f32,
    /// Sensor noise: standard deviation, full scale is 1, 0 to 0.2.
    pub noise: f32,
    /// Level of the black border, full scale is 1, 0 to 0.2.
    pub black_level: f32,
    /// Strength of the lens's own reflection near the centre, 0 to 1.
    pub ghost: f32,
}

impl Default for CameraLook {
    fn default() -> Self {
        Self {
            field_of_view_deg: 45.0,
            border: 0.03,
            offset: (0.0, 0.0),
            cut_top: 0.0,
            cut_bottom: 0.0,
            notch: Notch::None,
            exposure: 0.0,
            tint: [1.0, 1.0, 1.0],
            vignette: 0.35,
            blur: 0.0018,
            haze: 0.04,
            noise: 0.010,
            black_level: 0.008,
            ghost: 0.0,
        }
    }
}

impl CameraLook {
    /// The same look with every value inside its documented range (not-a-number becomes the default).
    pub fn clamped(self) -> Self {
        let plain = Self::default();
        let fix = |value: f32, low: f32, high: f32, default: f32| {
            if value.is_finite() { value.clamp(low, high) } else { default }
        };
        Self {
            field_of_view_deg: fix(self.field_of_view_deg, 20.0, 60.0, plain.field_of_view_deg),
            border: fix(self.border, -0.2, 0.6, plain.border),
            offset: (fix(self.offset.0, -0.2, 0.2, 0.0), fix(self.offset.1, -0.2, 0.2, 0.0)),
            cut_top: fix(self.cut_top, 0.0, 0.4, 0.0),
            cut_bottom: fix(self.cut_bottom, 0.0, 0.4, 0.0),
            notch: self.notch,
            exposure: fix(self.exposure, -3.0, 3.0, 0.0),
            tint: self.tint.map(|gain| fix(gain, 0.0, 4.0, 1.0)),
            vignette: fix(self.vignette, 0.0, 1.0, plain.vignette),
            blur: fix(self.blur, 0.0, 0.1, plain.blur),
            haze: fix(self.haze, 0.0, 1.0, plain.haze),
            noise: fix(self.noise, 0.0, 0.2, plain.noise),
            black_level: fix(self.black_level, 0.0, 0.2, plain.black_level),
            ghost: fix(self.ghost, 0.0, 1.0, plain.ghost),
        }
    }
}

/// What went wrong with one exposure, each from 0 (nothing) to 1 (ruined); values outside are clamped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// Out of focus.
    pub defocus: f32,
    /// The eye or the camera moved.
    pub motion: f32,
    /// Too little light.
    pub underexposure: f32,
    /// Too much light.
    pub overexposure: f32,
    /// The upper lid and its lashes cover part of the field.
    pub eyelid: f32,
    /// The pupil clips the light: a dark ring, and a shadow to one side.
    pub small_pupil: f32,
    /// Light from the cornea or the pupil's edge: a bright crescent.
    pub flare: f32,
}

impl Faults {
    /// A flawless exposure.
    pub const NONE: Faults = Faults {
        defocus: 0.0,
        motion: 0.0,
        underexposure: 0.0,
        overexposure: 0.0,
        eyelid: 0.0,
        small_pupil: 0.0,
        flare: 0.0,
    };

    /// The same faults with every value inside 0..=1 (not-a-number becomes 0).
    pub fn clamped(self) -> Self {
        let fix = |value: f32| if value > 0.0 { value.min(1.0) } else { 0.0 };
        Self {
            defocus: fix(self.defocus),
            motion: fix(self.motion),
            underexposure: fix(self.underexposure),
            overexposure: fix(self.overexposure),
            eyelid: fix(self.eyelid),
            small_pupil: fix(self.small_pupil),
            flare: fix(self.flare),
        }
    }
}
