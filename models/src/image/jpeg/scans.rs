//! Whether a JPEG's scans hold the whole picture (ITU-T T.81, annexes B and G).
//!
//! Decoders fill what is missing before a premature end marker with grey, and take a progressive picture for complete
//! after any scan. Some cameras end a torn picture just so.
//!
//! Not found: an end marker within the very last scan of a progressive picture, which lacks the last bit of some detail
//! then and nothing else.

use super::{DecodeError, KIND, header::Header};

/// What the data behind the header consists of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scans {
    /// Number of scans.
    pub(super) count: usize,
    /// Where the end marker lies.
    pub(super) end_at: usize,
}

/// Coefficients of a block.
const COEFFICIENTS: usize = 64;

impl Scans {
    /// Walks over the scans.
    ///
    /// # Errors
    /// When the end marker is missing, or when some coefficient of some component was not sent to its last bit.
    pub(super) fn read(bytes: &[u8], header: &Header) -> Result<Self, DecodeError> {
        let damaged = DecodeError::damaged(KIND);
        // Lowest bit that was sent of each coefficient of each component.
        let mut lowest = vec![[u8::MAX; COEFFICIENTS]; header.components.len()];
        let (mut at, mut count) = (header.scan_at, 0);
        loop {
            let Some(marker) = next_marker(bytes, at) else { return Err(damaged(&"it ends before its end marker")) };
            let code = bytes[marker + 1];
            at = marker + 2;
            match code {
                0xd9 => {
                    if lowest.iter().flatten().any(|&bit| bit > 0) {
                        return Err(damaged(&"it ends before the last of its scans"));
                    }
                    return Ok(Scans { count, end_at: marker });
                }
                0xd0..=0xd7 | 0x01 => {}
                _ => {
                    let length = bytes.get(at..at + 2).map_or(0, |b| usize::from(u16::from_be_bytes([b[0], b[1]])));
                    let Some(body) = bytes.get(at + 2..at + length.max(2)) else {
                        return Err(damaged(&"it ends within a segment between its scans"));
                    };
                    if code == 0xda {
                        count += 1;
                        sent(body, header, &mut lowest)
                            .ok_or_else(|| damaged(&"a scan's header does not hold together"))?;
                    }
                    at += length.max(2);
                }
            }
        }
    }
}

/// The next `0xff` that is followed by anything but a stuffed zero or more fill bytes.
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match bytes.get(at + 1)? {
            0x00 => at += 2,
            0xff => at += 1,
            _ => return Some(at),
        }
    }
}

/// Notes what a scan header announces; none when it is malformed.
fn sent(body: &[u8], header: &Header, lowest: &mut [[u8; COEFFICIENTS]]) -> Option<()> {
    let (&count, rest) = body.split_first()?;
    let (components, parameters) = rest.split_at_checked(2 * usize::from(count))?;
    let &[start, end, bits] = parameters else { return None };
    for component in components.chunks(2) {
        let place = header.components.iter().position(|id| *id == component[0])?;
        let sent = if header.progressive() { usize::from(start)..usize::from(end) + 1 } else { 0..COEFFICIENTS };
        let bit = if header.progressive() { bits & 0x0f } else { 0 };
        lowest[place].get_mut(sent)?.iter_mut().for_each(|lowest| *lowest = bit.min(*lowest));
    }
    Some(())
}
