//! `[[operators]]`: who may sign in.
//!
//! A PIN never stands in a configuration: only its Argon2id hash does, as a PHC string
//! (`$argon2id$v=19$m=...,t=...,p=...$salt$hash`), and no message and no listing repeats that.
//!
//! Not here: signing in, and making hashes (`src/operators.rs`).

use std::fmt;

use argon2::{Params, password_hash::phc::PasswordHash};
use serde::{Serialize, Serializer};

use super::reader::{Choice, Section};

/// One who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// What is typed or scanned: 1 to 32 letters, digits, `.`, `-` and `_`. No two operators have the same.
    pub id: String,
    /// As it stands on the panel and in the report, 1 to 64 characters.
    pub name: String,
    /// What the operator may do.
    pub role: Role,
    /// The hash of the PIN.
    pub pin: PinHash,
}

/// What an operator may do. A *supervisor* may all that an *operator* may, *service* is a role apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Screens patients.
    Operator,
    /// Answers for a site's screening.
    Supervisor,
    /// Looks after the device.
    Service,
}

/// The Argon2id hash of a PIN. Neither printed nor written: it stands as "set".
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash(PasswordHash);

/// Memory of one hash in KiB: from the least that OWASP's password storage sheet recommends, so that whoever reads the
/// file can't try PINs quickly, to what a small device can spare.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 7 * 1024..=256 * 1024;
/// Passes over that memory.
const PASSES_MAX: u32 = 16;
/// Lanes.
const LANES_MAX: u32 = 4;

impl PinHash {
    /// The hash that a PHC string holds.
    ///
    /// # Errors
    /// What was expected, without what was found: no Argon2id, no salt or no hash, or parameters that are weak or would
    /// take a small device long (7 to 256 MiB, 1 to 16 passes, 1 to 4 lanes).
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || "the line that `ocellus config pin` prints ($argon2id$...)".to_owned();
        let hash = PasswordHash::new(text).map_err(|_| expected())?;
        let params = Params::try_from(&hash).map_err(|_| expected())?;
        // 0x13 is the only version that is not outdated (RFC 9106, section 3.1).
        if hash.algorithm.as_str() != "argon2id" || hash.version != Some(0x13) {
            return Err(expected());
        }
        let long_enough = |bytes: Option<usize>| bytes.is_some_and(|bytes| bytes >= 16);
        if !long_enough(hash.salt.as_ref().map(|salt| salt.len()))
            || !long_enough(hash.hash.as_ref().map(|hash| hash.len()))
        {
            return Err(expected());
        }
        let fits =
            MEMORY_KIB.contains(&params.m_cost()) && params.t_cost() <= PASSES_MAX && params.p_cost() <= LANES_MAX;
        if fits { Ok(PinHash(hash)) } else { Err("a hash of 7 to 256 MiB, 1 to 16 passes and 1 to 4 lanes".to_owned()) }
    }

    /// The hash, for checking a PIN against it.
    pub fn hash(&self) -> &PasswordHash {
        &self.0
    }
}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinHash(set)")
    }
}

impl Serialize for PinHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("set")
    }
}

impl Operator {
    /// Reads all of them; those with an error are left out, and the error is reported.
    pub(super) fn read_all(section: &mut Section<'_>) -> Vec<Self> {
        let mut ids: Vec<String> = Vec::new();
        let read = section.each("operators", |section| {
            let id = section.required("id", id);
            if let Some(id) = &id {
                if ids.contains(id) {
                    section.wrong("id", "an id that no other operator has".to_owned(), "choose another".to_owned());
                }
                ids.push(id.clone());
            }
            let name = section.required("name", name);
            let role = section.required("role", role);
            let pin = section.secret("pin", PinHash::parse);
            Some(Operator { id: id?, name: name?, role: role?, pin: pin? })
        });
        read.into_iter().flatten().collect()
    }
}

fn id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if (1..=32).contains(&text.len()) && text.chars().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("1 to 32 letters, digits, \".\", \"-\" or \"_\"".to_owned())
    }
}

