//! The device as it ships, on a whole Linux in software: real V4L2, real DRM, real touch, the controller's real firmware. A
//! patient is screened, and everything that can be pulled out is.
//!
//! `OCELLUS_VM_PICTURES` names a folder that keeps what was seen on the panel; `docs/hardware.md` shows it.

mod arm64;
mod bench;
mod eyes;
mod package;

use std::{
    thread,
    time::{Duration, Instant},
};

use ocellus::{
    encounter::{Question, Stage, View},
    station::{Patient, Press, Screen},
};
use ocellus_model::laterality::Laterality;
use ocellus_tests::{emulator::Lamps, patience::Deadline};
use serde_json::json;

use crate::bench::{Bench, SOON};

const DARK: Lamps = Lamps { aiming: false, fixation: false, flash: false };
/// Fills the disk to its last byte.
const FILL: &str = "for size in 1048576 4096 512; do dd if=/dev/zero of=/store/full$size bs=$size; done; sync";
/// How long the camera says nothing.
const STALL: Duration = Duration::from_secs(60);

/// From a fresh start to the first eye: by finger, keys and code scanner.
fn sign_in_and_confirm(bench: &mut Bench) {
    bench.wait_for("sign-in");
    bench.assert_golden("sign-in");
    bench.then("pin", |bench| bench.touch(&bench::sign_in(), Press::Operator(0)));
    bench.type_pin();
    next_patient(bench, "4711|roe, jane|1961-02-28");
}

/// A patient's code is scanned and confirmed, and the question answered.
fn next_patient(bench: &mut Bench, code: &str) {
    bench.then("confirm", |bench| bench.scan(code));
    bench.then("question", |bench| bench.touch(&Screen::Confirm(Patient::default()), Press::Continue));
    bench.assert_golden("question");
    let question = Screen::Encounter(View::Question(Question::Symptoms));
    bench.then("aim", |bench| bench.touch(&question, Press::Answer(false)));
}

/// Prints how long it takes until the device says so.
fn recovers(bench: &mut Bench, fault: &str, since: Instant, until: impl Fn(&str) -> bool) {
    bench.hear(fault, until);
    println!("{fault}: {:.1} s", since.elapsed().as_secs_f64());
}

fn frames_are_lost_and_damaged(bench: &mut Bench) -> usize {
    bench.camera("percentage_of_dropped_buffers=30");
    for _ in 0..5 {
        bench.camera("inject_v4l2_buf_flag_error=1");
    }
    bench.eye(Laterality::Od);
    let judged = bench.photograph_well("aim");
    bench.camera("percentage_of_dropped_buffers=0");
    judged
}

fn the_stream_fails(bench: &mut Bench) {
    let began = Instant::now();
    bench.camera("inject_fatal_streaming_error=1");
    bench.wait_for("fault");
    recovers(bench, "a stream that fails", began, |line| line == "aim");
}

fn the_camera_says_nothing_for_a_minute(bench: &mut Bench) {
    bench.camera("percentage_of_dropped_buffers=100");
    bench.wait_for("fault");
    thread::sleep(STALL);
    bench.assert_golden("fault-camera-lost");
    bench.camera("percentage_of_dropped_buffers=0");
    let began = Instant::now();
    recovers(bench, "a camera that said nothing for a minute", began, |line| line == "aim");
}

fn the_camera_is_pulled_out(bench: &mut Bench) {
    bench.camera("disconnect=1");
    bench.wait_for("fault");
    bench.assert_golden("fault-camera-lost");
    bench.plug_camera_out();
    bench.plug_camera_in();
    let began = Instant::now();
    recovers(bench, "a camera that was pulled out", began, |line| line == "aim");
}

