//! From a JPEG of 2000 × 1500 pixels in memory to the network's input, quality included, side by side in one run with
//! the usual way in Python (`usual_way.py`: Pillow and NumPy, a threshold for the field and no judgement of quality).
//!
//! Both run on one core, by turns, so that a busy machine slows both. Python comes from `target/check-venv`, which
//! `scripts/setup.sh test` makes; it runs where the benchmark itself is pinned to (`taskset -c 1 make bench`).

#![expect(clippy::unwrap_used, reason = "a benchmark that can't be set up has to stop")]

use std::{fs, hint::black_box, path::PathBuf, process::Command, time::Instant};

use ocellus_model::{
    field::find_field,
    image::decode,
    preprocess::{ColourVariant, PreprocessSpec, preprocess},
    quality::assess,
};

mod drawn;

/// Turns, and photographs in each.
const TURNS: usize = 5;
const ROUNDS: usize = 10;

fn ours(bytes: &[u8], spec: &PreprocessSpec) -> f64 {
    let start = Instant::now();
    let pixels = decode(black_box(bytes)).unwrap().pixels;
    let field = find_field(&pixels).unwrap();
    black_box(assess(&pixels, &field));
    black_box(preprocess(&pixels, &field, spec));
    start.elapsed().as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/check-venv/bin/python");
    if !python.exists() {
        println!("beside Python: left out, {} is not there (scripts/setup.sh test)", python.display());
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("photograph.jpg");
    let bytes = drawn::photograph();
    fs::write(&file, &bytes).unwrap();
    let spec = PreprocessSpec::new(224, ColourVariant::Vgg16);
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        here.extend((0..ROUNDS).map(|_| ours(&bytes, &spec)));
        let run = Command::new(&python)
            .arg(root.join("benches/usual_way.py"))
            .arg(&file)
            .arg(ROUNDS.to_string())
            .env("OMP_NUM_THREADS", "1")
            .output()
            .unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let lines = String::from_utf8(run.stdout).unwrap();
        there.extend(lines.lines().map(|line| line.parse::<f64>().unwrap()));
    }
    let (here, there) = (median(here), median(there));
    println!(
        "photograph to tensor: {here:.1} ms, the usual way in Python {there:.1} ms: {:.1} times faster",
        there / here
    );
}
