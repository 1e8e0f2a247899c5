//! Fingers on a touch device: its events in, touches out. No I/O.
//!
//! A touch counts where and when the finger leaves, and every finger counts for itself. Devices tell only what has
//! changed, so what was told before is kept, for each finger (*slot*) apart. When the system has lost events
//! ([`Touch::lost`]) nothing that was going on counts, until what the device measures is asked anew
//! ([`Touch::resume`]): a touch too few is repeated, one at a wrong place is not noticed.
//!
//! Two ways of telling are known: one finger by `BTN_TOUCH` (or a mouse's button) and `ABS_X`, `ABS_Y`; several by
//! `ABS_MT_SLOT` and `ABS_MT_TRACKING_ID` (the kernel's protocol B). Devices of the second way mostly tell the first, too,
//! which serves for the places that they have not told.

use evdev::{AbsoluteAxisCode as Abs, EventSummary, InputEvent, KeyCode, SynchronizationCode as Syn};

use super::{Input, calibration::Axes};

/// Fingers at a time; more are not seen.
const SLOTS: usize = 16;
/// What a device calls a hand that rests on it.
const PALM: i32 = 2;

/// What a device measures at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Measured {
    pub(super) x: i32,
    pub(super) y: i32,
    /// The finger that the next events are about.
    pub(super) slot: i32,
    /// Whether fingers may be on it that are not known; also of a device that does not tell the first way.
    pub(super) touched: bool,
}

/// A finger.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    x: Option<i32>,
    y: Option<i32>,
    /// Whether it is on the panel, and counts.
    down: bool,
}

/// The fingers of a device.
#[derive(Debug)]
pub(super) struct Touch {
    axes: Axes,
    /// Whether the device tells several fingers apart.
    several: bool,
    slots: [Slot; SLOTS],
    current: usize,
    /// Where the only or oldest finger is.
    at: (i32, i32),
    /// Whether that may be a finger that is not known: the first way does not tell of the others then.
    stranger: bool,
    down: bool,
    /// The finger has left, in events that are not complete yet.
    left: bool,
    /// Places of fingers that have left, likewise.
    places: Vec<(i32, i32)>,
    lost: bool,
}

impl Touch {
    /// Nobody touches it so far.
    pub(super) fn new(axes: Axes, several: bool, measured: Measured) -> Self {
        let mut touch = Touch {
            axes,
            several,
            slots: [Slot::default(); SLOTS],
            current: 0,
            at: (0, 0),
            stranger: true,
            down: false,
            left: false,
            places: Vec::new(),
            lost: true,
        };
        touch.resume(measured);
        touch
    }

    /// Takes an event; touches that it completes are added.
    pub(super) fn take(&mut self, event: InputEvent, heard: &mut Vec<Input>) {
        let summary = event.destructure();
        if let EventSummary::Synchronization(_, Syn::SYN_DROPPED, _) = summary {
            self.lost = true;
        }
        if self.lost {
            return;
        }
        match summary {
            EventSummary::AbsoluteAxis(_, axis, value) => self.axis(axis, value),
            EventSummary::Key(_, KeyCode::BTN_TOUCH | KeyCode::BTN_LEFT, value) if !self.several => match value {
                0 => self.left = std::mem::take(&mut self.down),
                _ => self.down = true,
            },
            // All fingers have left.
            EventSummary::Key(_, KeyCode::BTN_TOUCH, 0) => self.stranger = false,
            EventSummary::Synchronization(_, Syn::SYN_REPORT, _) => {
                if std::mem::take(&mut self.left) {
                    self.places.push(self.at);
                }
                heard.extend(self.places.drain(..).map(|place| Input::Touch(self.axes.pixel(place))));
            }
            _ => {}
        }
    }

    /// Whether events were lost, and it waits for [`Touch::resume`].
    pub(super) fn lost(&self) -> bool {
        self.lost
    }

    /// Goes on after events were lost, with what the device measures now. Fingers that are on it do not count.
    pub(super) fn resume(&mut self, measured: Measured) {
        self.slots = [Slot::default(); SLOTS];
        // One that is not known is far beyond the others.
        self.current = usize::try_from(measured.slot).unwrap_or(usize::MAX);
        self.at = (measured.x, measured.y);
        self.stranger = measured.touched;
        (self.down, self.left, self.lost) = (false, false, false);
        self.places.clear();
    }

