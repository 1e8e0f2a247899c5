//! The device in software: the program that ships on a whole Linux with camera, panel, touch screen, code scanner, disk and
//! the controller's firmware; before it an operator's eyes and hands, behind it somebody who breaks things.

use std::{
    env, fs,
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use embedded_graphics::prelude::Point;
use image::RgbImage;
use ocellus::{
    screens::{Context, Screens},
    station::{Press, Screen},
};
use ocellus_board::panel::Geometry;
use ocellus_model::{label::Output, laterality::Laterality};
use ocellus_tests::{
    bundles::SignedBundle,
    emulator::{Emulator, firmware},
    programs::pin_line,
};
use ocellus_vm::{Architecture, Disk, Hardware, Image, Kit, Machine, disk};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::eyes::{self, HEIGHT, WIDTH};

/// How long anything may take: the processors are emulated, and other work may take what there is of the real ones.
pub(crate) const SOON: Duration = Duration::from_secs(600);
/// A touch counts from half a second after its screen came; the rest is for a machine that draws slowly.
const SETTLES: Duration = Duration::from_millis(1500);
/// How long what was pressed may take to count.
const TAKEN: Duration = Duration::from_secs(30);
/// From one look at the panel to the next.
const LOOK: Duration = Duration::from_millis(200);
/// What QEMU's absolute axes reach to.
const MOST: u32 = 0x7fff;
/// Rows of the status bar: what it says depends on the day.
const BAR: u32 = 40;
/// The PIN of everybody here.
const PIN: &str = "2580";
const OPERATORS: [&str; 5] = ["Amina K.", "Bashir O.", "Chipo M.", "Dinesh R.", "Esi B."];
const MODULES: [&str; 7] = ["virtio_gpu", "virtio_input", "evdev", "xhci_pci", "usbhid", "hid_generic", "ftdi_sio"];
/// The disk's size in MiB: for the record alone, and for a Debian with it.
const DISK_MIB: (u64, u64) = (64, 1024);
/// Where the record lies on a disk of its own.
const RECORD_APART: &str = "[store]\nfolder = \"/store/record\"\nkey_file = \"/store/record.key\"\n";
/// Where it lies, and what judges, on a Debian.
const RECORD: &str = "[store]\nfolder = \"/var/lib/ocellus\"\n";
const CLINICS_OWN: &str = "[bundle]\nfolder = \"/etc/ocellus/bundle\"\ntrust = [\"/etc/ocellus/maker.pub\"]\n";
/// Lets the service tell its screens.
const TELLS: &[u8] = b"[Service]\nEnvironment=RUST_LOG=info,ocellus::shell=debug NO_COLOR=1\n";
/// What the name of a screen stands behind then.
const SCREEN: &str = "ocellus::shell] screen ";

/// The device and what is done to it.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) machine: Machine,
    pub(crate) controller: Emulator,
    screens: Screens,
    parts: Parts,
}

/// What outlives the device's power.
#[derive(Debug)]
struct Parts {
    kit: Kit,
    program: PathBuf,
    firmware: PathBuf,
    bundle: SignedBundle,
    config: String,
    disk: Disk,
    folder: TempDir,
    system: System,
}

/// What the program runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    /// A kernel, and the program at the end of a line.
    Bare,
    /// The same on an ARM64 board, with the program that was built for it.
    Arm64,
    /// A Debian, where it is a package and a service.
    Debian,
}

impl Parts {
    /// What judges: a tiny network. `OCELLUS_SHIPPED=1` has the one that ships, whose self-test takes minutes on processors that
    /// are emulated.
    fn bundle(&self) -> PathBuf {
        if ships() {
            return Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/bundles/first-light");
        }
        self.bundle.directory()
    }

    fn line(&self) -> PathBuf {
        self.folder.path().join("line")
    }

    fn controller(&self) -> Emulator {
        Emulator::on_socket(&self.firmware, self.folder.path(), "pins", &self.line())
    }

