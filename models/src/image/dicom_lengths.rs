//! Whether the lengths that a DICOM file states can be true, before anything is read by them.
//!
//! A reader of elements takes as much memory as an element says that it is long; a file of a few kilobytes may say four
//! gigabytes. It goes down into a sequence within a sequence as deep as the file has them. And a value that is no multiple
//! of its unit is read short, so that the next header is looked for in the wrong place. Here every header is walked (PS3.5,
//! 7.1 and 7.5) without taking any memory: what is stated has to fit into what is there.
//!
//! Not here: what the values mean.

use dicom_core::{
    Tag, VR,
    dictionary::{DataDictionary, DataDictionaryEntry},
};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};

use super::dicom::{MAGIC, MAGIC_AT};

/// Where the elements begin.
const BEGIN: usize = MAGIC_AT + MAGIC.len();
/// A length that is not stated.
const UNDEFINED: u32 = u32::MAX;
/// Sequences and items within each other; real objects have about ten.
const DEPTH_MAX: usize = 32;
const ITEM: Tag = Tag(0xfffe, 0xe000);
const ITEM_END: Tag = Tag(0xfffe, 0xe00d);
const SEQUENCE_END: Tag = Tag(0xfffe, 0xe0dd);
/// Retired, so that the dictionary's own name may not be used.
const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// The header of an element or item.
struct Header {
    tag: Tag,
    /// None for items.
    representation: Option<VR>,
    length: u32,
    /// Where its value begins.
    value: usize,
}

/// Walks all headers of a file.
///
/// # Errors
/// What is wrong, in words: a length that does not fit, what is no element, or sequences too deep.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut at = BEGIN;
    let mut explicit = true;
    // The file meta group is always explicit, and says how the rest is written.
    let mut stated = None;
    while at < bytes.len() && number(bytes, at) == Some(0x0002) {
        let header = header(bytes, at, true)?;
        let value = value(bytes, &header)?;
        if header.tag == tags::FILE_META_INFORMATION_GROUP_LENGTH
            && at == BEGIN
            && header.representation == Some(VR::UL)
        {
            let length = <[u8; 4]>::try_from(value).map_err(|_| "a group length that is no number".to_owned())?;
            stated = Some(header.value + 4 + u32::from_le_bytes(length) as usize);
        }
        if header.tag == tags::TRANSFER_SYNTAX_UID {
            match std::str::from_utf8(value).unwrap_or_default().trim_end_matches(['\0', ' ']) {
                uids::IMPLICIT_VR_LITTLE_ENDIAN => explicit = false,
                BIG_ENDIAN => return Err("written big-endian, a retired way".to_owned()),
                uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => {
                    return Err("deflated as a whole".to_owned());
                }
                _ => {}
            }
        }
        at = header.value + value.len();
    }
    if stated != Some(at) {
        return Err("the file meta group is not as long as it says".to_owned());
    }
    let mut fragments = false;
    // Where each open sequence and item ends; none where the file says so when it comes.
    let mut open: Vec<Option<usize>> = Vec::new();
    while at < bytes.len() {
        while open.last().is_some_and(|end| end.is_some_and(|end| at >= end)) {
            open.pop();
        }
        let header = header(bytes, at, explicit)?;
        at = header.value;
        match header.tag {
            ITEM if fragments => at += value(bytes, &header)?.len(),
            SEQUENCE_END if fragments => fragments = false,
            ITEM => open.push(end(bytes, &header)?),
            ITEM_END | SEQUENCE_END => {
                if open.pop() != Some(None) {
                    return Err("the end of a sequence that was not begun".to_owned());
                }
            }
            tags::PIXEL_DATA if header.length == UNDEFINED => fragments = true,
            _ if header.representation == Some(VR::SQ) => open.push(end(bytes, &header)?),
            _ => at += value(bytes, &header)?.len(),
        }
        if open.len() > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} sequences and items within each other"));
        }
    }
    Ok(())
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn header(bytes: &[u8], at: usize, explicit: bool) -> Result<Header, String> {
    let short = || format!("it ends within the header at byte {at}");
    let read = |at: usize| number(bytes, at).ok_or_else(short);
    let tag = Tag(read(at)?, read(at + 2)?);
    let long = |at: usize| Ok::<u32, String>(u32::from(read(at)?) | u32::from(read(at + 2)?) << 16);
    if tag.0 == ITEM.0 {
        return Ok(Header { tag, representation: None, length: long(at + 4)?, value: at + 8 });
    }
    if !explicit {
        // What the dictionary knows, and pixels and overlays as words (PS3.5, A.1).
        let words = tag == tags::PIXEL_DATA || (tag.0 >> 8 == 0x60 && tag.1 == 0x3000);
        let known = StandardDataDictionary.by_tag(tag).map(|entry| entry.vr().relaxed());
        let representation = if words { VR::OW } else { known.unwrap_or(VR::UN) };
        return Ok(Header { tag, representation: Some(representation), length: long(at + 4)?, value: at + 8 });
    }
    let letters: [u8; 2] = bytes.get(at + 4..at + 6).and_then(|two| two.try_into().ok()).ok_or_else(short)?;
    let representation = VR::from_binary(letters).ok_or_else(|| format!("no element at byte {at}"))?;
    let (length, value) =
        if has_long_header(representation) { (long(at + 8)?, at + 12) } else { (u32::from(read(at + 6)?), at + 8) };
    Ok(Header { tag, representation: Some(representation), length, value })
}

