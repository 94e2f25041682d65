//! The connection to a Redis server: made when it is needed, and made anew when it was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, ErrorKind as Kind, RedisConnectionInfo, RedisError, cmd};
use percent_encoding::percent_decode_str;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use url::Url;

use super::super::settings::RedisConfig;
use super::RedisSettings;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::own::ErrorKind;
use crate::redact::{Secret, Secrets};

/// Connect timeout, including TLS and AUTH.
pub(super) const CONNECT: Duration = Duration::from_secs(2);

/// Timeout for an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(2);

/// A connection that was idle for longer is replaced before it is used, because a device on the way may have dropped it.
const IDLE: Duration = Duration::from_secs(60);

const PORT: u16 = 6379;

/// Rights that the Redis user needs; `select` only if the address names a database.
macro_rules! rights {
    () => {
        "~beproduct:* +evalsha +eval +select +time +get +set +ttl +expire +hget +hset +hdel +hvals +hscan \
         +exists +unlink +zadd +zrangebyscore +zremrangebyrank"
    };
}
#[cfg(test)]
pub(super) const RIGHTS: &str = rights!();

/// The server, and the connection to it.
pub(super) struct Server {
    host: String,
    port: u16,
    database: i64,
    user: Option<String>,
    password: Option<Secret>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    pub(super) link: tokio::sync::Mutex<Link>,
    /// Attempts to connect that have come to an end.
    pub(super) attempts: AtomicU64,
    clock: Arc<dyn Clock>,
    secrets: Secrets,
}

#[derive(Default)]
pub(super) struct Link {
    pub(super) live: Option<Live>,
    pub(super) failed: Option<Failed>,
}

pub(super) struct Live {
    connection: MultiplexedConnection,
    /// Ends with the connection.
    pub(super) driver: JoinHandle<()>,
    /// The attempt that made it.
    number: u64,
    last_used: Duration,
}

/// A failed attempt to connect.
pub(super) struct Failed {
    error: Error,
    number: u64,
    /// Until then all calls get this error, so that not each of them waits for the timeout.
    pub(super) until: Duration,
}

impl Server {
    pub(super) fn new(redis: &RedisConfig, settings: &RedisSettings<'_>) -> Result<Self> {
        // The address is never shown: it holds a password.
        let wrong = |problem: &str| {
            Error::config(format!(
                "ledger: redis: {problem}; an address is redis://user:password@host:port/database, with TLS rediss://, \
                 and special characters in a password are percent-encoded"
            ))
        };
        let url = Url::parse(&redis.url).map_err(|error| wrong(&format!("invalid URL: {error}")))?;
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

    pub(super) fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}/{}", self.host, self.port, self.database),
            false => format!("{}:{}/{}", self.host, self.port, self.database),
        }
    }

    /// The connection, and its number. One makes it while the others wait.
    pub(super) async fn connection(&self) -> Result<(MultiplexedConnection, u64)> {
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

    /// A connection has broken; or nothing came over it since something was asked, which others are told of as after an
    /// attempt to connect.
    pub(super) async fn lost(&self, number: u64, silent: Option<(Error, Duration)>) {
        let mut link = self.link.lock().await;
        if link.live.as_ref().is_none_or(|live| live.number != number) {
            return;
        }
        link.live = None;
        let now = self.clock.elapsed();
        let until = |asked: Duration| now + now.saturating_sub(asked);
        link.failed = silent.map(|(error, asked)| Failed { error, number, until: until(asked) });
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
    pub(super) fn failure(&self, error: &RedisError) -> Error {
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
            None if error.kind() == Kind::Parse => self.unusable("the server is not a Redis server", &text),
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

    pub(super) fn unusable(&self, advice: &str, text: &str) -> Error {
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
                self.unusable("it does not use TLS: begin the address with redis://", &error.to_string())
            }
            _ => self.away(&error.to_string()),
        }
    }
}

/// Meaning of an error of the server.
enum Meaning {
    /// The server will be available again.
    Away,
    /// A person has to do this.
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
    ("NOAUTH", Meaning::Unusable("it asks for a password: add it to the address")),
    ("unauthenticated", Meaning::Unusable("it asks for a password: add it to the address")),
    ("without any password", Meaning::Unusable("it has no password: remove the one in the address")),
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
