//! The REST API: who may ask, and which operation a path means.

pub(crate) mod access;
pub(crate) mod apps;
pub(crate) mod data_tables;
pub(crate) mod folders;
pub(crate) mod headers;
pub(crate) mod route;
pub(crate) mod system;
pub(crate) mod tracking;
pub(crate) mod uploads;
pub(crate) mod writing;

use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use uuid::Uuid;

use crate::answers::{Answer, Refusal, empty};
use crate::calendar::now;
use crate::people::User;
use crate::state::Shared;

use route::{Operation, Route};

/// What an operation works on.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) user: &'static User,
}

impl Call<'_> {
    /// A query parameter; names are taken as they are written, unknown ones are never looked at.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn guid(&self, name: &str) -> Result<Option<Uuid>, Refusal> {
        match self.parameter(name) {
            None | Some("") => Ok(None),
            Some(text) => Uuid::parse_str(text)
                .map(Some)
                .map_err(|_| Refusal::validation(name, &format!("The value '{text}' is not valid."))),
        }
    }

    fn whole_number(&self, name: &str, default: u64) -> Result<u64, Refusal> {
        match self.parameter(name) {
            None | Some("") => Ok(default),
            Some(text) => text
                .parse()
                .map_err(|_| Refusal::validation(name, &format!("The value '{text}' is not valid."))),
        }
    }

    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(self.body)
            .map_err(|error| Refusal::validation("$", &format!("The JSON value could not be read: {error}")))
    }

    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        let size = match self.whole_number("pageSize", 30)? {
            0 => 30,
            size => size,
        };
        let cap = self.shared.state().settings.page_cap.unwrap_or(u64::MAX);
        let size = size.min(cap);
        let number = self.whole_number("pageNumber", 0)?;
        let start = usize::try_from(number.saturating_mul(size)).unwrap_or(usize::MAX);
        Ok(Page { start, size: usize::try_from(size).unwrap_or(usize::MAX) })
    }
}

/// The records of a list that one answer carries.
pub(crate) struct Page {
    start: usize,
    size: usize,
}

#[derive(serde::Serialize)]
pub(crate) struct Listing<T> {
    result: Vec<T>,
    total: usize,
}

impl Page {
    pub(crate) fn cut<T>(self, all: impl Iterator<Item = T>) -> Listing<T> {
        let mut result = Vec::new();
        let mut total = 0;
        for item in all {
            if total >= self.start && result.len() < self.size {
                result.push(item);
            }
            total += 1;
        }
        Listing { result, total }
    }
}

/// Answers a request to `/api/...`. It was counted when it arrived.
pub(crate) fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let user = match access::speaker(&shared.state(), method, uri, headers) {
        Ok(user) => user,
        Err(denied) => return denied.answer(),
    };
    let route = Route::of(method, uri.path());
    if !route.company.eq_ignore_ascii_case(&shared.options.company) {
        return empty(StatusCode::NOT_FOUND);
    }
    if let Some(refusal) = shared.state().limits.admit(now()) {
        return refusal;
    }
    let query = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect();
    let call = Call { shared, query, headers, body, user };
    let mut answer = match perform(&route.operation, &call) {
        Ok(answer) => answer,
        Err(Refusal(answer)) => *answer,
    };
    shared.state().limits.mark(answer.headers_mut(), now());
    answer
}

fn perform(operation: &Operation, call: &Call<'_>) -> Result<Answer, Refusal> {
    match operation {
        Operation::Folders(kind) => folders::list(call, *kind),
        Operation::FolderSchema(kind) => folders::schema(call, *kind, false),
        Operation::FolderSearchSchema(kind) => folders::schema(call, *kind, true),
        Operation::Headers(kind) => headers::list(call, *kind),
        Operation::HeaderGet(kind, id) => headers::get(call, *kind, id),
        Operation::HeaderDelete(kind, id) => headers::delete(call, *kind, id),
        Operation::HeaderCreate(kind) => writing::create(call, *kind),
        Operation::HeaderUpdate(kind, id) => writing::update(call, *kind, id),
        Operation::HeaderImage(kind, id) => uploads::header_image(call, *kind, id),
        Operation::ListImage(kind) => uploads::list_image(call, *kind),
        Operation::UploadStatus(id) => uploads::status(call, id),
        Operation::AppList(kind) => apps::list(call, *kind),
        Operation::Timeline(kind, plan) => tracking::timeline(call, *kind, plan),
        Operation::TableList => data_tables::list(call),
        Operation::TableSchema(id) => data_tables::schema(call, id),
        Operation::TableData(id) => data_tables::data(call, id),
        Operation::TableUpdate(id) => data_tables::update(call, id),
        Operation::TableReset(id) => data_tables::reset(call, id),
        Operation::RatelimitStatus => system::ratelimit_status(call),
        Operation::InfoVersion => system::version(call),
        Operation::WrongMethod => Err(Refusal::bare(StatusCode::METHOD_NOT_ALLOWED)),
        Operation::Unknown => Err(Refusal::bare(StatusCode::NOT_FOUND)),
    }
}
