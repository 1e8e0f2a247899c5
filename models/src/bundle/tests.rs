//! What a bundle must survive, and what it must refuse.

use std::{collections::BTreeMap, fs, path::Path};

use minisign::KeyPair;
use tempfile::TempDir;

use super::{
    manifest::{
        Abstention, FILES_MAX, GradabilitySpec, Model, OutputSpec, Provenance, RESEARCH_STATEMENT, SPEC_VERSION,
        SelfTest, Source, Task,
    },
    signature::{SignatureError, UNTRUSTED_COMMENT, public_key},
    write::WriteError,
    *,
};
use crate::{
    calibration::Calibration,
    label::Output,
    preprocess::{ColourVariant, PreprocessSpec, SpecError},
};

fn manifest() -> BundleManifest {
    let output = |label| OutputSpec { label, threshold: 0.5, calibration: Calibration::IDENTITY };
    BundleManifest {
        spec_version: SPEC_VERSION,
        name: "first-light".to_owned(),
        version: "0.1.0".to_owned(),
        sequence: 3,
        created: "2026-11-25T05:00:00Z".parse().unwrap(),
        task: Task::MultiLabel,
        intended_use: "Research on referral of adults with diabetes.".to_owned(),
        statement: RESEARCH_STATEMENT.to_owned(),
        cameras: vec!["Canon CR-2".to_owned()],
        preprocess: PreprocessSpec::new(224, ColourVariant::Vgg16),
        model: Model {
            file: "model.onnx".to_owned(),
            opset: 17,
            input: "photograph".to_owned(),
            logits: "logits".to_owned(),
            activation_map: "activation_map".to_owned(),
        },
        abstention: Some(Abstention { fraction: 0.2 }),
        gradability: Some(GradabilitySpec { refused_from: 0.4, calibration: Calibration::IDENTITY }),
        outputs: vec![output(Output::Anomaly), output(Output::Glaucoma)],
        self_test: vec![SelfTest { file: "selftest/a.png".to_owned(), eye: None, logits: vec![0.1, -2.5, -1.0] }],
        provenance: Provenance {
            base_weights: "VGG-16, ImageNet".to_owned(),
            base_convention: "Caffe".to_owned(),
            config_digest: Digest::of(b"config"),
            trained: "2026-11-25".parse().unwrap(),
            sources: vec![Source { name: "one".to_owned(), photographs: 12 }],
        },
        metrics: toml::from_str("frame_only = {auroc = 0.5}\nnote = \"few\"").unwrap(),
        files: BTreeMap::new(),
    }
}

fn files() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("model.onnx".to_owned(), (0..=255).collect()),
        ("selftest/a.png".to_owned(), b"a photograph".to_vec()),
        ("README.md".to_owned(), b"# First light\n".to_vec()),
    ])
}

fn keys() -> (KeyPair, PublicKey) {
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let public = public_key(&pair.pk.to_box().unwrap().to_string()).unwrap();
    (pair, public)
}

fn sign(bytes: &[u8], pair: &KeyPair, trusted: &str, untrusted: &str) -> String {
    minisign::sign(Some(&pair.pk), &pair.sk, bytes, Some(trusted), Some(untrusted)).unwrap().into_string()
}

/// A signed bundle in a temporary directory: the directory that holds `bundle/`, and the key.
fn signed() -> (TempDir, KeyPair, PublicKey) {
    let home = TempDir::new().unwrap();
    let (pair, public) = keys();
    let directory = home.path().join("bundle");
    write::write(&directory, manifest(), &files()).unwrap();
    let unsigned = UnsignedBundle::open(&directory).unwrap();
    let signature = sign(unsigned.to_be_signed(), &pair, &unsigned.trusted_comment(), UNTRUSTED_COMMENT);
    unsigned.attach(&signature, &public).unwrap();
    (home, pair, public)
}

