//! A disk that outlives the machine's power.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::machine::{Hardware, Machine};

/// Kernel modules that a disk needs, in the order in which they are loaded.
pub const MODULES: [&str; 4] = ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4"];

/// A file with an ext4 file system.
#[derive(Debug)]
pub struct Disk(PathBuf);

impl Disk {
    /// An empty one of so many MiB, as this file.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn new(path: PathBuf, mib: u64) -> Self {
        Self::made(path, mib, &[])
    }

    /// One with what lies in a folder, of so many MiB, as this file. For a folder with other people's files, by root.
    ///
    /// # Panics
    /// When it can't be made.
    pub fn of(folder: &Path, path: PathBuf, mib: u64) -> Self {
        Self::made(path, mib, &["-d", &folder.display().to_string()])
    }

    fn made(path: PathBuf, mib: u64, more: &[&str]) -> Self {
        let made = File::create(&path).and_then(|file| file.set_len(mib << 20));
        made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let disk = Disk(path);
        disk.tool("mke2fs", &[&["-q", "-t", "ext4"], more].concat());
        disk
    }

    /// A machine with it. What it says is written, is in the file.
    #[must_use]
    pub fn plugged_into(&self, hardware: Hardware) -> Hardware {
        let drive = format!("-drive if=none,id=disk,format=raw,cache=writethrough,file={}", self.0.display());
        hardware.with(&drive).with("-device virtio-blk-pci,drive=disk")
    }

    /// Loads its [`MODULES`] and mounts it at `/store`.
    ///
    /// # Panics
    /// When it can't be mounted `within` the time.
    pub fn mount(&self, machine: &mut Machine, within: Duration) {
        machine.load(&MODULES, within);
        machine.must("mkdir -p /store && mount -t ext4 /dev/vda /store", within);
    }

    /// What a power cut would leave now: a copy, as this file. The machine stands still meanwhile.
    ///
    /// # Panics
    /// When it can't be copied.
    pub fn as_it_is(&self, path: PathBuf) -> Disk {
        std::fs::copy(&self.0, &path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Disk(path)
    }

    /// Copies a folder of it out of a machine whose power was cut: the file system's own log is played back first, as at the
    /// next start.
    ///
    /// # Panics
    /// When the file system is not sound, or the folder can't be read.
    pub fn copy_out(&self, folder: &str, into: &Path) {
        self.tool("e2fsck", &["-p"]);
        self.tool("debugfs", &["-R", &format!("rdump {folder} {}", into.display())]);
    }

    /// Runs one of the tools for such disks on it.
    fn tool(&self, name: &str, arguments: &[&str]) {
        let path = format!("/sbin/{name}");
        let out = Command::new(&path).args(arguments).arg(&self.0).output();
        let out = out.unwrap_or_else(|error| panic!("{path}: {error}; `scripts/setup.sh vm` installs it"));
        // 1: it has put right what a cut left undone.
        assert!(out.status.code().is_some_and(|code| code <= 1), "{name}: {}", String::from_utf8_lossy(&out.stdout));
    }
}