    fn machine(&self) -> Machine {
        let image = Image::new(&self.kit).modules(&MODULES).modules(&["vivid"]);
        let mut image = match self.system {
            System::Bare | System::Arm64 => {
                image.modules(&disk::MODULES).built("ocellus", &self.program).tool("v4l2-ctl")
            }
            System::Debian => image
                .from_disk()
                .file("/put/packages/before.deb", &self.kit.package("before.deb"))
                .file("/put/packages/ocellus.deb", &self.kit.package("ocellus.deb"))
                .file("/put/etc/systemd/system/ocellus.service.d/tells.conf", TELLS),
        };
        let at = match self.system {
            System::Bare | System::Arm64 => "",
            System::Debian => "/put",
        };
        image = image
            .file(&format!("{at}/etc/ocellus.toml"), self.config.as_bytes())
            .folder(&format!("{at}/bundle"), &self.bundle())
            .file(&format!("{at}/maker.pub"), &fs::read(self.bundle.key_file()).expect("the bundle has its key"));
        for eye in [Laterality::Od, Laterality::Os] {
            image = image.file(&format!("{at}/eyes/{eye}"), &eyes::frame(eye));
        }
        let hardware = Hardware { processors: 2, memory_mib: 1024, ..Hardware::default() }
            .with("-device virtio-gpu-pci,id=gpu,xres=800,yres=480 -device virtio-keyboard-pci")
            .with("-device qemu-xhci,id=usb -device usb-tablet,id=finger,bus=usb.0")
            .with(&format!("-chardev socket,id=line,path={},reconnect=1", self.line().display()))
            .with("-device usb-serial,id=controller,bus=usb.0,chardev=line");
        let mut machine = Machine::start(&self.kit, image, &self.disk.plugged_into(hardware));
        match self.system {
            System::Bare | System::Arm64 => self.disk.mount(&mut machine, SOON),
            System::Debian => drop(machine.must("depmod", SOON)),
        }
        machine.load(&MODULES, SOON);
        machine
    }
}

impl Bench {
    /// A device that has not been started, with an empty disk.
    pub(crate) fn new() -> Self {
        Self::on(System::Bare, RECORD_APART)
    }

    /// One under Debian, with the packages below `/packages`, the configuration as `/etc/ocellus.toml`, and beside them a bundle
    /// and its key that it names.
    pub(crate) fn on_debian() -> Self {
        // Where none is named, the package's own judges.
        Self::on(System::Debian, &[RECORD, if ships() { "" } else { CLINICS_OWN }].concat())
    }

    /// One on an ARM64 board.
    pub(crate) fn on_arm64() -> Self {
        Self::on(System::Arm64, RECORD_APART)
    }

    fn on(system: System, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the device's parts");
        let firmware = firmware().expect("the controller's program: make vm-test builds it");
        let here = PathBuf::from(env!("CARGO_BIN_EXE_ocellus-under-test"));
        let config = config(&here, more);
        let bundle = SignedBundle::constant(&[(Output::Anomaly, 2.0), (Output::DiabeticRetinopathy, 3.0)]);
        let (architecture, program) = match system {
            System::Bare | System::Debian => (Architecture::Amd64, here),
            System::Arm64 => {
                let built = env::var_os("OCELLUS_ARM64").expect("OCELLUS_ARM64 names the program: make arm64-test");
                (Architecture::Arm64, PathBuf::from(built))
            }
        };
        let (kit, path) = (Kit::of(architecture), folder.path().join("disk"));
        let disk = match system {
            System::Bare | System::Arm64 => Disk::new(path, DISK_MIB.0),
            System::Debian => Disk::of(&kit.debian(), path, DISK_MIB.1),
        };
        let parts = Parts { kit, program, firmware, bundle, config, disk, folder, system };
        let controller = parts.controller();
        let machine = parts.machine();
        let mut bench = Bench { machine, controller, screens: Screens::new(Geometry::SEVEN_INCH), parts };
        bench.plug_camera_in();
        bench
    }

