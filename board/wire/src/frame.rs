//! Frames: how a message travels as bytes, and how it is found again among bytes that are not one.
//!
//! ```text
//!   COBS( version: 1 byte │ sequence: 2 bytes, little endian │ message: postcard │ CRC-32: 4 bytes, little endian ) 0
//! ```
//!
//! COBS leaves no zero inside, so a zero always ends a frame: after any garbage the decoder is in step again with the
//! next zero. The checksum (CRC-32/ISO-HDLC) is over all before it.

use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Serialize, de::DeserializeOwned};

/// Version of this layout, the first byte of each frame.
pub const FRAME_VERSION: u8 = 1;

/// Longest message in bytes; longer ones cannot be framed.
pub const MAX_MESSAGE: usize = 64;

const HEAD: usize = 3;
const CHECKSUM: usize = 4;
const MAX_PLAIN: usize = HEAD + MAX_MESSAGE + CHECKSUM;
/// COBS adds one byte to what is shorter than 254.
const MAX_CODED: usize = MAX_PLAIN + 1;

/// Longest frame in bytes, with its zero.
pub const MAX_FRAME: usize = MAX_CODED + 1;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The message does not fit into a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is longer than {MAX_MESSAGE} bytes")]
pub struct TooLong;

/// One frame, ready for the line.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    bytes: [u8; MAX_FRAME],
    length: usize,
}

impl Frame {
    /// Frames a message.
    ///
    /// # Errors
    /// When it is longer than [`MAX_MESSAGE`].
    pub fn encode<M: Serialize>(sequence: u16, message: &M) -> Result<Self, TooLong> {
        let mut plain = [0; MAX_PLAIN];
        plain[0] = FRAME_VERSION;
        plain[1..HEAD].copy_from_slice(&sequence.to_le_bytes());
        let message = postcard::to_slice(message, &mut plain[HEAD..HEAD + MAX_MESSAGE]).map_err(|_| TooLong)?.len();
        let checked = HEAD + message;
        let checksum = CRC.checksum(&plain[..checked]).to_le_bytes();
        plain[checked..checked + CHECKSUM].copy_from_slice(&checksum);
        let mut bytes = [0; MAX_FRAME];
        let coded = cobs::encode(&plain[..checked + CHECKSUM], &mut bytes[..MAX_CODED]);
        Ok(Frame { bytes, length: coded + 1 })
    }

    /// Its bytes, the closing zero included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// What a decoder dropped, by kind; each counter wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Longer than a frame can be.
    pub oversized: u32,
    /// Not COBS, or too short for a frame: cut off, or garbage.
    pub torn: u32,
    /// The checksum is another one.
    pub checksum: u32,
    /// A whole frame of another layout.
    pub version: u32,
    /// A whole frame whose message is not known.
    pub message: u32,
}

/// Finds frames in a stream of bytes.
#[derive(Debug, Clone)]
pub struct Decoder {
    bytes: [u8; MAX_CODED],
    length: usize,
    oversized: bool,
    dropped: Dropped,
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder { bytes: [0; MAX_CODED], length: 0, oversized: false, dropped: Dropped::default() }
    }
}

impl Decoder {
    /// What was dropped so far.
    pub fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Takes the next byte; gives sequence and message when it completes a good frame.
    pub fn push<M: DeserializeOwned>(&mut self, byte: u8) -> Option<(u16, M)> {
        if byte != 0 {
            match self.bytes.get_mut(self.length) {
                Some(place) => {
                    *place = byte;
                    self.length += 1;
                }
                None => self.oversized = true,
            }
            return None;
        }
        let length = core::mem::take(&mut self.length);
        if core::mem::take(&mut self.oversized) {
            self.dropped.oversized = self.dropped.oversized.wrapping_add(1);
            return None;
        }
        if length == 0 {
            return None;
        }
        let dropped = &mut self.dropped;
        match open(&mut self.bytes[..length]) {
            Ok(opened) => Some(opened),
            Err(flaw) => {
                let counter = match flaw {
                    Flaw::Torn => &mut dropped.torn,
                    Flaw::Checksum => &mut dropped.checksum,
                    Flaw::Version => &mut dropped.version,
                    Flaw::Message => &mut dropped.message,
                };
                *counter = counter.wrapping_add(1);
                None
            }
        }
    }
}

enum Flaw {
    Torn,
    Checksum,
    Version,
    Message,
}

