//! Whether a file is a JPEG that may be put into a DICOM object as it is.
//!
//! A viewer of DICOM decodes the JPEG alone and looks at nothing else in it: no EXIF orientation, no colour profile, no
//! Huffman tables that "everybody knows" (cameras leave them out of MJPEG). So only a whole baseline JPEG in YCbCr, stored
//! upright, goes as it is; every other photograph is decoded and goes as plain pixels.
//!
//! Not here: decoding.

const SOI: u8 = 0xd8;
const EOI: [u8; 2] = [0xff, 0xd9];
const SOF_BASELINE: u8 = 0xc0;
const DHT: u8 = 0xc4;
const DAC: u8 = 0xcc;
const SOS: u8 = 0xda;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const EXIF: &[u8] = b"Exif\0\0";
const ICC: &[u8] = b"ICC_PROFILE\0";
const ORIENTATION: u16 = 0x0112;

/// A JPEG that may be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Baseline {
    /// Columns.
    pub(super) width: u16,
    /// Rows.
    pub(super) height: u16,
    /// Its own colour profile.
    pub(super) profile: Option<Vec<u8>>,
}

/// Whether bytes are a JPEG of any kind: then the camera has compressed them with loss.
pub(super) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, SOI, 0xff])
}

/// What is to be known of a JPEG that may be sent as it is; none for any other file.
pub(super) fn baseline(bytes: &[u8]) -> Option<Baseline> {
    if !is_jpeg(bytes) || !bytes.ends_with(&EOI) {
        return None;
    }
    let mut rest = bytes.get(2..)?;
    let mut size = None;
    let mut has_tables = false;
    let mut profile: Vec<(u8, &[u8])> = Vec::new();
    loop {
        let (marker, segment, after) = segment(rest)?;
        rest = after;
        match marker {
            SOF_BASELINE => size = Some(size_of_three_components(segment)?),
            // Any other frame (progressive, lossless, arithmetic) is not baseline.
            0xc1..=0xcf if !matches!(marker, DHT | DAC) => return None,
            DAC => return None,
            DHT => has_tables = true,
            APP1 if segment.starts_with(EXIF) && orientation(segment.get(EXIF.len()..)?) != Some(1) => return None,
            APP2 if segment.starts_with(ICC) => {
                let (&number, piece) = segment.get(ICC.len()..)?.split_first()?;
                profile.push((number, piece.get(1..)?));
            }
            // The components are red, green and blue, not YCbCr.
            APP14 if segment.starts_with(b"Adobe") && segment.get(11) != Some(&1) => return None,
            SOS => break,
            _ => {}
        }
    }
    let (width, height) = size.filter(|_| has_tables)?;
    profile.sort_by_key(|&(number, _)| number);
    let profile = profile.into_iter().flat_map(|(_, piece)| piece.to_vec()).collect::<Vec<u8>>();
    Some(Baseline { width, height, profile: (!profile.is_empty()).then_some(profile) })
}

/// The next segment: its marker, what it holds, and what comes after it.
fn segment(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [0xff, bytes @ ..] = bytes else { return None };
    // Any number of fill bytes may stand before a marker.
    let fill = bytes.iter().take_while(|&&byte| byte == 0xff).count();
    let (&marker, bytes) = bytes.get(fill..)?.split_first()?;
    let length = usize::from(u16::from_be_bytes(*bytes.first_chunk()?));
    let (segment, after) = bytes.split_at_checked(length)?;
    Some((marker, segment.get(2..)?, after))
}

/// Width and height of a frame of 8-bit YCbCr.
fn size_of_three_components(frame: &[u8]) -> Option<(u16, u16)> {
    let &[8, h0, h1, w0, w1, 3, first, ..] = frame else { return None };
    let (height, width) = (u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1]));
    // Components named R, G, B are just that.
    (height > 0 && width > 0 && first != b'R').then_some((width, height))
}

