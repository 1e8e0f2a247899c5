//! A signed bundle with a tiny network.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use minisign::KeyPair;
use ocellus::inference::Engine;
use ocellus_model::{
    bundle::{
        BundleManifest, Digest, PublicKey, UnsignedBundle,
        manifest::{
            Abstention, GradabilitySpec, Model, OutputSpec, Provenance, RESEARCH_STATEMENT, SPEC_VERSION, SelfTest,
            Task,
        },
        signature::{UNTRUSTED_COMMENT, public_key},
        write,
    },
    calibration::Calibration,
    field::find_field,
    label::Output,
    preprocess::{ColourVariant, PreprocessSpec, preprocess},
};
use tempfile::TempDir;

use crate::{onnx::TinyNetwork, photographs};

/// A directory with a signed bundle in `bundle/` and the maker's public key in `maker.pub`.
#[derive(Debug)]
pub struct SignedBundle {
    home: TempDir,
    pair: KeyPair,
}

/// A manifest for a network with these outputs, thresholds ½, no calibration, an abstention zone of a fifth, and no
/// self-test yet.
pub fn manifest(labels: &[Output], size: u32) -> BundleManifest {
    let output = |&label| OutputSpec { label, threshold: 0.5, calibration: Calibration::IDENTITY };
    BundleManifest {
        spec_version: SPEC_VERSION,
        name: "practice".to_owned(),
        version: "0.0.1".to_owned(),
        sequence: 1,
        created: "2026-11-25".parse().expect("a date"),
        task: Task::MultiLabel,
        intended_use: "Tests of this program, on practice photographs.".to_owned(),
        statement: RESEARCH_STATEMENT.to_owned(),
        cameras: Vec::new(),
        preprocess: PreprocessSpec::new(size, ColourVariant::Vgg16),
        model: Model {
            file: "model.onnx".to_owned(),
            opset: 17,
            input: "photograph".to_owned(),
            logits: "logits".to_owned(),
            activation_map: "activation_map".to_owned(),
        },
        abstention: Some(Abstention { fraction: 0.2 }),
        gradability: None,
        outputs: labels.iter().map(output).collect(),
        self_test: Vec::new(),
        provenance: Provenance {
            base_weights: String::new(),
            base_convention: String::new(),
            config_digest: Digest::of(b""),
            trained: "2026-11-25".parse().expect("a date"),
            sources: Vec::new(),
        },
        metrics: toml::Table::new(),
        files: BTreeMap::new(),
    }
}

impl SignedBundle {
    /// A bundle whose network says the same of every photograph: these logits.
    pub fn constant(logits: &[(Output, f32)]) -> Self {
        let (labels, biases): (Vec<_>, Vec<_>) = logits.iter().copied().unzip();
        Self::new(&TinyNetwork::constant(64, &biases), &labels, 0.0)
    }

    /// A bundle with this network. Its self-test expects what the network says of a practice photograph, plus
    /// `off` (0 for a bundle in order). One output more than there are labels says whether a photograph can be judged;
    /// it is refused from ½.
    pub fn new(network: &TinyNetwork, labels: &[Output], off: f32) -> Self {
        let (home, pair) = (tempfile::tempdir().expect("a directory"), generate());
        let mut manifest = manifest(labels, u32::try_from(network.size).expect("a small picture"));
        if network.biases.len() > labels.len() {
            manifest.gradability = Some(GradabilitySpec { refused_from: 0.5, calibration: Calibration::IDENTITY });
        }
        let (model, pixels) = (network.to_bytes(), photographs::good(1));
        let field = find_field(&pixels).expect("a practice photograph has a field");
        let engine = Engine::from_onnx(&model, &manifest).expect("the tiny network loads");
        let inference = engine.run(&preprocess(&pixels, &field, &manifest.preprocess)).expect("the tiny network runs");
        let file = "selftest/practice.png".to_owned();
        let logits = inference.logits.iter().map(|logit| logit + off).collect();
        manifest.self_test.push(SelfTest { file: file.clone(), eye: None, logits });
        let files = BTreeMap::from([
            ("model.onnx".to_owned(), model),
            (file, photographs::png(&pixels)),
            ("README.md".to_owned(), b"# Practice\n\nFor tests.\n".to_vec()),
        ]);
        let bundle = SignedBundle { home, pair };
        write::write(&bundle.directory(), manifest, &files).expect("the bundle is written");
        let unsigned = UnsignedBundle::open(&bundle.directory()).expect("the bundle is in order");
        let signature = bundle.sign(unsigned.to_be_signed(), &unsigned.trusted_comment());
        unsigned.attach(&signature, &bundle.public_key()).expect("the signature is good");
        let key = bundle.pair.pk.to_box().expect("a public key").to_string();
        fs::write(bundle.key_file(), key).expect("the key is written");
        bundle
    }

    /// The bundle.
    pub fn directory(&self) -> PathBuf {
        self.home.path().join("bundle")
    }

    /// A place beside the bundle.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The file with the public key.
    pub fn key_file(&self) -> PathBuf {
        self.home.path().join("maker.pub")
    }

    /// The public key.
    pub fn public_key(&self) -> PublicKey {
        public_key(&self.pair.pk.to_box().expect("a public key").to_string()).expect("a public key")
    }

    /// Signs other bytes with the bundle's key.
    pub fn sign(&self, bytes: &[u8], trusted_comment: &str) -> String {
        minisign::sign(Some(&self.pair.pk), &self.pair.sk, bytes, Some(trusted_comment), Some(UNTRUSTED_COMMENT))
            .expect("a signature")
            .into_string()
    }
}

fn generate() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().expect("a key")
}
