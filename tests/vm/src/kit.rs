//! What `scripts/vm.sh` has fetched and built: kernel, modules, programs.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The variable that names its folder.
pub const VARIABLE: &str = "OCELLUS_VM";

/// What kind of computer a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Architecture {
    /// A PC.
    #[default]
    Amd64,
    /// A board with an ARM processor of 64 bits.
    Arm64,
}

/// The folder: `vmlinuz`, `root/` with the kernel's modules, `version` with its name, `guest/` with our programs, `debian/` with a
/// Debian's files, `packages/` with packages of the device program. Below `arm64/` the same for that kind, where
/// `scripts/arm64.sh` made it; there `root/` holds that kind's programs, too.
#[derive(Debug, Clone)]
pub struct Kit {
    folder: PathBuf,
    version: String,
    architecture: Architecture,
}

impl Kit {
    /// The kit that `OCELLUS_VM` names.
    ///
    /// # Panics
    /// When there is none: the message says what makes one.
    pub fn find() -> Self {
        Self::of(Architecture::Amd64)
    }

    /// That for a kind of computer.
    ///
    /// # Panics
    /// When there is none.
    pub fn of(architecture: Architecture) -> Self {
        let folder = env::var_os(VARIABLE).map(PathBuf::from).unwrap_or_else(|| {
            panic!("{VARIABLE} names no folder with a kernel; `make vm-test` makes one and runs these tests")
        });
        let folder = match architecture {
            Architecture::Amd64 => folder,
            Architecture::Arm64 => folder.join("arm64"),
        };
        let version = read(&folder.join("version"));
        let version = String::from_utf8(version).expect("a kernel's name is text").trim().to_owned();
        Kit { folder, version, architecture }
    }

    /// The kind of computer.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Where its programs are looked for: those of this machine, or what lies in the kit.
    pub(crate) fn root(&self) -> PathBuf {
        match self.architecture {
            Architecture::Amd64 => PathBuf::from("/"),
            Architecture::Arm64 => self.folder.join("root"),
        }
    }

    /// Tells the libraries that a program needs, by the loader of its kind; one that carries its own needs none.
    pub(crate) fn libraries(&self, program: &Path) -> Vec<PathBuf> {
        let lister: &[&str] = match self.architecture {
            Architecture::Amd64 => &["ldd"],
            // Libraries of both kinds lie side by side on a Debian.
            Architecture::Arm64 => &["qemu-aarch64-static", "/lib/ld-linux-aarch64.so.1", "--list"],
        };
        let said = Command::new(lister[0]).args(&lister[1..]).arg(program).output();
        let said = said.unwrap_or_else(|error| panic!("{}: {error}", lister[0]));
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        said.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from).collect()
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
