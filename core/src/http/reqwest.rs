//! The transport over reqwest and rustls.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use http::HeaderValue;
use http::header::ACCEPT_ENCODING;
use http_body::{Body as HttpBody, Frame, SizeHint};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, ClientBuilder, Method, Proxy, redirect, retry};
use url::{Host, Url};

use super::body::SourceError;
use super::encoding::decoded;
use super::proxy::{Hop, Proxies};
use super::{AnswerBody, Body, Chunks, HttpRequest, HttpResponse, Reached, Transport, TransportError, Wire};
use crate::address::{Inside, Reach};
use crate::error::{Error, Result};
use crate::redact::Secret;

/// What the transport needs to know of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TransportSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) max_connections: usize,
    /// PEM text of certificates to trust besides those of the machine.
    pub(crate) ca_certificates: Option<String>,
    /// Through which all requests go; empty for none. Without it, the proxies of the environment.
    pub(crate) proxy: Option<Secret>,
}

#[derive(Debug)]
pub(crate) struct ReqwestTransport {
    settings: TransportSettings,
    certificates: Vec<Certificate>,
    proxies: Proxies,
    clients: Clients,
}

/// What tells one client from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Variant {
    secure: bool,
    /// The host of its proxy.
    proxy: Option<String>,
    reach: Reach,
    moves_file: bool,
}

/// Made when they are needed first: a client without TLS works on a machine without certificates.
type Clients = Mutex<HashMap<Variant, Client>>;

impl ReqwestTransport {
    pub(crate) fn new(settings: &TransportSettings) -> Result<Self> {
        let wrong = |text: String| Error::config(format!("ca_certificates: {text}"));
        let certificates = match &settings.ca_certificates {
            None => Vec::new(),
            Some(pem) => {
                Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| wrong(error.to_string()))?
            }
        };
        if certificates.is_empty() && settings.ca_certificates.is_some() {
            return Err(wrong("there is no PEM certificate in it".into()));
        }
        let transport = Self {
            settings: settings.clone(),
            certificates,
            proxies: Proxies::of(settings.proxy.as_ref())?,
            clients: Clients::default(),
        };
        if settings.ca_certificates.is_some() {
            // What rustls does not take is an error of the setting, not of the first call.
            transport
                .builder()
                .tls_certs_only(transport.certificates.iter().cloned())
                .build()
                .map_err(|error| wrong(chain(&error)))?;
        }
        Ok(transport)
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder()
            .connect_timeout(self.settings.connect_timeout)
            .pool_max_idle_per_host(self.settings.max_connections)
            .pool_idle_timeout(Duration::from_secs(60))
            .tcp_nodelay(true)
            .gzip(false)
            .redirect(redirect::Policy::none())
            // Sending again is for the pipeline to decide.
            .retry(retry::never())
    }

    fn client(
        &self,
        request: &HttpRequest,
        hop: Option<&Hop>,
    ) -> std::result::Result<Client, TransportError> {
        let HttpRequest { ref url, reach, moves_file, .. } = *request;
        let variant = Variant {
            secure: url.scheme() == "https",
            proxy: hop.map(|hop| hop.host.clone()),
            reach,
            moves_file,
        };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&variant) {
            return Ok(client.clone());
        }
        let mut builder = self.builder();
        if hop.is_none_or(|hop| !hop.is_of_environment) {
            builder = builder.no_proxy();
        }
        if let (Some(_), Some(setting)) = (hop, &self.settings.proxy) {
            let proxy = Proxy::all(setting.expose().trim()).map_err(|error| {
                TransportError::new(Reached::Nothing, "the proxy cannot be used", error.without_url())
                    .lasting()
            })?;
            builder = builder.proxy(proxy);
        }
        if moves_file {
            // HTTP/2 would cut it into frames of 16 kB, of which only so many leave before the server asks for more.
            builder = builder.http1_only();
        }
        if reach != Reach::Any {
            builder = builder.dns_resolver(Arc::new(Within { reach, proxy: variant.proxy.clone() }));
        }
        builder = match variant.secure {
            true => builder.tls_certs_merge(self.certificates.iter().cloned()),
            false => builder.tls_certs_only([]),
        };
        let client = builder.build().map_err(|error| {
            let text = format!(
                "no certificate authorities can be loaded from this machine: {}. Install them (on Debian: ca-certificates), name \
                 a file of them in SSL_CERT_FILE, or pass them as ca_certificates",
                chain(&error)
            );
            TransportError::new(Reached::Nothing, text, error).lasting()
        })?;
        clients.insert(variant, client.clone());
        Ok(client)
    }
}

