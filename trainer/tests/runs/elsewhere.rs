//! A training on another machine: packed here, adopted here.

use ocellus_model::{field::Field, preprocess};
use ocellus_trainer::{
    pack::{PHOTOGRAPHS, Plan},
    split::Side,
    train::{TrainedElsewhere, config::Config},
};

use super::*;

fn trainer(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer")).args(arguments).output().unwrap();
    (output.status.code(), text(&output))
}

/// Packs the bench's split as a plan of this name.
fn pack(bench: &Bench, name: &str) -> Plan {
    pack_into(bench, "pack", name, "88")
}

fn pack_into(bench: &Bench, out: &str, name: &str, quality: &str) -> Plan {
    let (config, root, folder) = (bench.path("run.toml"), bench.dir.path(), bench.path(out));
    let [config, root, folder] = [config.to_str().unwrap(), root.to_str().unwrap(), folder.to_str().unwrap()];
    let mut arguments = vec!["pack", "--config", config, "--split", root, "--root", root, "--out", folder];
    arguments.extend(["--name", name, "--side", "128", "--quality", quality]);
    let (code, said) = trainer(&arguments);
    assert_eq!(code, Some(0), "{said}");
    serde_json::from_slice(&fs::read(bench.path(out).join(format!("{name}.json"))).unwrap()).unwrap()
}

#[test]
fn a_pack_holds_every_labelled_photograph_once_and_nothing_of_a_patient() {
    let bench = Bench::new("");
    let plan = pack(&bench, "first");
    assert_eq!((plan.sides[&Side::Train].len(), plan.sides[&Side::Validation].len()), (BATCHES_AN_EPOCH * 4, 8));
    assert_eq!(plan.outputs.len(), plan.sides[&Side::Train][0].targets.len());
    let written = |bench: &Bench| fs::read_dir(bench.path("pack").join(PHOTOGRAPHS)).unwrap().count();
    let count = written(&bench);
    // Photographs of the same bytes are one file, and a second plan writes none anew.
    assert!(count <= BATCHES_AN_EPOCH * 4 + 8 && count > 8, "{count}");
    assert_eq!(pack(&bench, "second"), plan);
    assert_eq!(written(&bench), count);
    // Unknown weighs nothing; validation is not balanced.
    for row in plan.sides.values().flatten() {
        assert!(row.targets.iter().zip(&row.weights).all(|(target, weight)| *weight > 0.0 || *target == 0.0));
    }
    assert!(plan.sides[&Side::Validation].iter().flat_map(|row| &row.weights).all(|w| [0.0, 1.0].contains(w)));
    // A poorer one is smaller and otherwise the same.
    assert_eq!(pack_into(&bench, "poor", "first", "40"), plan);
    let size = |folder: &str| -> u64 {
        let files = fs::read_dir(bench.path(folder).join(PHOTOGRAPHS)).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
    };
    assert!(size("poor") < size("pack") * 9 / 10, "{} of {}", size("poor"), size("pack"));
    let text = fs::read_to_string(bench.path("pack/first.json")).unwrap();
    assert!(!text.contains("train0.png"), "the pack names the original files");
}

#[test]
fn a_packed_square_gives_the_network_the_same_as_the_photograph() {
    let bench = Bench::new("");
    let plan = pack(&bench, "plan");
    let spec = &plan.spec;
    let original = eye(0, false, true);
    let found = ocellus_model::field::find_field(&original).unwrap();
    let expected = preprocess::preprocess(&original, &found, spec).data;
    let square = bench.path("pack").join(PHOTOGRAPHS).join(&plan.sides[&Side::Train][0].file);
    let square = ocellus_model::image::read(&square).unwrap().pixels;
    let half = f64::from(plan.side) / 2.0;
    let field = Field { centre_x: half, centre_y: half, radius: half, visible_radius: half, confidence: 1.0 };
    let made = preprocess::preprocess(&square, &field, spec).data;
    let apart: f32 = made.iter().zip(&expected).map(|(a, b)| (a - b).abs()).sum::<f32>() / made.len() as f32;
    assert!(apart < 1.0, "mean difference {apart} of 255");
}

#[test]
fn what_was_trained_elsewhere_becomes_a_run_with_figures_of_our_own() {
    let bench = Bench::new("");
    let plan = pack(&bench, "plan");
    let result = bench.path("result");
    fs::create_dir(&result).unwrap();
    weights(0.25).write(&result.join("model.safetensors")).unwrap();
    let mut said = TrainedElsewhere {
        program: "other 1.0".to_owned(),
        device: "card".to_owned(),
        outputs: plan.outputs.clone(),
        spec: plan.spec.clone(),
        train_photographs: 40,
        steps: 120,
        train_loss: vec![0.7, 0.5],
        recipe: "epochs = 2".to_owned(),
    };
    let adopt = |said: &TrainedElsewhere, out: &str| {
        fs::write(result.join("result.json"), serde_json::to_vec(said).unwrap()).unwrap();
        let paths = [bench.path("run.toml"), bench.dir.path().to_owned(), bench.path("weights.safetensors")];
        let [config, root, weights] = paths.map(|path| path.to_str().unwrap().to_owned());
        let out = bench.path(out);
        trainer(&[
            "adopt",
            result.to_str().unwrap(),
            "--config",
            &config,
            "--split",
            &root,
            "--root",
            &root,
            "--weights",
            &weights,
            "--out",
            out.to_str().unwrap(),
        ])
    };
    let (code, text) = adopt(&said, "adopted");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ocellus-trainer evaluate --run"), "{text}");
    let run = bench.path("adopted");
    let info = RunInfo::read(&run).unwrap();
    assert_eq!((info.program.as_str(), info.best.step, info.best.epoch), ("other 1.0", 120, 2));
    assert_eq!(info.metrics.len(), 1);
    assert!(info.metrics[0].auroc.iter().flatten().count() > 0);
    assert_eq!(Config::read(&run.join("config.toml")).unwrap().seed, 5);
    let predictions = fs::read_to_string(run.join("predictions.csv")).unwrap();
    assert_eq!(predictions.lines().count(), 9);
    let metrics: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.join("metrics.json")).unwrap()).unwrap();
    assert_eq!(metrics["anomaly"]["auroc"].as_f64(), info.metrics[0].auroc[0], "measured here, not taken over");
    // Another number of photographs than the split has is said, and what the other program says is kept.
    said.train_photographs = 7;
    let (code, text) = adopt(&said, "fewer");
    assert!(code == Some(0) && text.contains("trained on 7 photographs, the split has 40"), "{text}");
    assert_eq!(RunInfo::read(&bench.path("fewer")).unwrap().train_photographs, 7);
    // A run that is there is not written over; a result of other pixels is refused.
    assert_eq!(adopt(&said, "adopted").0, Some(2));
    // So is a network without a head, or with one that does not fit: it would be drawn anew.
    weights(1.0).write(&result.join("model.safetensors")).unwrap();
    let (code, text) = adopt(&said, "headless");
    assert!(code != Some(0) && text.contains("head.weight"), "{text}");
    let mut narrow = weights(1.0);
    narrow.insert("head.weight", vec![7, 8], vec![0.1; 56]);
    narrow.insert("head.bias", vec![7], vec![0.0; 7]);
    narrow.write(&result.join("model.safetensors")).unwrap();
    let (code, text) = adopt(&said, "narrow");
    assert!(code != Some(0) && text.contains("7 outputs, expected 8"), "{text}");
    said.spec.size = 128;
    let (code, text) = adopt(&said, "other");
    assert!(code == Some(2) && text.contains("size: 128") && text.contains("size: 64"), "{text}");
}
