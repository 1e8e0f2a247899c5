//! The table of codes that other systems are sent: `codes.toml`, and what a site's own file puts in its place.
//!
//! Terms: a *use* is one thing that is said, such as "right eye". A *system* is who wrote a code, such as LOINC. Each use
//! has a text and the program's own code; most have a code of a system beside them. Where there is none, or the site has
//! no licence for SNOMED, text and own code suffice.
//!
//! Not here: which use is said when.

mod uses;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use uses::Use;

/// The system of the program's own codes, which are the names of uses. A UUID, since no domain is registered.
pub const OWN_SYSTEM: &str = "urn:uuid:3d0251d0-f2b3-4ef9-8bfa-03d2dbf06b9f";
/// The same in HL7 v2, where local systems begin with 99.
pub const OWN_HL7V2: &str = "99OCL";

const SHIPPED: &str = include_str!("codes.toml");
const SNOMED: &str = "snomed";

/// Words that promise more than a screening can: no text and no display has them, whoever wrote it.
const NEVER: [&str; 6] = ["normal", "healthy", "clear", "negative", "fine", "unremarkable"];

/// Why a table of codes was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodesError {
    /// It is not TOML, lacks a key, or has one that nobody knows.
    #[error("codes: {0}")]
    Unreadable(String),
    /// A use has no entry.
    #[error("codes: no entry for {0}")]
    Missing(&'static str),
    /// An entry is not as it must be.
    #[error("codes: {entry}: {fact}")]
    Entry {
        /// The use or system.
        entry: String,
        /// What is wrong with it.
        fact: String,
    },
}

/// A code of a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    /// The system as FHIR names it, a URI.
    pub system: String,
    /// The system as HL7 v2 names it.
    pub hl7v2: String,
    /// The code.
    pub code: String,
    /// What the system calls it.
    pub display: String,
    /// The system's version, where it is known.
    pub version: Option<String>,
}

/// How one thing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concept<'a> {
    /// For people.
    pub text: &'a str,
    /// The program's own code, of [`OWN_SYSTEM`].
    pub own: &'static str,
    /// A code of a system; none where there is none or the site may not use it.
    pub coded: Option<&'a Coded>,
}

/// All codes, checked.
#[derive(Debug, Clone)]
pub struct Codes {
    entries: BTreeMap<Use, Entry>,
    systems: BTreeMap<String, System>,
    snomed: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    text: String,
    coded: Option<(String, Coded)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    snomed: Option<bool>,
    #[serde(default)]
    systems: BTreeMap<String, System>,
    #[serde(default)]
    codes: BTreeMap<Use, Written>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    uri: String,
    hl7v2: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    text: String,
    system: Option<String>,
    code: Option<String>,
    display: Option<String>,
    version: Option<String>,
    no_code: Option<String>,
    source: String,
    checked_on: String,
}

impl Codes {
    /// The table that ships.
    ///
    /// # Errors
    /// When it is not as it must be; a test holds that it is.
    pub fn shipped() -> Result<Self, CodesError> {
        let empty = Codes { entries: BTreeMap::new(), systems: BTreeMap::new(), snomed: true };
        let codes = empty.with(SHIPPED, false)?;
        match Use::ALL.iter().find(|used| !codes.entries.contains_key(used)) {
            Some(missing) => Err(CodesError::Missing(missing.name())),
            None => Ok(codes),
        }
    }

    /// The table with what a site's file replaces, adds or switches off.
    ///
    /// # Errors
    /// When the file is not as it must be, or replaces a mark of what is not real.
    pub fn with_site(self, toml: &str) -> Result<Self, CodesError> {
        self.with(toml, true)
    }

    /// How something is said.
    pub fn concept(&self, used: Use) -> Concept<'_> {
        // A use without an entry can't be: `shipped` refuses it, and a site's file only replaces.
        let (text, coded) = self.entries.get(&used).map_or((used.name(), None), |entry| {
            let allowed = |(system, _): &&(String, Coded)| self.snomed || system != SNOMED;
            (entry.text.as_str(), entry.coded.as_ref().filter(allowed).map(|(_, coded)| coded))
        });
        Concept { text, own: used.name(), coded }
    }

    fn with(mut self, toml: &str, by_site: bool) -> Result<Self, CodesError> {
        let file: File = toml::from_str(toml).map_err(|error| CodesError::Unreadable(error.to_string()))?;
        for (name, system) in file.systems {
            if by_site && self.systems.contains_key(&name) {
                return Err(entry_error(&name, "is a system already"));
            }
            if !is_written(&system.uri) || !is_written(&system.hl7v2) {
                return Err(entry_error(&name, "uri and hl7v2 must not be empty"));
            }
            self.systems.insert(name, system);
        }
        self.snomed = file.snomed.unwrap_or(self.snomed);
        for (used, written) in file.codes {
            if by_site && used.is_fixed() {
                return Err(entry_error(used.name(), "marks what is not real, and cannot be replaced"));
            }
            let entry = written.checked(&self.systems).map_err(|fact| entry_error(used.name(), &fact))?;
            self.entries.insert(used, entry);
        }
        Ok(self)
    }
}

