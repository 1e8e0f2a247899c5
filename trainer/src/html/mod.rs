//! Pages for a browser: one file with everything in it, nothing fetched.

pub mod svg;

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{DynamicImage, RgbImage, imageops::FilterType};
use jpeg_encoder::{ColorType, Encoder};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:70rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.7rem;margin-bottom:0}h2{margin-top:2.4rem;border-bottom:1px solid #ddd;padding-bottom:.2rem}\
table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #eee}\
td:first-child,th:first-child,td.name{text-align:left}.warn{background:#fdecea;font-weight:600}\
.lead{color:#555}svg text{font:12px system-ui,sans-serif}figure{display:inline-block;margin:.2rem .6rem .6rem 0;\
vertical-align:top}figure img,.sheet img{border-radius:4px;background:#000}.sheet img{margin:2px}\
figcaption{font-size:12px;color:#555}.key span{display:inline-block;margin-right:1rem}\
.key i{display:inline-block;width:.8em;height:.8em;margin-right:.3em}";
/// Quality of small pictures.
const JPEG_QUALITY: u8 = 80;

/// Text that means nothing to HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page up to its first section; the two texts are escaped.
pub fn begin(title: &str, lead: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><style>{STYLE}</style>\
         <h1>{0}</h1><p class=\"lead\">{1}</p>",
        escape(title),
        escape(lead)
    )
}

/// What the colours of a figure mean.
pub fn key(page: &mut String, names: &[&str]) {
    page.push_str("<p class=\"key\">");
    for (at, name) in names.iter().enumerate() {
        let _ = write!(page, "<span><i style=\"background:{}\"></i>{}</span>", svg::colour(at), escape(name));
    }
    page.push_str("</p>");
}

/// A picture, from the bytes of a JPEG file.
pub fn picture(jpeg: &[u8]) -> String {
    format!("<img alt=\"\" src=\"data:image/jpeg;base64,{}\">", STANDARD.encode(jpeg))
}

/// A small JPEG, at most `side` pixels wide and high.
pub fn small(pixels: RgbImage, side: u32) -> Vec<u8> {
    let small = DynamicImage::ImageRgb8(pixels).resize(side, side, FilterType::Triangle).into_rgb8();
    let mut bytes = Vec::new();
    let encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    // Writing to memory does not fail; an empty picture would show as a gap.
    if encoder.encode(small.as_raw(), small.width() as u16, small.height() as u16, ColorType::Rgb).is_err() {
        bytes.clear();
    }
    bytes
}
