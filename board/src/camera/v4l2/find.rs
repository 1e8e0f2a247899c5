//! Which device file is the camera. Numbers change with every plug and start; names and abilities do not.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use v4l::{Device, capability::Flags};

use super::{super::CameraError, device};

/// Where a camera is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By the name of its device file: best a link in `/dev/v4l/by-id/`, which stays with the camera.
    File(PathBuf),
    /// By the name that the camera says it has, or by the port it is plugged into, as `v4l2-ctl --list-devices` shows
    /// them.
    Named(String),
    /// The only camera there is.
    Only,
}

impl From<&str> for Address {
    /// A text that begins with `/` is a file, another one a name or a port; none is the only camera.
    fn from(text: &str) -> Self {
        match text {
            "" => Address::Only,
            _ if text.starts_with('/') => Address::File(text.into()),
            _ => Address::Named(text.to_owned()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::File(path) => path.display().fmt(f),
            Address::Named(name) => f.write_str(name),
            Address::Only => f.write_str("camera"),
        }
    }
}

/// A device file that sends frames.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    file: PathBuf,
    card: String,
    bus: String,
}

/// The device file, and the device opened.
pub(super) fn find(address: &Address) -> Result<(PathBuf, Device), CameraError> {
    let file = match address {
        Address::File(file) => file.clone(),
        Address::Named(_) | Address::Only => {
            let (present, refused) = present();
            match fitting(address, &present) {
                // Where none fits, one that can't be looked at may be it.
                Err(CameraError::Absent { .. }) if refused.is_some() => {
                    return Err(refused.unwrap_or_else(|| absent(address)));
                }
                found => found?,
            }
        }
    };
    let device = Device::with_path(&file).map_err(|error| device::cause(&name_of(&file), &error))?;
    Ok((file, device))
}

pub(super) fn name_of(file: &Path) -> String {
    file.display().to_string()
}

fn absent(address: &Address) -> CameraError {
    CameraError::Absent { detail: format!("{address}: no such camera") }
}

/// The cameras that are there, by file, and what one said that can't be looked at.
fn present() -> (Vec<Candidate>, Option<CameraError>) {
    let is_video = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("video")
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut files: Vec<PathBuf> =
        fs::read_dir("/dev").into_iter().flatten().flatten().map(|entry| entry.path()).filter(is_video).collect();
    files.sort();
    let (mut found, mut refused) = (Vec::new(), None);
    for file in files {
        let device = Device::with_path(&file).map_err(|error| device::cause(&name_of(&file), &error));
        match device.and_then(|device| device::abilities(&name_of(&file), &device)) {
            Ok(abilities) if device::sends_frames(abilities.capabilities) => {
                found.push(Candidate { file, card: abilities.card, bus: abilities.bus });
            }
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    (found, refused)
}

/// The only one that fits.
fn fitting(address: &Address, present: &[Candidate]) -> Result<PathBuf, CameraError> {
    let fits = |candidate: &&Candidate| match address {
        Address::File(file) => *file == candidate.file,
        Address::Named(name) => *name == candidate.card || *name == candidate.bus,
        Address::Only => true,
    };
    let found: Vec<_> = present.iter().filter(fits).collect();
    match found[..] {
        [] => Err(absent(address)),
        [one] => Ok(one.file.clone()),
        _ => Err(CameraError::Several {
            wanted: address.to_string(),
            found: found.iter().map(|one| format!("{} ({}, {})", one.file.display(), one.card, one.bus)).collect(),
        }),
    }
}

/// The abilities by which a device file is one that sends frames of its own, one plane each.
pub(super) const SENDS: Flags = Flags::from_bits_truncate(Flags::VIDEO_CAPTURE.bits() | Flags::STREAMING.bits());

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(number: u32, card: &str) -> Candidate {
        let file = PathBuf::from(format!("/dev/video{number}"));
        Candidate { file, card: card.to_owned(), bus: format!("usb-0000:00:14.0-{number}") }
    }

    #[test]
    fn the_only_camera_is_found_and_of_several_none_is_guessed() {
        let mut present = vec![candidate(2, "Fundus")];
        assert_eq!(fitting(&Address::Only, &present).unwrap(), Path::new("/dev/video2"));
        present.push(candidate(0, "Webcam"));
        let found = vec![
            "/dev/video2 (Fundus, usb-0000:00:14.0-2)".to_owned(),
            "/dev/video0 (Webcam, usb-0000:00:14.0-0)".to_owned(),
        ];
        let several = CameraError::Several { wanted: "camera".to_owned(), found };
        assert_eq!(fitting(&Address::Only, &present).unwrap_err(), several);
    }

    #[test]
    fn a_camera_is_found_by_its_name_or_its_port_and_not_by_a_part_of_them() {
        let present = [candidate(2, "Fundus"), candidate(0, "Webcam")];
        let find = |name: &str| fitting(&Address::Named(name.to_owned()), &present);
        assert_eq!(find("Webcam").unwrap(), Path::new("/dev/video0"));
        assert_eq!(find("usb-0000:00:14.0-2").unwrap(), Path::new("/dev/video2"));
        assert_eq!(find("Web").unwrap_err().to_string(), "the camera is gone: Web: no such camera");
    }

    #[test]
    fn a_file_that_is_not_there_is_an_absent_camera() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("usb-fundus-video-index0");
        let error = find(&Address::File(file)).map(|(file, _)| file).unwrap_err();
        assert!(matches!(&error, CameraError::Absent { detail } if detail.contains("usb-fundus")), "{error}");
    }

    #[test]
    fn a_file_that_is_no_camera_is_not_taken_for_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (path, device) = find(&Address::File(file.path().to_owned())).unwrap();
        let error = device::abilities(&name_of(&path), &device).map(|_| ()).unwrap_err();
        assert!(matches!(&error, CameraError::Broken { .. } | CameraError::Unsuitable { .. }), "{error}");
    }
}
