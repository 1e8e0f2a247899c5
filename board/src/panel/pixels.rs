//! Pixels as a panel's memory has them: made of a picture, line by line. No I/O.
//!
//! Terms: a *word* is one pixel in memory, least significant byte first; a *channel* is its red, green or blue part; the
//! *stride* is the way from one line to the next, in bytes.

use image::RgbImage;

/// Where a channel lies in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Channel {
    /// Its lowest bit.
    pub(super) offset: u32,
    /// How many bits it has, 1 to 8.
    pub(super) bits: u32,
}

/// What a word looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bits of a word: 16, 24 or 32.
    pub(super) bits: u32,
    pub(super) red: Channel,
    pub(super) green: Channel,
    pub(super) blue: Channel,
}

/// Eight bits at an offset.
const fn byte(offset: u32) -> Channel {
    Channel { offset, bits: 8 }
}

impl Layout {
    pub(super) const XRGB8888: Self = Layout { bits: 32, red: byte(16), green: byte(8), blue: byte(0) };
    pub(super) const XBGR8888: Self = Layout { bits: 32, red: byte(0), green: byte(8), blue: byte(16) };
    pub(super) const RGBX8888: Self = Layout { bits: 32, red: byte(24), green: byte(16), blue: byte(8) };
    pub(super) const BGRX8888: Self = Layout { bits: 32, red: byte(8), green: byte(16), blue: byte(24) };
    pub(super) const RGB565: Self = Layout {
        bits: 16,
        red: Channel { offset: 11, bits: 5 },
        green: Channel { offset: 5, bits: 6 },
        blue: Channel { offset: 0, bits: 5 },
    };

    /// Whether words of this look can be made: of whole bytes, with channels inside that have at most eight bits and do
    /// not overlap.
    pub(super) fn is_known(&self) -> bool {
        let mut taken = 0_u64;
        matches!(self.bits, 16 | 24 | 32)
            && [self.red, self.green, self.blue].iter().all(|channel| {
                let inside = (1..=8).contains(&channel.bits) && channel.offset < 32;
                let mask = if inside { ((1_u64 << channel.bits) - 1) << channel.offset } else { 0 };
                let fits = inside && mask < 1 << self.bits && taken & mask == 0;
                taken |= mask;
                fits
            })
    }

    /// Bytes of a word.
    pub(super) fn bytes(&self) -> usize {
        self.bits as usize / 8
    }
}

/// Makes words of a layout.
#[derive(Debug)]
pub(super) struct Packer {
    bytes: usize,
    /// What each value of each channel adds to a word.
    red: [u32; 256],
    green: [u32; 256],
    blue: [u32; 256],
}

impl Packer {
    /// For a layout that [is known](Layout::is_known).
    pub(super) fn new(layout: &Layout) -> Self {
        let table = |channel: Channel| {
            let most = (1_u32 << channel.bits) - 1;
            // The nearest of the levels that there are.
            std::array::from_fn(|value| ((value as u32 * most + 127) / 255) << channel.offset)
        };
        let (mut red, green, blue) = (table(layout.red), table(layout.green), table(layout.blue));
        let used = red[255] | green[255] | blue[255];
        let all = u32::MAX >> (32 - layout.bits);
        // What is no colour may be opacity: then it is opaque.
        red.iter_mut().for_each(|word| *word |= all & !used);
        Packer { bytes: layout.bytes(), red, green, blue }
    }

    /// Bytes that a line of so many pixels takes.
    pub(super) fn line(&self, width: u32) -> usize {
        width as usize * self.bytes
    }

