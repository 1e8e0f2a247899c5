//! Stamps as other systems write them, in UTC.

use crate::store::Stamp;

/// `2026-11-28T10:43:00Z`; none where the clock was not set: a time that nobody believes is no time.
pub(super) fn iso(stamp: Stamp) -> Option<String> {
    stamp.clock_is_set.then(|| {
        let [year, month, day, hour, minute, second] = civil(stamp.unix_seconds);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    })
}

/// `20261128104300+0000`, whatever the clock is worth.
pub(super) fn compact(stamp: Stamp) -> String {
    let [year, month, day, hour, minute, second] = civil(stamp.unix_seconds);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}+0000")
}

/// Year, month, day, hour, minute and second of the Gregorian calendar. Counted from a first of March, so that the leap day
/// is a year's last and months have a pattern of 153 days in five.
fn civil(unix_seconds: i64) -> [i64; 6] {
    const DAYS_TO_1970: i64 = 719_468;
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let (days, second) = (unix_seconds.div_euclid(86_400), unix_seconds.rem_euclid(86_400));
    let days = days + DAYS_TO_1970;
    let (era, day) = (days.div_euclid(DAYS_IN_400_YEARS), days.rem_euclid(DAYS_IN_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    [year + era * 400 + next_year, month, day, second / 3_600, second / 60 % 60, second % 60]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (unix_seconds, iso_time, compact_time) in [
            (0, "1970-01-01T00:00:00Z", "19700101000000+0000"),
            (951_782_399, "2000-02-28T23:59:59Z", "20000228235959+0000"),
            (951_782_400, "2000-02-29T00:00:00Z", "20000229000000+0000"),
            (1_800_000_000, "2027-01-15T08:00:00Z", "20270115080000+0000"),
            (4_107_542_400, "2100-03-01T00:00:00Z", "21000301000000+0000"),
            (-1, "1969-12-31T23:59:59Z", "19691231235959+0000"),
        ] {
            let stamp = Stamp { unix_seconds, clock_is_set: true };
            assert_eq!(iso(stamp).as_deref(), Some(iso_time));
            assert_eq!(compact(stamp), compact_time);
            assert_eq!(iso(Stamp { clock_is_set: false, ..stamp }), None);
        }
    }
}
