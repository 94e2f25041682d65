//! The time of day as the service has it.
//!
//! The machine's clock decides. What answers say of the time corrects it only when most of the last answers of one host agree,
//! and only within a day; the API and the identity server may have different clocks, and each is corrected by its own answers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::http::HeaderMap;
use ::http::header::{AGE, DATE};

use super::Clock;
use crate::log::Log;

/// How far the machine's clock may be off before it matters, in seconds (docs/service/sign-in.md, Tokens).
const TOLERANCE: i64 = 60;

/// Answers of a host that are remembered.
const REMEMBERED: usize = 10;

/// How many of those have to agree.
const AGREEING: usize = 8;

/// How far apart answers may be that agree, in seconds.
const SPREAD: i64 = 30;

/// What an answer says is ignored when it is further from the machine's time, in seconds.
const FURTHEST: i64 = 24 * 3_600;

/// Places of the hosts.
const API: usize = 0;
const IDENTITY: usize = 1;

/// The time of day, corrected by the answers of one host. Clones that are for the same host share what they learn.
#[derive(Debug, Clone)]
pub(crate) struct ServerTime {
    clock: Arc<dyn Clock>,
    log: Option<Log>,
    hosts: Arc<[Mutex<Host>; 2]>,
    /// Whose answers this goes by.
    own: usize,
    /// An absurd time was warned of.
    warned: Arc<AtomicBool>,
}

/// What the answers of one host say, in seconds to add to the machine's time.
#[derive(Debug, Default)]
struct Host {
    said: VecDeque<i64>,
    /// What most of them agreed on.
    agreed: Option<i64>,
}

impl Host {
    fn learn(&mut self, apart: i64) {
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back(apart);
        let mut sorted: Vec<_> = self.said.iter().copied().collect();
        sorted.sort_unstable();
        let agreeing = sorted.windows(AGREEING).find(|some| some[AGREEING - 1] - some[0] <= SPREAD);
        if let Some(middle) = agreeing.map(|some| some[AGREEING / 2]) {
            // Answers take their time: not every second of a difference is one of the clocks.
            let known = self.agreed.filter(|agreed| (middle - agreed).abs() <= SPREAD);
            self.agreed = Some(known.unwrap_or(middle));
        }
    }

    /// Seconds to add to the machine's time, where enough is known.
    fn correction(&self) -> Option<i64> {
        self.agreed.map(|agreed| if agreed.abs() > TOLERANCE { agreed } else { 0 })
    }
}

