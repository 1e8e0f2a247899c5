//! Array jobs: many processes each take their share, and together they give what one gives.

use super::*;

fn trainer(arguments: &[&str], variables: &[(&str, String)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocellus-trainer"));
    command.args(arguments).envs(variables.iter().map(|(name, value)| (*name, value)));
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), text(&output))
}

#[test]
fn an_evaluation_in_three_parts_is_that_of_one_process() {
    let bench = Bench::new("");
    bench.finish("run", 2);
    let path = |name: &str| bench.path(name).to_str().unwrap().to_owned();
    let (run, manifest, root) = (path("run"), path("train.csv"), bench.dir.path().to_str().unwrap().to_owned());
    let evaluate = |out: &str, variables: &[(&str, String)]| {
        let arguments = ["evaluate", "--run", &run, "--manifest", &manifest, "--root", &root, "--out", out];
        let (code, said, error) = trainer(&arguments, variables);
        assert_eq!(code, Some(0), "{error}");
        said
    };
    let (whole, parted) = (path("whole"), path("parted"));
    evaluate(&whole, &[]);
    let part = |index: usize| {
        let variables = [("SLURM_ARRAY_TASK_ID", index.to_string()), ("SLURM_ARRAY_TASK_COUNT", "3".to_owned())];
        evaluate(&parted, &variables)
    };
    // In no order; the last one to come makes the report.
    assert!(part(2).contains("part 3 of 3 is in") && !bench.path("parted/metrics.json").exists());
    assert!(part(0).contains("still missing: 2"));
    part(1);
    for name in ["metrics.json", "predictions.csv", "report.md"] {
        let read = |folder: &str| fs::read_to_string(bench.path(folder).join(name)).unwrap();
        assert_eq!(read("whole"), read("parted"), "{name}");
    }
    // Parts of another manifest are not mixed in.
    let other = path("validation.csv");
    let arguments = ["evaluate", "--run", &run, "--manifest", &other, "--root", &root, "--out", &parted];
    let rank = [("RANK", "0".to_owned()), ("WORLD_SIZE", "3".to_owned())];
    let (code, _, error) = trainer(&arguments, &rank);
    assert!(code == Some(1) && error.contains("part of another manifest"), "{error}");
    let (code, _, error) = trainer(&arguments, &[("RANK", "3".to_owned()), ("WORLD_SIZE", "3".to_owned())]);
    assert!(code == Some(2) && error.contains("part 3 of 3"), "{error}");
}

#[test]
fn a_prediction_in_parts_names_every_photograph_once() {
    let bench = Bench::new("");
    bench.finish("run", 2);
    let run = bench.path("run");
    let files: Vec<String> =
        (0..5).map(|n| bench.path(&format!("train{n}.png")).to_str().unwrap().to_owned()).collect();
    let mut arguments = vec!["predict", "--run", run.to_str().unwrap()];
    arguments.extend(files.iter().map(String::as_str));
    let lines = |variables: &[(&str, String)]| -> Vec<String> {
        let (code, said, error) = trainer(&arguments, variables);
        assert_eq!(code, Some(0), "{error}");
        said.lines().skip(1).map(str::to_owned).collect()
    };
    let part = |rank: usize| lines(&[("RANK", rank.to_string()), ("WORLD_SIZE", "2".to_owned())]);
    let (mut parts, mut whole) = ([part(0), part(1)].concat(), lines(&[]));
    parts.sort();
    whole.sort();
    assert_eq!(parts, whole);
}

#[test]
fn a_sweep_trains_every_combination_once_over_the_jobs_of_an_array() {
    let bench = Bench::new("");
    let job = |index: usize| {
        let mut command = bench.train("sweep", 2);
        command.args(["--set", "schedule.epochs=1", "--sweep", "seed=1,2", "--sweep", "schedule.head_rate=1e-3,1e-4"]);
        let output = command.env("SLURM_ARRAY_TASK_ID", index.to_string()).env("SLURM_ARRAY_TASK_COUNT", "3").output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    };
    job(1);
    let runs = || {
        let mut names: Vec<String> = fs::read_dir(bench.path("sweep"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(runs(), ["002-seed=1_schedule.head_rate=1e-4"]);
    job(0);
    job(2);
    let names = runs();
    assert_eq!(names.len(), 4, "{names:?}");
    let info = RunInfo::read(&bench.path("sweep").join(&names[3])).unwrap();
    assert_eq!(info.metrics[0].epoch, 1);
    // A value that can't be is told before anything is trained.
    let output = bench.train("other", 2).args(["--sweep", "schedule.epochs=1,0"]).output().unwrap();
    assert!(output.status.code() == Some(2) && !bench.path("other").exists(), "{}", text(&output));
}
