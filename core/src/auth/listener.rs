//! What answers at the redirect address while a sign-in lasts: it takes the person back, and nobody else.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
};
use ::http::{HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use url::{Host, Url};

use super::session::Flow;
use super::tokens::Tokens;
use crate::error::{Error, Result};

/// A fragment holds two tokens; no browser sends more.
const LONGEST_FRAGMENT: usize = 64 * 1024;

/// Listens at the redirect address, whose port is set when any will do.
pub(super) async fn listen(redirect: &mut Url, free_port: bool) -> Result<Vec<TcpListener>> {
    let mut port = if free_port { 0 } else { redirect.port_or_known_default().unwrap_or(80) };
    let hosts = match redirect.host() {
        Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
        Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
        // A browser may take either, and whoever has the other would see the person come back.
        _ => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
    };
    let mut listeners = Vec::new();
    for host in hosts {
        match TcpListener::bind(SocketAddr::from((host, port))).await {
            Ok(listener) => {
                port = listener.local_addr().map_or(port, |address| address.port());
                listeners.push(listener);
            }
            // A machine without IPv6.
            Err(error) if !listeners.is_empty() && error.kind() != ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(Error::config(format!(
                    "nobody can listen at the redirect_uri {redirect}: {error}. Close the program that does, register another \
                     port above 1023, or take a free one if the registration allows any"
                )));
            }
        }
    }
    if free_port {
        // Fails only for addresses without a host.
        let _ = redirect.set_port(Some(port));
    }
    Ok(listeners)
}

/// What the listener answers to.
pub(super) struct Place {
    pub(super) redirect: Url,
    pub(super) flow: Flow,
}

/// The person has come back.
pub(super) struct Visit {
    pub(super) redirected: String,
    pub(super) answer: oneshot::Sender<Page>,
    /// Ends when the connection has carried the answer.
    pub(super) closed: oneshot::Receiver<Infallible>,
}

pub(super) struct Page {
    status: StatusCode,
    title: &'static str,
    text: String,
}

/// What the person is told.
pub(super) fn page(result: &Result<Tokens>) -> Page {
    match result {
        Ok(_) => Page {
            status: StatusCode::OK,
            title: "You are signed in",
            text: "You may close this page.".into(),
        },
        Err(error) => Page {
            status: StatusCode::BAD_REQUEST,
            title: "You are not signed in",
            text: error.message().to_owned(),
        },
    }
}

/// Answers on one connection.
pub(super) async fn serve(stream: TcpStream, place: Arc<Place>, visits: mpsc::Sender<Visit>) {
    // Dropped with the connection.
    let (_open, closed) = oneshot::channel();
    let closed = Arc::new(std::sync::Mutex::new(Some(closed)));
    let service = service_fn(move |request| {
        let (place, visits, closed) = (Arc::clone(&place), visits.clone(), Arc::clone(&closed));
        async move { Ok::<_, Infallible>(answer(request, &place, &visits, &closed).await) }
    });
    // A connection that breaks is the browser's business.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

type Closed = std::sync::Mutex<Option<oneshot::Receiver<Infallible>>>;

async fn answer(
    request: Request<Incoming>,
    place: &Place,
    visits: &mpsc::Sender<Visit>,
    closed: &Closed,
) -> Response<Full<Bytes>> {
    let refused = |status: StatusCode| shown(&Page { status, title: "Nothing here", text: String::new() });
    let authority = &place.redirect[url::Position::BeforeHost..url::Position::AfterPort];
    // A page elsewhere that has its name point here must not get through.
    if request.headers().get(HOST).is_none_or(|host| host.as_bytes() != authority.as_bytes()) {
        return refused(StatusCode::MISDIRECTED_REQUEST);
    }
    if request.uri().path() != place.redirect.path() {
        return refused(StatusCode::NOT_FOUND);
    }
    let mut redirected = place.redirect.clone();
    match (request.method(), request.uri().query(), place.flow) {
        // The fragment stays in the browser, so the page has to hand it over.
        (&Method::GET, query, Flow::Implicit) if query == place.redirect.query() => return handing_over(),
        (&Method::GET, query, _) => redirected.set_query(query),
        (&Method::POST, _, Flow::Implicit) => {
            let origin = place.redirect.origin().ascii_serialization();
            if request.headers().get(ORIGIN).is_none_or(|from| from.as_bytes() != origin.as_bytes()) {
                return refused(StatusCode::FORBIDDEN);
            }
            let body = Limited::new(request.into_body(), LONGEST_FRAGMENT).collect().await;
            let Ok(body) = body else { return refused(StatusCode::PAYLOAD_TOO_LARGE) };
            redirected.set_fragment(Some(&String::from_utf8_lossy(&body.to_bytes())));
        }
        _ => return refused(StatusCode::METHOD_NOT_ALLOWED),
    }
    let (sender, answer) = oneshot::channel();
    // One visit a connection: its answer closes it.
    let closed = closed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    let Some(closed) = closed else { return refused(StatusCode::BAD_REQUEST) };
    let visit = Visit { redirected: redirected.into(), answer: sender, closed };
    if visits.send(visit).await.is_err() {
        return refused(StatusCode::GONE);
    }
    match answer.await {
        Ok(page) => shown(&page),
        Err(_) => refused(StatusCode::GONE),
    }
}

/// Sends the fragment to the address that it came to, and shows what comes back.
const SCRIPT: &str = "\
const fragment = location.hash.slice(1);
history.replaceState(null, '', location.pathname);
fetch(location.pathname, { method: 'POST', body: fragment })
  .then((answer) => answer.text())
  .then((page) => document.documentElement.replaceWith(
    new DOMParser().parseFromString(page, 'text/html').documentElement));";

/// Takes the code out of the browser's history.
const FORGET: &str = "history.replaceState(null, '', location.pathname);";

fn handing_over() -> Response<Full<Bytes>> {
    html(StatusCode::OK, "Signing in", "<p>This page needs JavaScript to complete the sign-in.</p>", SCRIPT)
}

fn shown(page: &Page) -> Response<Full<Bytes>> {
    let text = page.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    html(page.status, page.title, &format!("<p>{text}</p>"), FORGET)
}

fn html(status: StatusCode, title: &str, content: &str, script: &str) -> Response<Full<Bytes>> {
    let nonce = uuid::Uuid::new_v4().simple();
    let text = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n<body><h1>{title}</h1>\n\
         {content}\n<script nonce=\"{nonce}\">{script}</script></body></html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let policy =
        format!("default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; frame-ancestors 'none'");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
