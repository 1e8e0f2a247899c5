//! What the machine starts with: busybox, kernel modules, our programs and those of this machine.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    archive::Archive,
    disk,
    kit::{Kit, read},
    modules::Needs,
};

const BUSYBOX: &str = "bin/busybox";
/// What takes commands.
const SERVE: &str = "/serve.sh";
/// What lies below it is put onto the disk that a machine goes on from; `init.sh` does it.
const PUT: &str = "/put";
/// Where programs are looked for.
const PLACES: [&str; 4] = ["usr/bin", "usr/sbin", "bin", "sbin"];

/// A root file system in the making.
#[derive(Debug, Clone)]
pub struct Image {
    kit: Kit,
    modules: Vec<&'static str>,
    archive: Archive,
    /// Libraries that are in it already.
    libraries: BTreeSet<PathBuf>,
}

impl Image {
    /// One with a shell and nothing else.
    pub fn new(kit: &Kit) -> Self {
        let mut archive = Archive::new();
        for folder in ["/proc", "/sys", "/dev", "/tmp", "/run", "/sbin", "/usr/bin", "/usr/sbin"] {
            archive.folder(folder);
        }
        archive.file("/init", include_bytes!("init.sh"));
        archive.file(SERVE, include_bytes!("serve.sh"));
        archive.file(&format!("/{BUSYBOX}"), &read(&kit.root().join(BUSYBOX)));
        // That of this machine knows the same names.
        let names = Command::new(format!("/{BUSYBOX}")).arg("--list").output().expect("busybox runs here too");
        // It lists itself, too.
        for name in String::from_utf8_lossy(&names.stdout).lines().filter(|name| *name != "busybox") {
            archive.link(&format!("/bin/{name}"), "busybox");
        }
        Image { kit: kit.clone(), modules: Vec::new(), archive, libraries: BTreeSet::new() }
    }

    /// With these kernel modules; `modprobe NAME` loads them inside.
    #[must_use]
    pub fn modules(mut self, names: &[&'static str]) -> Self {
        self.modules.extend(names);
        self
    }

    /// Goes on from the machine's first disk, where a Linux with systemd lies. What lies below `/put` is put onto that disk first.
    #[must_use]
    pub fn from_disk(mut self) -> Self {
        self = self.modules(&disk::MODULES);
        self.archive.file("/from-disk", disk::MODULES.join(" ").as_bytes());
        self.archive.file(&format!("{PUT}{SERVE}"), include_bytes!("serve.sh"));
        let units = format!("{PUT}/etc/systemd/system");
        self.archive.file(&format!("{units}/serve@.service"), include_bytes!("serve.service"));
        for line in ["ttyS1", "ttyS2"] {
            let wanted = format!("{units}/multi-user.target.wants/serve@{line}.service");
            self.archive.link(&wanted, "/etc/systemd/system/serve@.service");
        }
        self
    }

    /// With one of our programs, as `/usr/bin/NAME`.
    #[must_use]
    pub fn program(mut self, name: &str) -> Self {
        self.with_libraries(&self.kit.program(name), name);
        self
    }

    /// With somebody else's program, as `/usr/bin/NAME`.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn tool(mut self, name: &str) -> Self {
        let found = PLACES.iter().map(|place| self.kit.root().join(place).join(name)).find(|path| path.is_file());
        let path = found.unwrap_or_else(|| panic!("{name}: not installed; `scripts/setup.sh vm` installs it"));
        self.with_libraries(&path, name);
        self
    }

    /// With a program that was built elsewhere, as `/usr/bin/NAME`.
    #[must_use]
    pub fn built(mut self, name: &str, path: &Path) -> Self {
        self.with_libraries(path, name);
        self
    }

    /// With all files of a folder, at `into`.
    ///
    /// # Panics
    /// When it can't be read.
    #[must_use]
    pub fn folder(mut self, into: &str, from: &Path) -> Self {
        let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        for entry in entries.map(|entry| entry.expect("a folder is read to its end")) {
            let (path, name) = (entry.path(), entry.file_name());
            let into = format!("{into}/{}", name.to_str().expect("names are UTF-8"));
            self = if path.is_dir() { self.folder(&into, &path) } else { self.file(&into, &read(&path)) };
        }
        self
    }

    /// With a program and the libraries that it needs.
    fn with_libraries(&mut self, path: &Path, name: &str) {
        for library in self.kit.libraries(path) {
            if self.libraries.insert(library.clone()) {
                self.archive.file(&library.display().to_string(), &read(&library));
            }
        }
        self.archive.file(&format!("/usr/bin/{name}"), &read(path));
    }

    /// With a file of any kind.
    #[must_use]
    pub fn file(mut self, path: &str, bytes: &[u8]) -> Self {
        self.archive.file(path, bytes);
        self
    }

    /// Writes it into this folder and tells where.
    ///
    /// # Panics
    /// When a module is not there, or the folder takes no file.
    pub fn write(mut self, folder: &Path) -> PathBuf {
        let (from, into) = (self.kit.modules(), format!("/lib/modules/{}", self.kit.version()));
        let list = String::from_utf8(read(&from.join("modules.dep"))).expect("names of files");
        let (files, list) = Needs::read(&list)
            .of(&self.modules)
            .unwrap_or_else(|name| panic!("{}: has no module {name}", from.display()));
        for file in files {
            self.archive.file(&format!("{into}/{file}"), &read(&from.join(&file)));
        }
        self.archive.file(&format!("{into}/modules.dep"), list.as_bytes());
        let path = folder.join("image.cpio");
        fs::write(&path, self.archive.finish()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }
}
