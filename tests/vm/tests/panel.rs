//! Panel and input on a whole Linux: what is drawn stands on the panel pixel by pixel, what is touched and typed arrives.

use std::{fs::File, io::BufReader, path::PathBuf, time::Duration};

use ocellus_vm::{Hardware, Image, Kit, Machine};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(600);
/// What QEMU's absolute axes reach to.
const MOST: u32 = 0x7fff;

/// A machine with panel, keyboard and a touch screen that can be unplugged; its modules are loaded.
fn machine() -> Machine {
    const MODULES: [&str; 8] =
        ["virtio_pci", "virtio_gpu", "virtio_input", "evdev", "xhci_pci", "usbhid", "hid_generic", "uinput"];
    let kit = Kit::find();
    let image = Image::new(&kit).modules(&MODULES).program("guest-operator");
    let hardware = Hardware::default()
        .with("-device virtio-gpu-pci,id=gpu,xres=800,yres=480 -device virtio-keyboard-pci")
        .with("-device qemu-xhci,id=usb -device usb-tablet,id=finger,bus=usb.0");
    let mut machine = Machine::start(&kit, image, &hardware);
    machine.load(&MODULES, SOON);
    machine
}

fn heard(machine: &Machine, line: &str) {
    machine.line(SOON, line, |heard| {
        assert!(!heard.contains("it cannot flip"), "{heard}");
        heard == line
    });
}

/// Compares what the operator sees with what was drawn. `OCELLUS_VM_PICTURES` names a folder that keeps what was seen.
fn assert_shown(machine: &mut Machine, number: u32, (width, height): (u32, u32)) {
    let folder = tempfile::tempdir().expect("a folder for a picture");
    let kept = std::env::var_os("OCELLUS_VM_PICTURES").map(PathBuf::from);
    let file = kept.unwrap_or(folder.path().to_owned()).join(format!("picture-{number}.png"));
    machine.qmp().screendump(Some("gpu"), &file);
    let decoder = png::Decoder::new(BufReader::new(File::open(file).expect("QEMU has written it")));
    let mut reader = decoder.read_info().expect("a PNG file");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a picture fits the memory")];
    let info = reader.next_frame(&mut pixels).expect("a PNG file");
    assert_eq!((info.width, info.height, info.color_type), (width, height, png::ColorType::Rgb));
    let mut seen = pixels.chunks_exact(3);
    for y in 0..height {
        for x in 0..width {
            let expected = match (x < 10, x >= width - 10, y < 10, y >= height - 10) {
                (true, _, true, _) => [255, 0, 0],
                (_, true, true, _) => [0, 255, 0],
                (true, _, _, true) => [0, 0, 255],
                (_, true, _, true) => [255; 3],
                _ => [(x * 255 / (width - 1)) as u8, (y * 255 / (height - 1)) as u8, (number * 40) as u8],
            };
            assert_eq!(seen.next(), Some(expected.as_slice()), "picture {number} at {x}, {y}");
        }
    }
}

fn send(machine: &mut Machine, events: Value) {
    machine.qmp().ask("input-send-event", json!({ "events": events }));
}

/// A finger comes down at a pixel of 800 x 480, moves, and leaves; tells where the touch was felt.
fn touch(machine: &mut Machine, from: (u32, u32), to: (u32, u32)) -> (u32, u32) {
    let place = |(x, y): (u32, u32)| {
        let axis = |axis: &str, value: u32| json!({ "type": "abs", "data": { "axis": axis, "value": value } });
        [axis("x", x * MOST / 799), axis("y", y * MOST / 479)]
    };
    let button = |down: bool| json!({ "type": "btn", "data": { "button": "left", "down": down } });
    let [x, y] = place(from);
    send(machine, json!([x, y, button(true)]));
    let [x, y] = place(to);
    send(machine, json!([x, y]));
    send(machine, json!([button(false)]));
    let line = machine.line(SOON, "a touch", |line| line.starts_with("touch "));
    let numbers: Vec<u32> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{line}");
    (numbers[0], numbers[1])
}

fn assert_touches(machine: &mut Machine, places: &[(u32, u32)]) {
    for &place in places {
        let (x, y) = touch(machine, (400, 200), place);
        assert!(x.abs_diff(place.0) <= 1 && y.abs_diff(place.1) <= 1, "{place:?} was felt at {x}, {y}");
    }
}

/// Types keys by QEMU's names, each let go before the next; `shift-` before a name holds Shift.
fn type_keys(machine: &mut Machine, keys: &str) {
    let key = |name: &str, down: bool| json!({ "type": "key", "data": { "down": down, "key": { "type": "qcode", "data": name } } });
    for name in keys.split(' ') {
        match name.strip_prefix("shift-") {
            Some(name) => {
                send(machine, json!([key("shift", true), key(name, true)]));
                send(machine, json!([key(name, false), key("shift", false)]));
            }
            None => {
                send(machine, json!([key(name, true)]));
                send(machine, json!([key(name, false)]));
            }
        }
    }
}

