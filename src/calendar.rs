//! Seconds as the Gregorian calendar counts them, in UTC.
//!
//! Not here: how a day or time is written ([`crate::report`] in words, [`crate::interchange`] for other systems).

/// Year, month, day, hour, minute and second of a second since 1970. Counted from a first of March, so that the leap day is a
/// year's last and months have a pattern of 153 days in five (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub(crate) fn civil(unix_seconds: i64) -> [i64; 6] {
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
