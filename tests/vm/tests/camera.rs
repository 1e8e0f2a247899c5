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
    assert!(refused.code == 1 && refused.text.contains("offers no MJPG 640x480"), "{}", refused.text);
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn every_fault_is_told_and_survived() {
    print!("{}", machine().must("guest-camera faults", LONG));
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