/// Whether the length takes four bytes behind two of padding (PS3.5, table 7.1-1).
fn has_long_header(representation: VR) -> bool {
    use VR::{OB, OD, OF, OL, OV, OW, SQ, SV, UC, UN, UR, UT, UV};
    matches!(representation, OB | OD | OF | OL | OV | OW | SQ | SV | UC | UN | UR | UT | UV)
}

/// The value of an element, wholly there and of whole units.
fn value<'a>(bytes: &'a [u8], header: &Header) -> Result<&'a [u8], String> {
    let rest = bytes.get(header.value..).unwrap_or_default();
    let Tag(group, element) = header.tag;
    let value = rest.get(..header.length as usize).ok_or_else(|| {
        format!("({group:04x},{element:04x}) is {} bytes long, {} are left", header.length, rest.len())
    })?;
    let unit = header.representation.map_or(1, unit);
    if !value.len().is_multiple_of(unit) {
        return Err(format!(
            "({group:04x},{element:04x}) is {} bytes long, expected a multiple of {unit}",
            value.len()
        ));
    }
    Ok(value)
}

/// Bytes of one value of a representation (PS3.5, table 6.2-1); 1 for texts and bytes.
fn unit(representation: VR) -> usize {
    match representation {
        VR::US | VR::SS | VR::OW => 2,
        VR::UL | VR::SL | VR::FL | VR::AT | VR::OF | VR::OL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}

/// Where a sequence or item ends.
fn end(bytes: &[u8], header: &Header) -> Result<Option<usize>, String> {
    if header.length == UNDEFINED {
        return Ok(None);
    }
    Ok(Some(header.value + value(bytes, header)?.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in explicit VR little endian whose data set is `elements`.
    fn file(elements: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes.extend_from_slice(b"DICM");
        let syntax = b"1.2.840.10008.1.2.1\0";
        bytes.extend_from_slice(&[0x02, 0, 0, 0, b'U', b'L', 4, 0, 8 + syntax.len() as u8, 0, 0, 0]);
        bytes.extend_from_slice(&[0x02, 0, 0x10, 0, b'U', b'I', syntax.len() as u8, 0]);
        bytes.extend_from_slice(syntax);
        bytes.extend_from_slice(elements);
        bytes
    }

    fn long(group: u16, element: u16, representation: &[u8; 2], length: u32) -> Vec<u8> {
        let mut bytes = [group.to_le_bytes(), element.to_le_bytes(), *representation, [0, 0]].concat();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes
    }

    // verifies: RQ-160
    #[test]
    fn a_length_that_is_not_there_is_told_before_memory_is_taken() {
        let mut bytes = file(&long(0x7fe0, 0x0010, b"OB", 4));
        bytes.extend_from_slice(&[1, 2, 3, 4]);
        assert_eq!(check(&bytes), Ok(()));
        let bytes = file(&long(0x7fe0, 0x0010, b"OB", 0x7fff_ffff));
        assert_eq!(check(&bytes), Err("(7fe0,0010) is 2147483647 bytes long, 0 are left".to_owned()));
        // Also within a sequence of any length.
        for length in [UNDEFINED, 20] {
            let inner = [vec![0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff], long(0x0009, 0x1001, b"OB", 0x4000_0000)];
            let bytes = file(&[long(0x0008, 0x1140, b"SQ", length), inner.concat()].concat());
            assert!(check(&bytes).unwrap_err().starts_with("(0009,1001) is 1073741824 bytes long"), "{length}");
        }
    }

    // verifies: RQ-160
    #[test]
    fn sequences_may_not_be_endlessly_deep() {
        let level =
            [long(0x0008, 0x1140, b"SQ", UNDEFINED), vec![0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff]].concat();
        assert!(check(&file(&level.repeat(DEPTH_MAX))).unwrap_err().contains("within each other"));
        assert_eq!(check(&file(&level.repeat(DEPTH_MAX / 2))), Ok(()));
    }

    #[test]
    fn a_value_of_broken_units_or_a_wrong_group_length_would_shift_everything_behind_it() {
        let single = |length: u8| file(&[&[0x28, 0, 0x02, 0x01, b'F', b'L', length, 0][..], &[0; 8]].concat());
        assert_eq!(check(&single(8)), Ok(()));
        assert_eq!(check(&single(6)), Err("(0028,0102) is 6 bytes long, expected a multiple of 4".to_owned()));
        let mut bytes = file(&[]);
        bytes[140] += 2;
        assert_eq!(check(&bytes), Err("the file meta group is not as long as it says".to_owned()));
    }

    #[test]
    fn what_is_no_element_is_told() {
        assert_eq!(check(&file(&[8, 0, 0x16, 0, b'?', b'?', 0, 0])), Err("no element at byte 172".to_owned()));
        assert!(check(&file(&[8, 0, 0x16])).unwrap_err().contains("ends within the header"));
        assert!(check(&file(&[0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])).unwrap_err().contains("not begun"));
    }
}