    /// Lets the kernel have its camera.
    pub(crate) fn plug_camera_in(&mut self) {
        let shell = self.machine.beside();
        shell.must(
            "modprobe vivid n_devs=1 node_types=0x101 num_inputs=1 input_types=3 num_outputs=1 output_types=1",
            SOON,
        );
        for node in ["/dev/video0", "/dev/video1"] {
            shell.must(
                &format!("v4l2-ctl -d {node} --set-dv-bt-timings gtf,width={WIDTH},height={HEIGHT},fps=30"),
                SOON,
            );
        }
        shell.must(&format!("v4l2-ctl -d /dev/video1 -x width={WIDTH},height={HEIGHT},pixelformat=RGB3"), SOON);
        // What the first shows, the second sees.
        shell.must("v4l2-ctl -d /dev/video0 -c loop_video=1,osd_text_mode=2", SOON);
    }

    /// Takes the camera away, as soon as nobody holds it.
    pub(crate) fn plug_camera_out(&mut self) {
        self.no_eye();
        let began = Instant::now();
        while self.machine.beside().run("rmmod vivid", SOON).code != 0 {
            assert!(began.elapsed() < SOON, "the camera is held for ever");
            thread::sleep(LOOK);
        }
    }

    /// Sets one of the camera's knobs.
    pub(crate) fn camera(&mut self, knob: &str) {
        self.machine.beside().must(&format!("v4l2-ctl -d /dev/video0 -c {knob}"), SOON);
    }

    /// Takes a photograph until one is judged: a flash whose frame is lost costs no try.
    pub(crate) fn photograph(&mut self) {
        self.shutter();
        while self.hear("a photograph", |line| ["judging", "fault"].contains(&line)) == "fault" {
            thread::sleep(SETTLES);
            self.assert_golden("fault-camera-lost");
            self.then("aim", Self::shutter);
            self.shutter();
        }
    }

    /// Photographs an eye until the photograph is judged good enough and `then` comes; tells how many were judged.
    pub(crate) fn photograph_well(&mut self, then: &str) -> usize {
        self.photograph();
        self.judged_well(then)
    }

    /// Takes a photograph that is judged again until one is good enough and `then` comes; tells how many were judged. Where
    /// processors are slow, what plays the eye falls behind, and the camera sees noise.
    pub(crate) fn judged_well(&mut self, then: &str) -> usize {
        let mut judged = 1;
        while self.hear(then, |line| [then, "retake"].contains(&line)) == "retake" {
            thread::sleep(SETTLES);
            self.then("aim", Self::shutter);
            self.photograph();
            judged += 1;
        }
        thread::sleep(SETTLES);
        judged
    }

    /// Cuts the power, whatever is going on, and switches the device on again. The controller starts anew with it.
    pub(crate) fn power_cut(self) -> Self {
        let Bench { machine, controller, screens, parts } = self;
        drop((machine, controller));
        fs::remove_file(parts.line()).expect("the line's socket");
        let controller = parts.controller();
        let machine = parts.machine();
        let mut bench = Bench { machine, controller, screens, parts };
        bench.plug_camera_in();
        bench
    }

    /// A patient's eye comes before the camera; returns when it is seen on the panel. Somebody aims meanwhile.
    pub(crate) fn eye(&mut self, eye: Laterality) {
        self.no_eye();
        // What stands on the panel may be the eye of before, for seconds where the processors are slow.
        self.until("an empty place before the camera", |seen| !shows_eye(seen));
        let shell = self.machine.beside();
        let show = format!("v4l2-ctl -d /dev/video1 --stream-out-mmap --stream-from /eyes/{eye} --stream-loop");
        shell.must(&format!("{show} >/dev/null 2>&1 &"), SOON);
        self.until("an eye on the panel", shows_eye);
    }

