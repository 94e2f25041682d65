//! Hands the request to the transport and reads the answer. Any status is an answer here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::header::LOCATION;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use url::Url;

use super::idle_timeout;
use crate::address::{Inside, LinkOf};
use crate::catalog::{AnswerKind, Base};
use crate::clock::Clock;
use crate::error::{Error, Failure, Result};
use crate::http::{
    AnswerBody, Extent, HttpRequest, HttpResponse, Reach, Reached, Transport, TransportError, Wire,
    encoding_of,
};
use crate::own::{ErrorKind, Outcome};
use crate::pipeline::{Exchange, Next, Policy, Reply};
use crate::redact::address;

/// Bytes that are read of an answer that is no success.
const FAILURE_SIZE: usize = 64_000;

/// How often a link may lead on.
const MOST_REDIRECTS: usize = 5;

pub(crate) struct Send {
    pub(crate) transport: Arc<dyn Transport>,
    /// The company's part of the API.
    pub(crate) api: Url,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) idle_timeout: Duration,
    /// Bytes that are read of any other.
    pub(crate) max_answer_size: usize,
}

impl Policy for Send {
    fn run<'a>(&'a self, exchange: Exchange, _next: Next) -> BoxFuture<'a, Result<Reply>> {
        Box::pin(async move {
            let wire = exchange.wire;
            wire.hand_over();
            let moves_file = exchange.streams || exchange.body.bytes().is_none();
            let request = HttpRequest {
                method: exchange.method,
                url: exchange.url,
                headers: exchange.headers,
                body: exchange.body,
                reach: Reach::Any,
                moves_file,
                wire: wire.clone(),
            };
            let answer = match exchange.base {
                Base::Link => self.follow(request, exchange.link_of).await,
                Base::Api | Base::Automation => self.transport.send(request).await,
            };
            let answer = answer.map_err(|error| failure(error, &wire, exchange.operation.is_read()))?;
            wire.leave();
            wire.moved();
            // It has answered, whatever is left of the body.
            wire.starve(false);
            let (status, headers) = (answer.status, answer.headers);
            let succeeded = (200..300).contains(&status);
            let reads = exchange.operation.is_read();
            let encoding = encoding_of(&headers);
            // Who asks for a part of a file looks at this, too.
            if let Some(encoding) = encoding.filter(|_| !exchange.streams || status != 206) {
                let text = format!(
                    "the answer is encoded as {encoding:?}, which this client does not decode: it decodes gzip, and that once"
                );
                if succeeded {
                    return Err(undecoded(text, reads).with_status(status));
                }
                // The status says enough.
                return Ok(Reply { status, headers, body: text.into(), extent: Extent::Whole, stream: None });
            }
            if exchange.streams && succeeded {
                let body = self.watched(answer.body, wire);
                let stream = Some(Arc::new(Mutex::new(Some(body))));
                return Ok(Reply { status, headers, body: Bytes::new(), extent: Extent::Whole, stream });
            }
            let limit = if succeeded { self.max_answer_size } else { FAILURE_SIZE };
            let (body, extent) = answer.body.read(limit, || wire.moved()).await;
            if matches!(extent, Extent::Limit) && succeeded && reads {
                let advice = match exchange.operation.answer {
                    AnswerKind::File => "name a file that it is written to",
                    _ => "ask for less, with a smaller page_size for instance",
                };
                let text =
                    format!("the answer is larger than {limit} bytes; {advice}, or raise max_answer_size");
                return Err(Error::new(ErrorKind::Decode, text)
                    .with_status(status)
                    .with_outcome(Outcome::Refused));
            }
            let extent = if succeeded { extent } else { Extent::Whole };
            Ok(Reply { status, headers, body, extent, stream: None })
        })
    }
}

impl Send {
    /// Follows a link to where it leads. Every address on the way has to be one that it may lead to.
    async fn follow(
        &self,
        mut request: HttpRequest,
        of: LinkOf,
    ) -> std::result::Result<HttpResponse, TransportError> {
        // What the program may do about it.
        let advice = match of {
            LinkOf::Program { private: false } => "; the setting allow_private_sources allows it",
            _ => "",
        };
        // Once a server has answered, a request has left, however far the next one gets.
        let mut reached = Reached::Nothing;
        for _ in 0..=MOST_REDIRECTS {
            if !of.allows(&request.url, &self.api) {
                let text = format!("{} is not an https URL{advice}", address(&request.url));
                return Err(TransportError::new(reached, text.clone(), text).lasting());
            }
            request.reach = Reach::of_link(&request.url, &self.api, of);
            let sent = self.transport.send(request.clone()).await;
            let answer = sent.map_err(|error| {
                let is_inside = Inside::is_cause(&*error.source);
                let message = if is_inside { error.message + advice } else { error.message };
                let lasting = error.lasting || is_inside;
                TransportError { reached: reached.max(error.reached), message, lasting, ..error }
            })?;
            reached = Reached::Sent;
            request.wire.leave();
            let next = answer.headers.get(LOCATION).and_then(|place| place.to_str().ok());
            match next.and_then(|place| request.url.join(place).ok()) {
                Some(url) if (300..400).contains(&answer.status) => request.url = url,
                _ => return Ok(answer),
            }
        }
        let text = format!("the link redirects more than {MOST_REDIRECTS} times");
        Err(TransportError::new(reached, text.clone(), text).lasting())
    }

