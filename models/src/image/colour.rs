//! From a file's colour space to sRGB.

use ::image::RgbImage;
use moxcms::{ColorProfile, DataColorSpace, Layout, ProfileText, TransformOptions};

use super::DecodeError;

/// Largest change of a level, 0..255, up to which a profile counts as sRGB itself: cameras' own sRGB profiles differ in
/// the last digits of their curves.
const SAME: u8 = 2;
/// Levels of each channel that are tried to tell.
const TRIED: [u8; 9] = [0, 32, 64, 96, 128, 160, 192, 224, 255];

/// Converts the pixels in place from the space that an ICC profile describes; the profile's name, or none where it is
/// sRGB and nothing was changed.
///
/// # Errors
/// When the profile is damaged or does not describe RGB.
pub(super) fn to_srgb(
    pixels: &mut RgbImage,
    profile: &[u8],
    kind: &'static str,
) -> Result<Option<String>, DecodeError> {
    let refuse = |found: String| DecodeError::Unsupported {
        kind,
        found,
        expected: "sRGB, or RGB with a sound ICC profile; export the photograph as sRGB",
    };
    let broken = |error: moxcms::CmsError| refuse(format!("a colour profile that can't be used ({error})"));
    let profile = ColorProfile::new_from_slice(profile).map_err(broken)?;
    let name = name(&profile);
    if profile.color_space != DataColorSpace::Rgb {
        return Err(refuse(format!("a colour profile for {:?} ({name})", profile.color_space)));
    }
    let transform = profile
        .create_transform_8bit(Layout::Rgb, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default())
        .map_err(broken)?;
    let convert = |from: &[u8]| {
        let mut to = vec![0; from.len()];
        transform.transform(from, &mut to).map_err(broken).map(|()| to)
    };
    let tried: Vec<u8> = TRIED
        .into_iter()
        .flat_map(|red| {
            TRIED.into_iter().flat_map(move |green| TRIED.into_iter().flat_map(move |blue| [red, green, blue]))
        })
        .collect();
    if convert(&tried)?.iter().zip(&tried).all(|(after, before)| after.abs_diff(*before) <= SAME) {
        return Ok(None);
    }
    let (width, height) = pixels.dimensions();
    let converted = convert(pixels.as_raw())?;
    *pixels = RgbImage::from_raw(width, height, converted)
        .ok_or_else(|| refuse("a colour profile that can't be used".to_owned()))?;
    Ok(Some(name))
}

/// The profile's description, made fit for one line.
fn name(profile: &ColorProfile) -> String {
    let text = match &profile.description {
        Some(ProfileText::PlainString(text)) => text.clone(),
        Some(ProfileText::Localizable(texts)) => texts.first().map(|text| text.value.clone()).unwrap_or_default(),
        Some(ProfileText::Description(text)) => text.ascii_string.clone(),
        None => String::new(),
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.trim().is_empty() { "without a name".to_owned() } else { text.trim().to_owned() }
}
