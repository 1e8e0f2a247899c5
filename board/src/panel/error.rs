//! Why a panel does not show a picture.

use std::{io, path::PathBuf, time::Duration};

/// What is wrong with a panel.
#[derive(Debug, thiserror::Error)]
pub enum PanelError {
    /// The picture can't be written.
    #[error("{}: the picture cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: image::ImageError,
    },
    /// The panel is not there any more.
    #[error("the panel is gone")]
    Gone,
    /// The picture has another size than the panel.
    #[error("the picture is {found:?}, expected {expected:?} as the panel has")]
    Size {
        /// Width and height of the picture.
        found: (u32, u32),
        /// Width and height of the panel.
        expected: (u32, u32),
    },
    /// There is no such device.
    #[error("{device}: no such device")]
    Absent {
        /// What was looked for.
        device: String,
    },
    /// This user may not open it.
    #[error("{device}: permission denied")]
    PermissionDenied {
        /// The device file.
        device: String,
    },
    /// Another program draws on it.
    #[error("{device}: in use by another program, such as a desktop")]
    Busy {
        /// The device file.
        device: String,
    },
    /// No panel hangs on the connector.
    #[error("{device}: expected a panel on {expected}, found {}", listed(found))]
    NotConnected {
        /// The device file.
        device: String,
        /// The connector that was looked for.
        expected: String,
        /// Every connector and its state.
        found: Vec<String>,
    },
    /// The panel has no such mode.
    #[error("{device}: expected {expected}, found {}", listed(found))]
    NoMode {
        /// The device file and the connector.
        device: String,
        /// What was looked for.
        expected: String,
        /// Every mode there is.
        found: Vec<String>,
    },
    /// Its pixels are such as are not drawn here.
    #[error("{device}: expected pixels of 16, 24 or 32 bits with a red, a green and a blue part, found {found}")]
    Pixels {
        /// The device file.
        device: String,
        /// What its pixels are.
        found: String,
    },
    /// The picture does not come to stand on it.
    #[error("{device}: expected a picture to stand within {limit:?}, found none")]
    Stalled {
        /// The device file.
        device: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// Anything else that the system says.
    #[error("{device}: {what}: {source}")]
    Failed {
        /// The device file.
        device: String,
        /// What was being done.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl PanelError {
    /// What an error of the system means.
    pub(super) fn of(device: &str, what: &'static str, source: io::Error) -> Self {
        let device = device.to_owned();
        // What a driver answers when its hardware is unplugged.
        const GONE: i32 = nix::errno::Errno::ENODEV as i32;
        match (source.kind(), source.raw_os_error()) {
            (io::ErrorKind::NotFound, _) | (_, Some(GONE)) => PanelError::Absent { device },
            (io::ErrorKind::PermissionDenied, _) => PanelError::PermissionDenied { device },
            (io::ErrorKind::ResourceBusy, _) => PanelError::Busy { device },
            _ => PanelError::Failed { device, what, source },
        }
    }
}

fn listed(found: &[String]) -> String {
    if found.is_empty() { "none".to_owned() } else { found.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_answers_are_told_as_what_they_mean() {
        let of = |code| PanelError::of("/dev/dri/card0", "a picture", io::Error::from_raw_os_error(code)).to_string();
        assert_eq!(of(2), "/dev/dri/card0: no such device");
        assert_eq!(of(19), "/dev/dri/card0: no such device");
        assert_eq!(of(13), "/dev/dri/card0: permission denied");
        assert_eq!(of(1), "/dev/dri/card0: permission denied");
        assert_eq!(of(16), "/dev/dri/card0: in use by another program, such as a desktop");
        assert!(of(5).starts_with("/dev/dri/card0: a picture: "), "{}", of(5));
    }
}
