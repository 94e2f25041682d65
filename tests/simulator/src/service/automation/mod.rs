//! The automation host: sequences of numbers, and locks. It has its own header for the token, and takes the company in the query.

mod locks;

use http::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, empty, ok};
use crate::calendar::now;
use crate::faults::Action;
use crate::files::Received;
use crate::identity::token_of;
use crate::state::Shared;

use super::route::{self, Route, get, post};
use super::{Call, access, query};

pub(crate) use locks::Locks;

/// Behind `/automation/api/`.
const ROUTES: &[Route] =
    &[get("autonumber", generate), post("autonumber", create), get("autonumber-list", list)];

/// As many digits as the longest number has.
const MOST_DIGITS: usize = 20;

/// A sequence of numbers.
pub(crate) struct Sequence {
    pub(crate) id: Uuid,
    name: String,
    template: String,
    used: u64,
}

impl Sequence {
    /// The sequence that is there from the start.
    pub(crate) fn first(id: Uuid) -> Self {
        Sequence { id, name: "exm".to_owned(), template: "exm[00000]".to_owned(), used: 41 }
    }

    /// The next number, with as many digits as the template has zeros in brackets.
    fn next(&mut self) -> String {
        self.used += 1;
        let (before, zeros, after) = parts(&self.template).unwrap_or_default();
        format!("{before}{:0width$}{after}", self.used, width = zeros.len())
    }
}

/// What is before, in and behind the brackets of a template, which has one pair of them around zeros.
fn parts(template: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = template.split_once('[')?;
    let (zeros, after) = rest.split_once(']')?;
    let is_valid = (1..=MOST_DIGITS).contains(&zeros.len()) && zeros.bytes().all(|digit| digit == b'0');
    is_valid.then_some((before, zeros, after))
}

/// Answers a request to `/automation/api/...`.
pub(crate) fn answer(
    shared: &Shared,
    request: &http::request::Parts,
    body: &Received,
    rule: &Action,
) -> Answer {
    let http::request::Parts { method, uri, headers, .. } = request;
    let token = headers.get("x-authorization").and_then(token_of);
    let user = token.and_then(|token| Some(access::user(shared.state().grants.behind(token, now())?)));
    let Some(user) = user.filter(|_| !headers.contains_key(header::AUTHORIZATION)) else {
        return empty(StatusCode::UNAUTHORIZED);
    };
    let path = uri.path().get("/automation/api/".len()..).unwrap_or("");
    let Some(matched) = route::find(&[ROUTES, locks::ROUTES], method, path) else {
        return empty(StatusCode::NOT_FOUND);
    };
    let call = Call { shared, matched, query: query(uri), body, user, rule };
    match call.parameter("company") {
        Some(company) if company.eq_ignore_ascii_case(&shared.options.company) => call.perform(),
        _ => empty(StatusCode::NOT_FOUND),
    }
}

/// A GET that uses a number up.
fn generate(call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.parameter("id").and_then(|id| Uuid::parse_str(id).ok());
    let mut state = call.shared.state();
    let sequence = state.sequences.iter_mut().find(|sequence| Some(sequence.id) == id);
    let sequence = sequence.ok_or_else(|| Refusal::text("Autonumber not found"))?;
    Ok(ok(&json!({"generatedNumber": sequence.next()})))
}

fn list(call: &Call<'_>) -> Result<Answer, Refusal> {
    let name = call.parameter("name").unwrap_or("");
    let state = call.shared.state();
    let named = state.sequences.iter().filter(|sequence| name.is_empty() || sequence.name == name);
    let list: Vec<_> =
        named.map(|one| json!({"id": one.id, "name": one.name, "template": one.template})).collect();
    Ok(ok(&json!({"autonumbers": list})))
}

fn create(call: &Call<'_>) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(&call.body.bytes).unwrap_or_default();
    match (call.parameter("name"), body["name"].as_str(), body["template"].as_str()) {
        (Some(name), Some(again), Some(template)) if name == again => {
            if parts(template).is_none() {
                return Err(Refusal::text("template is not valid"));
            }
            let (name, template) = (name.to_owned(), template.to_owned());
            let mut state = call.shared.state();
            let id = state.new_id();
            state.sequences.push(Sequence { id, name, template, used: 0 });
            Ok(ok(&json!({"id": id})))
        }
        _ => Err(Refusal::text("name and template are required")),
    }
}
