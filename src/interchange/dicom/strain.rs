//! Data sets from the network, made harmless before they are read.
//!
//! The reader of `dicom-object` believes what a data set says of itself: it takes memory for a value as long as it is said
//! to be, and where a number's length is no multiple of its size it goes on in the middle of things. So nothing that others
//! wrote gets to it. What does is written here anew out of what others wrote: explicit little endian, every length told and
//! true, only texts, short whole numbers and sequences of them. All else in a worklist's entry or a report is left out; to
//! this program it says nothing.
//!
//! Not here: whether the values mean anything.

use dicom_core::{DataDictionary, Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

/// Sequences within sequences at most.
const DEPTH_MAX: usize = 16;
/// Elements and items at most. Each costs memory, however short it is.
const PARTS_MAX: usize = 20_000;
/// A length that is not told; a delimiter ends it.
const UNDEFINED: u32 = u32::MAX;
const ITEM: [u8; 4] = [0xfe, 0xff, 0x00, 0xe0];
const ITEM_END: [u8; 4] = [0xfe, 0xff, 0x0d, 0xe0];
const SEQUENCE_END: [u8; 4] = [0xfe, 0xff, 0xdd, 0xe0];
/// The group of items and delimiters, which are no elements.
const DELIMITERS: [u8; 2] = [0xfe, 0xff];
/// Representations whose length has four bytes, after two that mean nothing.
const LONG: [&[u8; 2]; 13] =
    [b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"];
/// Representations whose length has two bytes.
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL", b"SS",
    b"ST", b"TM", b"UI", b"UL", b"US",
];
/// The texts among them, which are kept.
const TEXTS: [VR; 17] = [
    VR::AE,
    VR::AS,
    VR::CS,
    VR::DA,
    VR::DS,
    VR::DT,
    VR::IS,
    VR::LO,
    VR::LT,
    VR::PN,
    VR::SH,
    VR::ST,
    VR::TM,
    VR::UC,
    VR::UI,
    VR::UR,
    VR::UT,
];

/// A data set in explicit or implicit little endian as one in explicit little endian that can be read without harm.
///
/// # Errors
/// When its lengths contradict each other, it ends within an element, or has too many parts or levels.
pub(super) fn strain(data: &[u8], explicit: bool) -> Result<Vec<u8>, &'static str> {
    let mut walk = Walk { rest: data, explicit, parts: 0 };
    let mut kept = Vec::new();
    while !walk.rest.is_empty() {
        walk.element(0, &mut kept)?;
    }
    Ok(kept)
}

struct Walk<'a> {
    rest: &'a [u8],
    explicit: bool,
    parts: usize,
}

