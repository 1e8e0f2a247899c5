//! How the C library gives out memory in a program that runs for days and takes and drops photographs on several threads.
//!
//! Left alone, glibc keeps what was freed: it learns from the first photograph that large buffers are worth keeping, and each
//! thread keeps its own. Resident memory then is half again as much, and grows from patient to patient. Its settings are read
//! from the environment before a program begins, so the program begins once more, as the same process.

use std::{env, os::unix::process::CommandExt, process::Command};

/// Buffers of at least so many bytes are the system's own, and go back to it when they are dropped; and threads share
/// this many places for the rest.
const SETTINGS: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "1048576"), ("MALLOC_ARENA_MAX", "2")];

/// Begins the program once more with its settings, unless somebody has set one of them. Returns where that can't be done: it
/// runs as well then, in more memory.
pub(super) fn settle() {
    if SETTINGS.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    let mut arguments = env::args_os();
    // By its own path, so that it is listed by its name.
    let error = env::current_exe().map(|program| {
        let mut again = Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        again.args(arguments).envs(SETTINGS).exec()
    });
    log::debug!("cannot begin again ({error:?}); the allocator stays as it is");
}
