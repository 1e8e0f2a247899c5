//! The signed bundle.
