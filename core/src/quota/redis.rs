//! A ledger in Redis, shared by all machines that reach it.
//!
//! Every method is one Lua script, which Redis runs as one step. All keys of a company hold the same hash tag, so that they
//! lie on the same node of a cluster: `beproduct:{origin company}:count:day:1795564800` and so on. Counts of hours and
//! minutes expire after some hours, what belongs to a day after 92 days, and which
//! processes it was after ten. Numbers are exact up to 2^53.
//!
//! It was run with Redis 7.0. The server needs persistence (without it the count begins again at 0) and `maxmemory-policy
//! noeviction` (an evicted count begins again at 0). A dedicated user needs the rights in `rights!` in
//! `redis/connection.rs`, as in `ACL SETUSER ledger on >password ~beproduct:* +evalsha ...`.
//!
//! A script whose answer is lost may have run, and is not sent again: at most, units stay counted that nobody uses.

mod connection;
#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(super) use {server::left_out, tests::of_tests};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use ::redis::aio::MultiplexedConnection;
use ::redis::{ErrorKind as Kind, FromRedisValue, RedisError, Script, ServerErrorKind, cmd};
use futures_util::future::BoxFuture;

use self::connection::Server;
use super::calendar::{Frame, Window, millis, moment};
use super::ledger::{Entry, Granted, LeaseId, Ledger, Limits, Row, Spent, Standing};
use super::settings::RedisConfig;
use crate::clock::Clock;
use crate::error::Result;
use crate::own::QuotaStore;
use crate::redact::Secrets;

/// By how much the time that one answer tells may lie behind what others told before, because it was on its way for longer.
const LATE: Duration = Duration::from_secs(5);

/// Entries that are read at once, roughly.
const PAGE: u64 = 500;

/// Up to here the numbers of a script are exact.
const MOST: u64 = 1 << 53;

/// A script that the server keeps under its hash.
struct Step {
    code: &'static str,
    hash: OnceLock<String>,
}

impl Step {
    const fn new(code: &'static str) -> Self {
        Self { code, hash: OnceLock::new() }
    }

    fn hash(&self) -> &str {
        self.hash.get_or_init(|| Script::new(self.code).get_hash().to_owned())
    }

    async fn run<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        keys: &[String],
        values: &[String],
    ) -> std::result::Result<T, RedisError> {
        let mut known = cmd("EVALSHA");
        known.arg(self.hash()).arg(keys.len()).arg(keys).arg(values);
        match known.query_async(connection).await {
            // Then it has not run.
            Err(error) if error.kind() == Kind::Server(ServerErrorKind::NoScript) => {
                let mut whole = cmd("EVAL");
                whole.arg(self.code).arg(keys.len()).arg(keys).arg(values);
                whole.query_async(connection).await
            }
            answer => answer,
        }
    }
}

macro_rules! step_of_frame {
    ($file:literal) => {
        Step::new(concat!(include_str!("redis/frame.lua"), include_str!($file)))
    };
}

static STANDING: Step = step_of_frame!("redis/standing.lua");
static RESERVE: Step = step_of_frame!("redis/reserve.lua");
static LEASE: Step = step_of_frame!("redis/lease.lua");
static SETTLE: Step = step_of_frame!("redis/settle.lua");
static REFUND: Step = step_of_frame!("redis/refund.lua");
static RAISE: Step = step_of_frame!("redis/raise.lua");
static NOTE: Step = step_of_frame!("redis/note.lua");
static RECALL: Step = step_of_frame!("redis/recall.lua");
static PAUSE: Step = Step::new(include_str!("redis/pause.lua"));
static DAYS: Step = Step::new(include_str!("redis/days.lua"));
static HISTORY: Step = Step::new(include_str!("redis/history.lua"));

/// How a ledger in Redis is used, besides its address.
pub(crate) struct RedisSettings<'a> {
    /// PEM text of certificate authorities to trust besides those of the machine.
    pub(crate) ca_certificates: Option<&'a str>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether windows begin and end by the server's clock, and not by the client's.
    pub(crate) server_time: bool,
    pub(crate) secrets: &'a Secrets,
}

pub(crate) struct RedisLedger {
    server: Server,
    clock: Arc<dyn Clock>,
    server_time: bool,
    /// When the server's clock was seen, and what it said.
    seen: Mutex<Option<(Duration, SystemTime)>>,
}

