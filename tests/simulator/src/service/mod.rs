//! What the hosts of the service do, by area. Each area has its routes beside its functions.

pub(crate) mod access;
pub(crate) mod apps;
pub(crate) mod automation;
pub(crate) mod blocks;
pub(crate) mod boms;
pub(crate) mod colors;
pub(crate) mod comments;
pub(crate) mod data_tables;
pub(crate) mod directory;
pub(crate) mod folders;
pub(crate) mod headers;
pub(crate) mod inbox;
pub(crate) mod linesheets;
pub(crate) mod losses;
pub(crate) mod master_data;
mod members;
pub(crate) mod pages;
pub(crate) mod reports;
pub(crate) mod route;
pub(crate) mod shares;
pub(crate) mod system;
pub(crate) mod tags;
pub(crate) mod tracking;
pub(crate) mod uploads;
pub(crate) mod users;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, empty, json_body, ok};
use crate::calendar::now;
use crate::faults::Action;
use crate::files::Received;
use crate::model::{MasterKind, Until, Wording};
use crate::people::User;
use crate::state::{Shared, State};

use route::{Matched, Route};

/// The routes of the REST API, behind `/api/{company}/`.
pub(crate) const API: &[&[Route]] = &[
    apps::ROUTES,
    blocks::ROUTES,
    boms::ROUTES,
    colors::ROUTES,
    comments::ROUTES,
    data_tables::ROUTES,
    directory::ROUTES,
    folders::ROUTES,
    headers::ROUTES,
    inbox::ROUTES,
    linesheets::ROUTES,
    master_data::ROUTES,
    pages::ROUTES,
    pages::artboards::ROUTES,
    pages::attachments::ROUTES,
    pages::bom_variations::ROUTES,
    pages::boms::ROUTES,
    pages::forms::ROUTES,
    pages::grids::ROUTES,
    pages::images::ROUTES,
    pages::links::ROUTES,
    pages::lists::ROUTES,
    pages::materials_3d::ROUTES,
    pages::measurements::ROUTES,
    pages::requests::ROUTES,
    pages::sets::ROUTES,
    pages::skus::ROUTES,
    pages::styles_3d::ROUTES,
    pages::sync::ROUTES,
    reports::ROUTES,
    shares::ROUTES,
    system::ROUTES,
    tags::ROUTES,
    tracking::ROUTES,
    uploads::ROUTES,
    users::ROUTES,
];

/// What an operation works on.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) matched: Matched,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: &'a Received,
    pub(crate) user: &'static User,
    /// What the rule that has taken this request changes.
    pub(crate) rule: &'a Action,
}

