//! One checked request to one reply. Everything that sends goes through here.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ::http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use ::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use crate::address::LinkOf;
use crate::answer::{self, Answer};
use crate::arguments::{self, Prepared, encode};
use crate::cancel::Cancel;
use crate::catalog::{AnswerKind, Base, Operation};
use crate::clock::Clock;
use crate::error::{Error, Failure, Result};
use crate::handlers::Loads;
use crate::headers;
use crate::http::{AnswerBody, Body, Wire};
use crate::id_filters::IdFilters;
use crate::limits::Limits;
use crate::log::Log;
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Meta, Outcome};
use crate::page_sizes::PageSizes;
use crate::pipeline::{Exchange, Next, Policy};
use crate::redact::{Secrets, address};
use crate::rng::Rng;
use crate::schemas::{Lesson, Schemas};
use crate::trace::Trace;

/// What the requests of one company have in common.
pub(crate) struct Site {
    /// Its domain, as the user writes it.
    pub(crate) company: String,
    /// The company's part of the API.
    pub(crate) api: Url,
    pub(crate) automation: Url,
    /// Of every request.
    pub(crate) headers: HeaderMap,
    pub(crate) timeout: Duration,
    pub(crate) turn_timeout: Option<Duration>,
    /// Records a page, unless a call says otherwise.
    pub(crate) page_size: usize,
    /// Requests that one piece of work has on their way at a time, at most.
    pub(crate) concurrency: usize,
    /// Highest number of attempts for a request.
    pub(crate) attempts: u64,
    /// Bytes of an answer that is read into memory, at most.
    pub(crate) max_answer_size: usize,
    /// Whether a file to upload may be read from an address inside a network.
    pub(crate) private_sources: bool,
    /// Turns of the files that are read from a URL while they are sent.
    pub(crate) sources: Semaphore,
    /// What pages of lists have shown.
    pub(crate) page_sizes: PageSizes,
    /// What lists have shown of the filter by id.
    pub(crate) id_filters: IdFilters,
    pub(crate) log: Log,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) handle: Handle,
    pub(crate) secrets: Secrets,
}

/// Sends requests for one sign-in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Requester {
    site: Arc<Site>,
    policies: Arc<[Arc<dyn Policy>]>,
    /// What answers have said of schemas.
    schemas: Arc<Schemas>,
    /// Reads of single records that are gathered at present.
    loads: Arc<Loads>,
    /// The end of the client.
    closed: Cancel,
}

impl Requester {
    pub(crate) fn new(site: Arc<Site>, policies: Arc<[Arc<dyn Policy>]>, closed: Cancel) -> Self {
        Self { site, policies, schemas: Arc::default(), loads: Arc::default(), closed }
    }

    /// What answers have said of schemas.
    pub(crate) fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// Reads of single records that are gathered at present.
    pub(crate) fn loads(&self) -> &Arc<Loads> {
        &self.loads
    }

    /// The end of the client.
    pub(crate) fn closed(&self) -> &Cancel {
        &self.closed
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.site.handle
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.site.clock
    }

    /// Records a page, unless a call says otherwise.
    pub(crate) fn page_size(&self) -> usize {
        self.site.page_size
    }

    /// Requests that one piece of work has on their way at a time, at most.
    pub(crate) fn concurrency(&self) -> usize {
        self.site.concurrency
    }

    /// Highest number of attempts for a request of a call with these options.
    pub(crate) fn attempts(&self, options: &CallOptions) -> u64 {
        options.attempts.unwrap_or(self.site.attempts)
    }

    /// Bytes of an answer that is read into memory, at most.
    pub(crate) fn max_answer_size(&self) -> usize {
        self.site.max_answer_size
    }

    /// How long a call with these options waits for its turn, at most.
    pub(crate) fn turn_timeout(&self, options: &CallOptions) -> Option<Duration> {
        options.turn_timeout.or(self.site.turn_timeout)
    }

    /// Whether a file to upload may be read from an address inside a network.
    pub(crate) fn private_sources(&self) -> bool {
        self.site.private_sources
    }

