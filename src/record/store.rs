//! The record as a whole: made, opened, checked, and how a change to it becomes lasting.
//!
//! Not here: what is written (`write.rs`), what is read (`read.rs`), what is checked (`check.rs`).

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    Device, Stamp, StoreError,
    anchor::{Anchor, Known},
    chain::{Change, Head, New},
    check::{self, Finding, FindingKind},
    crypt::{self, Secret},
    files::Files,
    folder::{self, Building, FILES},
    header::{self, HEADER, Opened},
    key::Key,
    schema::{self, DATABASE},
};

/// A file that takes room, to be given up when there is none left.
const RESERVE: &str = "reserve";
/// Its length in bytes: room for the last changes to the database, and for a purge that makes more.
const RESERVE_BYTES: usize = 4 << 20;
/// The actor of what nobody in particular did.
pub(super) const DEVICE: &str = "device";
/// For how long sealed files are looked through at a start; it goes on where it ended the last time.
const LOOK: Duration = Duration::from_millis(100);

/// The record of a device, open. Only one program has it open at a time, and one thread uses it.
#[derive(Debug)]
pub struct Store {
    pub(super) folder: PathBuf,
    pub(super) device: Device,
    pub(super) db: Connection,
    pub(super) files: Files,
    pub(super) keys: Keys,
    /// None while findings are not accepted: what was found must be found again at the next start.
    anchor: Option<Anchor>,
    /// Why the anchor is behind, if it is.
    anchor_is_behind: Option<String>,
    head: Head,
    findings: Vec<Finding>,
    broken_off: Vec<String>,
    _lock: File,
}

/// The record's name and the keys that come from its master key.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) record: [u8; 16],
    pub(super) master: Secret,
    pub(super) database: Secret,
    pub(super) anchor: Secret,
    /// Wraps the data keys of encounters.
    pub(super) wrapping: Secret,
}

impl Keys {
    pub(super) fn of(Opened { record, master }: Opened) -> Self {
        Keys {
            record,
            database: crypt::derive(&master, "ocellus record: database"),
            anchor: crypt::derive(&master, "ocellus record: anchor"),
            wrapping: crypt::derive(&master, "ocellus record: data keys"),
            master,
        }
    }
}

impl Store {
    /// Whether there is a record in a folder, or what is left of one.
    pub fn is_at(folder: &Path) -> bool {
        [HEADER, DATABASE, super::anchor::ANCHOR].into_iter().any(|name| folder.join(name).exists())
    }

    /// Makes a record that `key` opens, in a folder that is empty or not there, and opens it. The folder is there as a
    /// whole or not at all; it must not be a mount point.
    ///
    /// # Errors
    /// When the folder is not empty, the key can't be used, or something can't be written.
    pub fn create(folder: &Path, key: &Key, device: Device, at: Stamp) -> Result<Self, StoreError> {
        let new = Building::begin(folder)?;
        let opened = Opened { record: crypt::random()?, master: crypt::secret()? };
        header::make(&opened, key)?.write(&new.path)?;
        let keys = Keys::of(opened);
        let path = new.path.join(DATABASE);
        folder::create_file(&path).map_err(StoreError::io(&path, "made"))?;
        let mut db = schema::connect(&path, &keys.database)?;
        let head = {
            let tx = db.transaction()?;
            schema::migrate(&tx, 0)?;
            tx.execute("INSERT INTO state (one, record, revision) VALUES (1, ?1, 1)", [keys.record])?;
            let mut change = Change { tx, head: Head::start(keys.record) };
            let new_line = New { actor: DEVICE, action: "create", subject: "record", detail: json!(device), row: None };
            change.log(at, new_line)?;
            let Change { tx, head } = change;
            tx.commit()?;
            head
        };
        db.close().map_err(|(_, error)| error)?;
        Anchor::create(&new.path, keys.anchor, keys.record, Known { revision: 1, head })?;
        new.finish(folder)?;
        Self::open(folder, key, device, at)
    }

