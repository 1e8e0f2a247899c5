//! Camera frames: whatever a driver says of whatever bytes, there is a whole picture or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocellus_model::image::{
    FrameFormat, decode_frame,
    frame::{ColourRange, FieldOrder, PixelFormat, YcbcrEncoding},
};

fuzz_target!(|input: (u16, u16, u16, u8, &[u8])| {
    let (width, height, bytes_per_line, choice, bytes) = input;
    let format = FrameFormat {
        width: u32::from(width),
        height: u32::from(height),
        bytes_per_line: u32::from(bytes_per_line),
        pixel: [PixelFormat::Mjpeg, PixelFormat::Yuyv, PixelFormat::Rgb24][usize::from(choice) % 3],
        field: [
            FieldOrder::None,
            FieldOrder::Interlaced,
            FieldOrder::SequentialTopBottom,
            FieldOrder::SequentialBottomTop,
            FieldOrder::SingleField,
        ][usize::from(choice) / 3 % 5],
        range: if choice & 64 == 0 { ColourRange::Full } else { ColourRange::Limited },
        encoding: if choice & 128 == 0 { YcbcrEncoding::Bt601 } else { YcbcrEncoding::Bt709 },
    };
    if let Ok(photograph) = decode_frame(bytes, &format) {
        assert_eq!(photograph.pixels.dimensions(), (format.width, format.height));
    }
});