const CORNERS_AND_MIDDLE: [(u32, u32); 6] = [(0, 0), (799, 0), (0, 479), (799, 479), (399, 239), (123, 456)];

/// Starts the program and waits until it shows its first picture and feels fingers.
fn begin(machine: &mut Machine, kind: &str) {
    machine.begin(&format!("guest-operator {kind}"));
    heard(machine, "shown 0");
    machine.line(SOON, "a touch screen", |line| line.contains("is used: touch"));
}

fn end(machine: &mut Machine) {
    type_keys(machine, "e n d ret");
    assert_eq!(machine.finish(SOON).code, 0);
}

fn drm_shows_every_pixel_and_hands_are_felt(machine: &mut Machine) {
    begin(machine, "drm");
    assert_shown(machine, 0, (800, 480));
    assert_touches(machine, &CORNERS_AND_MIDDLE);
    heard(machine, "shown 6");
    assert_shown(machine, 6, (800, 480));
    type_keys(machine, "shift-p minus 4 7 1 1 shift-backslash shift-d o e ret");
    heard(machine, "code P-4711|Doe");
    type_keys(machine, "f9");
    heard(machine, "button true");
    heard(machine, "button false");
    end(machine);
}

fn a_framebuffer_shows_every_pixel(machine: &mut Machine) {
    begin(machine, "framebuffer");
    assert_shown(machine, 0, (800, 480));
    type_keys(machine, "1 ret");
    heard(machine, "shown 1");
    assert_shown(machine, 1, (800, 480));
    end(machine);
    let said = machine.run("guest-operator framebuffer 640 480", SOON);
    let expected = "error: /dev/fb0: expected 640 x 480 pixels, as the screens have, found 800 x 480 pixels\n";
    assert_eq!((said.code, said.text.as_str()), (1, expected));
}

fn a_touch_screen_that_is_unplugged_works_again_when_it_is_plugged_in(machine: &mut Machine) {
    begin(machine, "drm");
    for _ in 0..2 {
        machine.qmp().ask("device_del", json!({ "id": "finger" }));
        machine.line(SOON, "a touch screen that is gone", |line| line.contains("is gone"));
        machine.line(SOON, "no touch screen", |line| line.contains("expected a touch device"));
        machine.qmp().event("DEVICE_DELETED", SOON);
        machine.qmp().ask("device_add", json!({ "driver": "usb-tablet", "id": "finger", "bus": "usb.0" }));
        machine.line(SOON, "a touch screen", |line| line.contains("is used: touch"));
        assert_touches(machine, &CORNERS_AND_MIDDLE[3..]);
    }
    end(machine);
}

fn a_panel_that_is_unplugged_shows_again_when_it_is_plugged_in(machine: &mut Machine) {
    begin(machine, "drm");
    type_keys(machine, "d a r k ret");
    let lost = machine.line(SOON, "a panel that is lost", |line| line.starts_with("lost: "));
    assert!(lost.contains("expected a panel on Virtual-1"), "{lost}");
    machine.line(SOON, "a picture that fails", |line| line.starts_with("not shown: "));
    type_keys(machine, "l i g h t ret");
    heard(machine, "shown 2");
    assert_shown(machine, 2, (800, 480));
    end(machine);
}

fn what_keeps_a_panel_dark_is_told(machine: &mut Machine) {
    let mut error = |command: &str| {
        let said = machine.run(command, SOON);
        assert_eq!(said.code, 1, "{}", said.text);
        said.text.lines().last().unwrap_or_default().to_owned()
    };
    let busy = "error: /dev/dri/card0: in use by another program, such as a desktop";
    assert_eq!(error("guest-operator twice"), busy);
    let size = error("guest-operator drm 801 481");
    let expected = "error: /dev/dri/card0 Virtual-1: expected a mode of 801 x 481 pixels, as the screens have, found ";
    assert!(size.starts_with(expected) && size.contains("800x480@"), "{size}");
    assert_eq!(error("modprobe -r virtio_gpu; guest-operator drm"), "error: /dev/dri/card*: no such device");
    assert_eq!(error("guest-operator framebuffer"), "error: /dev/fb0: no such device");
}

/// One machine for all: to start one takes longer than what is done with it.
#[test]
#[ignore = "needs a kernel: make vm-test"]
fn panel_and_hands_work_fail_and_come_back() {
    let mut machine = machine();
    drm_shows_every_pixel_and_hands_are_felt(&mut machine);
    a_framebuffer_shows_every_pixel(&mut machine);
    a_touch_screen_that_is_unplugged_works_again_when_it_is_plugged_in(&mut machine);
    a_panel_that_is_unplugged_shows_again_when_it_is_plugged_in(&mut machine);
    what_keeps_a_panel_dark_is_told(&mut machine);
}
