//! Practice sets: labelled eyes by the number, from invented clinics.
//!
//! Every clinic (*source*) has its own camera, its own mix of patients and its own habits of labelling, as real
//! sources have. That is on purpose: healthy eyes come mostly from one camera, so that the frame alone tells a good
//! deal about the label, and a program that is to notice this confound has something to notice.

use super::{
    CameraLook, Faults, FieldCentre, Findings, Notch, PracticeEye,
    dice::{Dice, Stream},
};
use crate::{label::Label, laterality::Laterality, quality::Gradability};

/// An endless, seeded sequence of labelled practice photographs. Two photographs in a row are the two eyes of one
/// patient, the right eye first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PracticeSet {
    seed: u64,
    size: u32,
}

/// One photograph of a practice set, not yet drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct PracticePhotograph {
    /// What to draw.
    pub eye: PracticeEye,
    /// The invented clinic.
    pub source: &'static str,
    /// The patient, unique in the set.
    pub patient: String,
    /// A file name without folder and extension, unique in the set.
    pub name: String,
    /// What the clinic's readers say of each label, in the order of [`Label::ALL`]; `None` is unknown.
    pub labels: [Option<bool>; 8],
    /// Grade of diabetic retinopathy, 0 to 4, where the clinic grades it.
    pub retinopathy_grade: Option<u8>,
    /// How far the photograph can be trusted, as the clinic's photographer saw it.
    pub quality: Gradability,
}

/// An invented clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clinic {
    /// Screens the public: mostly healthy eyes, a round uncut field, every label known.
    Alder,
    /// An eye hospital: mostly sick eyes, a wide picture that cuts the field, a square tab; names a finding
    /// outside the six conditions where it sees one, but does not look for it in sick eyes.
    Birch,
    /// Follows people with diabetes: a hand-held camera with a wide border; grades retinopathy and macular oedema,
    /// says nothing else.
    Cedar,
}

/// What a patient mainly has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Complaint {
    Nothing,
    Opacity,
    Retinopathy,
    MacularOedema,
    Glaucoma,
    MacularDegeneration,
    Occlusion,
    Other,
}

impl Clinic {
    fn name(self) -> &'static str {
        match self {
            Clinic::Alder => "practice_alder",
            Clinic::Birch => "practice_birch",
            Clinic::Cedar => "practice_cedar",
        }
    }

    /// Weights of the complaints among its patients.
    fn complaints(self) -> [(Complaint, f32); 8] {
        let weights = match self {
            Clinic::Alder => [66.0, 8.0, 7.0, 2.0, 6.0, 5.0, 1.0, 5.0],
            Clinic::Birch => [8.0, 18.0, 14.0, 12.0, 17.0, 15.0, 10.0, 6.0],
            Clinic::Cedar => [45.0, 4.0, 34.0, 15.0, 1.0, 1.0, 0.0, 0.0],
        };
        let all = [
            Complaint::Nothing,
            Complaint::Opacity,
            Complaint::Retinopathy,
            Complaint::MacularOedema,
            Complaint::Glaucoma,
            Complaint::MacularDegeneration,
            Complaint::Occlusion,
            Complaint::Other,
        ];
        core::array::from_fn(|number| (all[number], weights[number]))
    }

    fn camera(self) -> CameraLook {
        let plain = CameraLook::default();
        match self {
            Clinic::Alder => CameraLook { border: 0.01, tint: [1.04, 0.97, 0.90], vignette: 0.30, ..plain },
            Clinic::Birch => CameraLook {
                border: 0.01,
                notch: Notch::Square,
                tint: [0.92, 1.02, 1.10],
                vignette: 0.45,
                blur: 0.0024,
                haze: 0.08,
                noise: 0.008,
                ..plain
            },
            Clinic::Cedar => CameraLook {
                field_of_view_deg: 50.0,
                border: 0.10,
                cut_top: 0.05,
                cut_bottom: 0.05,
                tint: [1.10, 0.90, 0.78],
                vignette: 0.60,
                blur: 0.0034,
                haze: 0.06,
                noise: 0.016,
                black_level: 0.02,
                ghost: 0.6,
                ..plain
            },
        }
    }

    /// Width and height of its pictures.
    fn size(self, longest: u32) -> (u32, u32) {
        match self {
            Clinic::Alder | Clinic::Cedar => (longest, longest),
            Clinic::Birch => (longest, longest / 8 * 7),
        }
    }

    /// Probabilities of a usable and of an ungradable photograph.
    fn poor(self) -> (f32, f32) {
        match self {
            Clinic::Alder => (0.12, 0.03),
            Clinic::Birch => (0.20, 0.05),
            Clinic::Cedar => (0.22, 0.08),
        }
    }

    /// Whether its readers say something of a label, given what the eye has.
    fn reads(self, label: Label, findings: &Findings) -> bool {
        match self {
            Clinic::Alder => true,
            Clinic::Birch => label != Label::Other || findings.carries(Label::Normal) || findings.carries(Label::Other),
            Clinic::Cedar => match label {
                Label::DiabeticRetinopathy | Label::MacularEdema => true,
                // An eye with retinopathy is known not to be normal; one without may have anything else.
                Label::Normal => findings.carries(Label::DiabeticRetinopathy) || findings.carries(Label::MacularEdema),
                Label::Opacity
                | Label::Glaucoma
                | Label::MacularDegeneration
                | Label::RetinalVascularOcclusion
                | Label::Other => false,
            },
        }
    }
}

