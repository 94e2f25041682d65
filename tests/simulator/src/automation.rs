//! The automation host: sequences of numbers. It has its own header for the token, and takes the company in the query.

use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, empty, ok, plain};
use crate::calendar::now;
use crate::identity::token_of;
use crate::state::Shared;

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
        let Some((before, rest)) = self.template.split_once('[') else { return self.template.clone() };
        let (zeros, after) = rest.split_once(']').unwrap_or((rest, ""));
        format!("{before}{:0width$}{after}", self.used, width = zeros.len())
    }
}

/// Answers a request to `/automation/api/...`.
pub(crate) fn answer(
    shared: &Shared,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Answer {
    let token = headers.get("x-authorization").and_then(token_of);
    let state = &mut *shared.state();
    if headers.contains_key(header::AUTHORIZATION)
        || token.is_none_or(|token| state.grants.behind(token, now()).is_none())
    {
        return empty(StatusCode::UNAUTHORIZED);
    }
    let query: Vec<_> = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes()).collect();
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    if !parameter("company").is_some_and(|company| company.eq_ignore_ascii_case(&shared.options.company)) {
        return empty(StatusCode::NOT_FOUND);
    }
    let path = uri.path().trim_start_matches("/automation/api/").to_ascii_lowercase();
    match (method, path.as_str()) {
        (&Method::GET, "autonumber") => {
            let id = parameter("id").and_then(|id| Uuid::parse_str(id).ok());
            match state.sequences.iter_mut().find(|sequence| Some(sequence.id) == id) {
                Some(sequence) => ok(&json!({"generatedNumber": sequence.next()})),
                None => plain(StatusCode::BAD_REQUEST, "Autonumber not found".to_owned()),
            }
        }
        (&Method::GET, "autonumber-list") => {
            let name = parameter("name").unwrap_or("");
            let named = state.sequences.iter().filter(|sequence| name.is_empty() || sequence.name == name);
            let list: Vec<_> =
                named.map(|one| json!({"id": one.id, "name": one.name, "template": one.template})).collect();
            ok(&json!({"autonumbers": list}))
        }
        (&Method::POST, "autonumber") => {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            match (parameter("name"), body["name"].as_str(), body["template"].as_str()) {
                (Some(name), Some(again), Some(template)) if name == again => {
                    let (name, template) = (name.to_owned(), template.to_owned());
                    let id = state.new_id();
                    state.sequences.push(Sequence { id, name, template, used: 0 });
                    ok(&json!({"id": id}))
                }
                _ => plain(StatusCode::BAD_REQUEST, "name and template are required".to_owned()),
            }
        }
        _ => empty(StatusCode::NOT_FOUND),
    }
}