impl Call<'_> {
    pub(crate) fn perform(&self) -> Answer {
        match self.matched.route {
            Some(route) => (route.perform)(self).unwrap_or_else(|Refusal(answer)| *answer),
            None => empty(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// The master folder that the path names. Only functions whose routes have a place for it ask.
    pub(crate) fn kind(&self) -> MasterKind {
        self.matched.master.unwrap_or(MasterKind::Style)
    }

    /// A part of the path.
    pub(crate) fn argument(&self, name: &str) -> &str {
        self.matched.argument(name)
    }

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
        serde_json::from_slice(&self.body.bytes)
            .map_err(|error| Refusal::validation("$", &format!("The JSON value could not be read: {error}")))
    }

    pub(crate) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        match self.json()? {
            Value::Object(object) => Ok(object),
            _ => Err(Refusal::validation("$", "The body is not an object.")),
        }
    }

    /// A body that is an array of texts.
    pub(crate) fn texts(&self) -> Result<Vec<String>, Refusal> {
        serde_json::from_value(self.json()?)
            .map_err(|_| Refusal::validation("$", "The body is not an array of texts."))
    }

    /// How records are written out for this request.
    pub(crate) fn wording(&self, state: &State) -> Arc<Wording> {
        Arc::new(Wording {
            links: state.links(&self.shared.origin),
            tags: state.records.tags.clone(),
            old_form: state.settings.old_forms || self.rule.old_form,
        })
    }

    /// Until when lists do not show what this request writes.
    pub(crate) fn unseen(&self, state: &State) -> Option<Until> {
        let lag = self.rule.lag.or(state.settings.lag)?;
        Some(lag.from(state.now()))
    }

    pub(crate) fn page(&self) -> Result<Page, Refusal> {
        let size = match self.whole_number("pageSize", 30)? {
            0 => 30,
            size => size,
        };
        let cap = self.shared.state().settings.page_cap.unwrap_or(u64::MAX);
        let size = size.min(cap);
        let number = self.whole_number("pageNumber", 0)?;
        Ok(Page::new(number.saturating_mul(size), size))
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
    pub(crate) fn new(start: u64, size: u64) -> Self {
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Page { start: number(start), size: number(size) }
    }

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

/// So many records are written at once. Those of a longer page are written one by one, while the answer is sent.
const AT_ONCE: usize = 1000;

impl<T> Listing<T> {
    pub(crate) fn map<U>(self, with: impl FnMut(T) -> U) -> Listing<U> {
        Listing { result: self.result.into_iter().map(with).collect(), total: self.total }
    }

    /// The answer, whose records are made when they are written.
    pub(crate) fn stream<U>(self, make: impl Fn(&T) -> U + Send + 'static) -> Answer
    where
        T: Send + 'static,
        U: serde::Serialize,
    {
        if self.result.len() <= AT_ONCE {
            return ok(&self.map(|one| make(&one)));
        }
        let total = self.total;
        let records = self.result.into_iter().enumerate().map(move |(index, one)| {
            let mut text = if index == 0 { Vec::new() } else { vec![b','] };
            serde_json::to_writer(&mut text, &make(&one)).map(|()| Bytes::from(text))
        });
        let before = std::iter::once(Ok(Bytes::from_static(b"{\"result\":[")));
        let after = std::iter::once(Ok(Bytes::from(format!("],\"total\":{total}}}"))));
        json_body(Body::from_stream(futures_util::stream::iter(before.chain(records).chain(after))))
    }
}

/// Company and rest of a path that begins with `/api/`.
pub(crate) fn company_and_rest(path: &str) -> (String, &str) {
    let path = path.get(5..).unwrap_or("");
    let (company, rest) = path.split_once('/').unwrap_or((path, ""));
    (percent_encoding::percent_decode_str(company).decode_utf8_lossy().into_owned(), rest)
}

/// The name under which a request to the API is counted.
pub(crate) fn label(method: &Method, path: &str) -> String {
    let matched = route::find(API, method, company_and_rest(path).1);
    matched.map_or_else(|| format!("{method} other"), |matched| matched.label(method))
}

/// Answers a request to `/api/...`. It was counted when it arrived.
pub(crate) fn answer(
    shared: &Shared,
    request: &http::request::Parts,
    body: &Received,
    rule: &Action,
) -> Answer {
    let http::request::Parts { method, uri, headers, .. } = request;
    let user = match access::speaker(&shared.state(), method, uri, headers) {
        Ok(user) => user,
        Err(denied) => return denied.answer(),
    };
    let (company, path) = company_and_rest(uri.path());
    if !company.eq_ignore_ascii_case(&shared.options.company) {
        return empty(StatusCode::NOT_FOUND);
    }
    if let Some(refusal) = shared.state().limits.admit(now()) {
        return refusal;
    }
    let mut answer = match route::find(API, method, path) {
        None => empty(StatusCode::NOT_FOUND),
        Some(matched) => Call { shared, matched, query: query(uri), body, user, rule }.perform(),
    };
    shared.state().limits.mark(answer.headers_mut(), now());
    answer
}

pub(crate) fn query(uri: &Uri) -> Vec<(String, String)> {
    url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).into_owned().collect()
}

/// A record of any master folder, where the path does not name one.
fn any_header(state: &State, id: &str) -> Result<(MasterKind, usize), Refusal> {
    state.records.find(id).ok_or_else(|| Refusal::text("Header not found"))
}

/// The record that the path names, and its application where the path names one too.
fn any_place(call: &Call<'_>, state: &State) -> Result<(Uuid, Option<Uuid>), Refusal> {
    let (kind, at) = any_header(state, call.argument("id"))?;
    let master = state.records.master(kind);
    let header = master.record(at);
    if call.argument("app_id").is_empty() {
        return Ok((header.id, None));
    }
    let id = Uuid::parse_str(call.argument("app_id")).ok();
    let mut apps = apps::of(kind, master.folders[header.folder].id);
    let app = apps.find(|app| Some(app.id) == id).ok_or_else(pages::not_found)?;
    Ok((header.id, Some(app.id)))
}
