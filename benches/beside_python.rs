//! Side by side in one run with the usual way in Python (`usual_way.py`), on a JPEG of 2000 × 1500 pixels: from its bytes
//! to the network's input, quality included (there: Pillow and NumPy, a threshold for the field and no judgement of
//! quality); and from its bytes to the decision with the bundle that ships (there: the same, and a whole VGG-16 of the
//! same input in f32 under onnxruntime).
//!
//! Both run on one core, by turns, so that a busy machine slows both. Python comes from `target/check-venv`, which
//! `scripts/setup.sh test` makes; it runs where the benchmark itself is pinned to (`taskset -c 1 make bench`).

#![expect(clippy::unwrap_used, reason = "a benchmark that can't be set up has to stop")]

use std::{
    cell::RefCell,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use ocellus::{
    judge::{Judge, Known, Milliseconds},
    trust,
};
use ocellus_model::{
    bundle::Bundle,
    field::find_field,
    image::decode,
    preprocess::{ColourVariant, PreprocessSpec, preprocess},
    quality::assess,
};

mod drawn;
mod wide;

/// Turns, and photographs in each.
const TURNS: usize = 5;
const ROUNDS: usize = 10;

fn to_tensor(bytes: &[u8], spec: &PreprocessSpec) {
    let pixels = decode(black_box(bytes)).unwrap().pixels;
    let field = find_field(&pixels).unwrap();
    black_box(assess(&pixels, &field));
    black_box(preprocess(&pixels, &field, spec));
}

/// Milliseconds of each round of the usual way.
fn usual_way(python: &Path, photograph: &Path, side: u32, network: Option<&Path>) -> Vec<f64> {
    let run = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/usual_way.py"))
        .arg(photograph)
        .args([ROUNDS.to_string(), side.to_string()])
        .args(network)
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().lines().map(|line| line.parse::<f64>().unwrap()).collect()
}

/// Prints the medians of both, by turns.
fn beside(what: &str, ours: impl Fn(), theirs: impl Fn() -> Vec<f64>) {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    ours();
    for _ in 0..TURNS {
        here.extend((0..ROUNDS).map(|_| {
            let start = Instant::now();
            ours();
            start.elapsed().as_secs_f64() * 1000.0
        }));
        there.extend(theirs());
    }
    let [here, there] = [here, there].map(median);
    println!("{what}: {here:.1} ms, the usual way in Python {there:.1} ms: {:.1} times faster", there / here);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn shipped(root: &Path) -> Judge {
    let mut bundles = fs::read_dir(root.join("models/bundles")).unwrap();
    let folder = bundles.next().unwrap().unwrap().path();
    Judge::new(Bundle::open(&folder, &trust::trusted_keys(&[]).unwrap()).unwrap()).unwrap()
}

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/check-venv/bin/python");
    if !python.exists() {
        println!("beside Python: left out, {} is not there (scripts/setup.sh test)", python.display());
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (file, network) = (home.path().join("photograph.jpg"), home.path().join("wide.onnx"));
    let bytes = drawn::photograph();
    fs::write(&file, &bytes).unwrap();
    let spec = PreprocessSpec::new(224, ColourVariant::Vgg16);
    beside("photograph to tensor", || to_tensor(&bytes, &spec), || usual_way(&python, &file, spec.size, None));

    let judge = shipped(&root);
    let manifest = judge.bundle().manifest();
    let side = manifest.preprocess.size;
    fs::write(&network, wide::network(side, manifest.outputs.len() as i64)).unwrap();
    let spent = RefCell::new(Vec::new());
    beside(
        &format!("photograph to decision, {side} pixels"),
        || spent.borrow_mut().push(judge.judge("photograph.jpg", &bytes, Known::default()).record.milliseconds),
        || usual_way(&python, &file, side, Some(&network)),
    );
    let spent = spent.into_inner();
    let step =
        |name: &str, of: fn(&Milliseconds) -> f64| format!("{name} {:.1}", median(spent.iter().map(of).collect()));
    let steps = [
        step("decode", |spent| spent.decode),
        step("field", |spent| spent.field),
        step("quality", |spent| spent.quality),
        step("preprocess", |spent| spent.preprocess),
        step("network", |spent| spent.inference),
    ];
    println!("of which, in ms: {}", steps.join(", "));
}
