//! A ledger in Redis, shared by all machines that reach it.
//!
//! Every method is one Lua script, which Redis runs as one step. All keys of a company hold the same hash tag, so that they
//! lie on the same node of a cluster: `beproduct:{origin company}:count:day:1795564800` and so on. Counts of hours and
//! minutes expire after some hours, what belongs to a day after 92 days. Numbers are exact up to 2^53.
//!
//! Redis 5 or later, or Valkey, with `maxmemory-policy noeviction` (a count that is evicted begins at 0 again) and with
//! persistence (a server that forgets everything counts anew). A user of its own needs no more than [`RIGHTS`], as in
//! `ACL SETUSER ledger on >password ~beproduct:* +evalsha ...`.
//!
//! A script whose answer is lost may have run, and is not sent again: at most, units stay counted that nobody uses.

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, ErrorKind as Kind, FromRedisValue, RedisConnectionInfo, RedisError, Script,
    ServerErrorKind, cmd,
};
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use url::Url;

use super::calendar::{Frame, Window};
use super::ledger::{Entry, Granted, LeaseId, Ledger, Limits, Row, Spent, Standing};
use crate::clock::Clock;
use crate::config::RedisConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::redact::{Secret, Secrets};

/// Longest time until a connection stands, TLS and the user's sign-in included.
const CONNECT: Duration = Duration::from_secs(2);

/// Longest time for an answer.
const ANSWER: Duration = Duration::from_secs(2);

/// A connection that was idle for so long is replaced before it is used: what lies between may have forgotten it.
const IDLE: Duration = Duration::from_secs(60);

/// By how much the time that one answer tells may lie behind what others told before, because it was on its way for longer.
const LATE: Duration = Duration::from_secs(5);

/// Up to here the numbers of a script are exact.
const MOST: u64 = 1 << 53;

const PORT: u16 = 6379;

/// What a user of Redis needs; `select` only where the address names a database.
macro_rules! rights {
    () => {
        "~beproduct:* +evalsha +eval +select +time +get +set +ttl +expire +hget +hset +hdel +hvals +hgetall +zadd \
         +zrangebyscore +zremrangebyrank"
    };
}
#[cfg(test)]
const RIGHTS: &str = rights!();

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
    /// `config` for an address that is none, or certificates that are none.
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
        match step.run(&mut connection, keys, values).await {
            Ok((second, micros, value)) => {
                let time = UNIX_EPOCH + Duration::from_secs(second) + Duration::from_micros(micros);
                self.saw(time, LATE);
                Ok((value, time))
            }
            Err(error) => {
                if error.is_io_error() || error.is_unrecoverable_error() {
                    self.server.lost(number).await;
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
        let mut all = vec![u8::from(self.server_time).to_string()];
        all.extend(frame.windows.iter().flat_map(|window| [window.start, window.end]).map(number));
        all.extend(values);
        self.run(step, &keys, &all).await
    }

    async fn take(&self, step: &Step, frame: &Frame, limits: &Limits, what: [String; 2]) -> Result<Granted> {
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
            _ => Err(self.server.unusable("it answers what no ledger does", &kind)),
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
    time + now.saturating_sub(then)
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

/// Operation, label and process of an entry as one name.
fn name_of(entry: &Entry) -> String {
    serde_json::json!([&*entry.operation, &*entry.label, &*entry.process]).to_string()
}

fn entry_of(name: &str) -> Option<Entry> {
    let [operation, label, process]: [String; 3] = serde_json::from_str(name).ok()?;
    Some(Entry { operation: operation.into(), label: label.into(), process: process.into() })
}

impl Ledger for RedisLedger {
    fn name(&self) -> &'static str {
        "redis"
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
            Ok(Standing {
                counts: [day, hour, minute],
                hour_before,
                leased,
                paused_until: until.map(|until| UNIX_EPOCH + Duration::from_millis(until)),
            })
        })
    }

    fn reserve<'a>(
        &'a self,
        frame: &'a Frame,
        limits: &'a Limits,
        spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.take(&RESERVE, frame, limits, [number(spent.units), name_of(&spent.entry)]))
    }

    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(self.take(&LEASE, &lease.frame, limits, [lease.id.to_string(), number(most)]))
    }

    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        let used = used.iter().flat_map(|spent| [name_of(&spent.entry), number(spent.units)]);
        Box::pin(async move {
            let values = std::iter::once(lease.id.to_string()).chain(used);
            self.run_in::<u64>(&SETTLE, &lease.frame, values).await.map(drop)
        })
    }

    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let values = [number(spent.units), name_of(&spent.entry)];
            self.run_in::<u64>(&REFUND, frame, values).await.map(drop)
        })
    }

    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let values = [number(at_least), name_of(&Entry::of_others())];
            Ok(self.run_in(&RAISE, frame, values).await?.0)
        })
    }

    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        let since = until.duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = since.as_nanos().div_ceil(1_000_000);
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
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
            let values = [format!("{prefix}spent:"), number(since)];
            let (days, _): (Vec<Day>, _) = self.run(&HISTORY, &keys, &values).await?;
            let rows = days.into_iter().flat_map(|(day, spent)| {
                spent
                    .into_iter()
                    .filter_map(move |(name, units)| Some(Row { day, entry: entry_of(&name)?, units }))
            });
            Ok(rows.collect())
        })
    }
}

