//! How the C library gives out memory in a program that runs for days and takes and drops photographs on several threads.
//!
//! Left alone, glibc keeps what was freed: it learns from the first photograph that large buffers are worth keeping, and each
//! thread keeps its own. Resident memory then is half again as much, and grows from patient to patient. Its settings are read
//! from the environment before a program begins, so the program begins once more, as the same process.

use std::{env, os::unix::process::CommandExt, path::Path, process::Command};

/// Buffers of at least so many bytes are the system's own, and go back to it when they are dropped; and threads share
/// this many places for the rest.
const SETTINGS: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_ARENA_MAX", "2")];
/// This program, also after its file was replaced.
const SELF: &str = "/proc/self/exe";

/// Begins the program once more with its settings, unless somebody has set one of them. Returns where that can't be done: it
/// runs as well then, in more memory.
pub(super) fn settle() {
    if SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some()) || !Path::new(SELF).exists() {
        return;
    }
    let mut arguments = env::args_os();
    let mut again = Command::new(SELF);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let error = again.args(arguments).envs(SETTINGS).exec();
    log::debug!("{SELF}: {error}; the allocator stays as it is");
}
