//! The device as it ships, on a whole Linux in software: real V4L2, real DRM, real touch, the controller's real firmware.

mod bench;
mod eyes;

use ocellus::{
    encounter::{Question, View},
    station::{Patient, Press, Screen},
};

use crate::{bench::Bench, eyes::Eye};

/// From a fresh start to the question before the photographs: by finger, keys and code scanner.
fn sign_in_and_confirm(bench: &mut Bench) {
    bench.wait_for("sign-in");
    bench.assert_golden("sign-in");
    bench.touch(&bench::sign_in(), Press::Operator(0));
    bench.wait_for("pin");
    bench.type_pin();
    bench.wait_for("home");
    bench.scan("4711|roe, jane|1961-02-28");
    bench.wait_for("confirm");
    bench.picture("confirm");
    bench.touch(&Screen::Confirm(Patient::default()), Press::Continue);
    bench.wait_for("question");
    bench.assert_golden("question");
    bench.touch(&Screen::Encounter(View::Question(Question::Symptoms)), Press::Answer(false));
    bench.wait_for("aim");
}

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn a_patient_is_screened() {
    let mut bench = Bench::new();
    bench.start();
    sign_in_and_confirm(&mut bench);
    bench.eye(Eye::Right);
    bench.picture("aim");
    bench.shutter();
    bench.wait_for("judging");
    bench.wait_for("aim");
    bench.eye(Eye::Left);
    bench.shutter();
    bench.wait_for("result");
    bench.picture("result");
}
