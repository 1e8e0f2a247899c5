//! Camera frames as pixels. The terms are V4L2's: what the driver says of a frame is what it is decoded by.
//!
//! Whether a frame is late, a warm-up frame or flagged as broken is the camera's business; here it is only bytes and
//! what they mean.

use ::image::RgbImage;

use super::{DecodeError, Photograph, jpeg, limits};

const KIND: &str = "frame";

/// How a frame's bytes are pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameFormat {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels (of the whole frame, both fields).
    pub height: u32,
    /// The pixel format.
    pub pixel: PixelFormat,
    /// Bytes from one row to the next (`bytesperline`), with padding; of no meaning for MJPEG.
    pub bytes_per_line: u32,
    /// The order of the rows.
    pub field: FieldOrder,
    /// Levels of black and white in YUYV (`quantization`).
    pub range: ColourRange,
    /// From YCbCr to RGB in YUYV (`ycbcr_enc`).
    pub encoding: YcbcrEncoding,
}

/// A pixel format, by V4L2's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// `MJPG`: one JPEG a frame, perhaps without Huffman tables.
    Mjpeg,
    /// `YUYV`: two pixels in four bytes, Y Cb Y Cr.
    Yuyv,
    /// `RGB3`: three bytes a pixel, red first.
    Rgb24,
}

/// The order of a frame's rows, by V4L2's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOrder {
    /// Progressive.
    None,
    /// Both fields, row by row in place.
    Interlaced,
    /// The top field's rows, then the bottom field's.
    SequentialTopBottom,
    /// The bottom field's rows, then the top field's.
    SequentialBottomTop,
    /// One field only: half the rows are missing.
    SingleField,
}

/// Which levels mean black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourRange {
    /// 0 to 255.
    Full,
    /// 16 to 235, colour differences 16 to 240.
    Limited,
}

/// The matrix between YCbCr and RGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YcbcrEncoding {
    /// ITU-R BT.601.
    Bt601,
    /// ITU-R BT.709.
    Bt709,
}

impl YcbcrEncoding {
    /// Weights of red and blue in luma.
    fn weights(self) -> (f64, f64) {
        match self {
            YcbcrEncoding::Bt601 => (0.299, 0.114),
            YcbcrEncoding::Bt709 => (0.2126, 0.0722),
        }
    }
}

/// Fixed-point factors from Y, Cb, Cr to RGB; integers, so that every machine gives the same bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matrix {
    black: i32,
    luma: i32,
    red_cr: i32,
    green_cb: i32,
    green_cr: i32,
    blue_cb: i32,
}

/// Bits behind the point.
const POINT: u32 = 16;

impl Matrix {
    pub(super) fn new(encoding: YcbcrEncoding, range: ColourRange) -> Self {
        let (red, blue) = encoding.weights();
        let green = 1.0 - red - blue;
        let (black, luma, chroma) = match range {
            ColourRange::Full => (0, 1.0, 1.0),
            ColourRange::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
        };
        let fixed = |factor: f64| (factor * f64::from(1 << POINT)).round() as i32;
        Matrix {
            black,
            luma: fixed(luma),
            red_cr: fixed(chroma * 2.0 * (1.0 - red)),
            green_cb: fixed(-chroma * 2.0 * blue * (1.0 - blue) / green),
            green_cr: fixed(-chroma * 2.0 * red * (1.0 - red) / green),
            blue_cb: fixed(chroma * 2.0 * (1.0 - blue)),
        }
    }

    pub(super) fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let y = (i32::from(y) - self.black) * self.luma;
        let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
        [self.red_cr * cr, self.green_cb * cb + self.green_cr * cr, self.blue_cb * cb]
            .map(|colour| ((y + colour + (1 << (POINT - 1))) >> POINT).clamp(0, 255) as u8)
    }
}

/// Decodes one frame.
///
/// # Errors
/// When the bytes do not fit the format, when half the rows are missing, or as for a JPEG file.
pub fn decode_frame(bytes: &[u8], format: &FrameFormat) -> Result<Photograph, DecodeError> {
    limits::pixels(u64::from(format.width), u64::from(format.height))?;
    if format.field == FieldOrder::SingleField {
        return Err(DecodeError::Unsupported {
            kind: KIND,
            found: "one field, half of the rows".to_owned(),
            expected: "whole frames; set the camera to progressive or interlaced frames",
        });
    }
    match format.pixel {
        PixelFormat::Mjpeg => mjpeg(bytes, format),
        PixelFormat::Yuyv => {
            let matrix = Matrix::new(format.encoding, format.range);
            rows(bytes, format, 2, |row, x| {
                let pair = &row[x / 2 * 4..][..4];
                matrix.rgb([pair[x % 2 * 2], pair[1], pair[3]])
            })
        }
        PixelFormat::Rgb24 => rows(bytes, format, 3, |row, x| [row[3 * x], row[3 * x + 1], row[3 * x + 2]]),
    }
}

fn mjpeg(bytes: &[u8], format: &FrameFormat) -> Result<Photograph, DecodeError> {
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(DecodeError::damaged(KIND)(&"it does not begin like a JPEG"));
    }
    let photograph = jpeg::decode(bytes, jpeg::Source::Camera)?;
    let (width, height) = photograph.pixels.dimensions();
    if (width, height) != (format.width, format.height) {
        let expected = format_args!("{width} x {height} pixels, expected {} x {}", format.width, format.height);
        return Err(DecodeError::damaged(KIND)(&expected));
    }
    Ok(photograph)
}

/// Pixels that lie in rows of `bytes_per_line` bytes, `depth` bytes a pixel.
fn rows(
    bytes: &[u8],
    format: &FrameFormat,
    depth: usize,
    colour: impl Fn(&[u8], usize) -> [u8; 3],
) -> Result<Photograph, DecodeError> {
    let damaged = DecodeError::damaged(KIND);
    let (width, height) = (format.width as usize, format.height as usize);
    let stride = format.bytes_per_line as usize;
    if format.pixel == PixelFormat::Yuyv && width % 2 == 1 {
        return Err(damaged(&format_args!("{width} pixels a row, expected an even number")));
    }
    if stride < width * depth {
        return Err(damaged(&format_args!("{stride} bytes a line, expected at least {}", width * depth)));
    }
    // Padding behind the last row may be missing.
    let least = (height - 1).saturating_mul(stride) + width * depth;
    if bytes.len() < least {
        return Err(damaged(&format_args!("{} bytes, expected at least {least}", bytes.len())));
    }
    let (top, bottom) = (height.div_ceil(2), height / 2);
    let stored = |y: usize| match format.field {
        FieldOrder::SequentialTopBottom => y / 2 + if y % 2 == 1 { top } else { 0 },
        FieldOrder::SequentialBottomTop => y / 2 + if y.is_multiple_of(2) { bottom } else { 0 },
        _ => y,
    };
    let mut pixels = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        let row = &bytes[stored(y) * stride..][..width * depth];
        for x in 0..width {
            pixels.extend(colour(row, x));
        }
    }
    let pixels = RgbImage::from_raw(format.width, format.height, pixels).ok_or_else(|| damaged(&"too few pixels"))?;
    Ok(Photograph::plain(pixels))
}