impl std::fmt::Debug for RedisLedger {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "RedisLedger({})", self.place())
    }
}

impl RedisLedger {
    /// Sends nothing: the connection is made when it is needed first.
    ///
    /// # Errors
    /// `config` for an invalid address, or invalid certificates.
    pub(crate) fn open(redis: &RedisConfig, settings: &RedisSettings<'_>) -> Result<Self> {
        Ok(Self {
            server: Server::new(redis, settings)?,
            clock: Arc::clone(&settings.clock),
            server_time: settings.server_time,
            seen: Mutex::default(),
        })
    }

    /// `host:port/database`.
    pub(crate) fn place(&self) -> String {
        self.server.place()
    }

    /// Runs a script. What it answers, and the server's time then.
    async fn run<T: FromRedisValue>(
        &self,
        step: &Step,
        keys: &[String],
        values: &[String],
    ) -> Result<(T, SystemTime)> {
        let (mut connection, number) = self.server.connection().await?;
        let asked = self.clock.elapsed();
        match step.run(&mut connection, keys, values).await {
            Ok((second, micros, value)) => {
                let (second, micros): (u64, u64) = (second, micros);
                let time =
                    moment(second.saturating_mul(1_000)) + Duration::from_micros(micros.min(1_000_000));
                self.saw(time, LATE);
                Ok((value, time))
            }
            Err(error) => {
                if error.is_io_error() || error.is_unrecoverable_error() {
                    let silent = error.is_timeout().then(|| (self.server.failure(&error), asked));
                    self.server.lost(number, silent).await;
                }
                Err(self.server.failure(&error))
            }
        }
    }

    /// Runs a script of a frame.
    async fn run_in<T: FromRedisValue>(
        &self,
        step: &Step,
        frame: &Frame,
        values: impl IntoIterator<Item = String>,
    ) -> Result<(T, SystemTime)> {
        let prefix = prefix(&frame.owner);
        let day = frame.day().start;
        let count = |window: &Window| format!("{prefix}count:{}:{}", window.span.as_str(), window.start);
        let mut keys: Vec<_> = frame.windows.iter().map(count).collect();
        keys.push(format!("{prefix}spent:{day}"));
        keys.push(format!("{prefix}days"));
        keys.push(format!("{prefix}leases:{day}"));
        keys.push(format!("{prefix}notes:{day}"));
        keys.push(format!("{prefix}pause"));
        keys.push(count(&frame.hour().before()));
        keys.push(format!("{prefix}sums:{day}"));
        let mut all = vec![u8::from(self.server_time).to_string()];
        all.extend(frame.windows.iter().flat_map(|window| [window.start, window.end]).map(number));
        all.extend(values);
        self.run(step, &keys, &all).await
    }

    async fn take(&self, step: &Step, frame: &Frame, limits: &Limits, what: Vec<String>) -> Result<Granted> {
        let limits = limits.map(|limit| limit.map(number).unwrap_or_default());
        let ((kind, numbers), time): ((String, Vec<u64>), _) =
            self.run_in(step, frame, limits.into_iter().chain(what)).await?;
        match (kind.as_str(), numbers.as_slice()) {
            ("yes", &[units, day, hour, minute]) => Ok(Granted::Yes { units, counts: [day, hour, minute] }),
            ("no", &[window]) => Ok(Granted::No { window: usize::try_from(window).unwrap_or_default() }),
            ("moved", _) => {
                // What was known was wrong.
                self.saw(time, Duration::ZERO);
                Ok(Granted::Moved)
            }
            _ => Err(self.server.unusable("its answer is not one of a ledger", &kind)),
        }
    }

    /// An answer has told the server's time. The later of two is nearer to the truth, unless they are so far apart that they
    /// come from different clocks.
    fn saw(&self, time: SystemTime, apart: Duration) {
        let now = self.clock.elapsed();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none_or(|seen| passed(seen, now) <= time || time + apart <= passed(seen, now)) {
            *seen = Some((now, time));
        }
    }
}

/// The time now, after it was seen then.
fn passed((then, time): (Duration, SystemTime), now: Duration) -> SystemTime {
    time.checked_add(now.saturating_sub(then)).unwrap_or(time)
}

