//! A PC in software with the device's hardware: camera, panel, touch, serial lines. Drivers are tested in it.
//!
//! ```text
//!   scripts/vm.sh ──► Kit: kernel, modules, busybox, our programs for inside     (found by OCELLUS_VM)
//!                       │
//!        a test ──► Image ──► Machine ──run("...")──► what the command said
//!                               │
//!                               └──qmp().ask("...")─► QEMU: unplug, press keys, look at the screen
//! ```
//!
//! A test says which kernel modules and programs it needs, starts a machine with the devices it wants, and runs commands
//! in it. It waits for what happens (a command's end, a line on the console, an event of QEMU's), each with a deadline,
//! never for a time to pass. Such tests are marked `#[ignore]`, since they need what `scripts/vm.sh` fetches;
//! `make vm-test` runs them.
//!
//! Processors are emulated too: nothing measured here says how fast a real device is.

pub mod archive;
pub mod disk;
pub mod image;
pub mod kit;
pub mod machine;
pub mod modules;
pub mod qmp;

pub use disk::Disk;
pub use image::Image;
pub use kit::{Architecture, Kit};
pub use machine::{Hardware, Machine, Said, Shell};
