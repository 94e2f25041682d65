//! The transport: carries requests to the service of the run, and what comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use beproduct::{AnswerBody, HttpRequest, HttpResponse, Reached, Transport, TransportError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::HeaderValue;
use http::header::{AUTHORIZATION, DATE};
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::fate::{Fate, Said};
use crate::history::{Idle, Request};
use crate::records::{PageFault, Route};
use crate::world::World;

/// Header that carries the number of a call.
pub(crate) const CALL: &str = "x-call";

/// The connections of one client.
#[derive(Debug, Clone)]
pub(crate) struct Line(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    world: Arc<World>,
    client: usize,
    /// Requests on their way, and since when there is none.
    busy: Mutex<(usize, Duration)>,
}

impl Line {
    pub(crate) fn new(world: Arc<World>, client: usize) -> Self {
        let now = world.time.passed();
        Self(Arc::new(Inner { world, client, busy: Mutex::new((0, now)) }))
    }

    /// The client is at its end.
    pub(crate) fn rest(&self) {
        let (busy, from) = *self.0.busy.lock().unwrap();
        if busy == 0 {
            let to = self.0.world.time.passed();
            self.0.world.state().history.idle.push(Idle { client: self.0.client, from, to });
        }
    }
}

/// A request on its way. When it is dropped before it has arrived, it may do so all the same.
struct Flight {
    line: Line,
    /// Its own, so that the order in which several are dropped does not matter.
    chance: Chance,
    index: usize,
    route: Route,
    body: Bytes,
    query: BTreeMap<String, String>,
    token: String,
}

impl Flight {
    fn begin(line: &Line, request: &HttpRequest) -> Self {
        let Inner { world, client, busy } = &*line.0;
        let now = world.time.passed();
        let body = request.body.bytes().cloned().unwrap_or_default();
        let route = Route::of(request.url.path());
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let call = header(CALL).and_then(|text| text.parse().ok());
        let token = header(AUTHORIZATION.as_str()).unwrap_or_default().to_owned();
        let text = String::from_utf8_lossy(&body);
        let mut state = world.state();
        let mut busy = busy.lock().unwrap();
        if busy.0 == 0 {
            state.history.idle.push(Idle { client: *client, from: busy.1, to: now });
        }
        busy.0 += 1;
        state.history.requests.push(Request {
            client: *client,
            call,
            what: format!("{} {} {text}", request.method, request.url),
            counts: route != Route::Token,
            sent: now,
            left: false,
            departed: None,
            disproved: false,
            arrived: None,
            applied: false,
            status: None,
            fate: "",
            first_page: None,
            read: false,
            ended: None,
        });
        let index = state.history.requests.len() - 1;
        Self {
            line: line.clone(),
            chance: Chance::new(world.seed, &format!("request {index}")),
            index,
            route,
            body,
            query: request.url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
            token,
        }
    }

    fn world(&self) -> &World {
        &self.line.0.world
    }

    fn is_first_page(&self) -> bool {
        self.query.get("pageNumber").is_none_or(|number| number == "0")
    }

    /// What is wrong with a page.
    fn page_fault(&self) -> Option<PageFault> {
        let weather = &self.world().weather;
        self.chance.hits(weather.page_faults).then(|| *self.chance.one_of(weather.of_pages))
    }

    /// A byte may have left from now on.
    fn depart(&self) {
        let now = self.world().time.passed();
        self.note(|request| {
            request.left = true;
            request.departed.get_or_insert(now);
        });
    }

    async fn travel(&self) {
        let world = self.world();
        world.sleep(self.chance.delay(world.weather.latency)).await;
    }

    fn note(&self, change: impl FnOnce(&mut Request)) {
        change(&mut self.world().state().history.requests[self.index]);
    }

