//! libtorch.so brings the half of libtorch that runs on cards; nothing of it is called by name, so the linker would drop it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
    println!("cargo:rustc-link-arg=-ltorch");
}