    /// Opens the record in a folder, checks it, removes files that a crash left without an owner and closes encounters
    /// that it left unfinished as broken off. What was changed from outside is no error: see [`Store::findings`].
    ///
    /// # Errors
    /// When there is no record, another program has it open, the key does not open it, the header is changed or
    /// missing, the database is none of this record or a newer program's, or the disk can't be read.
    pub fn open(folder: &Path, key: &Key, device: Device, at: Stamp) -> Result<Self, StoreError> {
        if !Self::is_at(folder) {
            return Err(StoreError::NoRecord { folder: folder.to_owned() });
        }
        let lock = folder::lock(folder)?;
        let keys = Keys::of(header::read(folder, key)?);
        let path = folder.join(DATABASE);
        if !path.exists() {
            return Err(StoreError::NotADatabase { path });
        }
        let db = schema::connect(&path, &keys.database)?;
        let version = schema::version(&db)?;
        let files = Files::new(folder.join(FILES), keys.record);
        let (anchor, found) = Anchor::open(folder, keys.anchor.clone(), keys.record)?;
        let checked = check::at_start(&db, &files, &keys, &found, LOOK)?;
        let anchor = anchor.filter(|_| checked.findings.is_empty());
        let mut store = Store {
            folder: folder.to_owned(),
            device,
            db,
            files,
            keys,
            anchor,
            anchor_is_behind: None,
            head: checked.head,
            findings: checked.findings,
            broken_off: Vec::new(),
            _lock: lock,
        };
        if store.is_damaged() {
            store.reconnect()?;
            return Ok(store);
        }
        if let Err(error) = store.reserve() {
            log::warn!("{error}");
        }
        if version < schema::VERSION {
            store.migrate(version, at)?;
        }
        if store.findings.is_empty() {
            store.files.remove(checked.orphans.iter().map(String::as_str))?;
            store.look_on_from(checked.looked_until)?;
        }
        store.broken_off = store.break_off_unfinished(at)?;
        Ok(store)
    }

    /// The device that it is open for.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The record's own name, which a copy of it has too: 16 bytes of chance.
    pub fn id(&self) -> [u8; 16] {
        self.keys.record
    }

    /// What was changed from outside since it was written, and is not accepted; empty in all but bad days.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The names of encounters that a crash had left unfinished, and that were closed at this start.
    pub fn broken_off(&self) -> &[String] {
        &self.broken_off
    }

    /// The last line of the audit log. Kept elsewhere, it shows whether the whole folder was put back to an older
    /// state.
    pub fn head(&self) -> Head {
        self.head
    }

    /// A supervisor has looked at the findings: they are noted in the audit log, and encounters can begin again.
    ///
    /// # Errors
    /// When the database is damaged, or this can't be written.
    pub fn accept(&mut self, actor: &str, at: Stamp) -> Result<(), StoreError> {
        if let Some(damage) = self.findings.iter().find(|finding| finding.kind == FindingKind::Damaged) {
            return Err(StoreError::Damaged { found: damage.found.clone() });
        }
        if self.findings.is_empty() {
            return Ok(());
        }
        let detail = json!(self.findings);
        self.change(|change| {
            change.log(at, New { actor, action: check::ACCEPT, subject: "record", detail, row: None })
        })?;
        let known = Known { revision: self.revision()?, head: self.head };
        self.anchor = Some(Anchor::create(&self.folder, self.keys.anchor.clone(), self.keys.record, known)?);
        self.findings.clear();
        Ok(())
    }

    /// Writes something and takes it back: whether photographs could be stored now. When there is no room left, the
    /// change that failed gives up a reserve, with which the encounter can be ended and others purged; while the
    /// reserve is not there again, this says that the disk is full.
    ///
    /// # Errors
    /// When they could not, or the findings are not accepted.
    pub fn probe(&mut self) -> Result<(), StoreError> {
        self.refuse_if_suspect()?;
        self.reserve()?;
        self.files.probe()?;
        self.change(|_| Ok(()))?;
        match &self.anchor_is_behind {
            None => Ok(()),
            Some(reason) => {
                let path = self.folder.join(super::anchor::ANCHOR);
                Err(StoreError::Io { path, doing: "written", source: io::Error::other(reason.clone()) })
            }
        }
    }

