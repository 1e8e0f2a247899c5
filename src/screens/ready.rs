//! Nobody is being screened.

use super::{
    Page, shapes,
    text::Style,
    theme::{self, part, point},
};

pub(super) fn draw(page: &mut Page<'_>) {
    let main = page.layout.main();
    let centre = main.top_left + point(main.size.width / 2, main.size.height / 3);
    let size = main.size.height / 4;
    shapes::ring(page.frame, centre, size, page.layout.mm(1.0), theme::OUTLINE);
    shapes::ring(page.frame, centre, size / 2, page.layout.mm(1.0), theme::SECONDARY);
    shapes::disc(page.frame, centre, size / 5, theme::TEXT);
    let words = part(main, 0, main.size.height * 2 / 3, main.size.width, main.size.height / 3);
    let style = Style::new(page.layout.headline(), theme::TEXT).bold().middle();
    let used = page.text.draw(page.frame, "Ready", style, words);
    let style = Style::new(page.layout.small(), theme::SECONDARY).middle();
    let below = part(words, 0, used + page.layout.unit(), words.size.width, words.size.height);
    page.text.draw(page.frame, "Research software, not a cleared medical device.", style, below);
    page.buttons(&[], "Next patient");
}