/// Refuses an address that is written out in a URL and may not be connected to.
fn check_reach(url: &Url, reach: Reach) -> std::result::Result<(), TransportError> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        _ => return Ok(()),
    };
    match reach.allows(address) {
        true => Ok(()),
        false => {
            let inside = Inside(address.to_string());
            Err(TransportError::new(Reached::Nothing, inside.to_string(), inside).lasting())
        }
    }
}

/// Resolves names to addresses that may be connected to, and that of the proxy to any.
struct Within {
    reach: Reach,
    proxy: Option<String>,
}

impl Resolve for Within {
    fn resolve(&self, name: Name) -> Resolving {
        let is_proxy = self.proxy.as_ref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(name.as_str()));
        let reach = if is_proxy { Reach::Any } else { self.reach };
        Box::pin(async move {
            let found = look_up(name.as_str()).await?;
            let allowed: Vec<_> =
                found.iter().copied().filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Inside(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

async fn look_up(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

/// Refuses a name that a proxy is to look up, unless all that is found for it here may be connected to: which of them the
/// proxy takes is not known.
async fn check_name(name: &str, reach: Reach) -> std::result::Result<(), TransportError> {
    let found = look_up(name).await.map_err(|error| {
        let text = format!(
            "{name} is not found by this machine, so it is not known whether the proxy would go to a private address: {error}"
        );
        TransportError::new(Reached::Nothing, text, error)
    })?;
    match all_allowed(&found, reach) {
        true => Ok(()),
        false => {
            let inside = Inside(name.to_owned());
            Err(TransportError::new(Reached::Nothing, inside.to_string(), inside).lasting())
        }
    }
}

fn all_allowed(found: &[SocketAddr], reach: Reach) -> bool {
    found.iter().all(|address| reach.allows(address.ip()))
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: HttpRequest,
    ) -> BoxFuture<'static, std::result::Result<HttpResponse, TransportError>> {
        let hop = self.proxies.before(&request.url);
        let client =
            check_reach(&request.url, request.reach).and_then(|()| self.client(&request, hop.as_ref()));
        Box::pin(async move {
            let HttpRequest { method, mut url, mut headers, body, reach, wire, .. } = request;
            headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
            wire.hold();
            let client = client?;
            if let (Some(_), Reach::PublicFromHere, Some(Host::Domain(name))) = (&hop, reach, url.host()) {
                check_name(name, reach).await?;
            }
            // The library would make a header of them, such as of those in the address of a redirect.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            let method = Method::from_bytes(method.as_bytes()).map_err(|error| {
                TransportError::new(Reached::Nothing, format!("{method:?} is no method"), error)
            })?;
            let place = Place { host: url.host_str().unwrap_or_default().to_owned(), hop };
            let broken = Broken::default();
            let outgoing = Outgoing::open(&body, wire.clone(), broken.clone()).await;
            let outgoing = outgoing.map_err(|error| TransportError::of_body(Reached::Nothing, error))?;
            let answer = client
                .request(method, url)
                .headers(headers)
                .body(reqwest::Body::wrap(outgoing))
                .send()
                .await
                .map_err(|error| match broken.take() {
                    Some(of_body) => TransportError::of_body(reached(&wire), of_body),
                    None => failure(error, &place, &wire),
                })?;
            let (status, mut headers) = (answer.status().as_u16(), answer.headers().clone());
            let host = place.host.clone();
            let chunks = stream::unfold(Some(answer), move |answer| {
                let host = place.host.clone();
                async move {
                    let mut answer = answer?;
                    match answer.chunk().await {
                        Ok(Some(chunk)) => Some((Ok(chunk), Some(answer))),
                        Ok(None) => None,
                        Err(error) => {
                            let error = error.without_url();
                            let text = format!("the answer of {host} was cut off: {}", chain(&error));
                            Some((Err(TransportError::new(Reached::Sent, text, error)), None))
                        }
                    }
                }
            });
            let body = decoded(status, &mut headers, AnswerBody::from_stream(chunks), host);
            Ok(HttpResponse { status, headers, body })
        })
    }
}

/// The body of a request on its way to the connection, which it tells of its departure.
struct Outgoing {
    wire: Wire,
    /// Bytes that are still to come, where that is known.
    left: Option<u64>,
    /// Only ever used by one thread at a time, which the compiler cannot know.
    chunks: Mutex<Option<Chunks>>,
    broken: Broken,
}

/// Why a body could not be read to its end, which the library tells among other things.
#[derive(Clone, Default)]
struct Broken(Arc<Mutex<Option<SourceError>>>);

impl Broken {
    /// Keeps the error, and gives one for the library.
    fn keep(&self, error: SourceError) -> SourceError {
        let text = error.to_string();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        text.into()
    }

