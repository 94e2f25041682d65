//! What a request is answered with, and how many there were of each kind.

use std::array;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body::{Body, Frame, SizeHint};

use crate::records::{Records, number};

const TOKEN: &[u8] = br#"{"access_token":"bench","token_type":"Bearer","expires_in":28800}"#;
const VERSION: &[u8] = br#""1.0""#;
const UPLOADED: &[u8] = br#"{"imageId":"00000000-0000-4000-8000-000000000000"}"#;
const PROCESSED: &[u8] = br#"{"finished":true,"errorOccured":false,"message":""}"#;
const UPDATED: &[u8] = br#"{"error":false,"message":"Data table updated"}"#;

/// Requests of the lists whose page size is not given.
const PAGE_SIZE: usize = 30;

pub(crate) struct Answer {
    pub(crate) response: Response<Pieces>,
    pub(crate) delayed: bool,
}

pub(crate) struct Answers {
    records: Records,
    arrivals: Mutex<BTreeMap<&'static str, u64>>,
}

impl Answers {
    pub(crate) fn new(records: usize) -> Self {
        Answers { records: Records::new(records), arrivals: Mutex::default() }
    }

    /// Counts the request and finds its answer. What is below `/api/COMPANY/` belongs to the API.
    pub(crate) fn find(&self, method: &Method, uri: &Uri) -> Answer {
        let mut segments = uri.path().split('/').skip(1);
        let Some("api") = segments.next() else {
            return match uri.path() {
                "/ids/connect/token" => self.counted("token", [Bytes::from_static(TOKEN)], false),
                "/arrivals" => Answer { response: ok(self.arrivals()), delayed: false },
                _ => missing(),
            };
        };
        let path: Vec<&str> = segments.skip(1).collect();
        match (method.as_str(), path.as_slice()) {
            ("GET", ["Info", "Version"]) => self.counted("version", [Bytes::from_static(VERSION)], true),
            ("GET", ["Style", "Header", id]) => self.counted("get", [self.record(id)], true),
            ("POST", ["Style", "Header", id, "Update"]) => self.counted("update", [self.record(id)], true),
            ("POST", ["Style", "Headers"]) => {
                self.counted("page", self.page(uri.query().unwrap_or("")), true)
            }
            ("POST", ["DataTable", _, "Update"]) => self.counted("rows", [Bytes::from_static(UPDATED)], true),
            ("POST", ["Style", "Header", _, "Image", "Upload"]) => {
                self.counted("upload", [Bytes::from_static(UPLOADED)], true)
            }
            ("GET", ["Style", "GetImageProcessingStatus", _]) => {
                self.counted("status", [Bytes::from_static(PROCESSED)], true)
            }
            _ => missing(),
        }
    }

    fn record(&self, id: &str) -> Bytes {
        self.records.slice(number(id).unwrap_or(0), 1)
    }

    fn page(&self, query: &str) -> [Bytes; 3] {
        let asked = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let size = asked("pageSize").unwrap_or(PAGE_SIZE);
        let first = asked("pageNumber").unwrap_or(0).saturating_mul(size);
        [
            Bytes::from_static(br#"{"result":["#),
            self.records.slice(first, size),
            format!(r#"],"total":{}}}"#, self.records.len()).into(),
        ]
    }

    fn counted<const N: usize>(&self, kind: &'static str, body: [Bytes; N], delayed: bool) -> Answer {
        *self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default() += 1;
        Answer { response: ok(body), delayed }
    }

    fn arrivals(&self) -> [Bytes; 1] {
        let arrivals = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        [serde_json::json!(*arrivals).to_string().into()]
    }
}

fn ok<const N: usize>(body: [Bytes; N]) -> Response<Pieces> {
    let mut response = Response::new(Pieces::from(body));
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The answer for what the bench did not expect.
pub(crate) fn refused(why: &'static str) -> Response<Pieces> {
    let mut response = ok([Bytes::from_static(why.as_bytes())]);
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn missing() -> Answer {
    let mut response = Response::new(Pieces::from([]));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Answer { response, delayed: false }
}

/// A body that is sent from where it lies.
pub(crate) struct Pieces(array::IntoIter<Bytes, 3>);

impl<const N: usize> From<[Bytes; N]> for Pieces {
    fn from(body: [Bytes; N]) -> Self {
        let mut body = body.into_iter();
        Pieces([(); 3].map(|()| body.next().unwrap_or_default()).into_iter())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.find(|piece| !piece.is_empty()).map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_slice().iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_slice().iter().map(|piece| piece.len() as u64).sum())
    }
}