/// Writes `text` as the manifest of a signed bundle and signs it again with the right comment.
fn resign(directory: &Path, text: &str, pair: &KeyPair) {
    fs::write(directory.join(MANIFEST_FILE), text).unwrap();
    let signature = sign(text.as_bytes(), pair, "ocellus bundle name:first-light sequence:3", UNTRUSTED_COMMENT);
    fs::write(directory.join(SIGNATURE_FILE), signature).unwrap();
}

/// The error of opening, which must be one line that names a path in the bundle.
fn refusal(directory: &Path, key: &PublicKey) -> BundleError {
    let error = Bundle::open(directory, std::slice::from_ref(key)).expect_err("should have been refused");
    let text = error.to_string();
    assert!(!text.contains('\n'), "more than one line: {text}");
    assert!(text.contains(directory.to_str().unwrap()), "no path: {text}");
    error
}

#[test]
fn a_signed_bundle_opens_and_holds_what_was_written() {
    let (home, _, public) = signed();
    let bundle = Bundle::open(&home.path().join("bundle"), &[keys().1, public]).unwrap();
    let expected = BundleManifest {
        files: files().iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect(),
        ..manifest()
    };
    assert_eq!(*bundle.manifest(), expected);
    assert_eq!(bundle.model(), files()["model.onnx"]);
    assert_eq!(bundle.contents().file("README.md"), Some(&b"# First light\n"[..]));
    assert_eq!(bundle.digest(), Digest::of(&fs::read(home.path().join("bundle/bundle.toml")).unwrap()));
}

#[test]
fn writing_leaves_nothing_but_the_bundle() {
    let (home, ..) = signed();
    let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["bundle"]);
}

// verifies: RQ-020
#[test]
fn a_flip_of_any_bit_of_any_byte_is_noticed() {
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    let mut flips = 0;
    for name in ["bundle.toml", "bundle.toml.minisig", "model.onnx", "selftest/a.png", "README.md"] {
        let path = directory.join(name);
        let bytes = fs::read(&path).unwrap();
        for position in 0..bytes.len() {
            // Every bit of the signature, whose comments and line ends no cipher covers; one bit elsewhere.
            let bits = if name == SIGNATURE_FILE { 0..8 } else { position % 8..position % 8 + 1 };
            for bit in bits {
                let mut flipped = bytes.clone();
                flipped[position] ^= 1 << bit;
                fs::write(&path, flipped).unwrap();
                refusal(&directory, &public);
                flips += 1;
            }
        }
        fs::write(&path, bytes).unwrap();
    }
    assert!(flips > 4000, "only {flips}");
    assert!(Bundle::open(&directory, &[public]).is_ok(), "the last state written is the whole bundle again");
}

#[test]
fn a_signature_written_in_another_way_is_refused() {
    let (home, pair, public) = signed();
    let directory = home.path().join("bundle");
    let path = directory.join(SIGNATURE_FILE);
    let good = fs::read_to_string(&path).unwrap();
    for (what, text) in [
        ("carriage returns", good.replace('\n', "\r\n")),
        ("a line more", format!("{good}\n")),
        ("text after the end", format!("{good}more\n")),
        ("no last line feed", good.trim_end().to_owned()),
        ("a space at a line's end", good.replacen('\n', " \n", 1)),
        ("empty", String::new()),
        ("three lines", good.lines().take(3).map(|line| format!("{line}\n")).collect()),
    ] {
        fs::write(&path, &text).unwrap();
        let error = refusal(&directory, &public);
        assert!(
            matches!(error, BundleError::Signature { source: SignatureError::Damaged { .. }, .. }),
            "{what}: {error}"
        );
    }
    let manifest = fs::read(directory.join(MANIFEST_FILE)).unwrap();
    fs::write(&path, sign(&manifest, &pair, "ocellus bundle name:first-light sequence:3", "hello")).unwrap();
    assert!(refusal(&directory, &public).to_string().contains("line 1"));
    fs::write(&path, sign(&manifest, &pair, "ocellus bundle name:first-light sequence:4", UNTRUSTED_COMMENT)).unwrap();
    let error = refusal(&directory, &public);
    assert!(matches!(error, BundleError::Signature { source: SignatureError::OtherBundle { .. }, .. }), "{error}");
}

