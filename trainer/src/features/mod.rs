//! The frozen part's features, computed once and kept on disk.
//!
//! On a processor, blocks 1 to 4 of VGG-16 cost ten times what training block 5 costs, and never change while only
//! block 5 and the head are trained. So their result (*block-4 features*, after the fourth pooling) is stored as f16,
//! one *record* per photograph and [`View`]. A *view* is one way of looking at a photograph: plain, mirrored, or one
//! of a fixed series of small random changes; the training loop chooses among the views that are there.
//!
//! A cache belongs to a preprocessing spec and to the frozen weights ([`CacheKey`]); records are found by the SHA-256
//! of the photograph's bytes, so that a cache outlives a changed manifest and never serves a changed photograph.
//!
//! Not here: which photographs to train on, labels.

mod extract;
mod store;
mod view;

use std::path::{Path, PathBuf};

pub use extract::{Extraction, Photo, Summary, digests, extract};
pub use store::{CacheKey, FeatureCache, Record};
pub use view::{Augment, Style, View};

use crate::net::NetError;

/// Why features can't be computed, stored or read.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// A file of the cache can't be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A cache made by other rules, or damaged.
    #[error("{}: {what}; remove the folder to compute it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Another process fills the same cache.
    #[error("{}: another process is writing this cache", path.display())]
    Busy {
        /// The cache's folder.
        path: PathBuf,
    },
    /// The network can't be run.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Somebody asked to stop; what was computed is kept.
    #[error("stopped; {done} of {all} features are computed and kept in {}", path.display())]
    Interrupted {
        /// Computed now.
        done: usize,
        /// To be computed.
        all: usize,
        /// The cache's folder.
        path: PathBuf,
    },
    /// A worker thread can't be started or broke down.
    #[error("a worker failed: {0}")]
    Worker(String),
}

impl FeatureError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> FeatureError {
        let path = path.to_owned();
        move |source| FeatureError::Io { path, source }
    }
}
