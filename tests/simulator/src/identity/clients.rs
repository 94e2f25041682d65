//! The registered clients: how each proves who it is, what it may ask for, and where it may send a browser.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use crate::answers::Answer;

use super::{Form, oauth_error};

pub(crate) const CLIENT_ID: &str = "simulator-client";
pub(crate) const CLIENT_SECRET: &str = "simulator-secret-5f1c0b7e";
/// A client without a secret, as an app on a phone or desktop is.
pub(crate) const PUBLIC_CLIENT_ID: &str = "simulator-public-client";
/// A registration of old, whose tokens come in the address of the callback.
pub(crate) const LEGACY_CLIENT_ID: &str = "simulator-legacy-client";
/// The second client that is made for acting as another user.
pub(crate) const IMPERSONATION_CLIENT_ID: &str = "simulator-impersonation-client";
pub(crate) const IMPERSONATION_CLIENT_SECRET: &str = "simulator-secret-9d24e6b1";

pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
pub(crate) const POST_LOGOUT_REDIRECT_URI: &str = "http://127.0.0.1:9/signed-out";

/// Paths of the addresses that a browser may be sent back to.
pub(super) const CALLBACK: &str = "/callback";
pub(super) const SIGNED_OUT: &str = "/signed-out";

pub(crate) struct Client {
    pub(crate) id: &'static str,
    secret: Option<&'static str>,
    grant_types: &'static [&'static str],
}

static CLIENTS: [Client; 4] = [
    Client {
        id: CLIENT_ID,
        secret: Some(CLIENT_SECRET),
        grant_types: &["authorization_code", "refresh_token", "implicit", "client_credentials"],
    },
    Client { id: PUBLIC_CLIENT_ID, secret: None, grant_types: &["authorization_code", "refresh_token"] },
    Client {
        id: LEGACY_CLIENT_ID,
        secret: None,
        grant_types: &["authorization_code", "refresh_token", "implicit"],
    },
    Client {
        id: IMPERSONATION_CLIENT_ID,
        secret: Some(IMPERSONATION_CLIENT_SECRET),
        grant_types: &["actas"],
    },
];

impl Client {
    pub(super) fn named(id: &str) -> Option<&'static Client> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    /// The client that the first refresh token belongs to.
    pub(super) fn first() -> &'static Client {
        &CLIENTS[0]
    }

    pub(super) fn may(&self, grant_type: &str) -> bool {
        self.grant_types.contains(&grant_type)
    }

    pub(super) fn is_public(&self) -> bool {
        self.secret.is_none()
    }

    /// Whether a browser may be sent to this address with this path. Any port of the loopback address will do,
    /// because a native app takes a free one.
    pub(super) fn may_send_to(&self, address: &str, path: &str) -> bool {
        if !self.may("authorization_code") {
            return false;
        }
        if self.id == PUBLIC_CLIENT_ID && address == format!("com.example.simulator:{path}") {
            return true;
        }
        Url::parse(address).is_ok_and(|url| {
            url.scheme() == "http"
                && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
                && url.path() == path
                && url.query().is_none()
                && url.fragment().is_none()
        })
    }

    /// The client, from HTTP Basic or the form. A public client sends no secret, and an empty one is refused.
    pub(super) fn authenticate(headers: &HeaderMap, form: &Form) -> Result<&'static Client, Box<Answer>> {
        let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let basic = basic.and_then(|value| value.strip_prefix("Basic "));
        let refused = || {
            let mut refusal = oauth_error(StatusCode::UNAUTHORIZED, "invalid_client", None);
            if basic.is_some() {
                refusal.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
            }
            Box::new(refusal)
        };
        let (id, secret) = match basic {
            Some(encoded) => {
                let (id, secret) = decode_basic(encoded).ok_or_else(refused)?;
                (id, Some(secret))
            }
            None => {
                let id = form.get("client_id").unwrap_or_default().to_owned();
                (id, form.get("client_secret").map(str::to_owned))
            }
        };
        let client = Client::named(&id).ok_or_else(refused)?;
        let accepted = match (client.secret, &secret) {
            (Some(expected), Some(secret)) => {
                verify_slices_are_equal(secret.as_bytes(), expected.as_bytes()).is_ok()
            }
            (None, None) => true,
            _ => false,
        };
        if accepted { Ok(client) } else { Err(refused()) }
    }
}

/// Both halves are form-encoded before they are joined (RFC 6749, 2.3.1).
fn decode_basic(encoded: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| {
        let pair = format!("x={part}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}