    /// Adds a line to the audit log: who did what to what. `detail` must not name a patient.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn audit(
        &mut self,
        actor: &str,
        action: &str,
        subject: &str,
        detail: &impl Serialize,
        at: Stamp,
    ) -> Result<(), StoreError> {
        let detail = json("the audit line", detail)?;
        self.change(|change| change.log(at, New { actor, action, subject, detail, row: None }))
    }

    /// Stores something of the device's own under a name.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn keep(&mut self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let body = json("what the device keeps", value)?.to_string();
        self.change(|change| {
            let sql = "INSERT INTO kept (name, body) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET body = ?2";
            change.tx.prepare_cached(sql)?.execute([name, &body])?;
            Ok(())
        })
    }

    /// What the device kept under a name; none where it kept nothing.
    ///
    /// # Errors
    /// When it can't be read, or is not what is expected.
    pub fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let mut query = self.db.prepare_cached("SELECT body FROM kept WHERE name = ?1")?;
        let body: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        let Some(body) = body else { return Ok(None) };
        let read = serde_json::from_value(parse(&body)?);
        read.map(Some).map_err(|error| StoreError::Damaged { found: format!("{name}: {error}") })
    }

    /// From now on `key` opens the record, and the old one no more. Only the header is written anew: whoever has a copy
    /// of the old header and the old key can still open what is here.
    ///
    /// # Errors
    /// When the key can't be used or something can't be written.
    pub fn rekey(&mut self, key: &Key, actor: &str, at: Stamp) -> Result<(), StoreError> {
        let opened = Opened { record: self.keys.record, master: self.keys.master.clone() };
        let header = header::make(&opened, key)?;
        let detail = json!({ "to": key.kind() });
        self.change(|change| change.log(at, New { actor, action: "rekey", subject: "record", detail, row: None }))?;
        header.write(&self.folder)
    }

    /// Carries out changes as one: all are on disk when it returns, or none is there.
    pub(super) fn change<T>(
        &mut self,
        make: impl FnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let committed = self.commit(make);
        if committed.as_ref().is_err_and(StoreError::is_full) {
            let path = self.folder.join(RESERVE);
            match fs::remove_file(&path) {
                Ok(()) => log::warn!("{}: given up, as the disk is full", path.display()),
                Err(error) => log::warn!("{}: {error}", path.display()),
            }
        }
        let (made, known) = committed?;
        self.head = known.head;
        // It is stored: an anchor that is behind is caught up by the next change, and told by a probe meanwhile.
        if let Some(anchor) = &mut self.anchor {
            self.anchor_is_behind = anchor.write(known).err().map(|error| error.to_string());
            if let Some(reason) = &self.anchor_is_behind {
                log::error!("{reason}");
            }
        }
        Ok(made)
    }

    fn commit<T>(
        &mut self,
        make: impl FnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Result<(T, Known), StoreError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut change = Change { tx, head: self.head };
        let made = make(&mut change)?;
        let Change { tx, head } = change;
        let sql = "UPDATE state SET revision = revision + 1 RETURNING revision";
        let revision = tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        tx.commit()?;
        Ok((made, Known { revision, head }))
    }

    /// Makes sure that the reserve is there.
    fn reserve(&self) -> Result<(), StoreError> {
        let path = self.folder.join(RESERVE);
        let is_there = fs::metadata(&path).is_ok_and(|found| found.len() == RESERVE_BYTES as u64);
        if is_there {
            return Ok(());
        }
        let write = || -> io::Result<()> {
            let mut file = folder::create_file(&path)?;
            file.write_all(&vec![0; RESERVE_BYTES])?;
            file.sync_all()
        };
        write().map_err(StoreError::io(&path, "written"))
    }

    /// Refuses while findings are not accepted.
    pub(super) fn refuse_if_suspect(&self) -> Result<(), StoreError> {
        if self.findings.is_empty() { Ok(()) } else { Err(StoreError::Suspect(self.findings.clone())) }
    }

    /// Whether nothing should be written to the database any more.
    pub(super) fn is_damaged(&self) -> bool {
        self.findings.iter().any(|finding| finding.kind == FindingKind::Damaged)
    }

    /// Opens the database anew: SQLCipher reads nothing more once it has met a damaged page.
    pub(super) fn reconnect(&mut self) -> Result<(), StoreError> {
        self.db = Connection::open_in_memory()?;
        self.db = schema::connect(&self.folder.join(DATABASE), &self.keys.database)?;
        Ok(())
    }

    fn revision(&self) -> Result<i64, StoreError> {
        Ok(self.db.query_row("SELECT revision FROM state", [], |row| row.get(0))?)
    }

    fn migrate(&mut self, from: i64, at: Stamp) -> Result<(), StoreError> {
        let detail = json!({ "from": from, "to": schema::VERSION });
        self.change(|change| {
            schema::migrate(&change.tx, from)?;
            change.log(at, New { actor: DEVICE, action: "migrate", subject: "record", detail, row: None })
        })
    }
}

/// Something as JSON.
pub(super) fn json(what: &'static str, value: &impl Serialize) -> Result<Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::Json { what, reason: error.to_string() })
}

/// JSON that was stored.
pub(super) fn parse(body: &str) -> Result<Value, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Damaged { found: format!("no JSON: {error}") })
}
