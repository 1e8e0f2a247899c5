//! The package on a Debian, as a clinic's IT meets it: installed, set up, started by systemd with no more rights than its unit
//! gives, upgraded while somebody is being screened, killed, removed.

use ocellus_model::laterality::Laterality;
use ocellus_tests::patience::Deadline;

use crate::{
    DARK,
    bench::{Bench, SOON},
    next_patient, sign_in_and_confirm,
};

const LIST: &str = "runuser -u ocellus -- ocellus record list --config /etc/ocellus/ocellus.toml";
const CHECK: &str = "runuser -u ocellus -- ocellus record check --config /etc/ocellus/ocellus.toml";

/// Installs it, and sets it up as the manual says.
fn install(bench: &mut Bench) {
    let shell = bench.machine.beside();
    shell.must("dpkg -i /packages/before.deb", SOON);
    assert_ne!(shell.run("systemctl is-active ocellus", SOON).code, 0, "it must be set up before it is started");
    shell.must("cp -r /bundle /maker.pub /etc/ocellus/ && cp /etc/ocellus.toml /etc/ocellus/ocellus.toml", SOON);
    shell.must("ocellus config check /etc/ocellus/ocellus.toml", SOON);
}

/// A patient's eye comes before the camera and is photographed; tells how many photographs were judged.
fn photograph(bench: &mut Bench, eye: Laterality, then: &str) -> usize {
    bench.eye(eye);
    bench.photograph_well(then)
}

/// Stops the service and tells its encounters: name, state, photographs, patient.
fn encounters(bench: &mut Bench) -> Vec<[String; 4]> {
    let shell = bench.machine.beside();
    shell.must("systemctl stop ocellus", SOON);
    assert_eq!(shell.must("systemctl show --property=Result --value ocellus", SOON).trim(), "success");
    shell.must(CHECK, SOON);
    let told = shell.must(LIST, SOON);
    let lines = told.lines().map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    lines.map(|line| [0, 2, 3, 4].map(|at| line[at].clone())).collect()
}

// verifies: RQ-051
#[test]
#[ignore = "needs a kernel: make vm-test"]
fn the_package_is_installed_and_upgraded_over_a_running_encounter_and_loses_nothing() {
    let mut bench = Bench::on_debian();
    install(&mut bench);
    bench.start();
    sign_in_and_confirm(&mut bench);
    let both = [(Laterality::Od, "aim"), (Laterality::Os, "result")];
    let first: usize = both.into_iter().map(|(eye, then)| photograph(&mut bench, eye, then)).sum();
    bench.then("report", Bench::shutter);
    bench.then("home", Bench::shutter);
    next_patient(&mut bench, "4712|doe, john|1950-01-01");
    let second = photograph(&mut bench, Laterality::Od, "aim");

    bench.machine.beside().must("dpkg -i /packages/ocellus.deb", SOON);
    Deadline::new("dark lamps").wait(|| (bench.controller.lamps() == DARK).then_some(()));
    bench.wait_for("sign-in");
    let [first, second] = [first, second].map(|judged| judged.to_string());
    let stored = |bench: &mut Bench| {
        let expected = [["ocellus-000002", "broken off", &second, "4712"], ["ocellus-000001", "ended", &first, "4711"]];
        assert_eq!(encounters(bench), expected);
    };
    stored(&mut bench);

    // Killed, it comes back by itself; stopped on purpose, it stays.
    bench.machine.beside().must("systemctl start ocellus", SOON);
    bench.wait_for("sign-in");
    bench.machine.beside().must("systemctl kill --signal=KILL ocellus", SOON);
    bench.wait_for("sign-in");
    stored(&mut bench);

    // Removed with all its files, it leaves the record.
    bench.machine.beside().must("dpkg --purge ocellus", SOON);
    assert_ne!(bench.machine.beside().run("systemctl is-active ocellus", SOON).code, 0);
    bench.machine.beside().must("test -s /var/lib/ocellus/record/record.db", SOON);
}
