//! `bundle.toml`: any text is a manifest that passes its own check, and is written back as one, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ocellus_model::bundle::BundleManifest;

fuzz_target!(|text: &str| {
    if let Ok(manifest) = BundleManifest::parse(text) {
        let written = manifest.to_toml().expect("what was accepted can be written");
        assert_eq!(BundleManifest::parse(&written).expect("what was written can be read"), manifest);
    }
});