/// The orientation that EXIF tells; 1 is upright, none where what it says cannot be read. Without one it is upright.
fn orientation(tiff: &[u8]) -> Option<u16> {
    let little = match tiff.first_chunk()? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let number = |at: usize, length: usize| -> Option<u32> {
        let bytes = tiff.get(at..at.checked_add(length)?)?;
        let digits = |sum: u32, &byte: &u8| sum << 8 | u32::from(byte);
        Some(if little { bytes.iter().rev().fold(0, digits) } else { bytes.iter().fold(0, digits) })
    };
    let directory = usize::try_from(number(4, 4)?).ok()?;
    let entries = usize::try_from(number(directory, 2)?).ok()?;
    for entry in 0..entries {
        let at = directory.checked_add(2 + 12 * entry)?;
        if number(at, 2)? == u32::from(ORIENTATION) {
            return u16::try_from(number(at + 8, 2)?).ok();
        }
    }
    Some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(marker: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], length.as_slice(), payload].concat()
    }

    fn file(parts: &[Vec<u8>]) -> Vec<u8> {
        [vec![0xff, SOI], parts.concat(), part(SOS, &[0; 10]), vec![1, 2, 3, 0xff, 0xd9]].concat()
    }

    fn frame(marker: u8, components: u8, first: u8) -> Vec<u8> {
        part(marker, &[8, 0, 48, 0, 64, components, first, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1])
    }

    fn exif(orientation: u8) -> Vec<u8> {
        let entry = [1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
        part(APP1, &[EXIF, b"MM\0*\0\0\0\x08\0\x01", &entry, &[0; 4]].concat())
    }

    #[test]
    fn a_whole_upright_baseline_jpeg_in_ycbcr_goes_as_it_is() {
        let tables = part(DHT, &[0; 20]);
        let plain = file(&[tables.clone(), frame(SOF_BASELINE, 3, 1)]);
        assert_eq!(baseline(&plain), Some(Baseline { width: 64, height: 48, profile: None }));
        let upright = file(&[exif(1), tables.clone(), frame(SOF_BASELINE, 3, 1)]);
        assert!(baseline(&upright).is_some());
        let pieces = [(2, b"cd"), (1, b"ab")].map(|(n, piece)| part(APP2, &[ICC, &[n, 2], piece.as_slice()].concat()));
        let with_profile = file(&[pieces.concat(), tables.clone(), frame(SOF_BASELINE, 3, 1)]);
        assert_eq!(baseline(&with_profile).unwrap().profile.unwrap(), b"abcd");
    }

    #[test]
    fn whatever_a_viewer_could_show_otherwise_does_not() {
        let tables = || part(DHT, &[0; 20]);
        let adobe = |transform| part(APP14, &[b"Adobe", [0; 6].as_slice(), &[transform]].concat());
        for (name, bytes) in [
            ("without tables", file(&[frame(SOF_BASELINE, 3, 1)])),
            ("progressive", file(&[tables(), frame(0xc2, 3, 1)])),
            ("extended", file(&[tables(), frame(0xc1, 3, 1)])),
            ("grey", file(&[tables(), frame(SOF_BASELINE, 1, 1)])),
            ("CMYK", file(&[tables(), frame(SOF_BASELINE, 4, 1)])),
            ("named RGB", file(&[tables(), frame(SOF_BASELINE, 3, b'R')])),
            ("Adobe RGB", file(&[adobe(0), tables(), frame(SOF_BASELINE, 3, 1)])),
            ("turned", file(&[exif(6), tables(), frame(SOF_BASELINE, 3, 1)])),
            ("unreadable EXIF", file(&[part(APP1, EXIF), tables(), frame(SOF_BASELINE, 3, 1)])),
            ("no frame", file(&[tables()])),
            ("PNG", b"\x89PNG\r\n\x1a\n".to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert_eq!(baseline(&bytes), None, "{name}");
        }
        let whole = file(&[tables(), frame(SOF_BASELINE, 3, 1)]);
        for length in 0..whole.len() {
            assert_eq!(baseline(&whole[..length]), None, "{length} bytes");
        }
    }
}
