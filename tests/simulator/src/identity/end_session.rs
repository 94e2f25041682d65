//! The end of a session, which a browser asks for. Refresh tokens outlive it.

use http::StatusCode;
use url::Url;

use crate::answers::{Answer, redirect};
use crate::state::Shared;

use super::clients::{Client, SIGNED_OUT};
use super::{Form, pages};

pub(super) fn answer(shared: &Shared, query: &[u8]) -> Answer {
    let request = Form::parse(query);
    request.note_secrets(shared);
    let state = &mut *shared.state();
    let claims = request.get("id_token_hint").and_then(|hint| state.keys.claims_of(hint));
    let client = claims.and_then(|claims| Client::named(claims["aud"].as_str()?));
    let Some(client) = client else {
        return pages::notice(
            StatusCode::BAD_REQUEST,
            "The id_token_hint is not an id token of this server.",
        );
    };
    let Some(address) = request.get("post_logout_redirect_uri") else {
        state.log.identity.sign_outs += 1;
        return pages::notice(StatusCode::OK, "You are signed out");
    };
    match Url::parse(address) {
        Ok(mut url) if client.may_send_to(address, SIGNED_OUT) => {
            state.log.identity.sign_outs += 1;
            if let Some(value) = request.get("state") {
                url.query_pairs_mut().append_pair("state", value);
            }
            redirect(&url)
        }
        _ => pages::notice(
            StatusCode::BAD_REQUEST,
            "This post_logout_redirect_uri is not registered for the client.",
        ),
    }
}
