//! Requests to the identity server that tests count by themselves.

use super::{Form, endpoint};

#[derive(Default)]
pub(crate) struct IdentityCounts {
    pub(crate) token: u64,
    pub(crate) actas: u64,
    pub(crate) discovery: u64,
    pub(crate) jwks: u64,
    pub(crate) revocation: u64,
    /// Those that were granted only.
    pub(crate) sign_outs: u64,
}

impl IdentityCounts {
    pub(crate) fn arrived(&mut self, method: &str, path: &str) {
        match (method, endpoint(path)) {
            ("POST", "/connect/token") => self.token += 1,
            ("POST", "/connect/revocation") => self.revocation += 1,
            ("GET", "/.well-known/openid-configuration") => self.discovery += 1,
            ("GET", "/.well-known/jwks") => self.jwks += 1,
            _ => {}
        }
    }

    /// Looks into the body, which comes later.
    pub(crate) fn body_arrived(&mut self, method: &str, path: &str, body: &[u8]) {
        let is_token_request = method == "POST" && endpoint(path) == "/connect/token";
        if is_token_request && Form::parse(body).get("grant_type") == Some("actas") {
            self.actas += 1;
        }
    }
}
