//! Stamps as other systems write them, in UTC.

use crate::{calendar::civil, store::Stamp};

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