fn name(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("a text of 1 to 64 characters".to_owned())
    }
}

fn role(text: &str) -> Result<Role, String> {
    let found = Role::ALL.iter().copied().find(|role| role.name() == text);
    found.ok_or_else(|| "\"operator\" or \"supervisor\" or \"service\"".to_owned())
}

impl Choice for Role {
    const ALL: &'static [Self] = &[Role::Operator, Role::Supervisor, Role::Service];

    fn name(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Supervisor => "supervisor",
            Role::Service => "service",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    /// Well-formed, and of no PIN; hashes of PINs are tested in `src/operators.rs`.
    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw\
                        $AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn one(id: &str, role: &str, pin: &str) -> String {
        format!("[[operators]]\nid = \"{id}\"\nname = \"Amina K.\"\nrole = \"{role}\"\npin = {pin}\n")
    }

    #[test]
    fn roles_are_written_as_they_are_read() {
        testing::written_as_read::<Role>();
    }

    #[test]
    fn operators_are_read_in_order() {
        let text = one("amina", "operator", &format!("\"{HASH}\"")) + &one("b-2", "service", &format!("\"{HASH}\""));
        let config = testing::of(&text).unwrap();
        let ids: Vec<(&str, Role)> = config.operators.iter().map(|one| (one.id.as_str(), one.role)).collect();
        assert_eq!(ids, [("amina", Role::Operator), ("b-2", Role::Service)]);
    }

    // verifies: RQ-084
    #[test]
    fn nothing_prints_a_pin_or_its_hash() {
        let config = testing::of(&one("amina", "operator", &format!("\"{HASH}\""))).unwrap();
        let shown = config.to_toml();
        assert!(shown.contains("pin = \"set\""), "{shown}");
        for text in [shown, format!("{config:?}")] {
            assert!(!text.contains("AAEC") && !text.contains("argon2id$"), "{text}");
        }
        for pin in ["\"59370\"", "59370", "[59370]"] {
            let errors = testing::of(&one("amina", "operator", pin)).unwrap_err().to_string();
            assert!(
                errors.contains("operators[1].pin: expected the line that `ocellus config pin` prints"),
                "{errors}"
            );
            assert!(!errors.contains("5937"), "{errors}");
        }
    }

    #[test]
    fn every_error_of_every_operator_is_told() {
        let text = one("a b", "boss", "\"\"") + "[[operators]]\nid = \"c\"\nrang = 1\n";
        let errors = testing::of(&text).unwrap_err().to_string();
        for part in [
            "a.toml:2: operators[1].id: expected 1 to 32 letters, digits, \".\", \"-\" or \"_\", found \"a b\"",
            "a.toml:4: operators[1].role: expected \"operator\" or \"supervisor\" or \"service\", found \"boss\"",
            "a.toml:5: operators[1].pin: expected",
            "a.toml:6: operators[2].name: expected a text of 1 to 64 characters, found nothing",
            "operators[2].role: expected",
            "operators[2].pin: expected",
            "a.toml:8: unknown key operators[2].rang",
        ] {
            assert!(errors.contains(part), "{part} is not in\n{errors}");
        }
    }

    #[test]
    fn two_operators_never_share_an_id() {
        let same = one("amina", "operator", &format!("\"{HASH}\""));
        let errors = testing::of(&(same.clone() + &same)).unwrap_err().to_string();
        assert!(errors.contains("operators[2].id: expected an id that no other operator has"), "{errors}");
    }

    // verifies: RQ-084
    #[test]
    fn weak_and_ruinous_hashes_are_refused() {
        assert!(PinHash::parse(HASH).is_ok());
        for (from, to) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=19456", "m=64"),
            ("m=19456", "m=4000000"),
            ("t=2", "t=99"),
            ("p=1", "p=64"),
            ("$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", ""),
        ] {
            assert!(PinHash::parse(&HASH.replace(from, to)).is_err(), "{to}");
        }
    }
}