    /// A turn to read a file from a URL while it is sent.
    pub(crate) async fn source(&self) -> Result<SemaphorePermit<'_>> {
        self.site.sources.acquire().await.map_err(Error::internal)
    }

    /// A number from 0 to 1.
    pub(crate) fn fraction(&self) -> f64 {
        self.site.rng.fraction()
    }

    /// An id for a new row, which the service keeps.
    pub(crate) fn row_id(&self) -> String {
        self.site.rng.row_id()
    }

    /// What pages of lists have shown.
    pub(crate) fn page_sizes(&self) -> &PageSizes {
        &self.site.page_sizes
    }

    /// What lists have shown of the filter by id.
    pub(crate) fn id_filters(&self) -> &IdFilters {
        &self.site.id_filters
    }

    /// A boundary between the parts of a body, which no file holds.
    pub(crate) fn boundary(&self) -> String {
        format!("beproduct-{}", self.site.rng.request_id())
    }

    pub(crate) fn log(&self) -> &Log {
        &self.site.log
    }

    /// One request for one operation.
    pub(crate) async fn request(&self, operation: &'static Operation, call: &Call) -> Result<Answer> {
        self.send(operation, arguments::prepare(operation, &call.arguments)?, &call.options).await
    }

    /// Sends a request, and reads the body in the form that the operation promises. One that was written by hand may be
    /// treated as another operation, and its answer is handed on as it is.
    pub(crate) async fn send(
        &self,
        operation: &Operation,
        prepared: Prepared,
        options: &CallOptions,
    ) -> Result<Answer> {
        let lesson = Lesson::of(&prepared);
        lesson.iter().for_each(|lesson| self.schemas.forget(lesson));
        let result = self.send_and_read(prepared, options, &[], |body| answer::read(operation, body)).await;
        match (lesson, &result) {
            // With a query of the caller the answer may be another one.
            (Some(lesson), Ok((_, raw, _))) if options.extra_query.is_empty() => {
                self.schemas.learn(lesson, raw, self.site.clock.now());
            }
            (Some(lesson), _) => self.schemas.forget(&lesson),
            (None, _) => {}
        }
        let (body, raw, meta) = result?;
        Ok(Answer { body, raw, meta })
    }

    /// Sends a request, and reads the body. `paging` goes behind the operation's own query. Returns what was read, the body
    /// as it came, and how it came about.
    pub(crate) async fn send_and_read<T>(
        &self,
        prepared: Prepared,
        options: &CallOptions,
        paging: &[(&str, String)],
        read: impl FnOnce(&Bytes) -> Result<T>,
    ) -> Result<(T, Bytes, Meta)> {
        let operation = prepared.operation;
        if options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(self.cancelled().with_operation(operation.id));
        }
        let exchange = self.exchange(prepared, options, paging)?;
        let (trace, request_id) = (exchange.trace.clone(), exchange.request_id.clone());
        let (method, url) = (exchange.method, address(&exchange.url));
        let reply = Next::first(Arc::clone(&self.policies)).run(exchange).await?;
        let meta = trace.meta(reply.status, &reply.headers, &request_id);
        match read(&reply.body) {
            Ok(content) => Ok((content, reply.body, meta)),
            Err(error) => Err(error
                .with_status(meta.status)
                .with_excerpt(self.site.secrets.excerpt(&reply.body))
                .with_request(operation, method, url, meta.request_id)
                .with_trace(meta.attempts, meta.waits, meta.cost)),
        }
    }

    /// Sends a body that may be a stream, and hands on the body of a successful answer as it arrives. There is no time limit
    /// but that of the options.
    pub(crate) async fn transfer(
        &self,
        prepared: Prepared,
        body: Option<Body>,
        options: &CallOptions,
    ) -> Result<Transfer> {
        let mut exchange = self.exchange(prepared, options, &[])?;
        if let Some(body) = body {
            exchange.body = body;
        }
        self.stream(exchange, options, None).await
    }

    /// Reads a file with these headers, and hands on its body as it arrives. `began` is when the first turn of the call came, if
    /// this is not its first request.
    pub(crate) async fn read_file(
        &self,
        prepared: Prepared,
        headers: HeaderMap,
        options: &CallOptions,
        began: Option<Duration>,
    ) -> Result<Transfer> {
        let mut exchange = self.exchange(prepared, options, &[])?;
        exchange.headers.extend(headers);
        self.stream(exchange, options, began).await
    }

    async fn stream(
        &self,
        mut exchange: Exchange,
        options: &CallOptions,
        began: Option<Duration>,
    ) -> Result<Transfer> {
        if options.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(self.cancelled().with_operation(exchange.operation.id));
        }
        exchange.streams = true;
        exchange.limits = self.limits(options, None).going_on(began);
        let (trace, request_id) = (exchange.trace.clone(), exchange.request_id.clone());
        let (limits, url) = (exchange.limits.clone(), address(&exchange.url));
        let reply = Next::first(Arc::clone(&self.policies)).run(exchange).await?;
        let stream = reply
            .stream
            .as_ref()
            .and_then(|stream| stream.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(Transfer {
            meta: trace.meta(reply.status, &reply.headers, &request_id),
            headers: reply.headers.clone(),
            body: stream.unwrap_or_else(|| reply.body.clone().into()),
            url,
            limits,
            trace,
        })
    }

    fn limits(&self, options: &CallOptions, timeout: Option<Duration>) -> Limits {
        Limits::new(self.site.clock.elapsed(), options.timeout.or(timeout), self.turn_timeout(options))
    }

    fn cancelled(&self) -> Error {
        if self.closed.is_cancelled() {
            Error::new(ErrorKind::Cancelled, "the client was closed during the call")
        } else {
            Error::new(ErrorKind::Cancelled, "the call was cancelled before anything was sent")
        }
    }

    fn exchange(
        &self,
        prepared: Prepared,
        options: &CallOptions,
        paging: &[(&str, String)],
    ) -> Result<Exchange> {
        let operation = prepared.operation;
        let site = &*self.site;
        let base = match operation.base {
            Base::Api => &site.api,
            Base::Automation => &site.automation,
            Base::Link => return self.exchange_of_link(&prepared, options),
        };
        let mut url =
            base.join(&prepared.path).ok().filter(|url| url.as_str().starts_with(base.as_str())).ok_or_else(
                || {
                    Error::config(format!(
                        "the path {:?} leaves the company's part of the service",
                        prepared.path
                    ))
                },
            )?;
        let query = query_of(&prepared, &site.company, options, paging)?;
        url.set_query((!query.is_empty()).then_some(query.as_str()));
        let mut headers = site.headers.clone();
        if let Some(multipart) = &prepared.multipart {
            let kind = HeaderValue::from_str(&multipart.content_type).map_err(Error::internal)?;
            headers.insert(CONTENT_TYPE, kind);
        } else if prepared.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in &options.headers {
            let (name, value) = headers::parse(name, value)?;
            headers.insert(name, value);
        }
        let is_upload = prepared.multipart.is_some();
        let body = prepared.multipart.map(|multipart| multipart.body);
        let body = body.or(prepared.body.map(Body::from)).unwrap_or_else(Body::empty);
        let mut exchange = self.exchange_at(operation, url, headers, body, options);
        if is_upload || operation.answer == AnswerKind::File {
            // How long a file takes depends on its size.
            exchange.limits = self.limits(options, None);
        }
        exchange.adds_nothing = prepared.adds_nothing;
        Ok(exchange)
    }

    /// A link is used as it is: another spelling would break its signature, and nothing of the client goes along.
    fn exchange_of_link(&self, prepared: &Prepared, options: &CallOptions) -> Result<Exchange> {
        let link = prepared.link.as_ref();
        let url =
            link.ok_or_else(|| Error::internal("a link was to be read that there is not"))?.url().clone();
        if !options.extra_query.is_empty() || !options.headers.is_empty() {
            return Err(Error::config("a link is used as it is: extra_query and headers cannot go with it"));
        }
        let agent = self.site.headers.get(USER_AGENT).map(|agent| (USER_AGENT, agent.clone()));
        // The bytes of the file itself have a length, and parts of them can be asked for.
        let plain = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let headers = agent.into_iter().chain([plain]).collect();
        let mut exchange = self.exchange_at(prepared.operation, url, headers, Body::empty(), options);
        exchange.link_of = prepared.link_of;
        exchange.limits = self.limits(options, None);
        Ok(exchange)
    }

    fn exchange_at(
        &self,
        operation: &'static Operation,
        url: Url,
        headers: HeaderMap,
        body: Body,
        options: &CallOptions,
    ) -> Exchange {
        Exchange {
            operation,
            base: operation.base,
            method: operation.method.as_str(),
            url,
            link_of: LinkOf::Answer,
            headers,
            body,
            adds_nothing: true,
            options: options.clone(),
            request_id: self.site.rng.request_id(),
            attempt: 0,
            bearer: None,
            limits: self.limits(options, Some(self.site.timeout)),
            trace: Trace::new(),
            wire: Wire::new(Arc::clone(&self.site.clock)),
            streams: false,
        }
    }
}

