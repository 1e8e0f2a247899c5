//! The archive that Linux unpacks as its first root file system: cpio, "newc", nothing compressed.

use std::collections::BTreeSet;

const MAGIC: &str = "070701";
const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;
/// Name of the entry behind the last.
const END: &str = "TRAILER!!!";

/// An archive being written. Folders come by themselves.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
    folders: BTreeSet<String>,
}

impl Archive {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a folder and those it lies in; `path` is absolute.
    pub fn folder(&mut self, path: &str) {
        let path = path.trim_matches('/');
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.collect::<Vec<_>>() {
            let folder = &path[..end];
            if !folder.is_empty() && self.folders.insert(folder.to_owned()) {
                self.entry(folder, FOLDER, &[]);
            }
        }
    }

    /// Adds a file that can be run.
    pub fn file(&mut self, path: &str, bytes: &[u8]) {
        self.parent(path);
        self.entry(path.trim_start_matches('/'), PROGRAM, bytes);
    }

    /// Adds a symbolic link to `target`.
    pub fn link(&mut self, path: &str, target: &str) {
        self.parent(path);
        self.entry(path.trim_start_matches('/'), LINK, target.as_bytes());
    }

    /// The whole archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry(END, 0, &[]);
        self.bytes
    }

    fn parent(&mut self, path: &str) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder);
        }
    }

    fn entry(&mut self, name: &str, mode: u32, bytes: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(bytes.len()).expect("a file of an image is smaller than 4 GiB");
        let name_size = u32::try_from(name.len()).expect("a name is short") + 1;
        // Inode, mode, owner, group, links, time, size, device, device of a device file, length of the name, checksum.
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0];
        self.bytes.extend(MAGIC.as_bytes());
        for field in fields {
            self.bytes.extend(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(bytes);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, mode and bytes of each entry.
    fn read(mut bytes: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        loop {
            let field = |at: usize| {
                let digits = std::str::from_utf8(&bytes[6 + 8 * at..][..8]).unwrap();
                u32::from_str_radix(digits, 16).unwrap() as usize
            };
            assert!(bytes.starts_with(b"070701"));
            let (mode, size, name_size) = (field(1), field(6), field(11));
            let name = std::str::from_utf8(&bytes[110..][..name_size - 1]).unwrap().to_owned();
            let data = (110 + name_size).next_multiple_of(4);
            if name == END {
                return entries;
            }
            entries.push((name, mode as u32, bytes[data..][..size].to_vec()));
            bytes = &bytes[(data + size).next_multiple_of(4)..];
        }
    }

    #[test]
    fn what_is_put_in_stands_in_it_after_its_folders() {
        let mut archive = Archive::new();
        archive.file("/lib/modules/6/a.ko", b"12345");
        archive.link("/bin/sh", "busybox");
        archive.file("/lib/modules/list", b"");
        archive.folder("/proc");
        let entries = read(&archive.finish());
        let names: Vec<_> = entries.iter().map(|(name, ..)| name.as_str()).collect();
        let expected = ["lib", "lib/modules", "lib/modules/6", "lib/modules/6/a.ko", "bin", "bin/sh"];
        assert_eq!(names[..6], expected);
        assert_eq!(names[6..], ["lib/modules/list", "proc"]);
        assert_eq!(entries[3].2, b"12345");
        assert_eq!((entries[5].1, &entries[5].2[..]), (LINK, &b"busybox"[..]));
    }
}
