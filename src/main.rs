//! Ocellus device program.
fn main() {}