/// The answer to a transfer, whose body is still to be read.
#[derive(Debug)]
pub struct Transfer {
    /// How it came about, as far as it has.
    pub meta: Meta,
    /// Headers of the answer.
    pub(crate) headers: HeaderMap,
    /// The body as it arrives.
    pub body: AnswerBody,
    /// Address without its query.
    pub(crate) url: String,
    pub(crate) limits: Limits,
    pub(crate) trace: Trace,
}

/// The whole query, in which no name comes from two places.
fn query_of(
    prepared: &Prepared,
    company: &str,
    options: &CallOptions,
    paging: &[(&str, String)],
) -> Result<String> {
    let of_client = prepared.of_client.iter().map(|(name, value)| ((*name).to_owned(), value.of(company)));
    let paging = paging.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let mut query: Vec<_> = prepared.query.iter().cloned().chain(of_client).chain(paging).collect();
    for (name, _) in &options.extra_query {
        if query.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            return Err(Error::config(format!("extra_query names {name}, which the operation sets itself")));
        }
        if name.eq_ignore_ascii_case("access_token") {
            return Err(Error::config(
                "extra_query names access_token, which the client sends itself; access_token_in_query puts it there",
            ));
        }
    }
    query.extend(options.extra_query.iter().cloned());
    Ok(encode::query(&query))
}

/// Whether an error leaves open what became of the request.
pub(crate) fn is_unclear(error: &Error) -> bool {
    error.outcome() == Outcome::Unknown || error.failure() == Failure::Fault
}
