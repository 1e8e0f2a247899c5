//! The workstation program; everything lives in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ocellus_trainer::main_impl()
}
