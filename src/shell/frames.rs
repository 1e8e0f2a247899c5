//! What the camera's bytes mean to the contract: its formats in the contract's words, photographs as files.

use std::io::Cursor;

use ::image::{ImageFormat, RgbImage};
use ocellus_board::camera::{CameraFrame, Matrix, PixelFormat, Range, Raster, Rows, Samples};
use ocellus_model::image::{
    self, DecodeError, Photograph, decode_frame,
    frame::{self, ColourRange, FieldOrder, FrameFormat, YcbcrEncoding},
};

/// The pixels of a frame.
///
/// # Errors
/// When the bytes are not what the camera says they are.
pub(super) fn decode(frame: &CameraFrame) -> Result<Photograph, DecodeError> {
    match frame.format {
        PixelFormat::Jpeg => image::decode(&frame.bytes),
        PixelFormat::Mjpeg { width, height } => decode_frame(&frame.bytes, &mjpeg(width, height)),
        PixelFormat::Raw(raster) => decode_frame(&frame.bytes, &raw(raster)),
    }
}

/// A photograph as a file that can be judged, kept and read elsewhere: the camera's own JPEG where it is a whole file,
/// otherwise its pixels as a PNG, which loses nothing. What can't be decoded stays as it is, and is judged unreadable.
pub(super) fn into_file(frame: CameraFrame) -> Vec<u8> {
    let is_file = match frame.format {
        PixelFormat::Jpeg => true,
        PixelFormat::Mjpeg { .. } => image::decode(&frame.bytes).is_ok(),
        PixelFormat::Raw(_) => false,
    };
    if is_file {
        return frame.bytes;
    }
    match decode(&frame).map(|photograph| png(&photograph.pixels)) {
        Ok(Some(file)) => file,
        Ok(None) | Err(_) => frame.bytes,
    }
}

fn png(pixels: &RgbImage) -> Option<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    pixels.write_to(&mut file, ImageFormat::Png).ok()?;
    Some(file.into_inner())
}

/// A JPEG says itself what its pixels are.
fn mjpeg(width: u32, height: u32) -> FrameFormat {
    FrameFormat {
        width,
        height,
        pixel: frame::PixelFormat::Mjpeg,
        bytes_per_line: 0,
        field: FieldOrder::None,
        range: ColourRange::Full,
        encoding: YcbcrEncoding::Bt601,
    }
}

fn raw(raster: Raster) -> FrameFormat {
    let Raster { width, height, samples, bytes_per_line, rows } = raster;
    let (pixel, range, encoding) = match samples {
        Samples::Yuyv { range, matrix } => (frame::PixelFormat::Yuyv, range, matrix),
        Samples::Rgb => (frame::PixelFormat::Rgb24, Range::Full, Matrix::Bt601),
    };
    FrameFormat {
        width,
        height,
        pixel,
        bytes_per_line,
        field: match rows {
            Rows::InPlace => FieldOrder::Interlaced,
            Rows::TopThenBottom => FieldOrder::SequentialTopBottom,
            Rows::BottomThenTop => FieldOrder::SequentialBottomTop,
        },
        range: match range {
            Range::Full => ColourRange::Full,
            Range::Limited => ColourRange::Limited,
        },
        encoding: match encoding {
            Matrix::Bt601 => YcbcrEncoding::Bt601,
            Matrix::Bt709 => YcbcrEncoding::Bt709,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Side of the frames, in pixels: smaller ones are no pictures to the contract.
    const SIDE: u32 = 64;

    /// Rows of pairs of pixels and a byte of padding behind each row: one row black and white, one of a colour, and so on.
    fn yuyv(range: Range) -> CameraFrame {
        let samples = Samples::Yuyv { range, matrix: Matrix::Bt601 };
        let raster = Raster { width: SIDE, height: SIDE, samples, bytes_per_line: 2 * SIDE + 1, rows: Rows::InPlace };
        let row = |pair: [u8; 4]| [pair.repeat(SIDE as usize / 2), vec![0xaa]].concat();
        let bytes = [row([16, 128, 235, 128]), row([100, 90, 100, 200])].concat().repeat(SIDE as usize / 2);
        CameraFrame { sequence: 1, taken: None, format: PixelFormat::Raw(raster), lit_by_flash: true, bytes }
    }

    #[test]
    fn pixels_without_compression_become_a_file_with_the_same_pixels() {
        let pixels = decode(&yuyv(Range::Limited)).unwrap().pixels;
        assert_eq!((pixels.get_pixel(0, 0).0, pixels.get_pixel(1, 0).0), ([0; 3], [255; 3]));
        let file = into_file(yuyv(Range::Limited));
        assert_eq!(image::decode(&file).unwrap().pixels, pixels);
        assert_eq!(decode(&yuyv(Range::Full)).unwrap().pixels.get_pixel(0, 0).0, [16; 3]);
    }

    #[test]
    fn a_frame_that_is_cut_off_stays_as_it_is_and_is_no_photograph() {
        let mut frame = yuyv(Range::Full);
        frame.bytes.truncate(7 * SIDE as usize);
        assert!(decode(&frame).is_err());
        let file = into_file(frame.clone());
        assert_eq!(file, frame.bytes);
        assert!(image::decode(&file).is_err());
    }

    #[test]
    fn a_whole_jpeg_is_kept_as_the_camera_wrote_it() {
        let mut bytes = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
        let side = SIDE as u16;
        encoder.encode(&[120; 3 * 64 * 64], side, side, jpeg_encoder::ColorType::Rgb).unwrap();
        for format in [PixelFormat::Jpeg, PixelFormat::Mjpeg { width: SIDE, height: SIDE }] {
            let frame = CameraFrame { sequence: 1, taken: None, format, lit_by_flash: true, bytes: bytes.clone() };
            assert_eq!(decode(&frame).unwrap().pixels.dimensions(), (SIDE, SIDE));
            assert_eq!(into_file(frame), bytes);
        }
    }
}
