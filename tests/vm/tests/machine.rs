//! The virtual machine itself: it starts, runs commands, has its modules, and QEMU can be asked.

use std::time::Duration;

use ocellus_vm::{Hardware, Image, Kit, Machine, Said};
use serde_json::json;

const SOON: Duration = Duration::from_secs(300);

#[test]
#[ignore = "needs a kernel: make vm-test"]
fn it_starts_and_does_what_it_is_told() {
    let kit = Kit::find();
    let image = Image::new(&kit).modules(&["vivid", "uinput"]).tool("v4l2-ctl").file("/etc/word", b"so it is\n");
    let mut machine = Machine::start(&kit, image, &Hardware::default());
    assert_eq!(machine.must("cat /etc/word; uname -r", SOON), format!("so it is\n{}\n", kit.version()));
    assert_eq!(machine.run("exit 7", SOON).code, 7);
    assert_eq!(machine.must("cat", SOON), "", "a command must not eat the commands after it");
    machine.must("modprobe vivid n_devs=1", SOON);
    let cameras = machine.must("v4l2-ctl --device /dev/video0 --info", SOON);
    assert!(cameras.contains("vivid"), "{cameras}");
    machine.begin("echo first; echo second; echo third; false");
    assert_eq!(machine.line(SOON, "the second line", |line| line.starts_with('s')), "second");
    assert_eq!(machine.finish(SOON), Said { code: 1, text: "third\n".to_owned() });
    let status = machine.qmp().ask("query-status", json!({}));
    assert_eq!(status["running"], true);
    machine.begin("poweroff -f");
    machine.qmp().event("SHUTDOWN", SOON);
}
