//! The bar on top: where, which eye, and whether all this is simulated.

use ocellus_model::laterality::Laterality;

use super::{
    Page, Status, messages, shapes,
    text::Style,
    theme::{self, part, point},
};
use crate::encounter::View;

pub(super) fn draw(page: &mut Page<'_>, status: Status<'_>, view: &View) {
    let bar = page.layout.status();
    let margin = page.layout.mm(4.6);
    let third = (bar.size.width - 2 * margin) / 3;
    shapes::rounded(page.frame, bar, 0, theme::SURFACE);
    let style = Style::new(page.layout.small(), theme::SECONDARY);
    let third_area = |number: u32| part(bar, margin + number * third, 0, third, bar.size.height);
    page.text.draw_centred(page.frame, status.place, style, third_area(0));
    if status.simulated {
        simulated(page);
    }
    if let Some(eye) = eye_of(view) {
        let style = Style::new(page.layout.small(), theme::TEXT).bold().end();
        page.text.draw_centred(page.frame, messages::eye(eye), style, third_area(2));
    }
}

/// A striped band in the middle that nobody takes for a clinic's device.
fn simulated(page: &mut Page<'_>) {
    let bar = page.layout.status();
    let style = Style::new(page.layout.small(), theme::BACKGROUND).bold().middle();
    let words = "SIMULATED";
    let width = page.text.width(words, style) + page.layout.mm(19.0);
    let inset = page.layout.mm(1.2);
    let left = (bar.size.width - width) / 2;
    let band = part(bar, left, inset, width, bar.size.height - 2 * inset);
    shapes::rounded(page.frame, band, 2, theme::WARNING);
    let (height, stripe) = (band.size.height, page.layout.mm(0.7));
    for x in (stripe..page.layout.mm(6.0)).step_by(3 * stripe as usize) {
        for x in [x, width - x - height / 2] {
            let low = band.top_left + point(x, height - 1);
            let high = band.top_left + point(x + height / 2, 0);
            shapes::polyline(page.frame, &[low, high], stripe, theme::BACKGROUND);
        }
    }
    page.text.draw_centred(page.frame, words, style, band);
}

fn eye_of(view: &View) -> Option<Laterality> {
    match view {
        View::Aim { eye, .. } | View::Judging { eye } | View::Retake { eye, .. } => Some(*eye),
        View::Ready | View::Result { .. } | View::Fault(_) => None,
    }
}
