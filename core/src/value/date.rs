//! Dates in all spellings of the service (docs/service/values.md, Dates).

use jiff::civil::{Date, DateTime, DateTimeRound, Time};
use jiff::fmt::temporal::Pieces;
use jiff::{RoundMode, SignedDuration, Unit};

/// A date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// A day without a time.
    Day(Date),
    /// A time without a zone, in ISO 8601.
    Local(DateTime),
    /// A time in a zone: by the clock there, and in UTC.
    Instant { local: DateTime, utc: DateTime },
    /// `8/1/2021 12:00:00 AM`: month, day, year, and a clock with seconds, as old records have it.
    Recorded(DateTime),
    /// The same in a shorter form, of which a person may mean another day.
    American(DateTime),
}

impl Written {
    pub(crate) fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(american) = american(text) {
            return Some(american);
        }
        // Compact spellings would make dates of plain numbers. The year before the first is a mistake.
        if text.as_bytes().get(4) != Some(&b'-') || text.starts_with("0000") {
            return None;
        }
        let pieces = Pieces::parse(text).ok()?;
        let Some(time) = pieces.time() else { return (text.len() == 10).then(|| Self::Day(pieces.date())) };
        let local = pieces.date().to_datetime(time);
        let Some(offset) = pieces.to_numeric_offset() else { return Some(Self::Local(local)) };
        let utc = local.checked_sub(SignedDuration::from_secs(offset.seconds().into())).ok()?;
        Some(Self::Instant { local, utc })
    }

    /// In UTC, as is a time without a zone. None for the year 1, which is no date.
    pub(crate) fn instant(self) -> Option<DateTime> {
        let instant = match self {
            Self::Day(day) => day.to_datetime(Time::midnight()),
            Self::Local(time) | Self::Recorded(time) | Self::American(time) => time,
            Self::Instant { utc, .. } => utc,
        };
        (instant.year() > 1).then_some(instant)
    }

    /// Whether it says that it is in another zone than UTC.
    pub(crate) fn is_elsewhere(self) -> bool {
        matches!(self, Self::Instant { local, utc } if local != utc)
    }
}

/// A time in UTC as a text.
pub(crate) fn text_of(utc: DateTime) -> String {
    format!("{utc}Z")
}

/// To the millisecond, which is the most that the service keeps of what is written.
pub(crate) fn milliseconds(time: DateTime) -> DateTime {
    let rounding = DateTimeRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
    time.round(rounding).unwrap_or(time)
}

/// `3/4/2025 9:12:33 AM`, `03/04/2025 09:12:33`, `3/4/2025`, also with narrow or fixed blanks.
fn american(text: &str) -> Option<Written> {
    let mut parts = text.split_whitespace();
    let mut date = parts.next()?.split('/');
    let (month, day, year) = (whole(date.next()?)?, whole(date.next()?)?, year(date.next()?)?);
    let date = Date::new(year, month, day).ok().filter(|_| date.next().is_none())?;
    let Some(clock) = parts.next() else {
        return Some(Written::American(date.to_datetime(Time::midnight())));
    };
    let mut clock = clock.split(':');
    let (hour, minute) = (whole(clock.next()?)?, whole(clock.next()?)?);
    let second = clock.next();
    let half = parts.next().map(str::to_ascii_uppercase);
    let is_whole = second.is_some() && half.is_some();
    let second = second.map_or(Some(0), whole)?;
    let hour = match half.as_deref() {
        None => hour,
        Some("AM") if (1..=12).contains(&hour) => hour % 12,
        Some("PM") if (1..=12).contains(&hour) => hour % 12 + 12,
        Some(_) => return None,
    };
    let ends = clock.next().is_none() && parts.next().is_none();
    let time = date.to_datetime(Time::new(hour, minute, second, 0).ok().filter(|_| ends)?);
    Some(if is_whole { Written::Recorded(time) } else { Written::American(time) })
}

/// Of four digits: a shorter one may mean another century.
fn year(text: &str) -> Option<i16> {
    let is_year = text.len() == 4 && text.bytes().all(|digit| digit.is_ascii_digit());
    is_year.then(|| text.parse().ok())?.filter(|year| *year > 0)
}

fn whole(text: &str) -> Option<i8> {
    (text.len() <= 2 && text.bytes().all(|digit| digit.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_service() {
        for (text, expected) in [
            ("2025-05-20T14:02:07.905Z", "2025-05-20T14:02:07.905Z"),
            ("2025-05-20T14:02:07Z", "2025-05-20T14:02:07Z"),
            ("2025-05-20T14:02:07.9051134Z", "2025-05-20T14:02:07.9051134Z"),
            ("2025-05-20 12:00:00Z", "2025-05-20T12:00:00Z"),
            ("2025-05-20T14:02:07", "2025-05-20T14:02:07Z"),
            ("2025-05-20T14:02:07.5+02:00", "2025-05-20T12:02:07.5Z"),
            ("2025-05-20", "2025-05-20T00:00:00Z"),
            ("8/1/2021 12:00:00 AM", "2021-08-01T00:00:00Z"),
            ("3/4/2025 9:12:33 PM", "2025-03-04T21:12:33Z"),
            ("03/04/2025 09:12:33", "2025-03-04T09:12:33Z"),
            ("5/20/2025 2:02:07\u{202f}PM", "2025-05-20T14:02:07Z"),
            ("5/20/2025\u{a0}12:30 pm", "2025-05-20T12:30:00Z"),
            ("5/20/2025", "2025-05-20T00:00:00Z"),
            ("2025-05-20 14:02:07+00", "2025-05-20T14:02:07Z"),
            ("2025-05-20T14:02:07-0000", "2025-05-20T14:02:07Z"),
            ("2025-05-20T14:02:07+02:00[Europe/Paris]", "2025-05-20T12:02:07Z"),
            ("9999-12-31", "9999-12-31T00:00:00Z"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
            ("12/31/9999 12:00:00 AM", "9999-12-31T00:00:00Z"),
        ] {
            let instant = Written::of(text).and_then(Written::instant);
            assert_eq!(instant.map(text_of).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_year_1_is_no_date() {
        for text in ["0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "1/1/0001 12:00:00 AM"] {
            assert_eq!(Written::of(text).unwrap().instant(), None, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "soon",
            "13/1/2021",
            "8/1/21 12:00:00 AM",
            "8/1/0000 12:00:00 AM",
            "8/1/-5 12:00:00 AM",
            "8/1/02021",
            "0000-01-01",
            "0000-01-01T00:00:00Z",
            "2/30/2021",
            "1/2/2021 13:00 PM",
            "1/2/2021 0:00 AM",
            "1/2/2021 1:00 AM CET",
            "1/2",
            "2025-13-01",
            "20250520",
            "2025",
            "1/2/2021 1:2:3:4",
            // No calendar has it.
            "9999-12-31T23:00:00-05:00",
            "2025-05-20Z",
        ] {
            assert_eq!(Written::of(text), None, "{text}");
        }
    }
}
