//! The transport over reqwest and rustls.

use std::error::Error as StdError;
use std::time::Duration;

use ::http::HeaderMap;
use futures_util::future::BoxFuture;
use reqwest::{Certificate, Client, Method, redirect, retry};

use super::{HttpRequest, HttpResponse, Reached, Transport, TransportError};
use crate::error::{Error, Result};

/// What the transport needs to know of the configuration.
#[derive(Debug, Clone)]
pub(crate) struct TransportSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) max_connections: usize,
    /// PEM text of certificates to trust besides those of the machine.
    pub(crate) ca_certificates: Option<String>,
}

#[derive(Debug)]
pub(crate) struct ReqwestTransport(Client);

impl ReqwestTransport {
    pub(crate) fn new(settings: &TransportSettings) -> Result<Self> {
        let mut builder = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .pool_max_idle_per_host(settings.max_connections)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .gzip(true)
            .redirect(redirect::Policy::none())
            // Sending again is for the pipeline to decide.
            .retry(retry::never());
        if let Some(pem) = &settings.ca_certificates {
            let wrong = |text: String| Error::config(format!("ca_certificates: {text}"));
            let certificates =
                Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| wrong(error.to_string()))?;
            if certificates.is_empty() {
                return Err(wrong("there is no PEM certificate in it".into()));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder
            .build()
            .map_err(|error| Error::config(format!("the HTTP client cannot be made: {}", chain(&error))))?;
        Ok(Self(client))
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let client = self.0.clone();
        Box::pin(async move {
            let method = match request.method {
                "GET" => Method::GET,
                "DELETE" => Method::DELETE,
                _ => Method::POST,
            };
            let host = request.url.host_str().unwrap_or_default().to_owned();
            let answer = client
                .request(method, request.url)
                .headers(request.headers)
                .body(request.body)
                .send()
                .await
                .map_err(|error| failure(error, &host, None))?;
            let status = answer.status().as_u16();
            let headers = answer.headers().clone();
            match answer.bytes().await {
                Ok(body) => Ok(HttpResponse { status, headers, body }),
                Err(error) => Err(failure(error, &host, Some((status, headers)))),
            }
        })
    }
}

fn failure(error: reqwest::Error, host: &str, answer: Option<(u16, HeaderMap)>) -> TransportError {
    // The address may hold a query, and reqwest prints it.
    let error = error.without_url();
    let text = chain(&error);
    let (reached, message) = match answer {
        Some((status, headers)) => {
            (Reached::Answer(status, Box::new(headers)), format!("the answer of {host} broke off: {text}"))
        }
        None if error.is_connect() && text.contains("certificate") => (
            Reached::Nothing,
            format!(
                "{host} is not trusted: {text}. Add its certificate authority with ca_certificates if it is your own"
            ),
        ),
        None if error.is_connect() => (Reached::Nothing, format!("no connection to {host}: {text}")),
        None => (Reached::Sent, format!("the connection to {host} was lost: {text}")),
    };
    TransportError { reached, message, source: Box::new(error) }
}

/// The error with its causes, each once.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = next.source();
    }
    text
}
