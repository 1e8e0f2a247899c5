//! The camera's driver on the kernel's virtual camera: the contract of every camera, and each fault it must survive.

use std::time::Duration;

use ocellus_vm::{Hardware, Image, Kit, Machine};

/// A command's time where other work takes the processors.
const LONG: Duration = Duration::from_secs(1800);
const SOON: Duration = Duration::from_secs(300);

fn machine() -> Machine {
    let kit = Kit::find();
    let image = Image::new(&kit).modules(&["vivid"]).program("guest-camera").tool("v4l2-ctl");
    Machine::start(&kit, image, &Hardware::default())
}

/// A machine with one camera of the simplest kind; frames of one plane where `planes` is 1.
fn with_camera(planes: u32) -> Machine {
    let mut machine = machine();
    machine.must(&format!("modprobe vivid n_devs=1 num_inputs=1 input_types=0 multiplanar={planes}"), SOON);
    machine
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn the_contract_of_every_camera_is_kept() {
    let mut machine = with_camera(1);
    for wish in ["YUYV 640 480 25", "RGB3 640 480 25", "YUYV 1920 1080 5", "RGB3 1280 720 5"] {
        print!("{wish}: {}", machine.must(&format!("guest-camera contract {wish}"), LONG));
    }
    // It has no JPEGs, and the driver says nothing when asked for them: it gives something else.
    let refused = machine.run("guest-camera contract MJPG 640 480 25", SOON);
    assert!(refused.code == 1 && refused.text.contains("offers no MJPG 640x480, but YUYV "), "{}", refused.text);
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn every_fault_is_told_and_survived() {
    print!("{}", machine().must("guest-camera faults", LONG));
}

/// A photograph as a camera would send it: a gradient with noise, so that each is as long as another kind of.
fn jpeg(number: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..480_u32)
        .flat_map(|y| (0..640_u32).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let grain = (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ number) >> 27;
            [(x / 3) as u8, (y / 2) as u8, (grain * 8) as u8]
        })
        .collect();
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 80);
    encoder.encode(&pixels, 640, 480, jpeg_encoder::ColorType::Rgb).expect("it fits");
    bytes
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn a_camera_that_sends_jpegs_keeps_the_contract_and_its_torn_ones_are_dropped() {
    let kit = Kit::find();
    let mut image = Image::new(&kit).modules(&["v4l2loopback"]).program("guest-camera").tool("v4l2-ctl");
    for number in 0..5 {
        let whole = jpeg(number);
        image = image.file(&format!("/whole/{number}.jpg"), &whole);
        let end = if number == 3 { whole.len() / 2 } else { whole.len() };
        image = image.file(&format!("/some-torn/{number}.jpg"), &whole[..end]);
    }
    let mut machine = Machine::start(&kit, image, &Hardware::default());
    machine.must("modprobe v4l2loopback devices=1", SOON);
    for (folder, look) in [("whole", "contract"), ("whole", "measure"), ("some-torn", "torn")] {
        machine.beside().must(&format!("guest-camera play /{folder} MJPG 640 480 15 >/tmp/played 2>&1 & echo"), SOON);
        // It has a format once the first frame is played.
        while machine.run("v4l2-ctl -d /dev/video0 --list-formats | grep MJPG", SOON).code != 0 {}
        print!("{look}: {}", machine.must(&format!("guest-camera {look} MJPG 640 480 15"), LONG));
        machine.beside().must("killall guest-camera; cat /tmp/played; echo", SOON);
    }
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn a_camera_of_several_planes_is_no_camera_here() {
    let said = with_camera(2).run("guest-camera contract YUYV 640 480 25", SOON);
    assert!(said.code == 1 && said.text.contains("no such camera"), "{}", said.text);
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn frames_and_processor_time_are_measured() {
    let mut machine = with_camera(1);
    for wish in ["YUYV 640 480 25", "YUYV 1920 1080 5"] {
        print!("{wish}: {}", machine.must(&format!("guest-camera measure {wish}"), LONG));
    }
}
