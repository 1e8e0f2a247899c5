//! What opens a record, changed and lost as an installation would: a key file, a passphrase, and a TPM in software (swtpm), another
//! process that keeps the memory of a chip in a folder.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use ocellus::{
    record::{Begin, Key, Search, Store, StoreError},
    station::Patient,
};
use ocellus_tests::{patience::Deadline, programs::Run};
use tempfile::TempDir;

use super::{AT, shared};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ocellus-under-test");
const PHRASE: &str = "correct horse battery";

/// A TPM that is switched on.
struct Chip {
    process: Child,
    port: u16,
}

impl Chip {
    /// Switches on the chip whose memory lies in a folder; a new one where the folder is not there.
    fn on(memory: &Path) -> Self {
        fs::create_dir_all(memory).unwrap();
        let port = two_ports();
        let process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .args(["--tpmstate".to_owned(), format!("dir={}", memory.display())])
            .args(["--server".to_owned(), format!("type=tcp,port={port},disconnect")])
            .args(["--ctrl".to_owned(), format!("type=tcp,port={}", port + 1)])
            .stdout(Stdio::null())
            .spawn()
            .expect("swtpm is there: scripts/setup.sh test");
        Deadline::new("an answer of swtpm").wait(|| TcpStream::connect((Ipv4Addr::LOCALHOST, port + 1)).ok());
        Chip { process, port }
    }

    fn name(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    fn key(&self) -> Key {
        Key::Tpm(self.name())
    }
}

impl Drop for Chip {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// A port for commands, whose next one is for control.
fn two_ports() -> u16 {
    loop {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return port;
        }
    }
}

/// An installation with a record that has one encounter.
struct Installation {
    home: TempDir,
}

impl Installation {
    fn new(key: impl FnOnce(&Path) -> Key) -> Self {
        let home = tempfile::tempdir().unwrap();
        let record = home.path().join("store/record");
        fs::create_dir(home.path().join("store")).unwrap();
        let mut store = Store::create(&record, &key(home.path()), shared::device(), AT).unwrap();
        let patient = Patient::practice(1);
        let begin = Begin { patient: &patient, practice: false, operator: None };
        store.begin(begin, &(), AT).unwrap();
        Installation { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn open(&self, key: &Key) -> Result<Store, StoreError> {
        Store::open(&self.path("store/record"), key, shared::device(), AT)
    }

    /// `ocellus record VERB…` with something on standard input.
    fn record(&self, verb: &[&str], set: &[&str], typed: &str) -> Run {
        let mut command = Command::new(PROGRAM);
        command.arg("record").args(verb);
        for set in [&[&format!("store.folder={:?}", self.path("store")) as &str], set].concat() {
            command.args(["--set", set]);
        }
        Run::typed(&mut command, typed)
    }
}

// verifies: RQ-081
#[test]
fn a_tpm_opens_its_record_after_it_was_switched_off_and_no_other_tpm_does() {
    let chips = tempfile::tempdir().unwrap();
    let memory = chips.path().join("ours");
    let chip = Chip::on(&memory);
    let installation = Installation::new(|_| chip.key());
    drop(chip);
    let chip = Chip::on(&memory);
    assert_eq!(installation.open(&chip.key()).unwrap().list(&Search::default(), 9).unwrap().len(), 1);

    let other = Chip::on(&chips.path().join("other"));
    let error = installation.open(&other.key()).unwrap_err();
    assert!(matches!(error, StoreError::OtherTpm { .. }), "{error}");
    assert!(error.to_string().contains("restore a backup"), "{error}");
    let file = Key::create_file(&installation.path("device.key")).unwrap();
    let error = installation.open(&file).unwrap_err();
    assert!(matches!(error, StoreError::OtherKindOfKey { expected: "TPM", given: "key file", .. }), "{error}");

    let gone = chip.key();
    drop(chip);
    let error = installation.open(&gone).unwrap_err();
    assert!(matches!(error, StoreError::Tpm { .. }) && error.to_string().contains("127.0.0.1"), "{error}");
}

#[test]
fn an_installation_moves_its_record_from_a_key_file_to_a_passphrase_to_a_tpm_and_back() {
    let installation = Installation::new(|home| Key::create_file(&home.join("store/record.key")).unwrap());
    let chip = Chip::on(&installation.path("chip"));
    let tpm = format!("store.tpm={:?}", chip.name());
    let by_passphrase = ["store.opened_by=\"passphrase\""];
    let by_tpm = ["store.opened_by=\"tpm\"", &tpm];
    let list = |set: &[&str], typed: &str| installation.record(&["list"], set, typed);
    let told = |run: &Run, of: &str| assert!(run.code == Some(1) && run.err.contains(of), "{run:?}");
    let one = |run: Run| assert!(run.code == Some(0) && run.out.lines().count() == 1, "{run:?}");
    let moved = |run: Run, to: &str| {
        assert!(run.code == Some(0) && run.out.contains(&format!("store.opened_by = \"{to}\"")), "{run:?}");
    };

    one(list(&[], ""));
    let short = installation.record(&["rekey", "--passphrase"], &[], "short\n");
    told(&short, "expected at least 12");
    one(list(&[], ""));
    moved(installation.record(&["rekey", "--passphrase"], &[], &format!("{PHRASE}\n")), "passphrase");
    one(list(&by_passphrase, &format!("{PHRASE}\n")));
    told(&list(&by_passphrase, "another one altogether\n"), "not opened by this passphrase");
    told(&list(&[], ""), "opened by a passphrase, and a key file was given; see store.opened_by");

    let to_tpm = installation.record(&["rekey", "--tpm", &chip.name()], &by_passphrase, &format!("{PHRASE}\n"));
    moved(to_tpm, "tpm");
    one(list(&by_tpm, ""));
    told(&list(&["store.opened_by=\"tpm\"", "store.tpm=\"device:/dev/no-tpm\""], ""), "device:/dev/no-tpm");

    let key = installation.path("elsewhere/record.key");
    moved(installation.record(&["rekey", "--key-file", key.to_str().unwrap()], &by_tpm, ""), "key_file");
    one(list(&[&format!("store.key_file={key:?}")], ""));
    told(&list(&[], ""), "not opened by this key file");
    let log = installation.record(&["log"], &[&format!("store.key_file={key:?}")], "");
    assert_eq!(log.out.matches("\"rekey\"").count(), 3, "{log:?}");
    assert!(!log.out.contains(PHRASE));
}
