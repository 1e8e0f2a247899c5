//! All that is said in code, by the names of `codes.toml`.

use ocellus_model::label::Output;
use serde::Deserialize;

/// Declares [`Use`]: each with its name in files and messages.
macro_rules! uses {
    ($($(#[$doc:meta])* $name:ident = $written:literal;)*) => {
        /// One thing that is said in code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        pub enum Use { $($(#[$doc])* #[serde(rename = $written)] $name),* }

        impl Use {
            /// All of them.
            pub const ALL: &[Use] = &[$(Use::$name),*];

            /// The name in `codes.toml`, which is also the program's own code.
            pub fn name(self) -> &'static str {
                match self { $(Use::$name => $written),* }
            }
        }
    };
}

uses! {
    /// The kind of report.
    Report = "report";
    /// The speciality it belongs to.
    ReportCategory = "report_category";
    /// What was done.
    Procedure = "procedure";
    /// How the photographs were taken, in DICOM's words.
    Modality = "modality";
    /// The kind of DICOM object a photograph is.
    PhotographClass = "photograph_class";
    /// The right eye as a part of the body.
    RightEye = "right_eye";
    /// The left eye as a part of the body.
    LeftEye = "left_eye";
    /// The right side.
    RightSide = "right_side";
    /// The left side.
    LeftSide = "left_side";
    /// See [`Output::Anomaly`].
    Anomaly = "anomaly";
    /// See [`Output::Opacity`].
    Opacity = "opacity";
    /// See [`Output::DiabeticRetinopathy`].
    DiabeticRetinopathy = "diabetic_retinopathy";
    /// See [`Output::Glaucoma`].
    Glaucoma = "glaucoma";
    /// See [`Output::MacularEdema`].
    MacularEdema = "macular_edema";
    /// See [`Output::MacularDegeneration`].
    MacularDegeneration = "macular_degeneration";
    /// See [`Output::RetinalVascularOcclusion`].
    RetinalVascularOcclusion = "retinal_vascular_occlusion";
    /// See [`Output::Other`].
    Other = "other";
    /// That what follows is the quality of an eye's photograph.
    ImageQuality = "image_quality";
    /// That what follows is the outcome of the patient.
    Overall = "overall";
    /// That what follows is a probability.
    Probability = "probability";
    /// Its unit.
    ProbabilityUnit = "probability_unit";
    /// The signs were found.
    Signs = "signs";
    /// No referable signs were found.
    NoSigns = "no_signs";
    /// Neither can be said.
    Uncertain = "uncertain";
    /// The mark beside signs.
    FlagSigns = "flag_signs";
    /// The mark beside what can't be said.
    FlagUncertain = "flag_uncertain";
    /// The patient is to be referred.
    Refer = "refer";
    /// The patient has no referable signs.
    NoReferableSigns = "no_referable_signs";
    /// An eye is missing or could not be judged.
    Incomplete = "incomplete";
    /// A photograph of good quality.
    Good = "good";
    /// A photograph that could be judged.
    Usable = "usable";
    /// A photograph that could not.
    Ungradable = "ungradable";
    /// There is no photograph.
    NotPerformed = "not_performed";
    /// There is one, and it could not be assessed.
    NotAssessed = "not_assessed";
    /// There is one, and judging it failed.
    JudgingFailed = "judging_failed";
    /// Nothing of this is of a person.
    TestData = "test_data";
    /// Camera, controller or patient are simulated.
    Simulated = "simulated";
    /// A practice patient.
    Practice = "practice";
}

impl Use {
    /// What an output of the network looks for.
    pub fn of(output: Output) -> Self {
        match output {
            Output::Anomaly => Use::Anomaly,
            Output::Opacity => Use::Opacity,
            Output::DiabeticRetinopathy => Use::DiabeticRetinopathy,
            Output::Glaucoma => Use::Glaucoma,
            Output::MacularEdema => Use::MacularEdema,
            Output::MacularDegeneration => Use::MacularDegeneration,
            Output::RetinalVascularOcclusion => Use::RetinalVascularOcclusion,
            Output::Other => Use::Other,
        }
    }

    /// Whether a site may not replace it: the marks of what is not real protect the receiver.
    pub(super) fn is_fixed(self) -> bool {
        matches!(self, Use::TestData | Use::Simulated | Use::Practice)
    }
}