/// The start of a day, and what was spent in it by each entry's name.
type Day = (u64, Vec<(String, u64)>);

/// The server, and the connection to it.
struct Server {
    host: String,
    port: u16,
    database: i64,
    user: Option<String>,
    password: Option<Secret>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    link: tokio::sync::Mutex<Link>,
    /// Attempts to connect that have come to an end.
    attempts: AtomicU64,
    clock: Arc<dyn Clock>,
    secrets: Secrets,
}

#[derive(Default)]
struct Link {
    live: Option<Live>,
    failed: Option<Failed>,
}

struct Live {
    connection: MultiplexedConnection,
    /// Ends with the connection.
    driver: JoinHandle<()>,
    /// The attempt that made it.
    number: u64,
    last_used: Duration,
}

/// An attempt to connect that came to nothing.
struct Failed {
    error: Error,
    number: u64,
    /// Others are told the same until then, so that not each of them waits as long.
    until: Duration,
}

impl Server {
    fn new(redis: &RedisConfig, settings: &RedisSettings<'_>) -> Result<Self> {
        // The address is never shown: it holds a password.
        let wrong = |problem: &str| {
            Error::config(format!(
                "ledger: redis: {problem}; an address is redis://user:password@host:port/database, with TLS rediss://, \
                 and what is special in a password is percent-encoded"
            ))
        };
        let url = Url::parse(&redis.url).map_err(|error| wrong(&format!("the address is none: {error}")))?;
        let decoded = |text: &str| match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(wrong("user and password have to be UTF-8")),
        };
        let password = url.password().map(decoded).transpose()?.map(Secret::new);
        for secret in password.iter().chain(&url.password().map(Secret::new)) {
            settings.secrets.keep(secret);
        }
        let user = Some(decoded(url.username())?).filter(|user| !user.is_empty());
        let tls = match url.scheme() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(wrong("the address has to begin with redis:// or rediss://")),
        };
        let host = match url.host() {
            Some(url::Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(url::Host::Ipv4(address)) => address.to_string(),
            Some(url::Host::Ipv6(address)) => address.to_string(),
            _ => return Err(wrong("the address names no host")),
        };
        let database = match url.path().trim_matches('/') {
            "" => 0,
            path => {
                path.parse::<u16>().map(i64::from).map_err(|_| wrong("the database has to be a number"))?
            }
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("the address has to end with the database"));
        }
        let tls = match tls {
            true => {
                let name =
                    ServerName::try_from(host.clone()).map_err(|_| wrong("the host has no valid name"))?;
                Some((connector(settings.ca_certificates)?, name))
            }
            false => None,
        };
        Ok(Self {
            host,
            port: url.port().unwrap_or(PORT),
            database,
            user,
            password,
            tls,
            link: tokio::sync::Mutex::default(),
            attempts: AtomicU64::new(0),
            clock: Arc::clone(&settings.clock),
            secrets: settings.secrets.clone(),
        })
    }

    fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}/{}", self.host, self.port, self.database),
            false => format!("{}:{}/{}", self.host, self.port, self.database),
        }
    }

    /// The connection, and its number. One makes it while the others wait.
    async fn connection(&self) -> Result<(MultiplexedConnection, u64)> {
        let before = self.attempts.load(Ordering::Acquire);
        let mut link = self.link.lock().await;
        let now = self.clock.elapsed();
        if let Some(live) = &mut link.live
            && !live.driver.is_finished()
            && now < live.last_used + IDLE
        {
            live.last_used = now;
            return Ok((live.connection.clone(), live.number));
        }
        link.live = None;
        if let Some(failed) = &link.failed
            && (failed.number > before || now < failed.until)
        {
            return Err(failed.error.clone());
        }
        let made = tokio::time::timeout(CONNECT, self.connect()).await;
        let made = made.unwrap_or_else(|_| Err(self.away("it does not answer")));
        let number = self.attempts.fetch_add(1, Ordering::AcqRel) + 1;
        let last_used = self.clock.elapsed();
        match made {
            Ok((connection, driver)) => {
                link.failed = None;
                link.live = Some(Live { connection: connection.clone(), driver, number, last_used });
                Ok((connection, number))
            }
            Err(error) => {
                // Half of the time goes into attempts at most.
                let until = last_used + last_used.saturating_sub(now);
                link.failed = Some(Failed { error: error.clone(), number, until });
                Err(error)
            }
        }
    }

    /// A connection has broken, or nothing comes over it.
    async fn lost(&self, number: u64) {
        let mut link = self.link.lock().await;
        link.live = link.live.take().filter(|live| live.number != number);
    }

    async fn connect(&self) -> Result<(MultiplexedConnection, JoinHandle<()>)> {
        let lost = |error: std::io::Error| self.away(&error.to_string());
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(lost)?;
        tcp.set_nodelay(true).map_err(lost)?;
        match &self.tls {
            None => self.begin(tcp).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), tcp).await;
                self.begin(stream.map_err(|error| self.untrusted(&error))?).await
            }
        }
    }

    async fn begin<S>(&self, stream: S) -> Result<(MultiplexedConnection, JoinHandle<()>)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |error: RedisError| self.failure(&error);
        let nothing_said = RedisConnectionInfo::default().set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER));
        let (mut connection, driver) =
            MultiplexedConnection::new_with_config(&nothing_said, stream, config).await.map_err(failed)?;
        let driver = tokio::spawn(driver);
        if self.user.is_some() || self.password.is_some() {
            let mut auth = cmd("AUTH");
            auth.arg(&self.user).arg(self.password.as_ref().map_or("", Secret::expose));
            auth.query_async::<()>(&mut connection).await.map_err(failed)?;
        }
        if self.database != 0 {
            let mut select = cmd("SELECT");
            select.arg(self.database).query_async::<()>(&mut connection).await.map_err(failed)?;
        }
        Ok((connection, driver))
    }

    /// What became of a command.
    fn failure(&self, error: &RedisError) -> Error {
        if error.is_timeout() {
            return self.away("it does not answer");
        }
        let text = error.to_string();
        if error.is_io_error() {
            return self.away(&text);
        }
        // What a script meets has the code of the script's own failure in front, in Redis before version 7.
        let code = match error.code() {
            Some("ERR") | None => CODES.iter().find(|(code, _)| text.contains(code)),
            Some(code) => CODES.iter().find(|(known, _)| *known == code),
        };
        match code {
            Some((_, Meaning::Away)) => self.away(&text),
            Some((_, Meaning::Unusable(advice))) => self.unusable(advice, &text),
            None if error.kind() == Kind::Parse => self.unusable("what answers is no Redis server", &text),
            None => self.unusable("it failed", &text),
        }
    }

    fn away(&self, reason: &str) -> Error {
        let reason = self.secrets.scrub(reason);
        let place = self.place();
        let text =
            format!("the quota ledger in Redis at {place} cannot be reached: {reason}; nothing was sent");
        Error::new(ErrorKind::Network, text)
    }

    fn unusable(&self, advice: &str, text: &str) -> Error {
        let (place, text) = (self.place(), self.secrets.scrub(text));
        Error::config(format!("the quota ledger in Redis at {place} cannot be used: {advice} ({text})"))
    }

    /// A certificate that is refused will be refused again; anything else may pass.
    fn untrusted(&self, error: &std::io::Error) -> Error {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        match cause {
            Some(rustls::Error::InvalidCertificate(_)) => self.unusable(
                "it is not trusted; add its certificate authority with ca_certificates if it is your own",
                &error.to_string(),
            ),
            Some(rustls::Error::InvalidMessage(_)) => {
                self.unusable("it speaks no TLS; then its address begins with redis://", &error.to_string())
            }
            _ => self.away(&error.to_string()),
        }
    }
}

