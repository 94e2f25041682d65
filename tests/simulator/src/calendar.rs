//! The spellings of points in time that the service uses. Inside the simulator a point in time is a number of
//! milliseconds since 1970 in UTC.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) type Millis = i64;

pub(crate) const MINUTE: Millis = 60_000;
pub(crate) const HOUR: Millis = 60 * MINUTE;
pub(crate) const DAY: Millis = 24 * HOUR;

pub(crate) fn now() -> Millis {
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as Millis
}

fn civil(at: Millis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `2025-05-20T14:02:07.905Z`, as records carry it.
pub(crate) fn stamp(at: Millis) -> String {
    let t = civil(at);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second(),
        t.millisecond()
    )
}

/// `2025-05-20T14:02:07Z`, as dates set by hand are kept.
pub(crate) fn whole_seconds(at: Millis) -> String {
    let text = stamp(at);
    format!("{}Z", &text[..19])
}

/// `5/20/2025 2:02:07 PM`, with the blank before the half of the day as given.
pub(crate) fn us_long(at: Millis, blank: char) -> String {
    let t = civil(at);
    let half = if t.hour() < 12 { "AM" } else { "PM" };
    let hour = match t.hour() % 12 {
        0 => 12,
        other => other,
    };
    format!(
        "{}/{}/{} {}:{:02}:{:02}{blank}{half}",
        u8::from(t.month()),
        t.day(),
        t.year(),
        hour,
        t.minute(),
        t.second()
    )
}

/// `03/04/2025 09:12:33`.
pub(crate) fn us_short(at: Millis) -> String {
    let t = civil(at);
    format!(
        "{:02}/{:02}/{:04} {:02}:{:02}:{:02}",
        u8::from(t.month()),
        t.day(),
        t.year(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// Reads ISO forms with `Z`, an offset or nothing (UTC), with `T` or a blank, a bare date, and the US form
/// of old values.
pub(crate) fn parse(text: &str) -> Option<Millis> {
    let text = text.trim();
    let iso = text.replacen(' ', "T", 1);
    let moment = OffsetDateTime::parse(&iso, &Rfc3339)
        .ok()
        .or_else(|| OffsetDateTime::parse(&format!("{iso}Z"), &Rfc3339).ok())
        .or_else(|| {
            let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
            Some(day.midnight().assume_utc())
        })
        .or_else(|| {
            let us = format_description!(
                "[month padding:none]/[day padding:none]/[year] [hour repr:12 padding:none]:[minute]:[second] [period]"
            );
            Some(PrimitiveDateTime::parse(text, us).ok()?.assume_utc())
        })?;
    Some((moment.to_offset(UtcOffset::UTC).unix_timestamp_nanos() / 1_000_000) as Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling() {
        let at = parse("2025-05-20T14:02:07.905Z").unwrap();
        assert_eq!(stamp(at), "2025-05-20T14:02:07.905Z");
        assert_eq!(parse("2025-05-20 14:02:07.905Z"), Some(at));
        assert_eq!(parse("2025-05-20T16:02:07.905+02:00"), Some(at));
        assert_eq!(parse("2025-05-20T14:02:07.905"), Some(at));
        assert_eq!(parse("5/20/2025 2:02:07 PM"), Some(at - 905));
        assert_eq!(parse("2025-05-20").map(stamp).as_deref(), Some("2025-05-20T00:00:00.000Z"));
        assert_eq!(us_long(at, ' '), "5/20/2025 2:02:07 PM");
        assert_eq!(parse("soon"), None);
    }
}
