//! What goes wrong in many a notebook on the same data, and can't here or is loud: colours of another network's
//! convention, one softmax over conditions that occur together, a copy or a mirror image on both sides of a split.

use ocellus_model::quality::Gradability;
use ocellus_trainer::manifest::{Manifest, Row, write_rows};

use super::*;

fn trainer(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer")).args(arguments).output().unwrap();
    (output.status.code(), text(&output))
}

#[test]
fn colours_of_another_convention_are_refused_before_anything_is_read() {
    let bench = Bench::new("");
    let output = bench.train("run", 2).args(["--set", "input.variant=torchvision"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("need the colour variant Vgg16"), "{}", text(&output));
    assert!(!bench.path("run").exists());
}

#[test]
fn colours_from_minus_124_to_152_train_without_a_number_that_is_none() {
    // The notebook's network gave NaN from the first epoch on these colours, at ten times a rate that suits them.
    let bench = Bench::new("[optimizer]\nclip_norm = 1.0\n");
    let settings = ["--set", "schedule.head_rate=0.01", "--set", "trainable=all", "--set", "schedule.epochs=3"];
    let output = bench.train("run", 2).args(settings).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let info = RunInfo::read(&bench.path("run")).unwrap();
    assert!(info.metrics.iter().all(|line| line.train_loss.is_finite() && line.validation_loss.is_finite()));
}

#[test]
fn conditions_that_occur_together_can_t_be_given_one_softmax() {
    let bench = Bench::new("");
    let with = |setting: &str| {
        let output = bench.train("run", 2).args(["--set", setting]).output().unwrap();
        (output.status.code(), text(&output))
    };
    let (code, said) = with("loss.kind=softmax");
    assert!(code == Some(2) && said.contains("unknown key loss.kind"), "{said}");
    // Each of several labels keeps its own probability: they need not add up to 1, and here they don't.
    bench.finish("run", 2);
    let predictions = fs::read_to_string(bench.path("run/predictions.csv")).unwrap();
    let sums: Vec<f64> = predictions
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(1).map(|cell| cell.parse::<f64>().unwrap()).sum())
        .collect();
    assert!(sums.iter().any(|sum| (sum - 1.0).abs() > 0.2), "{sums:?}");
}

// verifies: RQ-140
#[test]
fn a_copy_a_mirror_image_and_a_patient_planted_across_a_split_are_found_by_name() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (code, said) = trainer(&["practice", "--out", &path("eyes"), "--count", "30", "--size", "400"]);
    assert_eq!(code, Some(0), "{said}");
    let (manifest, eyes, split) = (path("eyes/manifest.csv"), path("eyes"), path("split"));
    let (code, said) = trainer(&["split", &manifest, "--root", &eyes, "--out", &split]);
    assert_eq!(code, Some(0), "{said}");
    let check = || trainer(&["split", "--check", &split, "--root", &eyes]);
    assert_eq!(check().0, Some(0), "{}", check().1);

    let side = |name: &str| home.path().join("split").join(name);
    let train = Manifest::read(&side("train.csv")).unwrap().rows;
    let validation = Manifest::read(&side("validation.csv")).unwrap().rows;
    // Ungradable eyes have no detail to be known again by.
    let clear = train.iter().find(|row| row.quality == Some(Gradability::Good)).unwrap();
    let source = image::open(home.path().join("eyes").join(&clear.file)).unwrap();
    let plant = |name: &str, picture: &image::DynamicImage, row: Row| {
        picture.save(home.path().join("eyes").join(name)).unwrap();
        let mut rows = validation.clone();
        rows.push(Row { file: name.to_owned(), ..row });
        write_rows(&side("validation.csv"), &rows).unwrap();
        check()
    };
    let stranger = Row { source: "elsewhere".to_owned(), ..Row::default() };
    let (code, said) = plant("copy.png", &source, stranger.clone());
    assert!(code == Some(4) && said.contains(&clear.file) && said.contains("copy.png"), "{said}");
    let (code, said) = plant("mirrored.png", &source.fliph(), stranger.clone());
    assert!(code == Some(4) && said.contains("mirrored.png") && said.contains("mirror"), "{said}");
    // Another picture, but the same patient of the same source.
    let other = image::open(home.path().join("eyes").join(&validation[0].file)).unwrap();
    let (code, said) = plant(
        "visit.png",
        &other.blur(3.0),
        Row { source: clear.source.clone(), patient: clear.patient.clone(), ..Row::default() },
    );
    assert!(code == Some(4) && said.contains("visit.png") && said.contains("patient"), "{said}");
}
