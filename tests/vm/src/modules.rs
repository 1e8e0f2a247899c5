//! Which kernel modules another needs, by the list that `depmod` makes.

use std::collections::{BTreeMap, BTreeSet};

/// What each module of a kernel needs.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Module → its file, and the files that it needs.
    modules: BTreeMap<String, (String, Vec<String>)>,
}

/// A module's name: of its file, where `-` and `_` are the same.
fn name(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.split('.').next().unwrap_or(name).replace('-', "_")
}

impl Needs {
    /// Reads a `modules.dep`: `file: needed needed ...`, a line each.
    pub fn read(list: &str) -> Self {
        let line = |line: &str| {
            let (file, needed) = line.split_once(':')?;
            let needed = needed.split_whitespace().map(str::to_owned).collect();
            Some((name(file), (file.to_owned(), needed)))
        };
        Needs { modules: list.lines().filter_map(line).collect() }
    }

    /// The files of these modules and of all they need, and a `modules.dep` of only those.
    ///
    /// # Errors
    /// The name of a module that is not there.
    pub fn of(&self, wanted: &[&str]) -> Result<(BTreeSet<String>, String), String> {
        let mut files = BTreeSet::new();
        let mut list = String::new();
        let mut open: Vec<String> = wanted.iter().map(|wanted| name(wanted)).collect();
        while let Some(module) = open.pop() {
            let (file, needed) = self.modules.get(&module).ok_or_else(|| module.clone())?;
            if files.insert(file.clone()) {
                list.push_str(&format!("{file}: {}\n", needed.join(" ")));
                open.extend(needed.iter().map(|file| name(file)));
            }
        }
        Ok((files, list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "kernel/media/vivid.ko: kernel/media/videodev.ko kernel/v4l2-tpg.ko\n\
                        kernel/media/videodev.ko: kernel/media/mc.ko\n\
                        kernel/media/mc.ko:\n\
                        kernel/v4l2-tpg.ko:\n\
                        kernel/gpu/virtio-gpu.ko: kernel/drm.ko\n\
                        kernel/drm.ko:\n";

    #[test]
    fn a_module_comes_with_all_it_needs_and_nothing_else() {
        let (files, list) = Needs::read(LIST).of(&["vivid"]).unwrap();
        let expected =
            ["kernel/media/mc.ko", "kernel/media/videodev.ko", "kernel/media/vivid.ko", "kernel/v4l2-tpg.ko"];
        assert_eq!(files.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(list.lines().count(), 4);
        assert_eq!(Needs::read(&list).of(&["videodev"]).unwrap().0.len(), 2);
    }

    #[test]
    fn a_dash_in_a_name_is_an_underscore() {
        assert_eq!(Needs::read(LIST).of(&["virtio_gpu"]).unwrap().0.len(), 2);
    }

    #[test]
    fn a_module_that_is_not_there_is_named() {
        assert_eq!(Needs::read(LIST).of(&["vivid", "vkms"]).unwrap_err(), "vkms");
    }
}