/// What an error of the server says of it.
enum Meaning {
    /// It will be there again.
    Away,
    /// Somebody has to do this.
    Unusable(&'static str),
}

const CODES: [(&str, Meaning); 20] = [
    ("LOADING", Meaning::Away),
    ("READONLY", Meaning::Away),
    ("MASTERDOWN", Meaning::Away),
    ("CLUSTERDOWN", Meaning::Away),
    ("TRYAGAIN", Meaning::Away),
    ("NOREPLICAS", Meaning::Away),
    ("BUSY", Meaning::Away),
    ("max number of clients", Meaning::Away),
    ("WRONGPASS", Meaning::Unusable("it refuses the user and the password of the address")),
    ("NOAUTH", Meaning::Unusable("it asks for a password, which the address has to hold")),
    ("unauthenticated", Meaning::Unusable("it asks for a password, which the address has to hold")),
    ("without any password", Meaning::Unusable("it has no password, and the address holds one")),
    ("NOPERM", Meaning::Unusable(concat!("its user needs ", rights!()))),
    ("user executing the script", Meaning::Unusable(concat!("its user needs ", rights!()))),
    ("DENIED", Meaning::Unusable("it refuses other machines (protected mode)")),
    ("WRONGTYPE", Meaning::Unusable("its keys beproduct:* hold something else; name another database")),
    ("OOM", Meaning::Unusable("its memory is full (maxmemory)")),
    ("MISCONF", Meaning::Unusable("it cannot write to its disk")),
    (
        "MOVED",
        Meaning::Unusable(
            "another node of its cluster keeps these counts; give the address of that one or of a proxy",
        ),
    ),
    ("DB index", Meaning::Unusable("it has no database of this number")),
];

/// Trusts the machine's certificate authorities, and those of the settings.
fn connector(ca_certificates: Option<&str>) -> Result<TlsConnector> {
    let wrong = |text: String| Error::config(format!("ca_certificates: {text}"));
    let added: Vec<_> = CertificateDer::pem_slice_iter(ca_certificates.unwrap_or_default().as_bytes())
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    if added.is_empty() && ca_certificates.is_some() {
        return Err(wrong("there is no PEM certificate in it".into()));
    }
    let provider = rustls::crypto::CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let unusable =
        |error: rustls::Error| Error::config(format!("ledger: redis: TLS cannot be used: {error}"));
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(added, Arc::clone(&provider))
        .map_err(unusable)?;
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