impl PracticeSet {
    /// The set of a seed; `size` is the longer side of the pictures in pixels, 16 to 8192 (clamped when drawn).
    pub fn new(seed: u64, size: u32) -> Self {
        Self { seed, size }
    }

    /// The photograph of a number. The same number gives the same photograph, whatever was asked for before.
    pub fn photograph(&self, number: u32) -> PracticePhotograph {
        let patient = number / 2;
        let eye = if number.is_multiple_of(2) { Laterality::Od } else { Laterality::Os };
        // The patient's numbers are the same for both eyes; each eye then goes on with its own.
        let mut shared = Dice::of_exposure(self.seed, Laterality::Od, patient, Stream::Set);
        let patient_seed = u64::from(shared.bits()) << 32 | u64::from(shared.bits());
        let clinic = [Clinic::Alder, Clinic::Birch, Clinic::Cedar][shared.index(3)];
        let complaint = pick(&mut shared, &clinic.complaints());
        let mut own = Dice::of_eye(patient_seed, eye, Stream::Set);
        let findings = findings(complaint, eye, &mut shared, &mut own);

        let (usable, ungradable) = clinic.poor();
        let luck = own.unit();
        let (quality, faults) = if luck < ungradable {
            (Gradability::Ungradable, fault(&mut own, 0.85, 1.0))
        } else if luck < ungradable + usable {
            (Gradability::Usable, fault(&mut own, 0.15, 0.4))
        } else {
            (Gradability::Good, Faults { flare: 0.25 * own.unit() * own.unit(), ..Faults::NONE })
        };
        let mut camera = clinic.camera();
        camera.exposure += 0.25 * own.bell();
        for gain in &mut camera.tint {
            *gain *= 1.0 + 0.02 * own.bell();
        }
        let field_of_view = if own.chance(0.85) { FieldCentre::Macula } else { FieldCentre::Disc };
        // On an ungradable photograph nobody can say anything.
        let labels = Label::ALL.map(|label| {
            (quality != Gradability::Ungradable && clinic.reads(label, &findings)).then(|| findings.carries(label))
        });
        PracticePhotograph {
            eye: PracticeEye {
                seed: patient_seed,
                eye,
                exposure: 0,
                field_of_view,
                size: clinic.size(self.size),
                findings,
                camera,
                faults,
            },
            source: clinic.name(),
            patient: format!("practice_{patient:05}"),
            name: format!("{patient:05}_{}", if eye == Laterality::Od { "right" } else { "left" }),
            labels,
            retinopathy_grade: (clinic == Clinic::Cedar && quality != Gradability::Ungradable)
                .then(|| findings.retinopathy_grade()),
            quality,
        }
    }
}

/// One of several, by weight.
fn pick(dice: &mut Dice, choices: &[(Complaint, f32)]) -> Complaint {
    let total: f32 = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = dice.unit() * total;
    for (complaint, weight) in choices {
        left -= weight;
        if left < 0.0 {
            return *complaint;
        }
    }
    Complaint::Nothing
}

