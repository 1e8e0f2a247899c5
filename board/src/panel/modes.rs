//! Which of a panel's modes is used. No I/O.

/// What is known of a mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mode {
    /// As the driver calls it, such as `800x480`.
    pub(super) name: String,
    /// Pixels across and down.
    pub(super) size: (u32, u32),
    /// Pictures a second.
    pub(super) refresh: u32,
    /// Whether the panel says that this is its own.
    pub(super) preferred: bool,
    /// Whether each picture has only every second line.
    pub(super) interlaced: bool,
}

impl Mode {
    /// As it is named in messages and in the configuration: `800x480@60`.
    pub(super) fn described(&self) -> String {
        format!("{}@{}", self.name, self.refresh)
    }

    fn is_called(&self, name: &str) -> bool {
        name == self.name || name == self.described()
    }
}

/// The number of the mode for screens of `size`: the first that is called `wanted`; without a name the one that the panel
/// prefers, or else the one with the most whole pictures a second, of that size. The error says what was expected.
pub(super) fn choose(modes: &[Mode], wanted: Option<&str>, size: (u32, u32)) -> Result<usize, String> {
    let (width, height) = size;
    let fitting = modes.iter().enumerate().filter(|(_, mode)| mode.size == size);
    let chosen = match wanted {
        Some(name) => fitting.filter(|(_, mode)| mode.is_called(name)).min_by_key(|&(number, _)| number),
        // The first of equals, as panels list what they like best first.
        None => fitting.rev().max_by_key(|(_, mode)| (mode.preferred, !mode.interlaced, mode.refresh)),
    };
    chosen.map(|(number, _)| number).ok_or_else(|| match wanted {
        Some(name) => format!("a mode {name} of {width} x {height} pixels, as the screens have"),
        None => format!("a mode of {width} x {height} pixels, as the screens have"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(width: u32, height: u32, refresh: u32) -> Mode {
        let name = format!("{width}x{height}");
        Mode { name, size: (width, height), refresh, preferred: false, interlaced: false }
    }

    #[test]
    fn the_preferred_mode_counts_when_it_has_the_size_of_the_screens() {
        let preferred = Mode { preferred: true, ..mode(800, 480, 50) };
        let modes = [mode(1024, 768, 60), mode(800, 480, 60), preferred];
        assert_eq!(choose(&modes, None, (800, 480)), Ok(2));
        let other = [Mode { preferred: true, ..mode(1920, 1080, 60) }, mode(800, 480, 30), mode(800, 480, 60)];
        assert_eq!(choose(&other, None, (800, 480)), Ok(2));
    }

    #[test]
    fn whole_pictures_go_before_many_and_the_first_of_equals_is_taken() {
        let interlaced = Mode { interlaced: true, ..mode(800, 480, 60) };
        assert_eq!(choose(&[interlaced, mode(800, 480, 30)], None, (800, 480)), Ok(1));
        assert_eq!(choose(&[mode(1, 1, 60), mode(800, 480, 60), mode(800, 480, 60)], None, (800, 480)), Ok(1));
    }

    #[test]
    fn a_mode_is_named_with_or_without_its_rate() {
        let modes = [mode(800, 480, 60), mode(800, 480, 50), mode(1024, 768, 60)];
        assert_eq!(choose(&modes, Some("800x480"), (800, 480)), Ok(0));
        assert_eq!(choose(&modes, Some("800x480@50"), (800, 480)), Ok(1));
        let error = choose(&modes, Some("1024x768"), (800, 480)).unwrap_err();
        assert_eq!(error, "a mode 1024x768 of 800 x 480 pixels, as the screens have");
        assert!(choose(&modes, Some("800x480@75"), (800, 480)).is_err());
    }

    #[test]
    fn a_panel_without_the_screens_size_has_no_mode() {
        let error = choose(&[mode(1024, 768, 60)], None, (800, 480)).unwrap_err();
        assert_eq!(error, "a mode of 800 x 480 pixels, as the screens have");
        assert!(choose(&[], None, (800, 480)).is_err());
    }
}
