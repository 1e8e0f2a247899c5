//! Tells the linker where the chip's memory lies. Here and not in a cargo configuration, so that every way to build it
//! finds the same.

use std::{env, path::Path};

fn main() {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo:rustc-link-search={here}");
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed={}", Path::new(&here).join("memory.x").display());
}