/// What one eye of a patient has.
fn findings(complaint: Complaint, eye: Laterality, shared: &mut Dice, own: &mut Dice) -> Findings {
    let severity = (shared.between(0.2, 1.0) + 0.15 * own.bell()).clamp(0.15, 1.0);
    let first = if shared.chance(0.5) { Laterality::Od } else { Laterality::Os };
    let second_opacity = shared.chance(0.06);
    let mut found = Findings::NONE;
    // The complaint is often in both eyes; an occlusion hardly ever.
    let both = match complaint {
        Complaint::Occlusion => 0.04,
        Complaint::Nothing | Complaint::Other => 0.2,
        Complaint::Opacity
        | Complaint::Retinopathy
        | Complaint::MacularOedema
        | Complaint::Glaucoma
        | Complaint::MacularDegeneration => 0.75,
    };
    let spared = !own.chance(both) && eye != first;
    if spared {
        return found;
    }
    match complaint {
        Complaint::Nothing => {}
        Complaint::Opacity => found.opacity = severity,
        Complaint::Retinopathy => retinopathy(&mut found, severity, own),
        Complaint::MacularOedema => {
            retinopathy(&mut found, severity.max(0.4), own);
            found.macular_oedema = severity;
        }
        Complaint::Glaucoma => found.glaucoma = severity,
        Complaint::MacularDegeneration => match shared.index(4) {
            0 | 1 => found.drusen = severity,
            2 => {
                found.geographic_atrophy = severity;
                found.drusen = 0.4 * severity;
            }
            _ => {
                found.neovascular = severity;
                found.drusen = 0.5 * severity;
            }
        },
        Complaint::Occlusion => {
            if shared.chance(0.7) {
                found.branch_vein_occlusion = severity;
            } else {
                found.central_vein_occlusion = severity;
            }
        }
        Complaint::Other => {
            if shared.chance(0.5) {
                found.myelinated_fibres = severity;
            } else {
                found.laser_scars = severity;
            }
        }
    }
    if second_opacity && complaint != Complaint::Nothing && found.opacity == 0.0 {
        found.opacity = own.between(0.15, 0.5);
    }
    found
}

/// Diabetic retinopathy from microaneurysms alone to new vessels.
fn retinopathy(found: &mut Findings, severity: f32, dice: &mut Dice) {
    found.microaneurysms = severity.max(0.2);
    if severity > 0.35 {
        found.haemorrhages = severity * dice.between(0.5, 1.0);
        if dice.chance(0.7) {
            found.exudates = severity * dice.between(0.4, 1.0);
        }
        if dice.chance(0.4) {
            found.cotton_wool = severity * dice.between(0.3, 1.0);
        }
    }
    if severity > 0.8 && dice.chance(0.6) {
        found.new_vessels = dice.between(0.3, 1.0);
    }
}

/// One fault of a strength between `low` and `high`.
fn fault(dice: &mut Dice, low: f32, high: f32) -> Faults {
    let strength = dice.between(low, high);
    let mut faults = Faults::NONE;
    match dice.index(7) {
        0 | 1 => faults.defocus = strength,
        2 => faults.motion = strength,
        3 => faults.underexposure = strength,
        4 => faults.overexposure = strength,
        5 => faults.eyelid = strength,
        _ => faults.small_pupil = strength,
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<PracticePhotograph> {
        let set = PracticeSet::new(11, 64);
        (0..1200).map(|number| set.photograph(number)).collect()
    }

    #[test]
    fn a_known_label_is_what_was_drawn_and_an_unknown_one_is_left_open() {
        let mut unknown = 0;
        for photograph in sample() {
            for (label, said) in Label::ALL.into_iter().zip(photograph.labels) {
                match said {
                    Some(present) => assert_eq!(present, photograph.eye.findings.carries(label), "{}", photograph.name),
                    None => unknown += 1,
                }
            }
            if photograph.quality == Gradability::Ungradable {
                assert_eq!(photograph.labels, [None; 8], "{}", photograph.name);
            }
        }
        assert!(unknown > 500, "only {unknown} unknown cells");
    }

    #[test]
    fn every_label_is_present_and_absent_and_names_are_unique() {
        let all = sample();
        for (number, label) in Label::ALL.into_iter().enumerate() {
            let count = |value| all.iter().filter(|p| p.labels[number] == Some(value)).count();
            assert!(
                count(true) >= 10 && count(false) >= 10,
                "{label}: {} present, {} absent",
                count(true),
                count(false)
            );
        }
        let mut names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn both_eyes_of_a_patient_share_clinic_and_seed() {
        for pair in sample().chunks(2) {
            assert_eq!((pair[0].source, &pair[0].patient), (pair[1].source, &pair[1].patient));
            assert_eq!(pair[0].eye.seed, pair[1].eye.seed);
            assert_eq!((pair[0].eye.eye, pair[1].eye.eye), (Laterality::Od, Laterality::Os));
        }
    }

    #[test]
    fn the_camera_gives_the_label_away_as_intended() {
        let all = sample();
        let share = |source: &str| {
            let known: Vec<bool> = all.iter().filter(|p| p.source == source).filter_map(|p| p.labels[0]).collect();
            known.iter().filter(|normal| **normal).count() as f64 / known.len() as f64
        };
        assert!(share("practice_alder") > 2.0 * share("practice_birch"));
    }
}
