//! What the server says about itself.

use serde_json::json;

use crate::answers::{Answer, ok};
use crate::state::Shared;

pub(super) fn answer(shared: &Shared) -> Answer {
    let base = shared.identity_base();
    let state = shared.state();
    let mut document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/connect/authorize"),
        "token_endpoint": format!("{base}/connect/token"),
        "userinfo_endpoint": format!("{base}/connect/userinfo"),
        "end_session_endpoint": format!("{base}/connect/endsession"),
        "jwks_uri": format!("{base}/.well-known/jwks"),
        "scopes_supported": state.settings.allowed,
        "response_types_supported": ["code", "id_token token"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported":
            ["authorization_code", "refresh_token", "implicit", "client_credentials", "actas"],
        "subject_types_supported": ["public"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "none"],
        "id_token_signing_alg_values_supported": state.keys.algorithms(),
    });
    if state.settings.revocation {
        document["revocation_endpoint"] = json!(format!("{base}/connect/revocation"));
    }
    if !state.settings.refuse_pkce {
        document["code_challenge_methods_supported"] = json!(["S256"]);
    }
    ok(&document)
}