// verifies: RQ-020
#[test]
fn an_unsigned_bundle_is_refused() {
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    fs::remove_file(directory.join(SIGNATURE_FILE)).unwrap();
    assert!(matches!(refusal(&directory, &public), BundleError::Unsigned { .. }));
}

// verifies: RQ-020
#[test]
fn a_key_that_is_not_trusted_is_refused_also_when_none_is() {
    let (home, ..) = signed();
    let directory = home.path().join("bundle");
    let error = refusal(&directory, &keys().1);
    assert!(
        matches!(error, BundleError::Signature { source: SignatureError::UntrustedKey { trusted: 1 }, .. }),
        "{error}"
    );
    assert!(Bundle::open(&directory, &[]).is_err());
}

#[test]
fn a_newer_spec_is_named_before_its_unknown_keys() {
    let (home, pair, public) = signed();
    let directory = home.path().join("bundle");
    let text = fs::read_to_string(directory.join(MANIFEST_FILE)).unwrap();
    let newer = text.replacen("spec_version = 2", "spec_version = 3\nheat = \"new\"", 1);
    resign(&directory, &newer, &pair);
    let error = refusal(&directory, &public);
    assert!(
        matches!(error, BundleError::Manifest { source: ManifestError::NewerSpec { found: 3, known: 2 }, .. }),
        "{error}"
    );
    let newer = text.replacen("[preprocess]\nversion = 1", "[preprocess]\nversion = 9\nblur = 1", 1);
    assert_ne!(newer, text);
    resign(&directory, &newer, &pair);
    let error = refusal(&directory, &public);
    let newer = ManifestError::Preprocess(SpecError::Newer { found: 9, known: PreprocessSpec::VERSION });
    assert!(matches!(&error, BundleError::Manifest { source, .. } if *source == newer), "{error}");
}

#[test]
fn an_unknown_or_missing_key_is_named_with_its_line() {
    let text = written_text();
    let unknown = text.replacen("sequence = 3", "sequence = 3\nheat = 4", 1);
    let ManifestError::Toml { line, message } = BundleManifest::parse(&unknown).unwrap_err() else { panic!("other") };
    assert_eq!(unknown.lines().nth(line - 1), Some("heat = 4"));
    assert!(message.contains("heat"), "{message}");
    let missing = text.replacen("task = \"multi_label\"\n", "", 1);
    assert!(BundleManifest::parse(&missing).unwrap_err().to_string().contains("task"));
    assert!(BundleManifest::parse("spec_version = \"1\"").unwrap_err().to_string().contains("spec_version"));
    assert!(matches!(BundleManifest::parse("\u{0}"), Err(ManifestError::Toml { line: 1, .. })));
}

fn written_text() -> String {
    BundleManifest {
        files: files().iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))).collect(),
        ..manifest()
    }
    .to_toml()
    .unwrap()
}

fn refused_from(manifest: &mut BundleManifest, probability: f64) {
    manifest.gradability.as_mut().unwrap().refused_from = probability;
}

#[test]
fn a_bundle_of_the_first_version_is_read() {
    let old = BundleManifest { spec_version: 1, gradability: None, ..BundleManifest::parse(&written_text()).unwrap() };
    assert_eq!(old.logits(), 2);
    let old =
        BundleManifest { self_test: vec![SelfTest { logits: vec![0.1, -2.5], ..old.self_test[0].clone() }], ..old };
    assert_eq!(BundleManifest::parse(&old.to_toml().unwrap()).unwrap(), old);
}

