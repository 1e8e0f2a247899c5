//! Bytes on their way from an interrupt to the main loop, without locks: one puts, one takes.
//!
//! The processor has no compare-and-swap, and needs none here: each index has one writer.

use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

/// Bytes that fit, less one. At 115 200 baud 256 bytes take 22 ms.
const SIZE: usize = 256;

/// A ring of bytes.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes: [AtomicU8; SIZE],
    /// Where the next byte is put. Only [`Ring::put`] writes it.
    head: AtomicUsize,
    /// Where the next byte is taken. Only [`Ring::take`] writes it.
    tail: AtomicUsize,
}

impl Ring {
    /// An empty ring.
    pub(crate) const fn new() -> Self {
        Ring { bytes: [const { AtomicU8::new(0) }; SIZE], head: AtomicUsize::new(0), tail: AtomicUsize::new(0) }
    }

    /// Puts a byte; one that finds no room is lost, and the frame's checksum tells.
    pub(crate) fn put(&self, byte: u8) {
        let head = self.head.load(Ordering::Relaxed);
        let next = (head + 1) % SIZE;
        if next != self.tail.load(Ordering::Acquire) {
            self.bytes[head].store(byte, Ordering::Relaxed);
            self.head.store(next, Ordering::Release);
        }
    }

    /// The oldest byte.
    pub(crate) fn take(&self) -> Option<u8> {
        let tail = self.tail.load(Ordering::Relaxed);
        if tail == self.head.load(Ordering::Acquire) {
            return None;
        }
        let byte = self.bytes[tail].load(Ordering::Relaxed);
        self.tail.store((tail + 1) % SIZE, Ordering::Release);
        Some(byte)
    }
}
