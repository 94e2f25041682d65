//! Answers from a table instead of a network, for tests of programs that use the client.

use std::sync::{Arc, Mutex, PoisonError};

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream;
use url::Url;

use super::{AnswerBody, HttpRequest, HttpResponse, Reached, Transport, TransportError};
use crate::error::{Error, Result};
use crate::testing_config::TableAnswer;

/// Sends nothing: the first answer of the table that fits the request, and has not answered often enough, is the answer.
#[derive(Debug)]
pub(crate) struct Answers(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    answer: Arc<Ready>,
    left: Option<u32>,
}

#[derive(Debug)]
struct Ready {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answers {
    /// # Errors
    /// `config` for a status or a header that there cannot be.
    pub(crate) fn new(table: &[TableAnswer]) -> Result<Self> {
        let entries = table.iter().enumerate().map(|(index, answer)| {
            entry(answer).map_err(|problem| Error::config(format!("testing: answers[{index}]: {problem}")))
        });
        Ok(Self(Mutex::new(entries.collect::<Result<_>>()?)))
    }
}

fn entry(answer: &TableAnswer) -> std::result::Result<Entry, String> {
    if !(200..600).contains(&answer.status) {
        return Err(format!("{} is no status of an answer", answer.status));
    }
    let mut headers = HeaderMap::new();
    if answer.text.is_none() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in &answer.headers {
        let name = name.parse::<HeaderName>().map_err(|_| format!("{name:?} is no name of a header"))?;
        let value = value.parse().map_err(|_| format!("the value of {name} cannot stand in a header"))?;
        headers.insert(name, value);
    }
    let body = match (&answer.body, &answer.text) {
        (Some(_), Some(_)) => return Err("give either body or text".into()),
        (Some(body), None) => body.to_string().into(),
        (None, text) => text.clone().unwrap_or_default().into(),
    };
    let (path, query) = answer.path.split_once('?').unwrap_or((&answer.path, ""));
    Ok(Entry {
        method: answer.method.clone(),
        path: path.to_owned(),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        answer: Arc::new(Ready { status: answer.status, headers, body }),
        left: answer.times,
    })
}

impl Entry {
    fn fits(&self, method: &str, url: &Url) -> bool {
        let query: Vec<_> = url.query_pairs().into_owned().collect();
        self.left != Some(0)
            && self.method == method
            && (self.path == url.path()
                || short(url).is_some_and(|[below_api, below_company]| {
                    self.path == below_api || self.path == below_company
                }))
            && self.query.iter().all(|pair| query.contains(pair))
    }
}

/// The path below `/api/`, and that below the company, which the automation host has not.
fn short(url: &Url) -> Option<[&str; 2]> {
    let below_api = url.path().strip_prefix("/api/")?;
    Some([below_api, below_api.split_once('/').map_or("", |(_, rest)| rest)])
}

impl Transport for Answers {
    fn send(
        &self,
        request: HttpRequest,
    ) -> BoxFuture<'static, std::result::Result<HttpResponse, TransportError>> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = entries.iter_mut().find(|entry| entry.fits(request.method, &request.url));
        let answer = fitting.map(|entry| {
            entry.left = entry.left.map(|left| left - 1);
            let ready = Arc::clone(&entry.answer);
            HttpResponse {
                status: ready.status,
                headers: ready.headers.clone(),
                body: AnswerBody::from_stream(stream::iter([Ok(ready.body.clone())])),
            }
        });
        let answer = answer.ok_or_else(|| {
            let path = short(&request.url).map_or(request.url.path(), |[_, below_company]| below_company);
            let message = format!("the table of answers has none for {} {path}", request.method);
            TransportError::new(Reached::Nothing, message.clone(), message).lasting()
        });
        Box::pin(std::future::ready(answer))
    }
}
