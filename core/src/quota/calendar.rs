//! The windows in which requests are counted: the day, the hour, the minute.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::error::{Error, Result};
use crate::own::QuotaWindow;

/// No moment is later, whatever a clock or an answer says: 9999-01-01T00:00:00Z. Calendars end soon after.
const LATEST: u64 = 253_370_764_800;

/// How many windows there are at a moment.
pub(crate) const SPANS: usize = 3;

#[cfg(feature = "sqlite")]
impl QuotaWindow {
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Day, Self::Hour, Self::Minute].into_iter().find(|window| window.as_str() == name)
    }
}

/// A piece of time in which requests are counted. Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    pub(crate) span: QuotaWindow,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Window {
    pub(crate) fn holds(&self, second: u64) -> bool {
        (self.start..self.end).contains(&second)
    }

    pub(crate) fn end(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.end.min(2 * LATEST))
    }

    /// One of the same length that ends where this one begins. Days are not always of the same length.
    pub(crate) fn before(&self) -> Self {
        Self {
            span: self.span,
            start: self.start.saturating_sub(self.end.saturating_sub(self.start)),
            end: self.start,
        }
    }
}

/// The windows of a moment, for one company: day, hour, minute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    /// API origin and company.
    pub(crate) owner: Arc<str>,
    pub(crate) windows: [Window; SPANS],
}

impl Frame {
    pub(crate) fn day(&self) -> &Window {
        &self.windows[0]
    }

    pub(crate) fn hour(&self) -> &Window {
        &self.windows[1]
    }

    /// Whether this moment falls into all of them.
    pub(crate) fn holds(&self, now: SystemTime) -> bool {
        let second = seconds(now);
        self.windows.iter().all(|window| window.holds(second))
    }
}

/// When days begin.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    zone: TimeZone,
    start: Time,
}

impl Calendar {
    /// `start` as `HH:MM`, `zone` as an IANA name; the day begins at midnight UTC without them (docs/service/limits.md, Limits by
    /// edition: when the service's own begins is not known).
    pub(crate) fn new(start: Option<&str>, zone: Option<&str>) -> Result<Self> {
        let start = start.unwrap_or("00:00");
        let time = Time::strptime("%H:%M", start).map_err(|_| {
            Error::config(format!("plan: day_start {start:?} is not a time of day such as 06:30"))
        })?;
        let zone = match zone {
            Some(name) => TimeZone::get(name).map_err(|_| {
                Error::config(format!(
                    "plan: time_zone {name:?} is unknown; give an IANA name such as America/New_York"
                ))
            })?,
            // Also where a machine knows no zones.
            None => TimeZone::UTC,
        };
        Ok(Self { zone, start: time })
    }

    /// The windows of a moment.
    pub(crate) fn windows(&self, now: SystemTime) -> [Window; SPANS] {
        let second = seconds(now);
        let full = |span, length| {
            let start = second - second % length;
            Window { span, start, end: start + length }
        };
        [self.day(second), full(QuotaWindow::Hour, 3_600), full(QuotaWindow::Minute, 60)]
    }

    /// The date on which a day began, as `2026-11-25`.
    pub(crate) fn date(&self, day_start: u64) -> String {
        self.local(day_start).date().to_string()
    }

    /// Where the days are those of: `UTC`, or `America/New_York from 06:00`.
    pub(crate) fn place(&self) -> String {
        let zone = self.zone.iana_name().unwrap_or("UTC");
        match self.start == Time::midnight() {
            true => zone.to_owned(),
            false => format!("{zone} from {}", self.start.strftime("%H:%M")),
        }
    }

    fn day(&self, second: u64) -> Window {
        let mut date = self.local(second).date();
        // Where a time of day comes twice or not at all, the day begins where the zone's rules put it.
        if self.begins(date) > second {
            date = date.saturating_sub(1.day());
        } else if self.begins(date.saturating_add(1.day())) <= second {
            date = date.saturating_add(1.day());
        }
        Window {
            span: QuotaWindow::Day,
            start: self.begins(date),
            end: self.begins(date.saturating_add(1.day())),
        }
    }

