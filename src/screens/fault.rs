//! Something is out of order.

use super::{
    Page, icons, messages,
    theme::{self, part, point},
};
use crate::encounter::Fault;

pub(super) fn draw(page: &mut Page<'_>, fault: Fault) {
    let main = page.layout.main();
    let size = page.layout.mm(16.0);
    let centre = main.top_left + point(size / 2 + page.layout.mm(2.0), size / 2 + page.layout.mm(6.0));
    icons::warning_triangle(page.frame, centre, size, theme::WARNING);
    let left = size + page.layout.mm(8.0);
    let words = part(main, left, page.layout.mm(6.0), main.size.width - left, main.size.height);
    let message = messages::fault(fault);
    page.headline(&message.title, &message.action, words);
    page.buttons(&["Break off"], "Try again");
}
