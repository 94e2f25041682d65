//! Whom a request speaks for: the access token stands in the header or, in a GET, in the address.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use crate::answers::{Answer, empty};
use crate::calendar::now;
use crate::identity::bearer_token;
use crate::identity::clients::CLIENT_ID;
use crate::identity::grants::Grant;
use crate::people::{AccountType, User};
use crate::state::State;

/// Whom records name when a client has written them without a user.
static APPLICATION: User = User {
    id: CLIENT_ID,
    username: CLIENT_ID,
    name: CLIENT_ID,
    email: "",
    account: AccountType::Partner,
    is_administrator: false,
};

pub(crate) enum Denied {
    BadToken,
    /// A request may carry a token in one place only (RFC 6750, 2).
    TwoTokens,
}

impl Denied {
    pub(crate) fn answer(&self) -> Answer {
        let (status, challenge) = match self {
            Denied::BadToken => (StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\""),
            Denied::TwoTokens => (StatusCode::BAD_REQUEST, "Bearer error=\"invalid_request\""),
        };
        let mut answer = empty(status);
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        answer
    }
}

pub(crate) fn speaker(
    state: &State,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<&'static User, Denied> {
    let query = uri.query().unwrap_or("").as_bytes();
    let parameter = url::form_urlencoded::parse(query).find(|(name, _)| name == "access_token");
    let parameter = parameter.map(|(_, value)| value).filter(|_| method == Method::GET);
    if parameter.is_some() && headers.contains_key(header::AUTHORIZATION) {
        return Err(Denied::TwoTokens);
    }
    let token = parameter.as_deref().or_else(|| bearer_token(headers)).ok_or(Denied::BadToken)?;
    state.grants.behind(token, now()).map(user).ok_or(Denied::BadToken)
}

/// Whom a token speaks for.
pub(crate) fn user(grant: &Grant) -> &'static User {
    grant.user.unwrap_or(&APPLICATION)
}
