//! What stands before a JPEG's first scan (ITU-T T.81, annex B): enough to know what the decoder will be given.

use std::ops::Range;

use super::{DecodeError, KIND};

/// The segments before the first scan, read.
#[derive(Debug)]
pub(super) struct Header {
    /// Second byte of the frame header's marker, `0xc0` to `0xcf`.
    frame: u8,
    /// Bits a sample.
    pub(super) precision: u8,
    /// Width in pixels.
    pub(super) width: u16,
    /// Height in pixels.
    pub(super) height: u16,
    /// The components' identifiers, in order.
    pub(super) components: Vec<u8>,
    /// Whether a JFIF segment is there.
    pub(super) jfif: bool,
    /// The colour transform of an Adobe segment: 0 none, 1 YCbCr, 2 YCCK.
    pub(super) adobe_transform: Option<u8>,
    /// Where the Adobe segment lies, marker included.
    pub(super) adobe_at: Option<Range<usize>>,
    /// Whether any Huffman table is there.
    pub(super) huffman_tables: bool,
    /// Where the first scan's marker lies.
    pub(super) scan_at: usize,
}

impl Header {
    /// Reads the segments up to the first scan.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let damaged = DecodeError::damaged(KIND);
        let mut header = Header {
            frame: 0,
            precision: 0,
            width: 0,
            height: 0,
            components: Vec::new(),
            jfif: false,
            adobe_transform: None,
            adobe_at: None,
            huffman_tables: false,
            scan_at: 0,
        };
        let ended = || damaged(&"it ends within its header");
        let mut at = 2;
        loop {
            let marker_at = at;
            if *bytes.get(at).ok_or_else(ended)? != 0xff {
                return Err(damaged(&format_args!("byte {at} of the header is no marker")));
            }
            // Any number of fill bytes may stand before a marker.
            while *bytes.get(at).ok_or_else(ended)? == 0xff {
                at += 1;
            }
            let marker = bytes[at];
            at += 1;
            if matches!(marker, 0x01 | 0xd0..=0xd7) {
                continue;
            }
            let length = bytes.get(at..at + 2).ok_or_else(ended)?;
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let body = bytes.get(at + 2..at + length.max(2)).ok_or_else(ended)?;
            match marker {
                0xc4 => header.huffman_tables = true,
                0xc8 | 0xcc => {}
                0xc0..=0xcf => header.frame(marker, body)?,
                0xd8 | 0xd9 => return Err(damaged(&"it ends before its first scan")),
                0xda => {
                    header.scan_at = marker_at;
                    if header.components.is_empty() {
                        return Err(damaged(&"the first scan comes before the frame header"));
                    }
                    return Ok(header);
                }
                0xe0 if body.starts_with(b"JFIF\0") => header.jfif = true,
                0xee if body.starts_with(b"Adobe") => {
                    header.adobe_transform = body.get(11).copied();
                    header.adobe_at = Some(marker_at..at + length);
                }
                _ => {}
            }
            at += length.max(2);
        }
    }

    fn frame(&mut self, marker: u8, body: &[u8]) -> Result<(), DecodeError> {
        let damaged = DecodeError::damaged(KIND);
        let [precision, h1, h0, w1, w0, count, components @ ..] = body else {
            return Err(damaged(&"its frame header is cut"));
        };
        if !self.components.is_empty() || components.len() != 3 * usize::from(*count) || *count == 0 {
            return Err(damaged(&"its frame header does not hold together"));
        }
        self.frame = marker;
        self.precision = *precision;
        self.height = u16::from_be_bytes([*h1, *h0]);
        self.width = u16::from_be_bytes([*w1, *w0]);
        self.components = components.chunks(3).map(|component| component[0]).collect();
        Ok(())
    }

    /// Whether the picture is sent in scans of growing precision.
    pub(super) fn progressive(&self) -> bool {
        self.frame == 0xc2
    }

    /// The sort of coding, where it is none of baseline, extended and progressive with Huffman codes.
    pub(super) fn unread_coding(&self) -> Option<&'static str> {
        match self.frame {
            0xc0..=0xc2 => None,
            0xc3 => Some("lossless"),
            0xc5..=0xc7 => Some("hierarchical"),
            _ => Some("arithmetically coded"),
        }
    }
}
