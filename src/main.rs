//! The device program; everything lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ocellus::main_impl()
}
