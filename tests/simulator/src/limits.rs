//! The daily budget of the edition and the limit per minute.

use std::collections::VecDeque;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::answers::{Answer, json_answer};
use crate::calendar::{DAY, HOUR, MINUTE, Millis, whole_seconds};

/// Figures shown for a window without a limit: high enough that nobody slows down for them.
const UNLIMITED: [u64; 3] = [10_000, 100_000, 1_000_000];

pub(crate) struct Limits {
    per_day: Option<u64>,
    per_minute: Option<u64>,
    /// The UTC day that `used_today` belongs to, as days since 1970.
    day: i64,
    used_today: u64,
    hour: i64,
    used_this_hour: u64,
    /// When the requests of the last minute came that were let through.
    recent: VecDeque<Millis>,
}

impl Limits {
    pub(crate) fn new(per_day: Option<u64>, per_minute: Option<u64>) -> Self {
        Limits {
            per_day,
            per_minute,
            day: 0,
            used_today: 0,
            hour: 0,
            used_this_hour: 0,
            recent: VecDeque::new(),
        }
    }

    /// Counts a request that reached the server, whatever becomes of it.
    pub(crate) fn count(&mut self, now: Millis) {
        self.turn_pages(now);
        self.used_today += 1;
        self.used_this_hour += 1;
    }

    fn turn_pages(&mut self, now: Millis) {
        if self.day != now / DAY {
            self.day = now / DAY;
            self.used_today = 0;
        }
        if self.hour != now / HOUR {
            self.hour = now / HOUR;
            self.used_this_hour = 0;
        }
        while self.recent.front().is_some_and(|at| now - at >= MINUTE) {
            self.recent.pop_front();
        }
    }

    /// Lets a counted request through, or gives the refusal. A refused request counts against the day, but
    /// not against the minute: `Retry-After` would not hold otherwise.
    pub(crate) fn admit(&mut self, now: Millis) -> Option<Answer> {
        self.turn_pages(now);
        if let Some(limit) = self.per_day
            && self.used_today > limit
        {
            return Some(self.refusal(seconds(DAY - now % DAY), "1 day", limit, now));
        }
        if let Some(limit) = self.per_minute
            && self.recent.len() as u64 >= limit
        {
            let wait = self.recent.front().map_or(MINUTE, |oldest| oldest + MINUTE - now);
            return Some(self.refusal(seconds(wait), "1 minute", limit, now));
        }
        self.recent.push_back(now);
        None
    }

    fn refusal(&self, retry_after: i64, window: &str, limit: u64, now: Millis) -> Answer {
        let body = json!({"error": "Rate limit exceeded", "retryAfterSeconds": retry_after,
                          "window": window, "limit": limit});
        let mut answer = json_answer(StatusCode::TOO_MANY_REQUESTS, &body);
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        if self.per_minute.is_some() {
            self.mark(answer.headers_mut(), now);
        }
        answer
    }

    /// Adds the `X-RateLimit` headers where a limit per minute is set.
    pub(crate) fn mark(&self, headers: &mut HeaderMap, now: Millis) {
        let Some(limit) = self.per_minute else { return };
        let remaining = limit.saturating_sub(self.recent.len() as u64);
        let reset = self.recent.front().map_or(now, |oldest| oldest + MINUTE);
        headers.insert(HeaderName::from_static("x-ratelimit-limit"), HeaderValue::from(limit));
        headers.insert(HeaderName::from_static("x-ratelimit-remaining"), HeaderValue::from(remaining));
        headers.insert(HeaderName::from_static("x-ratelimit-reset"), HeaderValue::from(seconds(reset)));
    }

    /// The answer of `ratelimit/status`.
    pub(crate) fn status(&mut self, now: Millis) -> Value {
        self.turn_pages(now);
        let window = |limit: u64, used: u64, reset: Millis| {
            json!({"limit": limit, "remaining": limit.saturating_sub(used), "used": used,
                   "resetAt": whole_seconds(reset)})
        };
        let minute = self.recent.front().map_or(now + MINUTE, |oldest| oldest + MINUTE);
        json!({
            "per_minute": window(self.per_minute.unwrap_or(UNLIMITED[0]), self.recent.len() as u64, minute),
            "per_hour": window(UNLIMITED[1], self.used_this_hour, (now / HOUR + 1) * HOUR),
            "per_day": window(self.per_day.unwrap_or(UNLIMITED[2]), self.used_today, (now / DAY + 1) * DAY),
        })
    }
}

/// Whole seconds, rounded up so that nobody comes back too early.
fn seconds(millis: Millis) -> i64 {
    (millis + 999) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(limits: &mut Limits, now: Millis) -> Option<Answer> {
        limits.count(now);
        limits.admit(now)
    }

    #[test]
    fn day_turns_at_midnight_utc() {
        let mut limits = Limits::new(Some(2), None);
        let evening = 20_000 * DAY - 90_000;
        assert!(ask(&mut limits, evening).is_none());
        assert!(ask(&mut limits, evening).is_none());
        let refusal = ask(&mut limits, evening).unwrap();
        assert_eq!(refusal.headers()[header::RETRY_AFTER], "90");
        assert!(ask(&mut limits, evening + 90_000).is_none());
    }

    #[test]
    fn minute_slides() {
        let mut limits = Limits::new(None, Some(2));
        let start = 20_000 * DAY;
        assert!(ask(&mut limits, start).is_none());
        assert!(ask(&mut limits, start + 30_000).is_none());
        let refusal = ask(&mut limits, start + 40_000).unwrap();
        assert_eq!(refusal.headers()[header::RETRY_AFTER], "20");
        assert_eq!(refusal.headers()["x-ratelimit-remaining"], "0");
        assert!(ask(&mut limits, start + 60_000).is_none());
    }
}