    /// Nobody sits before the camera.
    pub(crate) fn no_eye(&mut self) {
        // A small Debian has no killall. Where nothing plays, there is nothing to end.
        self.machine.beside().run("kill $(pidof v4l2-ctl)", SOON);
    }

    /// Starts the program.
    pub(crate) fn start(&mut self) {
        // It is switched off when its lines end.
        let run = "ocellus run --script --config /etc/ocellus.toml --bundle /bundle --trust /maker.pub";
        self.machine.begin(&match self.parts.system {
            System::Bare | System::Arm64 => format!("tail -f /dev/null | RUST_LOG=info NO_COLOR=1 {run}"),
            System::Debian => "journalctl --follow --output=cat --unit=ocellus".to_owned(),
        });
        if self.parts.system == System::Debian {
            self.machine.beside().must("systemctl enable --now ocellus", SOON);
        }
    }

    /// A finger or a press, and the screen that comes of it. It is done again where nothing comes for half a minute: what is meant
    /// for a screen that was not drawn yet counts for nothing, and a slow machine draws late.
    pub(crate) fn then(&mut self, name: &str, mut act: impl FnMut(&mut Self)) {
        let began = Instant::now();
        loop {
            act(self);
            match self.machine.line_or_not(TAKEN, name, |line| said(line) == name) {
                Ok(_) => break thread::sleep(SETTLES),
                Err(passed) => assert!(began.elapsed() < SOON, "{name}: never came. It said:\n{passed}"),
            }
        }
    }

    /// Waits for a screen; those before it are passed over.
    pub(crate) fn wait_for(&mut self, name: &str) {
        self.hear(name, |line| line == name);
        thread::sleep(SETTLES);
    }

    /// Waits for a line of the program's, and tells it; those before it are passed over. Of one that says which screen has come, its
    /// name is what counts.
    pub(crate) fn hear(&mut self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let line = self.machine.line(SOON, what, |line| is_it(said(line)));
        screen(&line).to_owned()
    }

    /// Waits until the panel shows a golden picture, but for the status bar.
    pub(crate) fn assert_golden(&mut self, name: &str) {
        let golden =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/screens/en-800x480").join(format!("{name}.png"));
        let golden = image::open(&golden).unwrap_or_else(|error| panic!("{}: {error}", golden.display())).to_rgb8();
        let below = |picture: &RgbImage| picture.as_raw()[(BAR * 800 * 3) as usize..].to_vec();
        self.until(name, |seen| below(seen) == below(&golden));
    }

    /// Waits until the panel looks like that.
    fn until(&mut self, what: &str, is_it: impl Fn(&RgbImage) -> bool) {
        let began = Instant::now();
        while !is_it(&self.picture(what)) {
            assert!(began.elapsed() < SOON, "{what}: not seen on the panel");
            thread::sleep(LOOK);
        }
    }

    /// What the operator sees. `OCELLUS_VM_PICTURES` names a folder that keeps it.
    pub(crate) fn picture(&mut self, name: &str) -> RgbImage {
        let kept = env::var_os("OCELLUS_VM_PICTURES").map(PathBuf::from);
        let file = kept.unwrap_or(self.parts.folder.path().to_owned()).join(format!("{name}.png"));
        self.machine.qmp().screendump(Some("gpu"), &file);
        let reader = BufReader::new(File::open(&file).expect("QEMU has written it"));
        image::load(reader, image::ImageFormat::Png).expect("a PNG file").to_rgb8()
    }

    /// Touches what stands for a press on a screen of this kind.
    pub(crate) fn touch(&mut self, screen: &Screen, press: Press) {
        let controls = self.screens.draw(screen, &Context::default()).controls;
        let control = controls.iter().find(|control| control.press == press);
        let Point { x, y } = control.unwrap_or_else(|| panic!("{press:?} is not on {}", screen.name())).area.center();
        let axis = |axis: &str, value: i32, most: u32| json!({ "type": "abs", "data": { "axis": axis, "value": value as u32 * MOST / (most - 1) } });
        let button = |down: bool| json!({ "type": "btn", "data": { "button": "left", "down": down } });
        self.send(json!([axis("x", x, 800), axis("y", y, 480), button(true)]));
        thread::sleep(LOOK);
        self.send(json!([button(false)]));
    }