impl<'a> Walk<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or("a value is longer than what there is")?;
        self.rest = rest;
        Ok(taken)
    }

    fn four(&mut self) -> Result<[u8; 4], &'static str> {
        self.take(4)?.try_into().map_err(|_| "an element is cut off")
    }

    fn length(&mut self) -> Result<u32, &'static str> {
        self.four().map(u32::from_le_bytes)
    }

    /// A value of a length that is told; an impossible one is longer than the memory has addresses.
    fn value(&mut self, length: u32) -> Result<&'a [u8], &'static str> {
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn count(&mut self) -> Result<(), &'static str> {
        self.parts += 1;
        if self.parts > PARTS_MAX { Err("too many elements and items") } else { Ok(()) }
    }

    /// Does something with a part of what there is, whose end is known.
    fn within(
        &mut self,
        part: &'a [u8],
        mut next: impl FnMut(&mut Self) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let behind = std::mem::replace(&mut self.rest, part);
        while !self.rest.is_empty() {
            next(self)?;
        }
        self.rest = behind;
        Ok(())
    }

    fn element(&mut self, depth: usize, kept: &mut Vec<u8>) -> Result<(), &'static str> {
        self.count()?;
        let tag = self.four()?;
        if tag.starts_with(&DELIMITERS) {
            return Err("a delimiter where an element is due");
        }
        let (vr, length) = if self.explicit { self.explicit_head()? } else { (known(tag), self.length()?) };
        match (vr, length) {
            (Some(VR::SQ), told) => {
                let mut items = Vec::new();
                self.items(told, depth, &mut items)?;
                append(kept, tag, VR::SQ, items)
            }
            // Nothing but items has an end of its own: a private sequence, or pixels in pieces. The former is implicit
            // where its representation is not known.
            (vr, UNDEFINED) => {
                let explicit = self.explicit;
                self.explicit &= vr != Some(VR::UN);
                self.items(UNDEFINED, depth, &mut Vec::new())?;
                self.explicit = explicit;
                Ok(())
            }
            (vr, told) => {
                let value = self.value(told)?;
                match vr {
                    Some(VR::US) if value.len().is_multiple_of(2) => append(kept, tag, VR::US, value.to_vec()),
                    Some(vr) if TEXTS.contains(&vr) => append(kept, tag, vr, value.to_vec()),
                    _ => Ok(()),
                }
            }
        }
    }

    /// The representation and the length of an element that tells both.
    fn explicit_head(&mut self) -> Result<(Option<VR>, u32), &'static str> {
        let [v, r, low, high] = self.four()?;
        let vr = VR::from_binary([v, r]);
        if LONG.contains(&&[v, r]) {
            Ok((vr, self.length()?))
        } else if SHORT.contains(&&[v, r]) {
            Ok((vr, u32::from(u16::from_le_bytes([low, high]))))
        } else {
            Err("an unknown value representation")
        }
    }

    /// The items of a sequence, written anew.
    fn items(&mut self, length: u32, depth: usize, kept: &mut Vec<u8>) -> Result<(), &'static str> {
        if depth >= DEPTH_MAX {
            return Err("too many sequences within each other");
        }
        if length != UNDEFINED {
            let part = self.value(length)?;
            return self.within(part, |walk| walk.item(depth, kept));
        }
        while !self.rest.starts_with(&SEQUENCE_END) {
            self.item(depth, kept)?;
        }
        self.take(8).map(|_| ())
    }

    fn item(&mut self, depth: usize, kept: &mut Vec<u8>) -> Result<(), &'static str> {
        self.count()?;
        if self.four()? != ITEM {
            return Err("something else where an item is due");
        }
        let mut inside = Vec::new();
        match self.length()? {
            UNDEFINED => {
                while !self.rest.starts_with(&ITEM_END) {
                    self.element(depth + 1, &mut inside)?;
                }
                self.take(8)?;
            }
            told => {
                let part = self.value(told)?;
                self.within(part, |walk| walk.element(depth + 1, &mut inside))?;
            }
        }
        kept.extend(ITEM);
        kept.extend(short(inside.len())?);
        kept.append(&mut inside);
        Ok(())
    }
}

/// The representation of an element that does not tell it; none of a private one.
fn known([g1, g2, e1, e2]: [u8; 4]) -> Option<VR> {
    let tag = Tag(u16::from_le_bytes([g1, g2]), u16::from_le_bytes([e1, e2]));
    StandardDataDictionary.by_tag(tag).map(|entry| entry.vr.relaxed())
}

/// Writes an element. An odd length is made even, as it should have been.
fn append(kept: &mut Vec<u8>, tag: [u8; 4], vr: VR, mut value: Vec<u8>) -> Result<(), &'static str> {
    if !value.len().is_multiple_of(2) {
        value.push(if vr == VR::UI { 0 } else { b' ' });
    }
    kept.extend(tag);
    kept.extend(vr.to_bytes());
    if LONG.contains(&&vr.to_bytes()) {
        kept.extend([0, 0]);
        kept.extend(short(value.len())?);
    } else {
        let length = u16::try_from(value.len()).map_err(|_| "a text longer than its kind can be")?;
        kept.extend(length.to_le_bytes());
    }
    kept.append(&mut value);
    Ok(())
}

