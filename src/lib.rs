//! Ocellus device program.