#[test]
#[expect(clippy::type_complexity, reason = "a table of cases")]
fn a_value_out_of_its_range_is_named() {
    let good = BundleManifest::parse(&written_text()).unwrap();
    let digest = Digest::of(b"");
    let cases: [(&str, &dyn Fn(&mut BundleManifest)); 25] = [
        ("spec_version", &|m| m.spec_version = 0),
        ("name", &|m| m.name = "../up".to_owned()),
        ("version", &|m| m.version = "1 0".to_owned()),
        ("sequence", &|m| m.sequence = 0),
        ("created", &|m| m.created = "07:30:00".parse().unwrap()),
        ("created", &|m| m.created = "2026-11-25T05:00:00".parse().unwrap()),
        ("statement", &|m| m.statement = " ".to_owned()),
        ("model.opset", &|m| m.model.opset = 0),
        ("model", &|m| m.model.logits = m.model.input.clone()),
        ("model.file", &|m| m.model.file = "other.onnx".to_owned()),
        ("outputs.anomaly.threshold", &|m| m.outputs[0].threshold = f64::NAN),
        ("outputs.glaucoma.threshold", &|m| m.outputs[1].threshold = 1.0),
        ("outputs.anomaly.calibration.scale", &|m| m.outputs[0].calibration.scale = -1.0),
        ("outputs.anomaly.label", &|m| m.outputs[1].label = Output::Anomaly),
        ("outputs", &|m| m.outputs.clear()),
        ("outputs", &|m| m.task = Task::Anomaly),
        ("abstention.fraction", &|m| m.abstention = Some(Abstention { fraction: 1.0 })),
        ("gradability", &|m| m.spec_version = 1),
        ("gradability.refused_from", &|m| refused_from(m, 0.0)),
        ("gradability.calibration.scale", &|m| {
            m.gradability.as_mut().unwrap().calibration.scale = f64::NAN;
        }),
        ("self_test", &|m| m.self_test.clear()),
        ("self_test.0.logits", &|m| m.self_test[0].logits = vec![0.0, 0.0]),
        ("self_test.0.logits", &|m| m.self_test[0].logits = vec![0.0, 0.0, f32::NAN]),
        ("self_test.1.file", &|m| m.self_test.push(m.self_test[0].clone())),
        ("files", &|m| m.files.extend((0..FILES_MAX).map(|n| (n.to_string(), digest)))),
    ];
    for (expected, change) in cases {
        let mut manifest = good.clone();
        change(&mut manifest);
        let ManifestError::Value { key, .. } = manifest.check().expect_err(expected) else { panic!("{expected}") };
        assert_eq!(key, expected);
    }
}

#[test]
fn preprocessing_that_can_not_be_followed_is_refused() {
    let mut manifest = BundleManifest::parse(&written_text()).unwrap();
    manifest.preprocess.size = 8;
    let error = manifest.check().unwrap_err();
    assert!(matches!(error, ManifestError::Preprocess(SpecError::OutOfRange { key: "size", .. })), "{error}");
}

// verifies: RQ-020
#[test]
fn no_path_leads_out_of_the_bundle() {
    let good = BundleManifest::parse(&written_text()).unwrap();
    for path in [
        "../x",
        "/etc/passwd",
        "a/../../x",
        "a//b",
        "./a",
        "a/",
        "",
        ".hidden",
        "a\\b",
        "C:x",
        "a b",
        "a/b/c/d/e",
        "nul\0",
        "bundle.toml",
        "bundle.toml.minisig",
    ] {
        let mut manifest = good.clone();
        manifest.files.insert(path.to_owned(), Digest::of(b""));
        let error = manifest.check().expect_err(path).to_string();
        assert!(error.contains("files."), "{path:?}: {error}");
    }
}

#[test]
fn an_extra_file_is_refused_wherever_it_lies() {
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    for extra in ["extra.txt", ".hidden", "selftest/b.png", "selftest/bundle.toml"] {
        let path = directory.join(extra);
        fs::write(&path, "x").unwrap();
        let error = refusal(&directory, &public);
        assert!(matches!(&error, BundleError::Unlisted { path: found } if *found == path), "{extra}: {error}");
        fs::remove_file(&path).unwrap();
    }
    fs::create_dir(directory.join("empty")).unwrap();
    assert!(matches!(refusal(&directory, &public), BundleError::Unlisted { .. }));
}

