//! What `scripts/vm.sh` has fetched and built: kernel, modules, programs.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The variable that names its folder.
pub const VARIABLE: &str = "OCELLUS_VM";

/// The folder: `vmlinuz`, `root/` with the kernel's modules, `version` with its name, `guest/` with our programs, `debian/` with a
/// Debian's files, `packages/` with packages of the device program.
#[derive(Debug, Clone)]
pub struct Kit {
    folder: PathBuf,
    version: String,
}

impl Kit {
    /// The kit that `OCELLUS_VM` names.
    ///
    /// # Panics
    /// When there is none: the message says what makes one.
    pub fn find() -> Self {
        let folder = env::var_os(VARIABLE).map(PathBuf::from).unwrap_or_else(|| {
            panic!("{VARIABLE} names no folder with a kernel; `make vm-test` makes one and runs these tests")
        });
        let version = read(&folder.join("version"));
        let version = String::from_utf8(version).expect("a kernel's name is text").trim().to_owned();
        Kit { folder, version }
    }

    /// The kernel.
    pub fn kernel(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }

    /// The kernel's name, as `uname -r` says it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The folder of its modules.
    pub fn modules(&self) -> PathBuf {
        self.folder.join("root/lib/modules").join(&self.version)
    }

    /// The files of a small Debian that has what our package needs.
    pub fn debian(&self) -> PathBuf {
        self.folder.join("debian")
    }

    /// One of our packages, as it lies there.
    pub fn package(&self, name: &str) -> Vec<u8> {
        read(&self.folder.join("packages").join(name))
    }

    /// One of our programs for inside.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join("guest").join(name)
    }
}

/// Reads a file of the kit.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}; `scripts/vm.sh kit` makes it", path.display()))
}
