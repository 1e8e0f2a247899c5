//! A new user's way from drawn eyes to a signed bundle: each command is the one that the last printed.

use super::*;

/// The command a verb printed as the next one.
fn next(said: &str) -> &str {
    let line = said.lines().rfind(|line| line.starts_with("next: ocellus-trainer "));
    line.unwrap_or_else(|| panic!("no next command in: {said}")).trim_start_matches("next: ")
}

/// Every file below a folder with its length and when it was written.
fn files(folder: &Path) -> Vec<(PathBuf, u64, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let known = entry.metadata().unwrap();
        if known.is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push((entry.path(), known.len(), known.modified().unwrap()));
        }
    }
    found.sort();
    found
}

/// The path of the first file below a folder whose path ends so.
fn first_of(folder: &Path, end: &str) -> String {
    let found = files(folder).into_iter().find(|(path, ..)| path.ends_with(end));
    found.unwrap_or_else(|| panic!("no {end}")).0.display().to_string()
}

#[test]
fn five_printed_commands_lead_from_practice_eyes_to_a_signed_bundle() {
    let home = tempfile::tempdir().unwrap();
    let run = |command: &str| {
        // As typed into a shell, whose folder the paths are relative to.
        let command = command.replacen("ocellus-trainer", env!("CARGO_BIN_EXE_ocellus-trainer"), 1);
        let output = Command::new("sh").arg("-c").arg(&command).current_dir(home.path()).output().unwrap();
        // 3: some photographs could not be judged, which is said and is no failure.
        assert!([Some(0), Some(3)].contains(&output.status.code()), "{command}: {}", text(&output));
        text(&output)
    };
    let mut said = run("ocellus-trainer practice --out practice --count 60 --size 160");
    let mut verbs = Vec::new();
    for _ in 0..5 {
        let command = next(&said).to_owned();
        // First without touching anything: no file is written, changed or removed.
        let before = files(home.path());
        run(&format!("{command} --dry-run"));
        assert_eq!(files(home.path()), before, "{command} --dry-run");
        verbs.push(command.split_whitespace().nth(1).unwrap().to_owned());
        said = run(&command);
        assert!(!said.contains("the figures flatter"), "{command}: {said}");
    }
    assert_eq!(verbs, ["split", "train", "evaluate", "export", "sign"]);
    // And the sixth says whether a device would take it.
    let verify = next(&said).to_owned();
    assert!(verify.starts_with("ocellus-trainer verify --trust ocellus.key.pub "), "{verify}");
    run(&verify);
    // A second signature takes the key that is there.
    let key = fs::read(home.path().join("ocellus.key")).unwrap();
    run("ocellus-trainer sign --key ocellus.key --new-key practice/first-run/bundle");
    assert_eq!(fs::read(home.path().join("ocellus.key")).unwrap(), key);
    let card = fs::read_to_string(home.path().join("practice/first-run/bundle/README.md")).unwrap();
    assert!(card.contains("the network was drawn anew") && card.contains("## Evaluation"), "{card}");
    // Where the network looked is drawn, each output on a sheet of its own.
    let sheets: Vec<&str> =
        card.match_indices("](maps/").map(|(at, _)| card[at + 2..].split(')').next().unwrap()).collect();
    assert!(!sheets.is_empty() && card.contains("## Where the network looked"), "{card}");
    for sheet in sheets {
        let drawn = image::open(home.path().join("practice/first-run/bundle").join(sheet)).unwrap().into_rgb8();
        assert!(drawn.pixels().any(|Rgb([red, _, blue])| red.saturating_sub(*blue) > 40), "{sheet}: no place is warm");
    }
    assert!(card.contains("## Parted and measured again") && card.contains(" --like "), "{card}");
    // The split can be made again from what the bundle says, without the photographs being compared.
    let manifest = first_of(home.path(), "manifest.csv");
    run(&format!("ocellus-trainer split {manifest} --root practice --like practice/first-run/bundle --out same"));
    for side in ["train", "validation", "test"] {
        let rows = |path: &str| {
            let text = fs::read_to_string(path).unwrap();
            let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
            rows.sort();
            rows
        };
        let [made, same] =
            [format!("{side}.csv"), format!("same/{side}.csv")].map(|name| rows(&first_of(home.path(), &name)));
        assert_eq!(made, same, "{side}");
    }
    let mut like = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
    like.current_dir(home.path()).args(["split", &manifest, "--like", "practice", "--out", "other"]);
    let output = like.output().unwrap();
    assert!(output.status.code() == Some(2) && text(&output).contains("trained-on.txt"), "{}", text(&output));
    // The bundle knows what made it, whatever split it is measured on later.
    let train = first_of(home.path(), "train.csv");
    let said = run(&format!(
        "ocellus-trainer evaluate --bundle practice/first-run/bundle --manifest {train} --root practice --out again"
    ));
    assert!(said.contains(" trained the network and 0 chose its epoch or thresholds: the figures flatter"), "{said}");
}
