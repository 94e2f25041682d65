//! Headers of requests, and which of them a caller may set.

use ::http::header::{ACCEPT, USER_AGENT};
use ::http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Config;
use crate::error::{Error, Result};

/// Those of every request of a client.
pub(crate) fn of_client(config: &Config) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let agent = format!(
        "beproduct-client/{} {}",
        env!("CARGO_PKG_VERSION"),
        config.user_agent.as_deref().unwrap_or("rust")
    );
    let agent = HeaderValue::from_str(&agent)
        .map_err(|_| Error::config("user_agent has characters that are not allowed in a header"))?;
    headers.insert(USER_AGENT, agent);
    let Some(additional) = config.additional_headers.as_ref() else { return Ok(headers) };
    let additional = crate::options::pairs(additional)
        .ok_or_else(|| Error::config("additional_headers has to be a map of texts"))?;
    check(&additional)?;
    for (name, value) in &additional {
        let (name, value) = parse(name, value)?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// One that a caller gave.
pub(crate) fn parse(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| Error::config(format!("{name:?} is not a valid header name")))?;
    let value = HeaderValue::from_str(value).map_err(|_| {
        Error::config(format!("the header {name} has characters that are not allowed in a header"))
    })?;
    Ok((name, value))
}

/// Headers that carry the sign-in, describe the body or belong to the connection.
const OWN_HEADERS: &[&str] = &[
    "authorization",
    "x-authorization",
    "proxy-authorization",
    "content-type",
    "content-length",
    "content-encoding",
    "accept-encoding",
    "transfer-encoding",
    "connection",
    "cookie",
    "host",
    "x-request-id",
];

/// Whether a caller may set these.
pub(crate) fn check(headers: &[(String, String)]) -> Result<()> {
    match headers.iter().find(|(name, _)| OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str())) {
        Some((name, _)) => {
            Err(Error::config(format!("the client sets the header {name} itself: it cannot be replaced")))
        }
        None => headers.iter().try_for_each(|(name, value)| parse(name, value).map(|_| ())),
    }
}
