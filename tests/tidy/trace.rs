//! From hazards and threats over requirements to tests, and back: nothing without a counterpart.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
};

use serde::Deserialize;

use crate::{files, read, root};

/// What a line above a test begins with that says which requirements the test proves.
const MARK: &str = "// verifies:";
/// Where tests are looked for.
const PLACES: [&str; 5] = ["src", "models", "board", "trainer", "tests"];
/// The table that is made of all of it.
const TRACE: &str = "docs/safety/trace.md";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hazards {
    hazard: Vec<Hazard>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hazard {
    id: String,
    situation: String,
    harm: String,
    severity: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Threats {
    threat: Vec<Threat>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Threat {
    id: String,
    interface: String,
    kind: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirements {
    requirement: Vec<Requirement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    id: String,
    text: String,
    against: Vec<String>,
}

/// All of it, read.
struct Safety {
    hazards: Vec<Hazard>,
    threats: Vec<Threat>,
    requirements: Vec<Requirement>,
    /// Requirement → tests that say they prove it, as `file: name`.
    proofs: BTreeMap<String, BTreeSet<String>>,
}

impl Safety {
    fn read() -> Self {
        let text = |name: &str| read(&root().join("docs/safety").join(name));
        let hazards: Hazards = toml::from_str(&text("hazards.toml")).expect("docs/safety/hazards.toml");
        let threats: Threats = toml::from_str(&text("threats.toml")).expect("docs/safety/threats.toml");
        let requirements: Requirements =
            toml::from_str(&text("requirements.toml")).expect("docs/safety/requirements.toml");
        Self {
            hazards: hazards.hazard,
            threats: threats.threat,
            requirements: requirements.requirement,
            proofs: proofs(),
        }
    }

    /// Everything that has no counterpart, or is told twice, in words.
    fn orphans(&self) -> Vec<String> {
        let dangers: Vec<&str> = self
            .hazards
            .iter()
            .map(|hazard| &*hazard.id)
            .chain(self.threats.iter().map(|threat| &*threat.id))
            .collect();
        let requirements: Vec<&str> = self.requirements.iter().map(|requirement| &*requirement.id).collect();
        let mut found = Vec::new();
        for ids in [&dangers, &requirements] {
            let mut seen = BTreeSet::new();
            found.extend(ids.iter().filter(|id| !seen.insert(**id)).map(|id| format!("{id} is used twice")));
        }
        for danger in &dangers {
            if !self.requirements.iter().any(|requirement| requirement.against.iter().any(|id| id == danger)) {
                found.push(format!("{danger}: no requirement stands against it"));
            }
        }
        for Requirement { id, against, .. } in &self.requirements {
            if against.is_empty() {
                found.push(format!("{id} stands against nothing"));
            }
            let unknown = against.iter().filter(|danger| !dangers.contains(&danger.as_str()));
            found.extend(
                unknown.map(|danger| format!("{id} stands against {danger}, which is neither hazard nor threat")),
            );
            if !self.proofs.contains_key(id) {
                found.push(format!("{id}: no test says that it proves it"));
            }
        }
        for (id, tests) in &self.proofs {
            if !requirements.contains(&id.as_str()) {
                found.push(format!("{id} is no requirement, but is proved by {tests:?}"));
            }
        }
        found
    }

    /// The table for people.
    fn table(&self) -> String {
        let mut text = String::from(
            "# From hazards to tests\n\nWritten by `tests/tidy/trace.rs` (`UPDATE_TRACE=1`); what it is made of, \
             `docs/safety/README.md` tells.\n",
        );
        let requirements = |danger: &str| -> String {
            let against = |requirement: &&Requirement| requirement.against.iter().any(|id| id == danger);
            let ids: Vec<&str> =
                self.requirements.iter().filter(against).map(|requirement| requirement.id.as_str()).collect();
            ids.join(", ")
        };
        text.push_str("\n## Hazards\n\n| | situation | harm | severity | requirements |\n|---|---|---|---|---|\n");
        for Hazard { id, situation, harm, severity } in &self.hazards {
            let _ = writeln!(text, "| {id} | {situation} | {harm} | {severity} | {} |", requirements(id));
        }
        text.push_str("\n## Threats\n\n| | interface | kind | threat | requirements |\n|---|---|---|---|---|\n");
        for Threat { id, interface, kind, text: threat } in &self.threats {
            let _ = writeln!(text, "| {id} | {interface} | {kind} | {threat} | {} |", requirements(id));
        }
        text.push_str("\n## Requirements\n");
        for Requirement { id, text: requirement, against } in &self.requirements {
            let _ = write!(text, "\n**{id}** {requirement} (against {})\n\n", against.join(", "));
            for test in self.proofs.get(id).into_iter().flatten() {
                let _ = writeln!(text, "- {test}");
            }
        }
        text
    }
}

/// The requirements that tests say they prove. A mark has to stand right above a test.
fn proofs() -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in PLACES.iter().flat_map(|place| files(&root().join(place), ".rs")) {
        let source = read(&file);
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(ids) = line.strip_prefix(MARK) else { continue };
            let place = format!("{}:{}", file.display(), number + 1);
            assert_eq!(lines.get(number + 1), Some(&"#[test]"), "{place}: no test below");
            let name = lines[number + 2..]
                .iter()
                .find_map(|line| line.strip_prefix("fn ")?.split('(').next())
                .unwrap_or_else(|| panic!("{place}: the test below has no name"));
            let path = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
            for id in ids.split(',') {
                all.entry(id.trim().to_owned()).or_default().insert(format!("`{path}`: {name}"));
            }
        }
    }
    all
}

#[test]
fn every_hazard_and_threat_has_a_requirement_and_every_requirement_a_test() {
    let safety = Safety::read();
    assert_eq!(safety.orphans(), Vec::<String>::new());
    let table = safety.table();
    let path = root().join(TRACE);
    if env::var_os("UPDATE_TRACE").is_some() {
        fs::write(&path, &table).expect(TRACE);
    }
    assert!(fs::read_to_string(&path).is_ok_and(|text| text == table), "{TRACE} is not up to date: UPDATE_TRACE=1");
}

#[test]
fn an_orphan_on_either_side_is_found() {
    let id = |id: &str| id.to_owned();
    let hazard =
        |id: &str| Hazard { id: id.to_owned(), situation: String::new(), harm: String::new(), severity: String::new() };
    let mut safety = Safety {
        hazards: vec![hazard("HZ-01"), hazard("HZ-02")],
        threats: vec![],
        requirements: vec![
            Requirement { id: id("RQ-001"), text: String::new(), against: vec![id("HZ-01"), id("HZ-02")] },
            Requirement { id: id("RQ-002"), text: String::new(), against: vec![id("HZ-02")] },
        ],
        proofs: [("RQ-001", "a"), ("RQ-002", "b")].map(|(at, test)| (id(at), BTreeSet::from([id(test)]))).into(),
    };
    assert_eq!(safety.orphans(), Vec::<String>::new());
    safety.proofs.insert(id("RQ-009"), BTreeSet::from([id("c")]));
    safety.proofs.remove("RQ-002");
    safety.hazards.push(hazard("HZ-03"));
    safety.hazards.push(hazard("HZ-01"));
    safety.requirements[0].against.push(id("TH-07"));
    let found = safety.orphans();
    assert_eq!(found.len(), 5, "{found:?}");
    for (orphan, about) in found.iter().zip(["HZ-01", "HZ-03", "RQ-001", "RQ-002", "RQ-009"]) {
        assert!(orphan.starts_with(about), "{found:?}");
    }
}