    fn take(&self) -> Option<SourceError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Outgoing {
    async fn open(body: &Body, wire: Wire, broken: Broken) -> std::result::Result<Self, SourceError> {
        let chunks = match body.length() {
            Some(0) => None,
            _ => {
                wire.starve(true);
                let chunks = body.open().await?;
                wire.starve(false);
                Some(chunks)
            }
        };
        Ok(Self { wire, left: body.length(), chunks: Mutex::new(chunks), broken })
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = SourceError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, SourceError>>> {
        let this = self.get_mut();
        this.wire.leave();
        let chunks = this.chunks.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = chunks else { return Poll::Ready(None) };
        let next = match stream.poll_next_unpin(context) {
            Poll::Pending => {
                this.wire.starve(true);
                return Poll::Pending;
            }
            Poll::Ready(next) => next,
        };
        this.wire.starve(false);
        this.wire.moved();
        let broken = &this.broken;
        let wrong = |text: &str| Poll::Ready(Some(Err(broken.keep(text.into()))));
        match next {
            None => {
                *chunks = None;
                match this.left {
                    Some(left) if left > 0 => wrong("the body is shorter than announced"),
                    _ => Poll::Ready(None),
                }
            }
            Some(Ok(chunk)) => {
                if let Some(left) = &mut this.left {
                    match left.checked_sub(chunk.len() as u64) {
                        Some(rest) => *left = rest,
                        None => return wrong("the body is longer than announced"),
                    }
                }
                Poll::Ready(Some(Ok(Frame::data(chunk))))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(broken.keep(error)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        // Asked by a connection that begins to send, and by nobody before (there is a test).
        self.wire.leave();
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// Where a request was to go, for people.
struct Place {
    host: String,
    /// The proxy between.
    hop: Option<Hop>,
}

/// How far a request got whose body cannot be read any further.
fn reached(wire: &Wire) -> Reached {
    if wire.may_have_left() { Reached::Sent } else { Reached::Nothing }
}

fn failure(error: reqwest::Error, place: &Place, wire: &Wire) -> TransportError {
    // The address may hold a query, and reqwest prints it.
    let error = error.without_url();
    let (text, host) = (chain(&error), &place.host);
    let is_of_environment = place.hop.as_ref().is_some_and(|hop| hop.is_of_environment);
    let owner = if is_of_environment { " of the environment" } else { "" };
    let through = place.hop.as_ref().map(|hop| format!(" through the proxy {}{owner}", hop.shown));
    let through = through.unwrap_or_default();
    if error.is_connect() && text.contains("certificate") {
        let text = format!(
            "{host} is not trusted{through}: {text}. If it is your own, add its certificate authority with ca_certificates"
        );
        return TransportError::new(Reached::Nothing, text, error).lasting();
    }
    if error.is_connect() || !wire.may_have_left() {
        let advice = if is_of_environment { "; NO_PROXY excludes hosts from it" } else { "" };
        return TransportError::new(
            Reached::Nothing,
            format!("no connection to {host}{through}: {text}{advice}"),
            error,
        );
    }
    if was_not_processed(&error) {
        let text = format!("{host} did not process the request: {text}");
        return TransportError::new(Reached::Nothing, text, error);
    }
    TransportError::new(Reached::Sent, format!("the connection to {host} was lost{through}: {text}"), error)
}

/// Whether an HTTP/2 server has proved that it did not look at the request: it refused the stream, or closed the connection
/// with a lower one as the last that it processed.
fn was_not_processed(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(next) = cause {
        if let Some(error) = next.downcast_ref::<h2::Error>() {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            return error.is_remote() && (refused || error.is_go_away());
        }
        cause = next.source();
    }
    false
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_may_take_any_of_the_addresses_of_a_name() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let (public, inside) = (address("1.1.1.1"), address("10.0.0.1"));
        assert!(all_allowed(&[public], Reach::PublicFromHere));
        assert!(!all_allowed(&[public, inside], Reach::PublicFromHere));
        assert!(!all_allowed(&[inside], Reach::PublicFromHere));
    }
}
