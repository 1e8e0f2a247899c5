//! Days and times in words, so that nobody mistakes the month for the day.
//!
//! Times are UTC: the device knows no other zone.
//!
//! Not here: clocks, reading dates that people type.

use super::texts::{Month, Printed};
use crate::{
    calendar::civil,
    language::Language,
    screens::texts::{Text, fill},
};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: u8,
    /// 1 to 31.
    pub(super) day: u8,
}

impl Day {
    /// The day in which a second since 1970 lies.
    pub(super) fn of(unix_seconds: i64) -> Self {
        let [year, month, day, ..] = civil(unix_seconds);
        Day { year, month: month as u8, day: day as u8 }
    }

    /// Reads `YYYY-MM-DD`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('-').collect();
        let &[year, month, day] = &parts[..] else { return None };
        let day = Day { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        ((1..=12).contains(&day.month) && (1..=31).contains(&day.day)).then_some(day)
    }

    /// In words, the month by its name.
    pub(super) fn in_words(self, language: Language) -> String {
        let month = month(self.month).of(language);
        let (day, year) = (self.day, self.year);
        match language {
            Language::En | Language::Fr | Language::Ar => format!("{day} {month} {year}"),
            Language::Es | Language::Pt => format!("{day} de {month} de {year}"),
            Language::De => format!("{day}. {month} {year}"),
        }
    }
}

/// Day and minute of a second since 1970, in words.
pub(super) fn time_in_words(unix_seconds: i64, language: Language) -> String {
    let [.., hour, minute, _] = civil(unix_seconds);
    let time = format!("{hour:02}:{minute:02}");
    let text = fill(Printed::TimeOfDay.of(language), "date", &Day::of(unix_seconds).in_words(language));
    fill(&text, "time", &time)
}

/// The day some weeks later.
pub(super) fn weeks_later(unix_seconds: i64, weeks: u32) -> Day {
    Day::of(unix_seconds.saturating_add(i64::from(weeks) * 7 * DAY))
}

fn month(number: u8) -> Month {
    match number {
        1 => Month::January,
        2 => Month::February,
        3 => Month::March,
        4 => Month::April,
        5 => Month::May,
        6 => Month::June,
        7 => Month::July,
        8 => Month::August,
        9 => Month::September,
        10 => Month::October,
        11 => Month::November,
        _ => Month::December,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_days_also_around_leap_days_and_before_1970() {
        for (seconds, year, month, day) in [
            (0, 1970, 1, 1),
            (-1, 1969, 12, 31),
            (951_782_400, 2000, 2, 29),
            (951_868_800, 2000, 3, 1),
            (1_800_000_000, 2027, 1, 15),
            (4_107_542_400, 2100, 3, 1),
            (4_107_456_000, 2100, 2, 28),
        ] {
            assert_eq!(Day::of(seconds), Day { year, month, day }, "{seconds}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Day::of(0);
        for number in 1..60_000 {
            let next = Day::of(number * DAY);
            let follows = (next.year, next.month, next.day) > (before.year, before.month, before.day);
            assert!(follows && (next.day == before.day + 1 || next.day == 1), "{before:?} {next:?}");
            before = next;
        }
    }

    #[test]
    fn months_are_named_in_every_language() {
        let day = Day::read("1961-02-28").unwrap();
        let words = Language::ALL.map(|language| day.in_words(language));
        let expected = [
            "28 February 1961",
            "28 de febrero de 1961",
            "28 février 1961",
            "28 de fevereiro de 1961",
            "28. Februar 1961",
            "28 فبراير 1961",
        ];
        assert_eq!(words, expected);
        assert_eq!(time_in_words(1_800_000_000, Language::En), "15 January 2027, 08:00 UTC");
        assert_eq!(weeks_later(1_800_000_000, 4).in_words(Language::De), "12. Februar 2027");
        assert_eq!(Day::read("28.2.1961"), None);
    }
}