    /// A body that ends with an error when nothing comes for too long.
    fn watched(&self, body: AnswerBody, wire: Wire) -> AnswerBody {
        let (clock, limit) = (Arc::clone(&self.clock), self.idle_timeout);
        AnswerBody::from_stream(stream::unfold(Some(body), move |body| {
            let (clock, wire) = (Arc::clone(&clock), wire.clone());
            async move {
                let mut body = body?;
                // The time in which nobody asked does not count.
                wire.moved();
                tokio::select! {
                    biased;
                    chunk = body.next() => {
                        let chunk = chunk?;
                        wire.moved();
                        let rest = chunk.is_ok().then_some(body);
                        Some((chunk, rest))
                    }
                    () = idle_timeout::idle(&*clock, &wire, limit) => {
                        let text = idle_timeout::text("", limit);
                        Some((Err(TransportError::new(Reached::Sent, text.clone(), text)), None))
                    }
                }
            }
        }))
    }
}

/// The error for the body of a success that cannot be read.
fn undecoded(text: String, reads: bool) -> Error {
    match reads {
        true => Error::new(ErrorKind::Decode, text).with_outcome(Outcome::Refused),
        false => {
            let text = format!(
                "{text}; whether the change was made is unknown. Read the record before you send it again"
            );
            Error::new(ErrorKind::Decode, text).with_outcome(Outcome::Unknown)
        }
    }
}

fn failure(error: TransportError, wire: &Wire, reads: bool) -> Error {
    if error.is_of_body {
        return of_body(error, wire);
    }
    let (kind, failure, outcome) = match error.reached {
        Reached::Nothing if error.lasting => (ErrorKind::Network, Failure::Lasting, Outcome::NotSent),
        Reached::Nothing => (ErrorKind::Network, Failure::NotSent, Outcome::NotSent),
        Reached::Sent if !wire.may_have_left() => (ErrorKind::Network, Failure::NotSent, Outcome::NotSent),
        // A link that redirects to where it may not. No transport can know so much of a write.
        Reached::Sent if error.lasting && reads => (ErrorKind::Server, Failure::Final, Outcome::Refused),
        Reached::Sent => (ErrorKind::Network, Failure::Interrupted, Outcome::Unknown),
    };
    Error::new(kind, error.message.clone()).with_failure(failure).with_outcome(outcome).with_source(error)
}

/// The error for a body that could not be read. It says itself what is wrong with it.
fn of_body(error: TransportError, wire: &Wire) -> Error {
    let (failure, outcome) = match error.reached == Reached::Sent && wire.may_have_left() {
        true => (Failure::Final, Outcome::Unknown),
        false => (Failure::Lasting, Outcome::NotSent),
    };
    let told = match error.source.downcast_ref::<Error>() {
        // An exception of the host program stays its cause.
        Some(own) => Error::new(own.kind(), own.message()).with_source_of(own),
        None => Error::of_callback(error.message.clone()).with_source(error),
    };
    told.with_failure(failure).with_outcome(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::RecordedClock;

    #[test]
    fn a_write_that_may_have_arrived_is_unknown_whatever_the_transport_says() {
        let wire = Wire::new(Arc::new(RecordedClock::new()));
        wire.leave();
        let outcome = |reads| {
            let error = TransportError::new(Reached::Sent, "refused for good", "x").lasting();
            failure(error, &wire, reads).outcome()
        };
        assert_eq!((outcome(true), outcome(false)), (Outcome::Refused, Outcome::Unknown));
    }

    #[test]
    fn what_has_left_is_not_held_back_by_a_second_request() {
        let wire = Wire::new(Arc::new(RecordedClock::new()));
        wire.hand_over();
        wire.hold();
        assert!(!wire.may_have_left());
        wire.leave();
        wire.hold();
        assert!(wire.may_have_left());
    }
}