impl Written {
    fn checked(self, systems: &BTreeMap<String, System>) -> Result<Entry, String> {
        for (key, value) in [("text", &self.text), ("source", &self.source)] {
            if !is_written(value) {
                return Err(format!("{key} must not be empty"));
            }
        }
        if !is_day(&self.checked_on) {
            return Err(format!("checked_on is {:?}, expected YYYY-MM-DD", self.checked_on));
        }
        for said in [Some(&self.text), self.display.as_ref()].into_iter().flatten() {
            let said = said.to_lowercase();
            let mut words = said.split(|c: char| !c.is_alphabetic());
            if let Some(word) = words.find(|word| NEVER.contains(word)) {
                return Err(format!("{word:?} promises more than a screening can"));
            }
        }
        let coded = match (self.system, self.code, self.display, self.no_code) {
            (Some(name), Some(code), Some(display), None) if is_written(&code) && is_written(&display) => {
                let system = systems.get(&name).ok_or_else(|| format!("system {name:?} is not in [systems]"))?;
                let System { uri, hl7v2 } = system.clone();
                Some((name, Coded { system: uri, hl7v2, code, display, version: self.version }))
            }
            (None, None, None, Some(why)) if is_written(&why) && self.version.is_none() => None,
            _ => return Err("needs system, code and display, or no_code with the reason, and not both".to_owned()),
        };
        Ok(Entry { text: self.text, coded })
    }
}

fn entry_error(entry: &str, fact: &str) -> CodesError {
    CodesError::Entry { entry: entry.to_owned(), fact: fact.to_owned() }
}

fn is_written(text: &str) -> bool {
    !text.trim().is_empty()
}

/// Whether text has the shape `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use ocellus_model::label::Output;

    use super::*;

    const ENTRY: &str = "text = \"Opacity\"\nsource = \"the site's board\"\nchecked_on = \"2026-11-28\"\n";
    const CODED: &str = "system = \"snomed\"\ncode = \"193570009\"\ndisplay = \"Cataract\"\n";

    fn site(toml: &str) -> Result<Codes, String> {
        Codes::shipped().unwrap().with_site(toml).map_err(|error| error.to_string())
    }

    #[test]
    fn every_use_ships_with_text_and_every_output_has_one() {
        let codes = Codes::shipped().unwrap();
        for &used in Use::ALL {
            let concept = codes.concept(used);
            assert!(is_written(concept.text) && concept.own == used.name(), "{used:?}");
        }
        for output in Output::ALL {
            assert_eq!(Use::of(output).name(), output.as_str());
        }
        assert_eq!(codes.concept(Use::Other).coded, None);
        assert_eq!(codes.concept(Use::Glaucoma).coded.unwrap().code, "23986001");
    }

    #[test]
    fn the_shipped_table_without_one_of_its_entries_is_refused() {
        let empty = || Codes { entries: BTreeMap::new(), systems: BTreeMap::new(), snomed: true };
        let cut = SHIPPED.replace("[codes.glaucoma]", "[codes.unknown_use]");
        assert!(empty().with(&cut, false).unwrap_err().to_string().contains("unknown_use"));
        // A table that is whole as a file and lacks a use.
        let (before, after) = SHIPPED.split_once("[codes.glaucoma]").unwrap();
        let (_, after) = after.split_once("[codes.").unwrap();
        let codes = empty().with(&format!("{before}[codes.{after}"), false).unwrap();
        assert!(Use::ALL.iter().any(|used| !codes.entries.contains_key(used)));
    }

    #[test]
    fn a_site_replaces_entries_and_adds_systems() {
        let codes = site(&format!("[codes.opacity]\n{ENTRY}{CODED}")).unwrap();
        assert_eq!(codes.concept(Use::Opacity).coded.unwrap().code, "193570009");
        let own = CODED.replace("snomed", "clinic");
        let toml =
            format!("[systems.clinic]\nuri = \"urn:oid:2.999\"\nhl7v2 = \"99CLN\"\n[codes.opacity]\n{ENTRY}{own}");
        assert_eq!(site(&toml).unwrap().concept(Use::Opacity).coded.unwrap().hl7v2, "99CLN");
    }

    #[test]
    fn without_snomed_text_and_own_code_are_left_and_other_systems_stay() {
        let codes = site("snomed = false").unwrap();
        for &used in Use::ALL {
            let concept = codes.concept(used);
            assert!(concept.coded.is_none_or(|coded| !coded.system.contains("snomed")), "{used:?}");
        }
        assert_eq!(codes.concept(Use::RightEye).text, "Right eye");
        assert!(codes.concept(Use::Report).coded.is_some());
    }

    #[test]
    fn entries_that_tell_too_little_or_too_much_are_refused() {
        let without = |key: &str| -> String {
            ENTRY.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect()
        };
        for (toml, fact) in [
            (format!("[codes.opacity]\n{}{CODED}", without("source")), "source"),
            (format!("[codes.opacity]\n{}{CODED}", ENTRY.replace("the site's board", " ")), "source"),
            (format!("[codes.opacity]\n{}{CODED}", without("checked_on")), "checked_on"),
            (format!("[codes.opacity]\n{}{CODED}", ENTRY.replace("2026-11-28", "today")), "checked_on"),
            (format!("[codes.opacity]\n{ENTRY}{CODED}colour = 1"), "colour"),
            (format!("[codes.opacity]\n{ENTRY}{CODED}no_code = \"none\""), "not both"),
            (format!("[codes.opacity]\n{ENTRY}"), "no_code"),
            (format!("[codes.opacity]\n{ENTRY}{}", CODED.replace("snomed", "icd")), "icd"),
            (format!("[codes.no_signs]\n{}{CODED}", ENTRY.replace("Opacity", "Normal")), "promises"),
            (format!("[codes.flag_signs]\n{ENTRY}{}", CODED.replace("Cataract", "Negative")), "promises"),
            (format!("[codes.opactiy]\n{ENTRY}{CODED}"), "opactiy"),
            (format!("[codes.test_data]\n{ENTRY}no_code = \"no\""), "cannot be replaced"),
            ("[systems.snomed]\nuri = \"urn:x\"\nhl7v2 = \"X\"".to_owned(), "already"),
            ("snomed = \"no\"".to_owned(), "snomed"),
        ] {
            let error = site(&toml).unwrap_err();
            assert!(error.contains(fact), "{toml}\n{error}");
        }
    }
}
