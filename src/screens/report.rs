//! The report: that it is there, and by which number the clinic's desk finds it; or that it could not be made.

use embedded_graphics::{
    draw_target::DrawTarget,
    pixelcolor::Rgb888,
    prelude::{Point, Size},
    primitives::Rectangle,
};

use super::{
    Page, icons, messages,
    text::Style,
    texts::{Button, Said},
    theme::{self, part, point},
};
use crate::{decision::PatientDisposition, report::Code, station::Press};

/// The report of a number; none where it could not be made.
pub(super) fn draw(page: &mut Page<'_>, report: Option<&str>, patient: PatientDisposition) {
    let Some(report) = report else {
        page.warning(page.say(Said::NoReport), page.say(Said::NoReportLine));
        return page.buttons(&[(Button::NextPatient, Press::Continue)], Some((Button::Retry, Press::Retry)));
    };
    let main = page.layout.main();
    let side = main.size.height.min(main.size.width / 3);
    let card = part(main, main.size.width - side, (main.size.height - side) / 2, side, side);
    code(page, report, card);
    let words = part(main, 0, 0, main.size.width - side - page.layout.mm(6.0), main.size.height);
    let used = page.headline(page.say(Said::ReportReady), page.say(Said::ReportReadyLine), words);

    let mut down = used + page.layout.mm(4.0);
    let label = Style::new(page.layout.small(), theme::SECONDARY);
    let below = part(words, 0, down, words.size.width, words.size.height);
    down += page.text.draw(page.frame, page.say(Said::ReportNumber), label, below);
    // It is read out and copied by hand where nothing scans. Its letters run from the left in every language.
    let from_the_right = page.context.language.is_right_to_left();
    let number = Style::new(page.layout.body(), theme::TEXT).bold();
    let number = if from_the_right { number.end() } else { number };
    page.text.draw(page.frame, report, number, part(words, 0, down, words.size.width, words.size.height));

    // What was said is not forgotten while the paper is looked for.
    let said = match patient {
        PatientDisposition::Refer => Said::Refer,
        PatientDisposition::NoReferableSigns => Said::NoSigns,
        PatientDisposition::Incomplete => Said::NoResult,
    };
    let shape = page.layout.mm(6.0);
    let foot = part(words, 0, words.size.height - shape.max(page.layout.mm(9.0)), words.size.width, words.size.height);
    let (beside, width) = (shape + page.layout.mm(2.0), foot.size.width);
    let (middle, left) = if from_the_right { (width - shape / 2, 0) } else { (shape / 2, beside) };
    icons::outcome(page.frame, messages::outcome(patient), foot.top_left + point(middle, shape / 2), shape);
    let area = part(foot, left, 0, width - beside, foot.size.height);
    page.text.draw(page.frame, page.say(said), Style::new(page.layout.body(), theme::TEXT).bold(), area);
    page.buttons(&[], Some((Button::NextPatient, Press::Continue)));
}

/// A white card with a code: scanners want dark on light, and four squares of quiet around it.
fn code(page: &mut Page<'_>, number: &str, card: Rectangle) {
    /// Light squares on each side, as ISO/IEC 18004 wants.
    const QUIET: u32 = 4;
    // A number too long for a code stands there in letters.
    let Ok(code) = Code::of(number) else { return };
    let squares = code.side() as u32 + 2 * QUIET;
    let module = card.size.width.min(card.size.height) / squares;
    if module == 0 {
        return;
    }
    let used = squares * module;
    let left = (card.size.width - used) / 2;
    let top = (card.size.height - used) / 2;
    let corner = card.top_left + point(left, top);
    let mut fill = |at: Point, width: u32, height: u32, colour: Rgb888| {
        let Ok(()) = page.frame.fill_solid(&Rectangle::new(at, Size::new(width, height)), colour);
    };
    fill(corner, used, used, theme::TEXT);
    for (row, first, count) in code.runs() {
        let at = corner + point((first as u32 + QUIET) * module, (row as u32 + QUIET) * module);
        fill(at, count as u32 * module, module, theme::BACKGROUND);
    }
}
