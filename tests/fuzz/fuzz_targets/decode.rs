//! Files: any bytes decode to a whole picture or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocellus_model::{field::find_field, image::decode};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(photograph) = decode(bytes) {
        let (width, height) = photograph.pixels.dimensions();
        assert_eq!(photograph.pixels.as_raw().len(), 3 * width as usize * height as usize);
        // Large pictures only cost time here.
        if width.max(height) <= 512 {
            let _ = find_field(&photograph.pixels);
        }
    }
});