fn lock(host: &Mutex<Host>) -> MutexGuard<'_, Host> {
    host.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ServerTime {
    /// The time by the answers of the API.
    pub(crate) fn new(clock: Arc<dyn Clock>, log: Option<Log>) -> Self {
        Self { clock, log, hosts: Arc::default(), own: API, warned: Arc::default() }
    }

    /// The time by the answers of the identity server.
    pub(crate) fn of_identity_server(&self) -> Self {
        Self { own: IDENTITY, ..self.clone() }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Seconds to add to the machine's time. The identity server answers seldom: until it has done so often enough, the API's
    /// answers have to do for it.
    fn correction(&self) -> i64 {
        let mut hosts = [self.own, API].into_iter();
        hosts.find_map(|host| lock(&self.hosts[host]).correction()).unwrap_or_default()
    }

    /// The same as a moment.
    pub(crate) fn time(&self) -> SystemTime {
        let (correction, now) = (self.correction(), self.clock.now());
        let by = Duration::from_secs(correction.unsigned_abs());
        let corrected = if correction < 0 { now.checked_sub(by) } else { now.checked_add(by) };
        corrected.unwrap_or(now)
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> u64 {
        self.machine().saturating_add_signed(self.correction())
    }

    /// Learns from the `Date` of an answer.
    pub(crate) fn observe(&self, headers: &HeaderMap) {
        let Some(date) = date(headers) else { return };
        let Some(apart) = self.apart(date) else { return };
        let mut host = lock(&self.hosts[self.own]);
        let before = host.correction().unwrap_or_default();
        host.learn(apart);
        let after = host.correction().unwrap_or_default();
        drop(host);
        if let (0, false, Some(log)) = (before, after == 0, &self.log) {
            log.warn(&format!("{}; the client corrects for it", is_off(after)));
        }
    }

    /// When an answer was written, in Unix seconds: by the service's own clock where it says a time that may be.
    pub(crate) fn of_answer(&self, headers: &HeaderMap) -> u64 {
        date(headers).filter(|date| self.apart(*date).is_some()).unwrap_or_else(|| self.now())
    }

    /// By how much a time is later than the machine's, unless it is absurd.
    fn apart(&self, date: u64) -> Option<i64> {
        let apart = i128::from(date) - i128::from(self.machine());
        let near = i64::try_from(apart).ok().filter(|apart| apart.abs() <= FURTHEST);
        if near.is_none()
            && let Some(log) = &self.log
            && !self.warned.swap(true, Ordering::Relaxed)
        {
            log.warn(&format!(
                "an answer says a time that is {} days {} this machine's, which is ignored: set the clock of the machine right \
                 if it is wrong",
                apart.unsigned_abs() / 86_400,
                if apart > 0 { "after" } else { "before" }
            ));
        }
        near
    }

    /// What is wrong with the machine's clock, if anything: by what answers agree on, or else by the last one.
    pub(crate) fn hint(&self) -> Option<String> {
        let by_host = |host: usize| {
            let host = lock(&self.hosts[host]);
            host.correction().filter(|by| *by != 0).or_else(|| host.said.back().copied())
        };
        let apart = [self.own, API, IDENTITY].into_iter().find_map(by_host)?;
        (apart.abs() > TOLERANCE).then(|| is_off(apart))
    }

    fn machine(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}

fn is_off(apart: i64) -> String {
    format!(
        "the clock of this machine is {} s {} that of the service: set it right",
        apart.unsigned_abs(),
        if apart > 0 { "behind" } else { "ahead of" }
    )
}

/// The `Date` of an answer, in Unix seconds.
fn date(headers: &HeaderMap) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    // One that a cache has kept is that much older.
    let age: u64 = headers.get(AGE).and_then(|age| age.to_str().ok()?.parse().ok()).unwrap_or(0);
    Some(date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs().saturating_add(age))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::RecordedClock;

    /// 2026-01-15T12:00:00Z.
    const NOON: u64 = 1_768_478_400;
    const DAY: i64 = 86_400;

    fn at(second: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(second)
    }

    fn new(start: u64) -> ServerTime {
        ServerTime::new(Arc::new(RecordedClock::starting_at(at(start))), None)
    }

    fn say(time: &ServerTime, date: u64) {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(at(date)).parse().unwrap());
        time.observe(&headers);
    }

    fn says(time: &ServerTime, apart: i64, times: usize) {
        for _ in 0..times {
            say(time, NOON.saturating_add_signed(apart));
        }
    }

    #[test]
    fn most_of_the_last_answers_correct_the_clock() {
        let time = new(NOON);
        says(&time, 3_600, 7);
        assert_eq!(time.now(), NOON);
        says(&time, -7_200, 2);
        assert_eq!(time.now(), NOON);
        // Eight of the last ten.
        says(&time, 3_620, 1);
        assert_eq!((time.now(), time.time()), (NOON + 3_600, at(NOON + 3_600)));
        assert!(time.hint().unwrap().contains("3600 s behind"));
        // The clock was set right.
        says(&time, 0, 7);
        assert_eq!(time.now(), NOON + 3_600);
        says(&time, 1, 1);
        assert_eq!((time.now(), time.hint()), (NOON, None));
        says(&time, -120, 8);
        assert_eq!(time.now(), NOON - 120);
        // It is off by less than matters.
        says(&time, 60, 8);
        assert_eq!((time.now(), time.hint()), (NOON, None));
    }

    #[test]
    fn no_share_of_wrong_answers_moves_it() {
        for every in 2..5 {
            let time = new(NOON);
            for answer in 0..100 {
                says(&time, if answer % every == 0 { DAY } else { 0 }, 1);
                assert_eq!(time.now(), NOON);
            }
        }
        let time = new(NOON);
        for apart in (0..20).map(|step| step * 61) {
            says(&time, apart, 1);
            assert_eq!(time.now(), NOON, "they do not agree");
        }
    }

    #[test]
    fn hosts_are_apart() {
        let api = new(NOON);
        let identity = api.of_identity_server();
        says(&identity, 600, 8);
        assert_eq!((api.now(), identity.now()), (NOON, NOON + 600));
        says(&api, -600, 8);
        assert_eq!((api.now(), identity.now()), (NOON - 600, NOON + 600));
        let api = new(NOON);
        let identity = api.of_identity_server();
        says(&api, -600, 8);
        // It has to do where the identity server has not said anything.
        assert_eq!(identity.now(), NOON - 600);
    }

    #[test]
    fn one_answer_is_good_for_a_hint() {
        let time = new(NOON);
        says(&time, 3_600, 1);
        assert_eq!(time.now(), NOON);
        assert!(time.hint().unwrap().contains("3600 s behind"));
        assert!(time.of_identity_server().hint().unwrap().contains("3600 s behind"));
        says(&time, 0, 1);
        assert_eq!(time.hint(), None);
    }

    #[test]
    fn absurd_times_are_ignored() {
        for start in [0, NOON, 253_402_300_799] {
            let time = new(start);
            for _ in 0..20 {
                for date in ["Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "no date"] {
                    let mut headers = HeaderMap::new();
                    headers.insert(DATE, date.parse().unwrap());
                    for age in ["0", "18446744073709551615", "-1", "x"] {
                        headers.insert(AGE, age.parse().unwrap());
                        time.observe(&headers);
                        time.of_answer(&headers);
                    }
                }
            }
            assert!(time.now().abs_diff(start) <= DAY as u64);
            time.time();
        }
        let time = new(NOON);
        says(&time, DAY + 1, 20);
        assert_eq!((time.now(), time.hint()), (NOON, None));
        says(&time, -DAY, 8);
        assert_eq!(time.now(), NOON - DAY as u64);
    }

    #[test]
    fn what_a_cache_has_kept_is_older() {
        let time = new(NOON);
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(at(NOON - 3_600)).parse().unwrap());
        headers.insert(AGE, "3600".parse().unwrap());
        time.observe(&headers);
        assert_eq!((time.hint(), time.of_answer(&headers)), (None, NOON));
    }
}
