//! The device on an ARM64 board: what most boards for devices are.

use ocellus_model::laterality::Laterality;

use crate::{
    bench::{Bench, SOON},
    sign_in_and_confirm,
};

#[test]
#[ignore = "needs a kernel and a program for ARM64: make arm64-test"]
fn a_patient_is_screened_on_arm64() {
    let mut bench = Bench::on_arm64();
    bench.start();
    let tested = bench.hear("the self-test", |line| line.contains("self-test of"));
    println!("{tested}");
    sign_in_and_confirm(&mut bench);
    for (eye, then) in [(Laterality::Od, "aim"), (Laterality::Os, "result")] {
        bench.eye(eye);
        bench.photograph_well(then);
    }
    bench.picture("result-arm64");
    bench.then("report", Bench::shutter);
    bench.then("home", Bench::shutter);
    let told = bench.machine.beside().must("ocellus --version && uname -m", SOON);
    assert!(told.ends_with("aarch64\n"), "{told}");
}