fn open<M: DeserializeOwned>(coded: &mut [u8]) -> Result<(u16, M), Flaw> {
    let length = cobs::decode_in_place(coded).map_err(|_| Flaw::Torn)?;
    let plain = &coded[..length];
    let (rest, checksum) = plain.split_last_chunk::<CHECKSUM>().ok_or(Flaw::Torn)?;
    let ([version, low, high], message) = rest.split_first_chunk::<HEAD>().ok_or(Flaw::Torn)?;
    if CRC.checksum(rest) != u32::from_le_bytes(*checksum) {
        return Err(Flaw::Checksum);
    }
    if *version != FRAME_VERSION {
        return Err(Flaw::Version);
    }
    match postcard::take_from_bytes(message) {
        Ok((message, [])) => Ok((u16::from_le_bytes([*low, *high]), message)),
        Ok((_, [_, ..])) | Err(_) => Err(Flaw::Message),
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;
    use crate::message::Command;

    const FLASH: Command = Command::Flash { permille: 700, duration_us: 4000 };

    fn decode(decoder: &mut Decoder, bytes: &[u8]) -> Vec<(u16, Command)> {
        bytes.iter().filter_map(|byte| decoder.push(*byte)).collect()
    }

    #[test]
    fn a_frame_comes_back_as_it_was() {
        let frame = Frame::encode(0x1200, &FLASH).unwrap();
        assert_eq!(decode(&mut Decoder::default(), frame.bytes()), vec![(0x1200, FLASH)]);
    }

    // verifies: RQ-044
    #[test]
    fn the_frame_after_garbage_and_torn_frames_is_found() {
        let frame = Frame::encode(7, &FLASH).unwrap();
        let bytes = frame.bytes();
        for cut in 1..bytes.len() - 1 {
            let mut decoder = Decoder::default();
            let mut line = bytes[..cut].to_vec();
            line.push(0);
            line.extend([9, 1, 255, 0]);
            line.extend(bytes);
            assert_eq!(decode(&mut decoder, &line), vec![(7, FLASH)], "cut after {cut}");
            let dropped = decoder.dropped();
            assert_eq!(dropped.torn + dropped.checksum, 2, "{dropped:?}");
        }
    }

    // verifies: RQ-044
    #[test]
    fn a_million_streams_of_random_bytes_hold_no_frame() {
        // SplitMix64 (Steele, Lea & Flood 2014) from a fixed seed.
        let mut state = 20_u64;
        let mut random = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        };
        let mut decoder = Decoder::default();
        for stream in 0..1_000_000 {
            let mut bytes = [0; 64];
            bytes.chunks_exact_mut(8).for_each(|chunk| chunk.copy_from_slice(&random().to_le_bytes()));
            // As they are, but that one in sixteen ends a frame: most are as long as real ones.
            let found = bytes.iter().find_map(|byte| decoder.push::<Command>(if *byte < 16 { 0 } else { *byte }));
            assert_eq!(found.or_else(|| decoder.push(0)), None, "stream {stream}");
            // And coded as a frame is, so that the checksum alone stands between them and a message.
            let mut coded = [0; 66];
            let length = cobs::encode(&bytes[..8 + stream % 56], &mut coded);
            let found = coded[..=length].iter().find_map(|byte| decoder.push::<Command>(*byte));
            assert_eq!(found, None, "stream {stream}, coded");
        }
        let Dropped { torn, checksum, .. } = decoder.dropped();
        assert!(torn > 1_000_000 && checksum >= 1_000_000, "{torn} torn, {checksum} of a wrong checksum");
    }

    #[test]
    fn endless_bytes_without_a_zero_cost_one_frame() {
        let mut decoder = Decoder::default();
        let mut line = vec![5; 10_000];
        line.push(0);
        line.extend(Frame::encode(1, &FLASH).unwrap().bytes());
        assert_eq!(decode(&mut decoder, &line), vec![(1, FLASH)]);
        assert_eq!(decoder.dropped(), Dropped { oversized: 1, ..Dropped::default() });
    }

    // verifies: RQ-044
    #[test]
    fn other_layouts_and_unknown_messages_are_counted_apart() {
        let other = |version: u8, message: &[u8]| {
            let mut plain = vec![version, 1, 0];
            plain.extend(message);
            plain.extend(CRC.checksum(&plain).to_le_bytes());
            let mut coded = vec![0; plain.len() + 2];
            let length = cobs::encode(&plain, &mut coded);
            coded.truncate(length + 1);
            coded
        };
        let mut decoder = Decoder::default();
        for (version, message) in [(2, &[1][..]), (1, &[200]), (1, &[1, 1]), (1, &[])] {
            assert_eq!(decode(&mut decoder, &other(version, message)), vec![]);
        }
        assert_eq!(decoder.dropped(), Dropped { version: 1, message: 3, ..Dropped::default() });
        assert_eq!(decode(&mut decoder, &other(1, &[1])), vec![(1, Command::Heartbeat)]);
    }

    #[test]
    fn a_message_that_is_too_long_is_an_error() {
        assert_eq!(Frame::encode(0, &[1_u8; 32]).unwrap().bytes().len(), 32 + HEAD + CHECKSUM + 2);
        assert!(Frame::encode(0, &([1_u8; 32], [1_u8; 32], 1_u8)).is_err());
    }

    proptest! {
        // verifies: RQ-160
        #[test]
        fn no_bytes_make_the_decoder_stumble(garbage in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut decoder = Decoder::default();
            let mut line = garbage;
            line.push(0);
            let before = decode(&mut decoder, &line);
            let frame = Frame::encode(3, &FLASH).unwrap();
            let after = decode(&mut decoder, frame.bytes());
            prop_assert_eq!(before, vec![]);
            prop_assert_eq!(after, vec![(3, FLASH)]);
        }
    }
}