    /// Types the PIN on its screen, and is signed in.
    pub(crate) fn type_pin(&mut self) {
        let screen = Screen::Pin { name: String::new(), digits: 0, refused: None, locked: false };
        for digit in PIN.bytes() {
            self.then("pin", |bench| bench.touch(&screen, Press::Digit(digit - b'0')));
        }
        self.then("home", |bench| bench.touch(&screen, Press::Enter));
    }

    /// The code scanner types a code and a return.
    pub(crate) fn scan(&mut self, code: &str) {
        let key = |name: &str, down: bool| json!({ "type": "key", "data": { "down": down, "key": { "type": "qcode", "data": name } } });
        for letter in code.chars().chain(['\n']) {
            let (shifted, name) = match letter {
                '\n' => (false, "ret".to_owned()),
                '|' => (true, "backslash".to_owned()),
                '-' => (false, "minus".to_owned()),
                ',' => (false, "comma".to_owned()),
                ' ' => (false, "spc".to_owned()),
                letter => (letter.is_ascii_uppercase(), letter.to_ascii_lowercase().to_string()),
            };
            let mut events = vec![key(&name, true), key(&name, false)];
            if shifted {
                events.insert(0, key("shift", true));
                events.push(key("shift", false));
            }
            for event in events {
                self.send(json!([event]));
            }
        }
    }

    /// A short press of the shutter button on the controller: the main control, or the photograph.
    pub(crate) fn shutter(&mut self) {
        self.controller.shutter(true);
        thread::sleep(Duration::from_millis(250));
        self.controller.shutter(false);
    }

    fn send(&mut self, events: Value) {
        self.machine.qmp().ask("input-send-event", json!({ "events": events }));
    }
}

/// Whether the network that ships judges.
fn ships() -> bool {
    env::var_os("OCELLUS_SHIPPED").is_some()
}

/// What a line of the program's says. It is printed where the test's words are.
fn said(line: &str) -> &str {
    println!("    {line}");
    screen(line)
}

/// The name of a screen that has come, or the whole line.
fn screen(line: &str) -> &str {
    line.split_once(SCREEN).map_or(line, |(_, screen)| screen)
}

/// Whether the live picture on the panel is of an eye. Retinas are red; where nothing is shown, the camera sees noise of all
/// colours alike.
fn shows_eye(panel: &RgbImage) -> bool {
    let mean = |channel: usize| {
        let places = (140..260_u32).flat_map(|y| (110..230_u32).map(move |x| (x, y)));
        places.map(|(x, y)| u32::from(panel.get_pixel(x, y).0[channel])).sum::<u32>()
    };
    mean(0) > 2 * mean(2) && mean(0) > 30 * 120 * 120
}

/// The list of who may sign in.
pub(crate) fn sign_in() -> Screen {
    let names = OPERATORS[..4].iter().map(|name| (*name).to_owned()).collect();
    Screen::SignIn { names, first: 0, more: true, practise: true }
}

/// The device's configuration.
fn config(program: &Path, more: &str) -> String {
    let pin = pin_line(program, PIN);
    let operators: String = OPERATORS
        .iter()
        .enumerate()
        .map(|(number, name)| {
            format!("[[operators]]\nid = \"o{number}\"\nname = \"{name}\"\nrole = \"operator\"\n{pin}\n")
        })
        .collect();
    let fixed = include_str!("device.toml");
    format!(
        "{operators}{fixed}\n{more}\n[camera.v4l2]\nformats = [\"rgb24\"]\nwidth_px = {WIDTH}\nheight_px = {HEIGHT}\nframes_per_second = 30\nwarm_up_frames = 2\n"
    )
}