    /// The request is at the service, which does what its fate says.
    fn arrive(&self, fate: &Fate) -> Said {
        let world = self.world();
        let now = world.time.passed();
        let mut state = world.state();
        let state = &mut *state;
        let mut fate = fate.clone();
        if state.records.revoked.contains(&self.token) {
            fate = Fate::Revoked;
        } else if fate == Fate::Revoked {
            state.records.revoked.push(self.token.clone());
        }
        let history = &mut state.history;
        let mut said = Said::of(&fate, &self.chance, world.time.second(now));
        let (mut applied, mut first_page) = (false, None);
        if fate.is_done() {
            let right = match &self.route {
                Route::Token => {
                    let token = state.records.issue_token();
                    Said::json(
                        200,
                        &json!({"access_token": token, "token_type": "Bearer", "expires_in": 600}),
                    )
                }
                Route::Materials => {
                    let fault = self.page_fault();
                    let page = state.records.page(&self.query, fault, &world.weather, &self.chance, history);
                    let rows = page.as_array().or(page["result"].as_array()).map_or(0, Vec::len);
                    let is_page = self.is_first_page() && said.is_none() && !page["result"].is_object();
                    first_page = is_page.then_some(rows);
                    Said::json(200, &page)
                }
                route => {
                    let (status, body, done) = state.records.apply(route, &self.body, history);
                    applied = done;
                    Said::json(status, &body)
                }
            };
            // What is not there cannot be done, and what was not done is said as it is.
            if said.is_none() || (self.route.changes() && !applied) {
                said = Some(right);
            }
        }
        let mut said = said.unwrap_or_else(|| Said::json(200, &Value::Null));
        history.raised |= said.raises;
        let request = &mut history.requests[self.index];
        request.arrived = Some(now);
        request.applied = applied;
        request.first_page = first_page;
        request.fate = fate.name();
        if fate == Fate::Marked {
            said.body.splice(0..0, *b"\xef\xbb\xbf");
        }
        let mut date = world.time.second(now);
        if self.chance.hits(world.weather.wrong_dates) {
            let wrong = [date + 86_400, date - 86_400, date + 3_600, date - 40, 253_402_300_799, 0];
            date = *self.chance.one_of(&wrong);
        }
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(date));
        said.headers.insert(DATE, HeaderValue::from_str(&date).unwrap());
        said
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let (world, index) = (&self.line.0.world, self.index);
        let open = {
            let state = world.state();
            let request = &state.history.requests[index];
            request.left && request.arrived.is_none() && !request.disproved && request.fate.is_empty()
        };
        if open && self.chance.hits(0.5) {
            self.arrive(&Fate::Answered);
        }
        let now = world.time.passed();
        self.note(|request| request.ended = Some(now));
        let mut busy = self.line.0.busy.lock().unwrap();
        busy.0 -= 1;
        busy.1 = now;
    }
}

fn failure(reached: Reached, text: &str) -> TransportError {
    TransportError::new(reached, text, text)
}

impl Transport for Line {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, TransportError>> {
        let line = self.clone();
        let flight = Flight::begin(&line, &request);
        let world = Arc::clone(&line.0.world);
        let fate = Fate::draw(&flight.chance, world.weather.faults, &flight.route);
        let held = flight.chance.hits(world.weather.held);
        let connects = flight.chance.hits(0.2);
        match held {
            true => request.wire.hold(),
            false => flight.depart(),
        }
        Box::pin(async move {
            let world = &*flight.line.0.world;
            world.step().await;
            if connects {
                flight.travel().await;
            }
            match fate {
                Fate::Unreachable => {
                    flight.note(|request| {
                        request.left = false;
                        request.fate = "unreachable";
                    });
                    return Err(failure(Reached::Nothing, "no connection"));
                }
                Fate::Hangs => {
                    if !held {
                        flight.note(|request| request.fate = "hangs");
                    }
                    return std::future::pending().await;
                }
                _ => {}
            }
            request.wire.leave();
            flight.depart();
            flight.travel().await;
            match fate {
                Fate::LostBefore => {
                    flight.note(|request| request.fate = "lost before it arrived");
                    return Err(failure(Reached::Sent, "the connection broke"));
                }
                Fate::Disproved => {
                    flight.note(|request| {
                        request.disproved = true;
                        request.fate = "proved not to be processed";
                    });
                    return Err(failure(Reached::Nothing, "the stream was refused"));
                }
                _ => {}
            }
            let said = flight.arrive(&fate);
            flight.travel().await;
            match fate {
                Fate::LostAfter => return Err(failure(Reached::Sent, "the connection broke")),
                Fate::Silent => return std::future::pending().await,
                _ => {}
            }
            flight.note(|request| request.status = Some(said.status));
            let Said { status, headers, body, .. } = said;
            Ok(HttpResponse { status, headers, body: pieces(flight, body, &fate) })
        })
    }
}

/// The body as it comes, piece by piece.
fn pieces(flight: Flight, body: Vec<u8>, fate: &Fate) -> AnswerBody {
    let chance = &flight.chance;
    let (slow, cut) = (*fate == Fate::Slow, *fate == Fate::Cut);
    let count = if slow { chance.between(2, 40) } else { chance.between(1, 3) };
    let length = body.len().div_ceil(count).max(1);
    let mut rest: Vec<_> = body.chunks(length).map(Bytes::copy_from_slice).collect();
    if cut {
        rest.truncate(chance.below(rest.len() + 1));
    }
    rest.reverse();
    AnswerBody::from_stream(stream::unfold((flight, rest, cut), move |(flight, mut rest, cut)| async move {
        let world = Arc::clone(&flight.line.0.world);
        let delay = match slow {
            true => Duration::from_secs(7),
            false => flight.chance.delay(world.weather.latency / 4.0),
        };
        world.sleep(delay).await;
        match rest.pop() {
            Some(piece) => Some((Ok(piece), (flight, rest, cut))),
            None if cut => Some((Err(failure(Reached::Sent, "the connection broke")), (flight, rest, false))),
            None => {
                flight.note(|request| request.read |= !cut);
                None
            }
        }
    }))
}