    fn axis(&mut self, axis: Abs, value: i32) {
        match axis {
            Abs::ABS_X => self.at.0 = value,
            Abs::ABS_Y => self.at.1 = value,
            Abs::ABS_MT_SLOT => self.current = usize::try_from(value).unwrap_or(usize::MAX),
            _ => {}
        }
        let alone = !self.stranger && self.slots.iter().filter(|slot| slot.down).count() == 1;
        let at = self.at;
        let Some(slot) = self.slots.get_mut(self.current).filter(|_| self.several) else { return };
        match axis {
            Abs::ABS_MT_POSITION_X => slot.x = Some(value),
            Abs::ABS_MT_POSITION_Y => slot.y = Some(value),
            Abs::ABS_MT_TOOL_TYPE if value == PALM => slot.down = false,
            Abs::ABS_MT_TRACKING_ID if value >= 0 => slot.down = true,
            Abs::ABS_MT_TRACKING_ID => {
                let was_down = std::mem::take(&mut slot.down);
                // An axis that has not been told since events were lost has not changed since: of a finger alone the
                // first way of telling knows it.
                let place = slot.x.or(alone.then_some(at.0)).zip(slot.y.or(alone.then_some(at.1)));
                self.places.extend(place.filter(|_| was_down));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::prelude::Point;
    use evdev::EventType;

    use super::*;
    use crate::input::calibration::{Matrix, Range};

    /// One device unit is one pixel.
    fn axes() -> Axes {
        let (x, y) = (Range { least: 0, most: 799 }, Range { least: 0, most: 479 });
        Axes { x, y, matrix: Matrix::STRAIGHT, panel: (800, 480) }
    }

    fn single() -> Touch {
        Touch::new(axes(), false, Measured::default())
    }

    fn several() -> Touch {
        Touch::new(axes(), true, Measured::default())
    }

    /// Events as a recording names them: `X 5`, `DOWN`, `UP`, `SLOT 1`, `ID 7`, `MX 5`, `MY 5`, `PALM`, `LOST`, and `|` for
    /// the end of a report.
    fn play(touch: &mut Touch, recording: &str) -> Vec<(i32, i32)> {
        let mut heard = Vec::new();
        let mut words = recording.split_whitespace();
        while let Some(word) = words.next() {
            let abs = |axis: Abs, value| InputEvent::new(EventType::ABSOLUTE.0, axis.0, value);
            let syn = |code: Syn| InputEvent::new(EventType::SYNCHRONIZATION.0, code.0, 0);
            let mut number = || words.next().unwrap().parse().unwrap();
            let event = match word {
                "X" => abs(Abs::ABS_X, number()),
                "Y" => abs(Abs::ABS_Y, number()),
                "SLOT" => abs(Abs::ABS_MT_SLOT, number()),
                "ID" => abs(Abs::ABS_MT_TRACKING_ID, number()),
                "MX" => abs(Abs::ABS_MT_POSITION_X, number()),
                "MY" => abs(Abs::ABS_MT_POSITION_Y, number()),
                "PALM" => abs(Abs::ABS_MT_TOOL_TYPE, PALM),
                "DOWN" => InputEvent::new(EventType::KEY.0, KeyCode::BTN_TOUCH.0, 1),
                "UP" => InputEvent::new(EventType::KEY.0, KeyCode::BTN_TOUCH.0, 0),
                "CLICK" => InputEvent::new(EventType::KEY.0, KeyCode::BTN_LEFT.0, 1),
                "CLACK" => InputEvent::new(EventType::KEY.0, KeyCode::BTN_LEFT.0, 0),
                "LOST" => syn(Syn::SYN_DROPPED),
                "|" => syn(Syn::SYN_REPORT),
                _ => panic!("{word}"),
            };
            touch.take(event, &mut heard);
        }
        heard
            .into_iter()
            .map(|input| match input {
                Input::Touch(Point { x, y }) => (x, y),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_touch_counts_where_and_when_the_finger_leaves() {
        let mut touch = single();
        assert_eq!(play(&mut touch, "X 10 Y 20 DOWN | X 30 |"), []);
        assert_eq!(play(&mut touch, "Y 40 UP |"), [(30, 40)]);
        assert_eq!(play(&mut touch, "CLICK | CLACK |"), [(30, 40)], "a pointer's button, where it was before");
        assert_eq!(play(&mut touch, "UP | X 5 |"), [], "nobody was there");
    }

    #[test]
    fn a_touch_is_complete_with_its_report() {
        let mut touch = single();
        assert_eq!(play(&mut touch, "X 10 Y 20 DOWN | UP"), []);
        assert_eq!(play(&mut touch, "X 11 |"), [(11, 20)]);
    }

    #[test]
    fn every_finger_counts_for_itself() {
        let mut touch = several();
        let both = "SLOT 0 ID 1 MX 10 MY 20 DOWN X 10 Y 20 | SLOT 1 ID 2 MX 500 MY 300 | SLOT 0 MX 12 X 12 |";
        assert_eq!(play(&mut touch, both), []);
        assert_eq!(play(&mut touch, "SLOT 1 ID -1 |"), [(500, 300)]);
        assert_eq!(play(&mut touch, "SLOT 0 ID -1 UP |"), [(12, 20)]);
        // A place that is the same as that finger's last is not told again.
        assert_eq!(play(&mut touch, "SLOT 1 ID 3 MY 301 | ID -1 |"), [(500, 301)]);
        assert_eq!(play(&mut touch, "ID 4 | SLOT 0 ID 5 | ID -1 SLOT 1 ID -1 |"), [(12, 20), (500, 301)]);
    }

    #[test]
    fn hands_that_rest_and_fingers_beyond_all_slots_do_not_count() {
        let mut touch = several();
        assert_eq!(play(&mut touch, "SLOT 0 ID 1 MX 10 MY 20 | PALM | ID -1 |"), []);
        assert_eq!(play(&mut touch, "SLOT 40 ID 2 MX 10 MY 20 | ID -1 |"), []);
        assert_eq!(play(&mut touch, "SLOT -1 ID 2 MX 10 MY 20 | ID -1 |"), []);
        assert_eq!(play(&mut touch, "SLOT 0 ID 3 MX 11 | ID -1 |"), [(11, 20)]);
    }

    #[test]
    fn places_told_before_the_program_came_are_those_of_the_first_way() {
        let mut touch = Touch::new(axes(), true, Measured { x: 100, y: 200, slot: 2, touched: false });
        // The slot is the one that was current, and its Y is as it was.
        assert_eq!(play(&mut touch, "ID 9 MX 110 X 110 DOWN | ID -1 UP |"), [(110, 200)]);
        // With two fingers the first way tells of the other one: better no touch than one elsewhere.
        let mut touch = Touch::new(axes(), true, Measured { x: 100, y: 200, slot: 2, touched: false });
        assert_eq!(play(&mut touch, "ID 9 MX 110 | SLOT 3 ID 10 MX 1 MY 1 | SLOT 2 ID -1 |"), []);
    }

    #[test]
    fn after_lost_events_nothing_that_was_going_on_counts() {
        let mut touch = single();
        assert_eq!(play(&mut touch, "X 10 Y 20 DOWN | LOST UP | DOWN | UP |"), []);
        assert!(touch.lost());
        touch.resume(Measured { x: 70, y: 80, slot: 0, touched: true });
        assert!(!touch.lost());
        assert_eq!(play(&mut touch, "UP |"), [], "of the finger that was on it meanwhile");
        assert_eq!(play(&mut touch, "X 71 DOWN | UP |"), [(71, 80)]);
    }

    #[test]
    fn after_lost_events_slots_are_as_the_device_says() {
        let mut touch = several();
        assert_eq!(play(&mut touch, "SLOT 0 ID 1 MX 10 MY 20 | SLOT 1 ID 2 MX 500 MY 300 | LOST |"), []);
        touch.resume(Measured { x: 15, y: 25, slot: 0, touched: true });
        assert_eq!(play(&mut touch, "ID -1 | SLOT 1 ID -1 |"), [], "fingers from before");
        // What slot 1 had is not known any more: only what is told counts.
        assert_eq!(
            play(&mut touch, "SLOT 0 ID 3 MX 15 MY 26 | SLOT 1 ID 4 MX 501 | ID -1 | SLOT 0 ID -1 |"),
            [(15, 26)]
        );
    }

    #[test]
    fn a_finger_that_was_there_before_lends_its_place_to_no_other() {
        let mut touch = Touch::new(axes(), true, Measured { x: 100, y: 200, slot: 0, touched: true });
        assert_eq!(play(&mut touch, "SLOT 1 ID 9 MX 110 | ID -1 |"), [], "the first way tells of the other finger");
        assert_eq!(play(&mut touch, "SLOT 0 ID -1 UP |"), []);
        assert_eq!(play(&mut touch, "SLOT 1 ID 10 MX 111 X 111 DOWN | ID -1 UP |"), [(111, 200)]);
    }

    #[test]
    fn a_touch_that_is_not_reported_yet_is_lost_with_the_events() {
        let mut touch = several();
        assert_eq!(play(&mut touch, "SLOT 0 ID 1 MX 10 MY 20 | ID -1 LOST |"), []);
        touch.resume(Measured::default());
        assert_eq!(play(&mut touch, "|"), []);
    }
}