fn short(length: usize) -> Result<[u8; 4], &'static str> {
    u32::try_from(length).map(u32::to_le_bytes).map_err(|_| "a value longer than can be told")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: u16, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&[8, 0], tag.to_le_bytes().as_slice(), &length, value].concat()
    }

    fn item(inside: &[u8]) -> Vec<u8> {
        [ITEM.as_slice(), &u32::try_from(inside.len()).unwrap().to_le_bytes(), inside].concat()
    }

    fn open(inside: &[u8]) -> Vec<u8> {
        [&ITEM, [0xff; 4].as_slice(), inside, &ITEM_END, &[0; 4]].concat()
    }

    /// Specific Character Set and an empty date.
    fn plain() -> Vec<u8> {
        [element(5, b"ISO_IR 192"), element(0x20, b"")].concat()
    }

    const PLAIN_KEPT: &[u8] = b"\x08\0\x05\0CS\x0a\0ISO_IR 192\x08\0\x20\0DA\0\0";

    #[test]
    fn lengths_that_are_not_told_are_told_afterwards() {
        assert!(strain(&[], false).unwrap().is_empty());
        assert_eq!(strain(&plain(), false).unwrap(), PLAIN_KEPT);
        let told = element(0x1140, &[item(&plain()), item(&plain())].concat());
        let items = [item(&plain()), open(&plain())].concat();
        let untold = [&[8, 0, 0x40, 0x11], [0xff; 4].as_slice(), &items, &SEQUENCE_END, &[0; 4]].concat();
        let inside = [item(PLAIN_KEPT), item(PLAIN_KEPT)].concat();
        let length = u32::try_from(inside.len()).unwrap().to_le_bytes();
        let expected = [b"\x08\0\x40\x11SQ\0\0", length.as_slice(), &inside].concat();
        assert_eq!(strain(&told, false).unwrap(), expected);
        assert_eq!(strain(&untold, false).unwrap(), expected);
        // What was strained stays as it is.
        assert_eq!(strain(&expected, true).unwrap(), expected);
    }

    #[test]
    fn what_says_nothing_to_this_program_is_left_out() {
        let fragments = [&ITEM, &[0; 4], &ITEM, [2, 0, 0, 0, 1, 2].as_slice(), &SEQUENCE_END, &[0; 4]].concat();
        // Fragments are no items of elements; the second one would be half an element.
        let pixels = [&[0xe0, 0x7f, 0x10, 0, b'O', b'B', 0, 0], [0xff; 4].as_slice(), &fragments].concat();
        assert!(strain(&pixels, true).is_err());
        let unknown = [&[9, 0, 1, 0, b'U', b'N', 0, 0], [0xff; 4].as_slice(), &open(&plain()), &SEQUENCE_END, &[0; 4]];
        let number = [8, 0, 1, 0, b'U', b'L', 4, 0, 1, 2, 3, 4];
        let data = [PLAIN_KEPT, &unknown.concat(), &number, b"\x09\0\x02\0US\x02\0\x01\0"].concat();
        assert_eq!(strain(&data, true).unwrap(), [PLAIN_KEPT, b"\x09\0\x02\0US\x02\0\x01\0"].concat());
        // A private element of an implicit data set, and a number that is half a byte too long.
        let private = [&[9, 0, 1, 0, 2, 0, 0, 0, 1, 2], element(5, b"A").as_slice()].concat();
        assert_eq!(strain(&private, false).unwrap(), b"\x08\0\x05\0CS\x02\0A ");
        assert_eq!(strain(b"\x28\0\x10\0US\x03\0\x01\0\x01", true).unwrap(), b"");
    }

    #[test]
    fn what_is_not_possible_is_refused() {
        let huge = [8, 0, 5, 0, 0xf0, 0xff, 0xff, 0xff, 1, 2];
        assert!(strain(&huge, false).is_err());
        assert!(strain(&[8, 0, 5, 0, b'U', b'T', 0, 0, 0xf0, 0xff, 0xff, 0xff], true).is_err());
        assert!(strain(&element(0x1140, &item(&huge)), false).is_err());
        assert!(strain(&[8, 0, 9, 0, 0xff, 0xff, 0xff, 0xff], false).is_err());
        assert!(strain(b"\x08\0\x05\0XX\0\0", true).is_err());
        let mut deep = element(0x20, b"");
        for _ in 0..=DEPTH_MAX {
            deep = element(0x1140, &item(&deep));
        }
        assert_eq!(strain(&deep, false), Err("too many sequences within each other"));
        let many = element(0x1140, &item(&[]).repeat(PARTS_MAX));
        assert_eq!(strain(&many, false), Err("too many elements and items"));
        assert!(strain(&element(0x1140, &item(&[]).repeat(PARTS_MAX - 1)), false).is_ok());
    }

    #[test]
    fn no_part_of_a_data_set_makes_it_go_on_for_ever() {
        let whole = [plain(), element(0x1140, &[item(&plain()), open(&plain())].concat())].concat();
        for length in 0..whole.len() {
            let _ = (strain(&whole[..length], false), strain(&whole[..length], true));
        }
    }
}