    fn begins(&self, date: Date) -> u64 {
        let begin = date.to_datetime(self.start).to_zoned_datetime(self.zone.clone());
        begin.map_or(0, |begin| begin.timestamp().as_second().max(0).cast_unsigned())
    }

    fn local(&self, second: u64) -> jiff::ZonedDateTime {
        let second = i64::try_from(second).unwrap_or(i64::MAX);
        Timestamp::from_second(second).unwrap_or(Timestamp::MAX).to_zoned_datetime(self.zone.clone())
    }
}

/// Unix seconds, from 1970 to 9999.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().min(LATEST)
}

/// Unix milliseconds, the next full one.
#[cfg(any(feature = "sqlite", feature = "redis"))]
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).min(LATEST * 1_000)
}

/// The moment of Unix milliseconds.
#[cfg(any(feature = "sqlite", feature = "redis"))]
pub(crate) fn moment(millis: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.min(LATEST * 1_000))
}

/// A moment in UTC, as `2026-11-25T00:00:00Z`.
pub(crate) fn iso(second: u64) -> String {
    Timestamp::from_second(i64::try_from(second).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-25T02:30:15Z.
    const NIGHT: u64 = 1_795_573_815;

    fn day(start: Option<&str>, zone: Option<&str>, second: u64) -> (String, String, u64) {
        let calendar = Calendar::new(start, zone).unwrap();
        let window = calendar.windows(UNIX_EPOCH + Duration::from_secs(second))[0];
        assert!(window.holds(second), "{window:?}");
        (calendar.date(window.start), iso(window.start), (window.end - window.start) / 3_600)
    }

    #[test]
    fn days_begin_where_the_plan_says() {
        let expected = |date: &str, start: &str, hours| (date.to_owned(), start.to_owned(), hours);
        assert_eq!(day(None, None, NIGHT), expected("2026-11-25", "2026-11-25T00:00:00Z", 24));
        assert_eq!(day(Some("06:00"), None, NIGHT), expected("2026-11-24", "2026-11-24T06:00:00Z", 24));
        let new_york = Some("America/New_York");
        assert_eq!(day(None, new_york, NIGHT), expected("2026-11-24", "2026-11-24T05:00:00Z", 24));
        assert_eq!(day(Some("22:00"), new_york, NIGHT), expected("2026-11-23", "2026-11-24T03:00:00Z", 24));
    }

    #[test]
    fn days_with_a_change_of_the_clocks() {
        // 2026-11-01 has 25 hours in New York, 2026-03-08 has 23.
        let new_york = Some("America/New_York");
        assert_eq!(day(None, new_york, 1_793_552_400).2, 25);
        assert_eq!(day(None, new_york, 1_772_989_200).2, 23);
        // 02:30 comes twice in November and not at all in March: no moment is without a day, and days follow each other.
        let calendar = Calendar::new(Some("02:30"), new_york).unwrap();
        for first in [1_793_400_000, 1_772_900_000] {
            let mut window = calendar.day(first);
            for second in (first..first + 4 * 86_400).step_by(900) {
                let next = calendar.day(second);
                assert!(next.holds(second));
                assert!(next == window || next.start == window.end, "{next:?} after {window:?}");
                window = next;
            }
        }
    }

    #[test]
    fn hours_and_minutes_are_full_ones() {
        let windows = Calendar::new(None, None).unwrap().windows(UNIX_EPOCH + Duration::from_secs(NIGHT));
        assert_eq!(windows.map(|window| NIGHT - window.start), [9_015, 1_815, 15]);
        assert_eq!(windows.map(|window| window.end - window.start), [86_400, 3_600, 60]);
    }

    #[test]
    fn what_is_no_time_or_zone() {
        assert!(Calendar::new(Some("25:00"), None).unwrap_err().message().contains("such as 06:30"));
        assert!(Calendar::new(None, Some("Mars/Base")).unwrap_err().message().contains("Mars/Base"));
    }
}
