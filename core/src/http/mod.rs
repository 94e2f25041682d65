//! Sending one HTTP request. [`Transport`] is the seam; `reqwest.rs` is the only file that names its library.

mod reqwest;

use std::fmt;
use std::sync::Arc;

use ::http::HeaderMap;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use url::Url;

use self::reqwest::{ReqwestTransport, TransportSettings};
use crate::config::Config;
use crate::error::Result as Checked;

/// A request, ready to leave.
#[derive(Clone)]
pub struct HttpRequest {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// Full address.
    pub url: Url,
    /// All headers but those of the connection.
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: Bytes,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers, query and body may hold secrets.
        write!(out, "HttpRequest({} {})", self.method, crate::redact::address(&self.url))
    }
}

/// An answer with its whole body.
#[derive(Clone)]
pub struct HttpResponse {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "HttpResponse({}, {} bytes)", self.status, self.body.len())
    }
}

/// How far a request got that has no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// No byte left: the name was not found, nobody listened, or TLS failed.
    Nothing,
    /// It left, and no status came back.
    Sent,
    /// Status and headers came, and the body broke off.
    Answer(u16, Box<HeaderMap>),
}

/// A request without a complete answer.
#[derive(Debug)]
pub struct TransportError {
    /// How far it got.
    pub reached: Reached,
    /// What happened, for people.
    pub message: String,
    /// The library's own error.
    pub source: Box<dyn std::error::Error + Send + Sync>,
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

/// Sends a request once and reads the whole answer. It follows no redirect and repeats nothing.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>>;
}

/// The transport of the settings.
pub(crate) fn transport(config: &Config) -> Checked<Arc<dyn Transport>> {
    Ok(Arc::new(ReqwestTransport::new(&TransportSettings {
        connect_timeout: config.seconds("connect_timeout", config.connect_timeout)?,
        max_connections: config.concurrency,
        ca_certificates: config.ca_certificates.clone(),
    })?))
}
