//! The storage of files behind signed links. It knows no access tokens, and a link only as it was given.

use http::{HeaderMap, Method, StatusCode, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::answers::{Answer, empty, plain};
use crate::state::Shared;

/// The link to an upload: its name, and a signature with characters that a client might spell otherwise.
pub(crate) fn link(origin: &str, id: Uuid, name: &str) -> String {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("{origin}/files/{id}/{name}?{}", signature(id))
}

fn signature(id: Uuid) -> String {
    format!("sv=1&se=2025-05-21T02%3A15%3A00Z&sig=AbC%2F{}%2b%3D", id.simple())
}

/// Answers a request to `/files/...`.
pub(crate) fn answer(shared: &Shared, method: &Method, uri: &Uri, headers: &HeaderMap) -> Answer {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-authorization") {
        return plain(StatusCode::BAD_REQUEST, "InvalidAuthenticationInfo".to_owned());
    }
    let id = uri.path().split('/').nth(2).and_then(|id| Uuid::parse_str(id).ok());
    let state = shared.state();
    match id.and_then(|id| Some((id, state.uploads.get(&id)?))) {
        Some((id, _)) if uri.query() != Some(&signature(id)) => {
            plain(StatusCode::FORBIDDEN, "AuthenticationFailed".to_owned())
        }
        Some((_, upload)) if method == Method::GET => Answer::new(upload.content.clone().into()),
        _ => empty(StatusCode::NOT_FOUND),
    }
}
