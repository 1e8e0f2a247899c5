//! How long each step of a photograph's way takes: a JPEG of 2000 × 1500 pixels, drawn by the phantom, from its bytes to
//! the network's answer with the bundle that ships.
//!
//! `make bench` runs it in the profile of the tests, so that nothing is built twice: our own code is optimised less
//! than in a release there.

#![expect(clippy::unwrap_used, reason = "a benchmark that can't be set up has to stop")]

use std::{env, fs, hint::black_box, path::PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use ocellus::{
    inference::Engine,
    judge::{Judge, Known},
    trust,
};
use ocellus_model::{bundle::Bundle, field, image, preprocess, quality};

mod drawn;

fn shipped() -> Bundle {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/bundles");
    let named = env::var_os("OCELLUS_BUNDLE").map(PathBuf::from);
    let directory = named.unwrap_or_else(|| {
        fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap()
    });
    Bundle::open(&directory, &trust::trusted_keys(&[]).unwrap()).unwrap()
}

fn steps(criterion: &mut Criterion) {
    let bytes = drawn::photograph();
    let bundle = shipped();
    let engine = Engine::load(&bundle).unwrap();
    let spec = bundle.manifest().preprocess.clone();
    let pixels = image::decode(&bytes).unwrap().pixels;
    let field = field::find_field(&pixels).unwrap();
    let tensor = preprocess::preprocess(&pixels, &field, &spec);

    let mut group = criterion.benchmark_group("photograph");
    group.sample_size(20);
    group.bench_function("decode", |bencher| bencher.iter(|| image::decode(black_box(&bytes)).unwrap()));
    group.bench_function("field", |bencher| bencher.iter(|| field::find_field(black_box(&pixels)).unwrap()));
    group.bench_function("quality", |bencher| bencher.iter(|| quality::assess(black_box(&pixels), &field)));
    group.bench_function("preprocess", |bencher| {
        bencher.iter(|| preprocess::preprocess(black_box(&pixels), &field, &spec));
    });
    group.bench_function("inference", |bencher| bencher.iter(|| engine.run(black_box(&tensor)).unwrap()));
    let judge = Judge::new(bundle).unwrap();
    group.bench_function("all", |bencher| {
        bencher.iter(|| judge.judge("bench.jpg", black_box(&bytes), Known::default()))
    });
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);
