//! The shared screenings with photographs that have pixels, as DICOM objects.

use image::{ImageFormat, Rgb, RgbImage};
use ocellus::{
    encounter::Agent,
    interchange::{
        Export, Eye, Photograph, Purpose, Screening, Site,
        dicom::{Field, Object, Pupil, Study, Taking},
    },
    station::Order,
};
use ocellus_model::{bundle::Digest, laterality::Laterality};
use ocellus_tests::screenings;

pub(crate) use ocellus_tests::screenings::{CODES, PDF, eyes, named};

/// Width and height of the photographs: odd, so that padding is seen.
pub(crate) const SIZE: (u32, u32) = (67, 65);

/// A picture that differs with its number.
pub(crate) fn picture(number: u8) -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| Rgb([(4 * x) as u8, (5 * y) as u8, number.wrapping_mul(40)]))
}

/// A baseline JPEG as cameras make them.
pub(crate) fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(picture.as_raw(), width, height, jpeg_encoder::ColorType::Rgb).expect("it can be encoded");
    bytes
}

/// A PNG, which DICOM does not know.
pub(crate) fn png(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).expect("it can be encoded");
    bytes.into_inner()
}

/// The stored bytes of a photograph: the first of an eye is a JPEG, the second a PNG.
pub(crate) fn stored(number: u8) -> Vec<u8> {
    if number.is_multiple_of(2) { jpeg(&picture(number)) } else { png(&picture(number)) }
}

/// The number of a photograph: two of the right eye, then two of the left.
fn number(photograph: &Photograph) -> u8 {
    let side = if photograph.eye == Laterality::Od { 0 } else { 2 };
    side + u8::from(photograph.uid.ends_with('1'))
}

/// A whole, real screening; each eye that was photographed has a JPEG and a PNG.
pub(crate) fn screening(right: Eye, left: Eye) -> Screening {
    let mut screening = screenings::screening(right, left);
    for photograph in &mut screening.photographs {
        photograph.digest = Digest::of(&stored(number(photograph)));
    }
    screening
}

/// What the site of the samples wants.
pub(crate) fn site() -> Site {
    let none = String::new;
    Site { receiving_application: none(), receiving_facility: none(), probabilities: true, ..screenings::site() }
}

/// What the worklist said, as far as it makes no difference to others than archives.
fn detailed(order: Order) -> Order {
    Order {
        procedure_id: "RP1".into(),
        procedure_description: "Retinal screening, both eyes".into(),
        step_id: "SPS1".into(),
        step_description: "Fundus photographs".into(),
        ..order
    }
}

/// How the photographs were taken.
pub(crate) fn taking(number: usize) -> Taking {
    let dilated = |agents: &[Agent]| Some(Pupil::Dilated(agents.to_vec()));
    let pupil = match number % 4 {
        0 => Some(Pupil::Natural),
        1 => dilated(&[Agent::Tropicamide, Agent::Phenylephrine]),
        2 => dilated(&[]),
        _ => None,
    };
    let field = [Some(Field::Macula), Some(Field::Disc), None][number % 3];
    Taking { field, field_of_view_deg: (number != 3).then_some(45.0), pupil }
}

/// One photograph as large as cameras make them, as an object of plain pixels; and how many bytes of pixels it has.
pub(crate) fn large() -> (Object, usize) {
    let picture = RgbImage::from_fn(2500, 2400, |x, y| Rgb([(x / 10) as u8, (y / 10) as u8, (x ^ y) as u8]));
    let bytes = png(&picture);
    let mut screening = usual();
    screening.photographs[0].digest = Digest::of(&bytes);
    let site = site();
    let export = Export::new(&screening, &site, &CODES, Purpose::Care).expect("the sample may be exported");
    let study = Study::new(&export);
    let object = study.photograph(&screening.photographs[0], &bytes, &Taking::default());
    (object.expect("the photograph becomes an object"), picture.as_raw().len())
}

/// Every object of a screening, photographs first.
pub(crate) fn objects(screening: &Screening) -> Vec<Object> {
    let site = site();
    let screening = &Screening { order: screening.order.clone().map(detailed), ..screening.clone() };
    let export = Export::new(screening, &site, &CODES, Purpose::Testing).expect("the sample may be exported");
    let study = Study::new(&export);
    let photographs = screening.photographs.iter().enumerate().map(|(place, photograph)| {
        let bytes = stored(number(photograph));
        study.photograph(photograph, &bytes, &taking(place)).expect("the photograph becomes an object")
    });
    let mut objects: Vec<Object> = photographs.collect();
    objects.push(study.report(PDF).expect("the report becomes an object"));
    objects.push(study.findings().expect("the findings become an object"));
    objects
}

/// The usual screening: signs in the right eye, none in the left.
pub(crate) fn usual() -> Screening {
    screening(named("one sign"), named("no signs"))
}
