//! What is known of a photograph beforehand changes what is said of it.

use ocellus::{
    decision::Outcome,
    judge::{Judge, Known, Why},
};
use ocellus_model::{bundle::Bundle, label::Output, laterality::Laterality, quality::Reason};
use ocellus_tests::{bundles::SignedBundle, photographs};

// verifies: RQ-011
#[test]
fn the_same_photograph_again_has_no_result_for_either_eye_and_another_one_has() {
    let signed = SignedBundle::constant(&[(Output::Anomaly, -4.0)]);
    let judge = Judge::new(Bundle::open(&signed.directory(), &[signed.public_key()]).unwrap()).unwrap();
    let first = photographs::jpeg(&photographs::good(7));
    let before = judge.judge("first", &first, Known { eye: Some(Laterality::Od), before: &[], eye_confirmed: false });
    assert_eq!(before.record.outcome, Outcome::NoReferableSigns, "{:?}", before.record);
    let fingerprint = before.fingerprint.unwrap();
    let earlier = [fingerprint];
    let known = |eye| Known { eye, before: &earlier, eye_confirmed: false };
    // Encoded anew it is the same still.
    let again = photographs::png(&before.photograph.unwrap().pixels);
    for (bytes, eye) in [(&first, Some(Laterality::Od)), (&again, Some(Laterality::Od)), (&first, None)] {
        let record = judge.judge("again", bytes, known(eye)).record;
        assert_eq!(record.outcome, Outcome::NoResult);
        assert!(record.reasons.contains(&Why::Photograph(Reason::AlreadyTaken)), "{record:?}");
    }
    let other = judge.judge("other", &photographs::jpeg(&photographs::good(8)), known(None)).record;
    assert_eq!((other.outcome, other.reasons), (Outcome::NoReferableSigns, vec![]));
}