/// What all keys of an owner begin with. The hash tag ends at the first brace.
fn prefix(owner: &str) -> String {
    let owner = owner.replace('%', "%25").replace('{', "%7B").replace('}', "%7D");
    format!("beproduct:{{{owner}}}:")
}

/// A number of a script.
fn number(units: u64) -> String {
    units.min(MOST).to_string()
}

/// Operation, label and process of an entry as one name; and the same without the process.
fn names_of(entry: &Entry) -> [String; 2] {
    [&*entry.process, ""]
        .map(|process| serde_json::json!([&*entry.operation, &*entry.label, process]).to_string())
}

/// Units and their entry, as scripts take them.
fn units_of(spent: &Spent) -> Vec<String> {
    let [entry, sum] = names_of(&spent.entry);
    vec![number(spent.units), entry, sum]
}

fn entry_of(name: &str) -> Option<Entry> {
    let [operation, label, process]: [String; 3] = serde_json::from_str(name).ok()?;
    Some(Entry { operation: operation.into(), label: label.into(), process: process.into() })
}

impl Ledger for RedisLedger {
    fn store(&self) -> QuotaStore {
        QuotaStore::Redis
    }

    fn now(&self, local: SystemTime) -> SystemTime {
        if !self.server_time {
            return local;
        }
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.map_or(local, |seen| passed(seen, self.clock.elapsed()))
    }

    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        Box::pin(async move {
            let (([day, hour, minute, hour_before, leased], until), _): (([u64; 5], Option<u64>), _) =
                self.run_in(&STANDING, frame, []).await?;
            Ok(Standing { counts: [day, hour, minute], hour_before, leased, paused_until: until.map(moment) })
        })
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.take(&RESERVE, frame, limits, units_of(spent)))
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.take(&LEASE, &lease.frame, limits, vec![lease.id.to_string(), number(most)]))
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        let used = used.iter().flat_map(|spent| {
            let [entry, sum] = names_of(&spent.entry);
            [entry, sum, number(spent.units)]
        });
        Box::pin(async move {
            let values = std::iter::once(lease.id.to_string()).chain(used);
            self.run_in::<u64>(&SETTLE, &lease.frame, values).await.map(drop)
        })
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.run_in::<u64>(&REFUND, frame, units_of(spent)).await.map(drop) })
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let others = Spent { entry: Entry::of_others(), units: at_least };
            Ok(self.run_in(&RAISE, frame, units_of(&others)).await?.0)
        })
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        let millis = millis(until);
        Box::pin(async move {
            let keys = [format!("{}pause", prefix(owner))];
            self.run::<u64>(&PAUSE, &keys, &[number(millis)]).await.map(drop)
        })
    }

    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move { Ok(self.run_in(&NOTE, frame, [name.to_owned(), value.to_owned()]).await?.0) })
    }

    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        Box::pin(async move { Ok(self.run_in(&RECALL, frame, [name.to_owned()]).await?.0) })
    }

    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let prefix = prefix(owner);
            let keys = [format!("{prefix}days")];
            let (days, _): (Vec<u64>, _) = self.run(&DAYS, &keys, &[number(since)]).await?;
            let mut rows = Vec::new();
            for day in days {
                // Processes are there for a week.
                rows.extend(match self.spent(day, format!("{prefix}spent:{day}")).await? {
                    Some(rows) => rows,
                    None => self.spent(day, format!("{prefix}sums:{day}")).await?.unwrap_or_default(),
                });
            }
            Ok(rows)
        })
    }
}

/// Whether a day is there, where a page of it ends, and what was spent by each entry's name.
type Page = (bool, String, Vec<(String, u64)>);

impl RedisLedger {
    /// What was spent in a day, page by page; nothing where it is not kept under this key any more.
    async fn spent(&self, day: u64, key: String) -> Result<Option<Vec<Row>>> {
        let (keys, mut cursor) = ([key], "0".to_owned());
        // Entries may come twice while others write.
        let mut found = HashMap::new();
        loop {
            let ((there, next, page), _): (Page, _) =
                self.run(&HISTORY, &keys, &[cursor, number(PAGE)]).await?;
            if !there {
                return Ok(None);
            }
            found.extend(page);
            if next == "0" {
                break;
            }
            cursor = next;
        }
        let rows =
            found.into_iter().filter_map(|(name, units)| Some(Row { day, entry: entry_of(&name)?, units }));
        Ok(Some(rows.collect()))
    }
}
