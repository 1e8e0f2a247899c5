//! What is wrong with a practice eye, and which labels that gives it.

use crate::label::Label;

/// Severities of the findings, each from 0 (absent) to 1 (as bad as it gets); values outside are clamped.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Findings {
    /// Microaneurysms: tiny red dots. Diabetic retinopathy.
    pub microaneurysms: f32,
    /// Dot, blot and flame haemorrhages over the posterior pole. Diabetic retinopathy.
    pub haemorrhages: f32,
    /// Hard exudates in clusters: sharp yellow specks. Diabetic retinopathy.
    pub exudates: f32,
    /// Cotton-wool spots: soft white patches of the nerve-fibre layer. Diabetic retinopathy.
    pub cotton_wool: f32,
    /// New vessels on the disc and along the arcades: proliferative diabetic retinopathy.
    pub new_vessels: f32,
    /// Macular oedema: exudates in rings near the fovea, a blurred and thickened macula.
    pub macular_oedema: f32,
    /// Drusen: soft yellow spots around the macula. Macular degeneration.
    pub drusen: f32,
    /// Geographic atrophy: a sharply bounded pale area. Macular degeneration.
    pub geographic_atrophy: f32,
    /// A neovascular membrane with blood and fluid under the macula. Macular degeneration.
    pub neovascular: f32,
    /// Branch vein occlusion: haemorrhages and swollen veins in one sector.
    pub branch_vein_occlusion: f32,
    /// Central vein occlusion: haemorrhages and swollen veins in all quadrants, a swollen disc.
    pub central_vein_occlusion: f32,
    /// Glaucoma: a large, notched cup, a pale rim, a nerve-fibre defect.
    pub glaucoma: f32,
    /// Opacity of the media: a yellowish veil, blur, loss of contrast.
    pub opacity: f32,
    /// Myelinated nerve fibres: white feathers beside the disc. An anomaly outside the six conditions.
    pub myelinated_fibres: f32,
    /// Laser scars in the periphery. An anomaly outside the six conditions.
    pub laser_scars: f32,
}

impl Findings {
    /// An eye without findings.
    pub const NONE: Findings = Findings {
        microaneurysms: 0.0,
        haemorrhages: 0.0,
        exudates: 0.0,
        cotton_wool: 0.0,
        new_vessels: 0.0,
        macular_oedema: 0.0,
        drusen: 0.0,
        geographic_atrophy: 0.0,
        neovascular: 0.0,
        branch_vein_occlusion: 0.0,
        central_vein_occlusion: 0.0,
        glaucoma: 0.0,
        opacity: 0.0,
        myelinated_fibres: 0.0,
        laser_scars: 0.0,
    };

    /// The same findings with every severity inside 0..=1 (not-a-number becomes 0).
    pub fn clamped(self) -> Self {
        let fix = |severity: f32| if severity > 0.0 { severity.min(1.0) } else { 0.0 };
        Self {
            microaneurysms: fix(self.microaneurysms),
            haemorrhages: fix(self.haemorrhages),
            exudates: fix(self.exudates),
            cotton_wool: fix(self.cotton_wool),
            new_vessels: fix(self.new_vessels),
            macular_oedema: fix(self.macular_oedema),
            drusen: fix(self.drusen),
            geographic_atrophy: fix(self.geographic_atrophy),
            neovascular: fix(self.neovascular),
            branch_vein_occlusion: fix(self.branch_vein_occlusion),
            central_vein_occlusion: fix(self.central_vein_occlusion),
            glaucoma: fix(self.glaucoma),
            opacity: fix(self.opacity),
            myelinated_fibres: fix(self.myelinated_fibres),
            laser_scars: fix(self.laser_scars),
        }
    }

    /// Whether a perfect reader, who sees everything that was drawn, gives this label.
    pub fn carries(&self, label: Label) -> bool {
        match label {
            Label::Normal => Label::ALL.into_iter().skip(1).all(|other| !self.carries(other)),
            Label::Opacity => self.opacity > 0.0,
            Label::DiabeticRetinopathy => self.retinopathy_grade() > 0,
            Label::Glaucoma => self.glaucoma > 0.0,
            Label::MacularEdema => self.macular_oedema > 0.0,
            Label::MacularDegeneration => self.drusen > 0.0 || self.geographic_atrophy > 0.0 || self.neovascular > 0.0,
            Label::RetinalVascularOcclusion => self.branch_vein_occlusion > 0.0 || self.central_vein_occlusion > 0.0,
            Label::Other => self.myelinated_fibres > 0.0 || self.laser_scars > 0.0,
        }
    }

    /// The grade of diabetic retinopathy on the international scale (ICDR), 0 to 4, in its simplest reading:
    /// new vessels are 4, many haemorrhages 3, more than microaneurysms 2, microaneurysms alone 1.
    pub fn retinopathy_grade(&self) -> u8 {
        if self.new_vessels > 0.0 {
            4
        } else if self.haemorrhages > 0.6 {
            3
        } else if self.haemorrhages > 0.0 || self.exudates > 0.0 || self.cotton_wool > 0.0 {
            2
        } else {
            u8::from(self.microaneurysms > 0.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eye_without_findings_carries_only_normal() {
        for label in Label::ALL {
            assert_eq!(Findings::NONE.carries(label), label == Label::Normal, "{label}");
        }
    }

    #[test]
    fn every_condition_excludes_normal() {
        let eyes = [
            (Findings { opacity: 0.1, ..Findings::NONE }, Label::Opacity),
            (Findings { microaneurysms: 0.1, ..Findings::NONE }, Label::DiabeticRetinopathy),
            (Findings { glaucoma: 0.1, ..Findings::NONE }, Label::Glaucoma),
            (Findings { macular_oedema: 0.1, ..Findings::NONE }, Label::MacularEdema),
            (Findings { drusen: 0.1, ..Findings::NONE }, Label::MacularDegeneration),
            (Findings { central_vein_occlusion: 0.1, ..Findings::NONE }, Label::RetinalVascularOcclusion),
            (Findings { laser_scars: 0.1, ..Findings::NONE }, Label::Other),
        ];
        for (findings, label) in eyes {
            assert!(findings.carries(label), "{label}");
            assert!(!findings.carries(Label::Normal), "{label}");
        }
    }

    #[test]
    fn severities_outside_the_range_are_clamped() {
        let wild = Findings { drusen: 7.0, glaucoma: -1.0, opacity: f32::NAN, ..Findings::NONE }.clamped();
        assert_eq!((wild.drusen, wild.glaucoma, wild.opacity), (1.0, 0.0, 0.0));
    }
}