fn the_line_is_pulled_out_during_a_flash(bench: &mut Bench) {
    // It stands still, so that the flash is ordered and never answered before the line is gone.
    bench.controller.hang();
    let aim = View::Aim { eye: Laterality::Os, tries_left: 3, stage: Stage::Undilated, other_open: false };
    bench.touch(&Screen::Encounter(aim), Press::Photograph);
    bench.machine.qmp().ask("device_del", json!({ "id": "controller" }));
    bench.machine.qmp().event("DEVICE_DELETED", SOON);
    bench.wait_for("fault");
    bench.assert_golden("fault-controller-lost");
    bench.controller.go_on();
    // The firmware puts the light out by itself when it hears nothing.
    Deadline::new("dark lamps").wait(|| (bench.controller.lamps() == DARK).then_some(()));
    let line = json!({ "driver": "usb-serial", "id": "controller", "bus": "usb.0", "chardev": "line" });
    bench.machine.qmp().ask("device_add", line);
    let began = Instant::now();
    recovers(bench, "a serial line that was pulled out", began, |line| line == "aim");
}

fn the_controller_starts_anew(bench: &mut Bench) {
    let began = Instant::now();
    bench.controller.spoil_memory();
    bench.wait_for("fault");
    recovers(bench, "a controller that starts anew", began, |line| line == "aim");
}

/// The reserve takes the photograph of a patient who sits there.
fn the_disk_is_full(bench: &mut Bench) -> usize {
    bench.machine.beside().run(FILL, SOON);
    bench.shutter();
    bench.hear("what was kept free", |line| line.contains("reserve: given up"));
    bench.judged_well("result")
}

/// Nothing is left: the photograph waits in memory until there is room.
fn the_reserve_is_gone(bench: &mut Bench) -> usize {
    bench.machine.beside().run(FILL, SOON);
    next_patient(bench, "4712|doe, john|1950-01-01");
    bench.eye(Laterality::Od);
    bench.then("fault", Bench::shutter);
    bench.assert_golden("fault-store-full");
    bench.machine.beside().must("rm /store/full*", SOON);
    let began = Instant::now();
    bench.shutter();
    let judged = bench.judged_well("aim");
    println!("a full disk, from trying again: {:.1} s", began.elapsed().as_secs_f64());
    judged
}

// verifies: RQ-051, RQ-170
#[test]
#[ignore = "needs a kernel: make vm-test"]
fn a_patient_is_screened_whatever_is_pulled_out_and_nothing_is_lost_when_the_power_is_cut() {
    let mut bench = Bench::new();
    bench.start();
    sign_in_and_confirm(&mut bench);
    let first = frames_are_lost_and_damaged(&mut bench);
    bench.eye(Laterality::Os);
    the_stream_fails(&mut bench);
    the_camera_says_nothing_for_a_minute(&mut bench);
    the_camera_is_pulled_out(&mut bench);
    bench.eye(Laterality::Os);
    the_controller_starts_anew(&mut bench);
    the_line_is_pulled_out_during_a_flash(&mut bench);
    let first = first + the_disk_is_full(&mut bench);
    bench.picture("result");
    bench.then("report", Bench::shutter);
    bench.picture("report");
    bench.then("home", Bench::shutter);
    let second = the_reserve_is_gone(&mut bench);
    bench.eye(Laterality::Os);
    bench.shutter();
    bench.hear("a photograph that is judged", |line| line == "judging");
    let mut bench = bench.power_cut();
    let told = bench.machine.must("ocellus record list --config /etc/ocellus.toml", SOON);
    let told: Vec<Vec<&str>> = told.lines().map(|line| line.split('\t').collect()).collect();
    let stored: Vec<[&str; 4]> = told.iter().map(|line| [line[0], line[2], line[3], line[4]]).collect();
    let [first, second] = [first, second].map(|judged| judged.to_string());
    let expected = [["ocellus-000002", "broken off", &second, "4712"], ["ocellus-000001", "ended", &first, "4711"]];
    assert_eq!(stored, expected, "the second patient's other eye was not judged yet");
    bench.machine.must("ocellus record check --config /etc/ocellus.toml", SOON);
    let began = Instant::now();
    bench.start();
    bench.wait_for("sign-in");
    println!("a power cut, from the program's start to sign-in: {:.1} s", began.elapsed().as_secs_f64());
}
