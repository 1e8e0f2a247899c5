//! What other people's programs make of the objects: dciodvfy, pydicom, highdicom.

use std::{collections::BTreeSet, fs, path::Path};

use ocellus::interchange::{
    Screening,
    dicom::{Object, sample},
};
use ocellus_model::bundle::Digest;
use tempfile::TempDir;

use crate::{
    samples::{self, CODES, PDF, SIZE, named, objects, screening, usual},
    tools::{self, beside, run, said},
};

/// Writes objects into a folder and tells their files, in the same order.
fn written(folder: &Path, objects: &[Object]) -> Vec<String> {
    let files = objects.iter().enumerate().map(|(number, object)| {
        let file = folder.join(format!("{number}.dcm"));
        fs::write(&file, object.to_bytes().unwrap()).unwrap();
        file.display().to_string()
    });
    files.collect()
}

fn dumped(object: &Object) -> String {
    let folder = TempDir::new().unwrap();
    let file = written(folder.path(), std::slice::from_ref(object));
    let output = run(&tools::python(), &[&beside("dump.py").display().to_string(), &file[0]]);
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

fn assert_has(dump: &str, lines: &[&str]) {
    for line in lines {
        assert!(dump.lines().any(|found| found == *line), "no {line} in\n{dump}");
    }
}

/// Screenings of all kinds, each with a name for messages.
fn screenings() -> Vec<(String, Screening)> {
    let mut all: Vec<(String, Screening)> = Vec::new();
    for (name, eye) in samples::eyes() {
        all.push((name.to_owned(), screening(eye, named("no signs"))));
    }
    let mut practice = usual();
    (practice.practice, practice.simulated) = (true, true);
    all.push(("simulated practice".to_owned(), practice));
    let mut amended = usual();
    (amended.encounter, amended.amends) = ("2.25.8".to_owned(), Some(amended.encounter.clone()));
    all.push(("amended".to_owned(), amended));
    let mut bare = usual();
    bare.order = None;
    (bare.patient.name, bare.patient.birth_date, bare.operator) = (String::new(), String::new(), None);
    bare.instrument.serial.clear();
    (bare.begun.clock_is_set, bare.ended.clock_is_set) = (false, false);
    all.push(("bare, clock not set".to_owned(), bare));
    all
}

// verifies: RQ-152
#[test]
fn dciodvfy_finds_no_error_in_any_object() {
    let mut remarks = BTreeSet::new();
    let mut check = |name: &str, objects: &[Object]| {
        let folder = TempDir::new().unwrap();
        for file in written(folder.path(), objects) {
            let said = said(&run("dciodvfy", &["-new", &file]));
            for line in said.lines() {
                assert!(!line.contains("Error"), "{name}: {said}");
                if line.contains("Warning") || line.starts_with("W:") {
                    remarks.insert(line.to_owned());
                }
            }
        }
    };
    for (name, screening) in screenings() {
        check(&name, &objects(&screening));
    }
    check("sample", &[sample(&usual().instrument, &CODES).unwrap()]);
    for remark in &remarks {
        println!("dciodvfy: {remark}");
    }
    let known = |remark: &&String| KNOWN.iter().any(|known| remark.contains(known));
    assert_eq!(remarks.iter().filter(|remark| !known(remark)).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What dciodvfy remarks, and why it stays.
const KNOWN: &[&str] = &[
    // The tool does not know UTF-8.
    "does not support this Specific Character Set: ISO_IR 192",
    // A user name of one part; it is as the operator is known.
    "OperatorsName(0008,1070)[1]> - Value dubious for this VR [PN] = <nurse|1> - Retired Person Name form",
    // A clock that was not set gives no date that anybody should believe.
    "StudyDate(0008,0020)> - Missing attribute or value that would be needed to build DICOMDIR",
    "StudyTime(0008,0030)> - Missing attribute or value that would be needed to build DICOMDIR",
    // The program's own codes, declared as such.
    "Unrecognized defined term = <99OCL>",
    "CodingSchemeUID(0008,010c)[1]> - Unrecognized defined term",
];

#[test]
fn pydicom_reads_what_a_photograph_is() {
    let all = objects(&usual());
    let dump = dumped(&all[0]);
    let stored = samples::stored(0);
    let sent = if stored.len().is_multiple_of(2) { stored.clone() } else { [stored.as_slice(), &[0]].concat() };
    let pixels = format!("PixelData={} {}", sent.len(), Digest::of(&sent));
    let ratio = format!("LossyImageCompressionRatio={:.2}", 3.0 * f64::from(SIZE.0 * SIZE.1) / stored.len() as f64);
    assert_has(
        &dump,
        &[
            "meta.TransferSyntaxUID=1.2.840.10008.1.2.4.50",
            "meta.MediaStorageSOPClassUID=1.2.840.10008.5.1.4.1.1.77.1.5.1",
            "meta.MediaStorageSOPInstanceUID=2.25.100",
            "SOPInstanceUID=2.25.100",
            "SpecificCharacterSet=ISO_IR 192",
            "TimezoneOffsetFromUTC=+0000",
            "PatientName=Róe & Söhne^Jane",
            "PatientID=47^11",
            "IssuerOfPatientID=CLINIC",
            "PatientBirthDate=19610228",
            "QualityControlSubject=NO",
            "StudyInstanceUID=2.25.7",
            "AccessionNumber=A|4711",
            "StudyDate=20270115",
            "StudyTime=075820",
            "Modality=OP",
            "SeriesInstanceUID=2.25.20",
            "SeriesNumber=1",
            "SeriesDescription=Right eye",
            "InstanceNumber=1",
            "OperatorsName=nurse|1",
            "RequestAttributesSequence[0].RequestedProcedureID=RP1",
            "RequestAttributesSequence[0].ScheduledProcedureStepID=SPS1",
            "RequestAttributesSequence[0].ScheduledProcedureStepDescription=Fundus photographs",
            "InstitutionName=Clinic ~ 7",
            "StationName=one",
            "DeviceSerialNumber=OC/0001",
            "ImageLaterality=R",
            "ImageType=ORIGINAL\\PRIMARY\\\\COLOR",
            "AcquisitionDateTime=20270115080000+0000",
            "ContentDate=20270115",
            "ContentTime=080000",
            "RelativeImagePositionCodeSequence[0].CodeValue=111900",
            "PupilDilated=NO",
            "HorizontalFieldOfView=45.0",
            "PhotometricInterpretation=YBR_FULL_422",
            "Rows=65",
            "Columns=67",
            "BurnedInAnnotation=NO",
            "QualityControlImage=NO",
            "LossyImageCompression=01",
            "LossyImageCompressionMethod=ISO_10918_1",
            "PixelData[frames]=1",
            "ColorSpace=SRGB",
            "SynchronizationTrigger=NO TRIGGER",
            "AcquisitionTimeSynchronized=N",
            &ratio,
            &pixels,
        ],
    );
    assert!(!dump.contains("PRIVATE") && !dump.contains("ImageComments") && !dump.contains("PatientComments"));

    let dump = dumped(&all[1]);
    let mut pixels = samples::picture(1).into_raw();
    pixels.push(0);
    let pixels = format!("PixelData={} {}", pixels.len(), Digest::of(&pixels));
    assert_has(
        &dump,
        &[
            "meta.TransferSyntaxUID=1.2.840.10008.1.2.1",
            "PhotometricInterpretation=RGB",
            "LossyImageCompression=00",
            "RelativeImagePositionCodeSequence[0].CodeValue=111901",
            "PupilDilated=YES",
            "DegreeOfDilation=",
            "MydriaticAgentSequence#=2",
            "MydriaticAgentSequence[0].MydriaticAgentCodeSequence[0].CodeValue=9190005",
            "InstanceNumber=2",
            &pixels,
        ],
    );
    assert_has(
        &dumped(&all[2]),
        &["ImageLaterality=L", "SeriesNumber=2", "SeriesInstanceUID=2.25.21", "InstanceNumber=3"],
    );
}

#[test]
fn pydicom_reads_the_report_as_it_was_printed() {
    let all = objects(&usual());
    let dump = dumped(&all[4]);
    let padded = [PDF, &[0]].concat();
    let document = format!("EncapsulatedDocument={} {}", padded.len(), Digest::of(&padded));
    let length = format!("EncapsulatedDocumentLength={}", PDF.len());
    assert_eq!(PDF.len() % 2, 1);
    assert_has(
        &dump,
        &[
            "SOPClassUID=1.2.840.10008.5.1.4.1.1.104.1",
            "Modality=DOC",
            "StudyInstanceUID=2.25.7",
            "ConversionType=WSD",
            "BurnedInAnnotation=YES",
            "MIMETypeOfEncapsulatedDocument=application/pdf",
            "DocumentTitle=Retinal eye screening report",
            "ConceptNameCodeSequence[0].CodeValue=103592-2",
            "ConceptNameCodeSequence[0].CodingSchemeDesignator=LN",
            "SourceInstanceSequence#=4",
            "SourceInstanceSequence[3].ReferencedSOPInstanceUID=2.25.111",
            &document,
            &length,
        ],
    );
}

// verifies: RQ-100
#[test]
fn what_is_not_real_is_marked_wherever_there_is_a_place() {
    let mut screening = usual();
    (screening.simulated, screening.practice) = (true, true);
    screening.ended.clock_is_set = false;
    let all = objects(&screening);
    let comments = "SIMULATED: test data, not of a person.\r\nPRACTICE: test data, not of a person.\r\nThe device's clock \
                    was not set: dates and times are not known.";
    // A line of the dump ends with a comment's first line.
    let first = comments.split("\r\n").next().unwrap();
    for object in &all {
        let dump = dumped(object);
        assert_has(
            &dump,
            &[
                "QualityControlSubject=YES",
                "IssuerOfPatientID=OCELLUS-TEST",
                "StudyDescription=SIMULATED PRACTICE Retinal screening",
                &format!("PatientComments={first}"),
            ],
        );
        assert!(dump.contains("clock was not set"), "{dump}");
    }
    let photograph = dumped(&all[0]);
    assert_has(&photograph, &["QualityControlImage=YES", &format!("ImageComments={first}")]);
    assert_has(&dumped(&all[4]), &["DocumentTitle=SIMULATED PRACTICE Retinal eye screening report"]);
}

/// What a script says of each of some objects.
fn read_each(script: &str, objects: &[Object]) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let script = beside(script).display().to_string();
    let files = written(folder.path(), objects);
    let arguments: Vec<&str> = [script.as_str()].into_iter().chain(files.iter().map(String::as_str)).collect();
    let output = run(&tools::python(), &arguments);
    assert!(output.status.success(), "{}", said(&output));
    let read: Vec<String> = said(&output).split("file\n").skip(1).map(str::to_owned).collect();
    assert_eq!(read.len(), objects.len());
    read
}

// verifies: RQ-152
#[test]
fn highdicom_reads_the_findings_of_each_eye() {
    let without_result = ["pending", "tried", "network failed", "unreadable", "ungradable", "absent", "declined"];
    let mut reports = vec![objects(&usual()).pop().unwrap()];
    reports.extend(without_result.map(|name| objects(&screening(named(name), named("no signs"))).pop().unwrap()));
    let mut read = read_each("read_report.py", &reports).into_iter().zip(read_each("dump.py", &reports));
    let (seen, dump) = read.next().unwrap();
    let (right, left) = seen.split_once("group OS").unwrap();
    assert!(right.contains("group OD side=Right") && left.starts_with(" side=Left"), "{seen}");
    assert!(right.contains("SCT#4855003 = SCT#52101004 (Signs found)"), "{seen}");
    assert!(right.contains("SCT#23986001 = SCT#82334004 ("), "{seen}");
    assert!(right.contains("99OCL#refer") || right.contains("= 99OCL#refer"), "{seen}");
    assert!(left.contains("SCT#4855003 = SCT#2667000 (No referable signs found)"), "{seen}");
    assert!(right.contains("Probability = 0.125 1"), "{seen}");
    assert_has(
        &dump,
        &[
            "CompletionFlag=COMPLETE",
            "PreliminaryFlag=FINAL",
            "VerificationFlag=UNVERIFIED",
            "ContentTemplateSequence[0].TemplateIdentifier=1500",
            "CurrentRequestedProcedureEvidenceSequence[0].StudyInstanceUID=2.25.7",
            "CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence#=2",
        ],
    );
    let digest = format!("bundle sha256:{}", Digest::of(b"bundle"));
    assert!(["=vgg16", "=3", &digest].into_iter().all(|told| dump.contains(told)), "{dump}");

    for (name, (seen, dump)) in without_result.into_iter().zip(read) {
        let (right, _) = seen.split_once("group OS").unwrap();
        // Nothing is said of any condition; the assessment alone says why.
        for code in ["SCT#52101004", "SCT#2667000", "SCT#82334004", "SCT#4855003", "no_referable_signs"] {
            assert!(!right.contains(code), "{name}: {seen}");
        }
        assert!(["not_performed", "not_assessed", "judging_failed"].iter().any(|why| right.contains(why)), "{seen}");
        assert_has(&dump, &["CompletionFlag=PARTIAL", "PreliminaryFlag=PRELIMINARY"]);
    }
}

// verifies: RQ-150
#[test]
fn no_object_says_more_than_a_screening_can() {
    let all: Vec<Object> = screenings().iter().flat_map(|(_, screening)| objects(screening)).collect();
    for dump in read_each("dump.py", &all) {
        for word in ["normal", "healthy", "negative", "unremarkable", "private"] {
            assert!(!dump.to_lowercase().contains(word), "{word}: {dump}");
        }
    }
}

#[test]
fn an_amended_report_is_a_new_document_that_names_the_old_one() {
    let old = objects(&usual());
    let mut amended = usual();
    (amended.encounter, amended.amends) = ("2.25.8".to_owned(), Some(amended.encounter.clone()));
    let new = objects(&amended);
    let [old, new] = [old.last().unwrap(), new.last().unwrap()];
    assert_ne!(old.uid(), new.uid());
    let names = format!(
        "PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID={}",
        old.uid()
    );
    assert_has(&dumped(new), &[&names]);
}