#[test]
fn a_missing_file_is_named() {
    for name in ["model.onnx", "selftest/a.png", "README.md"] {
        let (home, _, public) = signed();
        let path = home.path().join("bundle").join(name);
        fs::remove_file(&path).unwrap();
        let error = refusal(&home.path().join("bundle"), &public);
        assert!(matches!(&error, BundleError::Missing { path: found } if *found == path), "{name}: {error}");
    }
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    fs::remove_file(directory.join(MANIFEST_FILE)).unwrap();
    assert!(matches!(refusal(&directory, &public), BundleError::NotABundle { .. }));
    assert!(matches!(refusal(&home.path().join("none"), &public), BundleError::Io { .. }));
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_refused() {
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    let outside = home.path().join("outside");
    fs::rename(directory.join("model.onnx"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, directory.join("model.onnx")).unwrap();
    assert!(matches!(refusal(&directory, &public), BundleError::NotAFile { .. }));
}

#[test]
fn a_file_too_large_is_refused_unread_and_unwritten() {
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    let path = directory.join("model.onnx");
    // A sparse file: 1 TiB that no disc holds and no memory must be asked for.
    fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(refusal(&directory, &public), BundleError::TooLarge { limit: MODEL_BYTES_MAX, .. }));

    let mut large = files();
    large.insert("README.md".to_owned(), vec![b'x'; FILE_BYTES_MAX as usize + 1]);
    let place = home.path().join("other");
    assert!(matches!(write::write(&place, manifest(), &large), Err(WriteError::TooLarge { .. })));
    assert!(!place.exists());
}

#[test]
fn writing_replaces_nothing() {
    let (home, _, public) = signed();
    let directory = home.path().join("bundle");
    assert!(matches!(write::write(&directory, manifest(), &files()), Err(WriteError::Exists { .. })));
    assert!(Bundle::open(&directory, &[public]).is_ok());
}

#[test]
fn writing_where_there_is_no_place_leaves_nothing() {
    let home = TempDir::new().unwrap();
    let error = write::write(&home.path().join("none/bundle"), manifest(), &files()).unwrap_err();
    assert!(matches!(error, WriteError::Io { .. }), "{error}");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_signature_that_devices_would_refuse_is_not_attached() {
    let (home, pair, public) = signed();
    let directory = home.path().join("bundle");
    let before = fs::read(directory.join(SIGNATURE_FILE)).unwrap();
    let unsigned = UnsignedBundle::open(&directory).unwrap();
    for bad in [
        sign(unsigned.to_be_signed(), &pair, "timestamp:1", UNTRUSTED_COMMENT),
        sign(b"something else", &pair, &unsigned.trusted_comment(), UNTRUSTED_COMMENT),
        sign(unsigned.to_be_signed(), &keys().0, &unsigned.trusted_comment(), UNTRUSTED_COMMENT),
    ] {
        assert!(unsigned.attach(&bad, &public).is_err());
    }
    assert_eq!(fs::read(directory.join(SIGNATURE_FILE)).unwrap(), before);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

mod no_text_panics {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn of_a_manifest(text in "\\PC*") {
            prop_assert!(BundleManifest::parse(&text).is_err());
        }

        #[test]
        fn of_a_damaged_manifest(at in 0usize..2000, replacement in any::<char>()) {
            let mut text: Vec<char> = written_text().chars().collect();
            let at = at % text.len();
            text[at] = replacement;
            let _ = BundleManifest::parse(&text.into_iter().collect::<String>());
        }

        #[test]
        fn of_a_signature(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(signature::verify(b"signed", &bytes, &[]).is_err());
        }
    }
}
