//! Sending one HTTP request. [`Transport`] is the seam; `reqwest.rs` is the only file that names its library.

mod answers;
mod body;
mod encoding;
mod proxy;
mod reqwest;
mod shared;
mod wire;

use std::fmt;
use std::sync::Arc;

use ::http::HeaderMap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use url::Url;

use self::answers::Answers;
pub(crate) use self::body::Extent;
pub use self::body::{AnswerBody, Body, BodySource, Chunks, SourceError};
pub(crate) use self::encoding::encoding_of;
pub(crate) use self::proxy::passwords as proxy_passwords;
use self::reqwest::TransportSettings;
pub(crate) use self::shared::ForkGuard;
pub use self::wire::Wire;
pub use crate::address::Reach;
use crate::config::Config;
use crate::error::Result as Checked;
use crate::redact::Secret;

/// A request, ready to leave.
#[derive(Clone)]
pub struct HttpRequest {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Full address.
    pub url: Url,
    /// All headers but those of the connection.
    pub headers: HeaderMap,
    /// The body, empty for a request without one.
    pub body: Body,
    /// Which machines may be connected to, whatever the name in the address resolves to.
    pub reach: Reach,
    /// Whether a file goes with it, or is its answer.
    pub moves_file: bool,
    /// Where the transport may say how far the request has got.
    pub wire: Wire,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers, query and body may hold secrets.
        write!(out, "HttpRequest({} {})", self.method, crate::redact::address(&self.url))
    }
}

/// An answer, whose body is still to be read.
#[derive(Debug)]
pub struct HttpResponse {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body. `Content-Encoding` and `Content-Length` are those of the body as it comes here: decoded, where the transport
    /// does that.
    pub body: AnswerBody,
}

/// An answer with its body.
#[derive(Clone)]
pub(crate) struct WholeResponse {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl fmt::Debug for WholeResponse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WholeResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// How far a request got that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// The service has processed nothing of it: the name was not found, nobody listened, TLS failed, or an HTTP/2 server has
    /// proved that it did not look at the request.
    Nothing,
    /// It may have arrived.
    Sent,
}

/// A request without an answer, or an answer whose body broke off.
#[derive(Debug)]
pub struct TransportError {
    /// How far it got.
    pub reached: Reached,
    /// Whether the same request will fail in the same way for some time, so that nothing is gained by another attempt.
    pub lasting: bool,
    /// Whether it is the body of the request that could not be read, or is not as long as it was to be.
    pub is_of_body: bool,
    /// What happened, for people.
    pub message: String,
    /// The library's own error.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// An error that may pass.
    pub fn new(
        reached: Reached,
        message: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { reached, lasting: false, is_of_body: false, message: message.into(), source: source.into() }
    }

    /// The error for the body of a request that could not be read.
    #[must_use]
    pub fn of_body(reached: Reached, source: SourceError) -> Self {
        let message = format!("the body cannot be read: {source}");
        Self { reached, lasting: true, is_of_body: true, message, source }
    }

    pub(crate) fn lasting(self) -> Self {
        Self { lasting: true, ..self }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// Sends a request once and returns the head of the answer, whose body is read later. It follows no redirect and repeats
/// nothing.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>>;
}

/// The transport of the settings, for clients on this runtime.
pub(crate) fn transport(config: &Config, runtime: Option<&Handle>) -> Checked<Arc<dyn Transport>> {
    if let Some(table) = config.testing.as_ref().and_then(|testing| testing.answers.as_ref()) {
        return Ok(Arc::new(Answers::new(table)?));
    }
    let settings = TransportSettings {
        connect_timeout: config.seconds("connect_timeout", config.connect_timeout)?,
        max_connections: config.concurrency as usize,
        ca_certificates: config.ca_certificates.clone(),
        proxy: config.proxy.as_deref().map(Secret::new),
    };
    Ok(shared::transport(settings, runtime)?)
}