    /// Writes a picture into memory whose lines are `stride` bytes apart. What of the memory lies beyond a line's end
    /// stays. False, and nothing is written, where the picture does not fit.
    #[must_use]
    pub(super) fn pack(&self, picture: &RgbImage, memory: &mut [u8], stride: usize) -> bool {
        let (width, height) = (self.line(picture.width()), picture.height() as usize);
        let needed = if height == 0 { Some(0) } else { (height - 1).checked_mul(stride).map(|lines| lines + width) };
        if stride < width || stride == 0 || needed.is_none_or(|needed| memory.len() < needed) {
            return false;
        }
        for (line, row) in memory.chunks_mut(stride).zip(picture.rows()) {
            for (word, pixel) in line.chunks_exact_mut(self.bytes).zip(row) {
                let [red, green, blue] = pixel.0;
                let value = self.red[usize::from(red)] | self.green[usize::from(green)] | self.blue[usize::from(blue)];
                word.copy_from_slice(&value.to_le_bytes()[..self.bytes]);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn word(layout: Layout, colour: [u8; 3]) -> Vec<u8> {
        let mut memory = vec![0; layout.bytes()];
        assert!(layout.is_known());
        assert!(Packer::new(&layout).pack(&RgbImage::from_pixel(1, 1, Rgb(colour)), &mut memory, layout.bytes()));
        memory
    }

    #[test]
    fn channels_lie_where_the_layout_says_and_the_rest_is_opaque() {
        let colour = [0x12, 0x34, 0x56];
        assert_eq!(word(Layout::XRGB8888, colour), [0x56, 0x34, 0x12, 0xff]);
        assert_eq!(word(Layout::XBGR8888, colour), [0x12, 0x34, 0x56, 0xff]);
        assert_eq!(word(Layout::RGBX8888, colour), [0xff, 0x56, 0x34, 0x12]);
        assert_eq!(word(Layout::BGRX8888, colour), [0xff, 0x12, 0x34, 0x56]);
        let packed = Layout { bits: 24, ..Layout::XRGB8888 };
        assert_eq!(word(packed, colour), [0x56, 0x34, 0x12]);
        let fifteen = Layout {
            bits: 16,
            red: Channel { offset: 10, bits: 5 },
            green: Channel { offset: 5, bits: 5 },
            blue: Channel { offset: 0, bits: 5 },
        };
        assert_eq!(word(fifteen, [0, 0, 0]), [0x00, 0x80]);
    }

    #[test]
    fn sixteen_bits_take_the_nearest_level_and_keep_black_white_and_pure_colours() {
        let of = |colour| u16::from_le_bytes(word(Layout::RGB565, colour).try_into().unwrap());
        assert_eq!(of([0, 0, 0]), 0);
        assert_eq!(of([255, 255, 255]), 0xffff);
        assert_eq!((of([255, 0, 0]), of([0, 255, 0]), of([0, 0, 255])), (0xf800, 0x07e0, 0x001f));
        // A level of red is 8.2 wide, one of green 4.05: the turn is at half of it.
        assert_eq!(of([4, 0, 0]), 0);
        assert_eq!(of([5, 0, 0]), 1 << 11);
        assert_eq!(of([0, 2, 0]), 0);
        assert_eq!(of([0, 3, 0]), 1 << 5);
        assert_eq!(of([250, 250, 250]), 30 << 11 | 62 << 5 | 30);
    }

    #[test]
    fn lines_keep_their_stride_and_what_lies_between_them() {
        let mut picture = RgbImage::new(3, 2);
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            *pixel = Rgb([x as u8 * 0x10, y as u8 * 0x10, 0xff]);
        }
        let layout = Layout { bits: 24, ..Layout::XRGB8888 };
        // An odd stride, and a last line without its rest.
        let mut memory = vec![0xee; 11 + 9];
        assert!(Packer::new(&layout).pack(&picture, &mut memory, 11));
        let upper = [0xff, 0, 0, 0xff, 0, 0x10, 0xff, 0, 0x20, 0xee, 0xee];
        let lower = [0xff, 0x10, 0, 0xff, 0x10, 0x10, 0xff, 0x10, 0x20];
        assert_eq!(memory, [upper.as_slice(), &lower].concat());
    }

    #[test]
    fn memory_that_is_too_small_stays_as_it_is() {
        let packer = Packer::new(&Layout::RGB565);
        let picture = RgbImage::from_pixel(4, 3, Rgb([255; 3]));
        for (length, stride) in [(23, 8), (24, 7), (24, 0), (0, 8), (100, usize::MAX)] {
            let mut memory = vec![0; length];
            assert!(!packer.pack(&picture, &mut memory, stride), "{length} bytes, stride {stride}");
            assert!(memory.iter().all(|&byte| byte == 0));
        }
        assert!(packer.pack(&picture, &mut [0; 24], 8));
    }

    #[test]
    fn layouts_that_make_no_sense_are_not_known() {
        let good = Layout::XRGB8888;
        assert!(good.is_known() && Layout::RGB565.is_known());
        for bad in [
            Layout { bits: 8, ..good },
            Layout { bits: 16, ..good },
            Layout { red: Channel { offset: 16, bits: 0 }, ..good },
            Layout { red: Channel { offset: 16, bits: 10 }, ..good },
            Layout { red: Channel { offset: 28, bits: 8 }, ..good },
            Layout { red: Channel { offset: 4_000_000_000, bits: 8 }, ..good },
            Layout { red: good.blue, ..good },
        ] {
            assert!(!bad.is_known(), "{bad:?}");
        }
    }
}
