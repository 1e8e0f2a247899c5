//! The workstation program again, so that tests can run it as a user does: cargo names a package's own programs only.

use std::process::ExitCode;

fn main() -> ExitCode {
    ocellus_trainer::main_impl()
}
