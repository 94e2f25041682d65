//! The way of every request: it is logged and counted, then a fault may take it, then the work is done.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use http::{Request, Response, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::answers::{Answer, empty};
use crate::calendar::now;
use crate::connection::{Connection, Cut};
use crate::faults::{self, Reset};
use crate::log::{Base, Place};
use crate::service::{self, access, automation};
use crate::state::Shared;
use crate::{control, files, identity, storage};

pub(crate) async fn handle(
    shared: Arc<Shared>,
    connection: Connection,
    request: Request<Incoming>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let under = |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let base = if path.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("/api/")) {
        Base::Api
    } else if under("/automation/api") {
        Base::Automation
    } else if under("/files") {
        Base::Storage
    } else if under("/ids") {
        Base::Identity
    } else if under("/simulator") {
        let Ok(body) = body.collect().await else { return empty(http::StatusCode::BAD_REQUEST) };
        return control::answer(&shared, &parts.method, &parts.uri, &body.to_bytes()).await;
    } else {
        return empty(http::StatusCode::NOT_FOUND);
    };

    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    // Held requests wait for a release that comes after their arrival.
    let mut released = shared.releases.subscribe();
    let visit = Visit::begin(&shared, &connection, base, &parts, target);
    let early = shared.state().faults.take_early(base, parts.method.as_str(), target);
    if let Some(action) = early {
        if action.hang {
            shared.state().log.set_held(visit.place);
            shared.arrivals.send_modify(|n| *n += 1);
            let _ = released.changed().await;
        }
        if action.is_canned() || !action.hang {
            let mut answer = action.canned();
            action.add_headers(answer.headers_mut());
            // Nobody looks at the body, which is taken all the same: a connection that is closed before it loses the answer.
            tokio::spawn(body.into_data_stream().for_each(async |_| {}));
            return visit.answered(answer);
        }
    }
    // A client that left before its request was complete is noted when `visit` is dropped.
    let Ok(body) = files::receive(&parts.headers, body).await else {
        return empty(http::StatusCode::BAD_REQUEST);
    };
    {
        let mut state = shared.state();
        state.log.set_body(visit.place, &body);
        if base == Base::Identity && state.log.has(visit.place) {
            state.log.identity.body_arrived(parts.method.as_str(), path, &body.bytes);
        }
    }
    shared.arrivals.send_modify(|n| *n += 1);

    let action = shared.state().faults.take(base, parts.method.as_str(), target, &body.bytes);
    let action = action.unwrap_or_default();
    if action.latency_ms > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(action.latency_ms)).await;
    }
    if action.hang && !action.apply {
        let _ = released.changed().await;
    }
    if visit.is_stale() {
        // A reset came between: what this request would do does not belong to the new state.
        connection.cut(Cut::Close);
        std::future::pending::<()>().await;
    }
    let stands_alone = action.is_canned() || action.reset == Some(Reset::Before);
    let mut answer = if stands_alone && !action.apply {
        empty(http::StatusCode::OK)
    } else {
        match base {
            Base::Api => service::answer(&shared, &parts, &body, &action),
            Base::Automation => automation::answer(&shared, &parts, &body, &action),
            Base::Storage => storage::answer(&shared, &parts.method, &parts.uri, &parts.headers, &action),
            Base::Identity => {
                identity::answer(&shared, &parts.method, &parts.uri, &parts.headers, &body.bytes)
            }
        }
    };
    if action.hang && action.apply {
        let _ = released.changed().await;
    }
    if action.reset == Some(Reset::Before) {
        connection.cut(Cut::Reset);
        // The connection is about to be dropped, and this request with it.
        std::future::pending::<()>().await;
    }
    if action.is_canned() {
        answer = action.canned();
    }
    if action.gzip > 0 {
        answer = faults::encoded(answer, action.gzip).await;
    }
    action.add_headers(answer.headers_mut());
    if action.spoils_body() {
        answer = faults::spoil(&action, answer, connection, released).await;
    }
    visit.answered(answer)
}

/// A request in the log until its answer was sent. Dropping it earlier means that the client left.
struct Visit {
    shared: Arc<Shared>,
    connection: Connection,
    place: Place,
    finished: bool,
}

impl Visit {
    fn begin(
        shared: &Arc<Shared>,
        connection: &Connection,
        base: Base,
        parts: &http::request::Parts,
        target: &str,
    ) -> Self {
        let place = {
            let mut state = shared.state();
            let method = parts.method.as_str();
            let place = state.log.arrived(base, method, target, &parts.headers, connection.number());
            match base {
                Base::Api => {
                    state.log.count_operation(service::label(&parts.method, parts.uri.path()));
                    state.limits.count(now());
                    if let Ok(user) = access::speaker(&state, &parts.method, &parts.uri, &parts.headers) {
                        state.log.set_user(place, user.username);
                    }
                }
                Base::Automation | Base::Storage => {}
                Base::Identity => state.log.identity.arrived(method, parts.uri.path()),
            }
            place
        };
        Visit { shared: shared.clone(), connection: connection.clone(), place, finished: false }
    }

    fn is_stale(&self) -> bool {
        !self.shared.state().log.has(self.place)
    }

    fn answered(mut self, answer: Answer) -> Answer {
        self.shared.state().log.set_status(self.place, answer.status().as_u16());
        let (head, body) = answer.into_parts();
        let announced = head.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|value| value.to_str().ok()?.parse().ok());
        let remaining = announced.or(http_body::Body::size_hint(&body).exact());
        self.finished = remaining == Some(0);
        Response::from_parts(head, Body::new(Tracked { body, remaining, visit: self }))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.finished && !self.connection.is_cut() {
            self.shared.state().log.closed_by_client(self.place);
            self.shared.arrivals.send_modify(|n| *n += 1);
        }
    }
}

/// A body that knows whether all of it was taken.
struct Tracked {
    body: Body,
    remaining: Option<u64>,
    visit: Visit,
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            None => self.visit.finished = true,
            Some(Ok(frame)) => {
                if let (Some(data), Some(remaining)) = (frame.data_ref(), self.remaining) {
                    let rest = remaining.saturating_sub(data.len() as u64);
                    self.remaining = Some(rest);
                    self.visit.finished |= rest == 0;
                }
            }
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
