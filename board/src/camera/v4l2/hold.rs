//! Exposure, gain and white balance held as they are while a photograph is taken, and given back after.
//!
//! A camera that goes on correcting sees the flash and answers it, in this frame or the next. Where an automatic is
//! switched off some cameras fall back to what was set by hand before; so the values at hand are read first and set after.

use v4l::{
    Device,
    control::{Control, Value},
};

/// An automatic, and the values that it sets.
struct Automatic {
    name: &'static str,
    id: u32,
    /// What switches it off.
    off: Setting,
    sets: &'static [u32],
}

/// A control's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Setting {
    Switch(bool),
    Number(i64),
}

/// V4L2's numbers of the controls.
const AUTOMATICS: [Automatic; 4] = [
    Automatic { name: "exposure", id: 0x009a_0901, off: Setting::Number(1), sets: &[0x009a_0902] },
    Automatic { name: "exposure by frame rate", id: 0x009a_0903, off: Setting::Switch(false), sets: &[] },
    Automatic { name: "gain", id: 0x0098_0912, off: Setting::Switch(false), sets: &[0x0098_0913] },
    Automatic { name: "white balance", id: 0x0098_090c, off: Setting::Switch(false), sets: &[0x0098_091a] },
];

/// What was switched off, to be given back.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hold {
    before: Vec<(u32, Setting)>,
}

/// Reads and sets a camera's controls.
trait Controls {
    /// The value of a control; none where the camera has no such.
    fn read(&self, id: u32) -> Option<Setting>;
    /// Sets it, and tells whether the camera took it.
    fn write(&self, id: u32, setting: Setting) -> bool;
}

impl Controls for Device {
    fn read(&self, id: u32) -> Option<Setting> {
        match self.control(id).ok()?.value {
            Value::Boolean(on) => Some(Setting::Switch(on)),
            Value::Integer(number) => Some(Setting::Number(number)),
            _ => None,
        }
    }

    fn write(&self, id: u32, setting: Setting) -> bool {
        let value = match setting {
            Setting::Switch(on) => Value::Boolean(on),
            Setting::Number(number) => Value::Integer(number),
        };
        self.set_control(Control { id, value }).inspect_err(|error| log::info!("control {id:#x}: {error}")).is_ok()
    }
}

impl Hold {
    /// Switches off what the camera does by itself.
    pub(super) fn take(device: &Device) -> Self {
        Self::of(device)
    }

    /// Gives everything back.
    pub(super) fn give_back(self, device: &Device) {
        self.back_to(device);
    }

    fn of(controls: &impl Controls) -> Self {
        let mut hold = Hold::default();
        for Automatic { name, id, off, sets } in &AUTOMATICS {
            let Some(before) = controls.read(*id).filter(|before| before != off) else { continue };
            let values: Vec<_> = sets.iter().filter_map(|id| Some((*id, controls.read(*id)?))).collect();
            if !controls.write(*id, *off) {
                log::info!("the camera's automatic {name} can't be held");
                continue;
            }
            hold.before.push((*id, before));
            for (id, value) in values {
                controls.write(id, value);
            }
        }
        hold
    }

    fn back_to(self, controls: &impl Controls) {
        for (id, before) in self.before.into_iter().rev() {
            controls.write(id, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeMap};

    use super::*;

    const EXPOSURE: u32 = 0x009a_0901;
    const EXPOSURE_TIME: u32 = 0x009a_0902;
    const WHITE_BALANCE: u32 = 0x0098_090c;

    /// Falls back to an exposure of 1 when the automatic is switched off.
    #[derive(Debug, Default)]
    struct Camera(RefCell<BTreeMap<u32, Setting>>);

    impl Controls for Camera {
        fn read(&self, id: u32) -> Option<Setting> {
            self.0.borrow().get(&id).copied()
        }

        fn write(&self, id: u32, setting: Setting) -> bool {
            let mut controls = self.0.borrow_mut();
            if id == EXPOSURE && setting == Setting::Number(1) {
                controls.insert(EXPOSURE_TIME, Setting::Number(1));
            }
            controls.contains_key(&id) && controls.insert(id, setting).is_some()
        }
    }

    #[test]
    fn what_the_camera_does_by_itself_is_held_at_its_value_and_given_back() {
        let camera = Camera::default();
        camera.0.borrow_mut().extend([(EXPOSURE, Setting::Number(3)), (EXPOSURE_TIME, Setting::Number(157))]);
        let before = camera.0.borrow().clone();
        let hold = Hold::of(&camera);
        assert_eq!(camera.read(EXPOSURE), Some(Setting::Number(1)));
        assert_eq!(camera.read(EXPOSURE_TIME), Some(Setting::Number(157)));
        hold.back_to(&camera);
        assert_eq!(*camera.0.borrow(), before);
    }

    #[test]
    fn what_is_set_by_hand_or_missing_is_left_alone() {
        let camera = Camera::default();
        camera.0.borrow_mut().extend([(EXPOSURE, Setting::Number(1)), (WHITE_BALANCE, Setting::Switch(false))]);
        assert_eq!(Hold::of(&camera), Hold::default());
    }
}
