//! Addresses that a client may send to.

use url::{Host, Url};

use crate::error::{Error, Result};

/// A base address, with or without a slash at its end.
pub(crate) fn base(name: &str, text: &str) -> Result<Url> {
    let wrong = |problem: String| Error::config(format!("{name} {text:?} {problem}"));
    let url = Url::parse(&format!("{}/", text.trim().trim_end_matches('/')))
        .map_err(|error| wrong(format!("is no address: {error}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a query".into()));
    }
    secure(name, &url)?;
    Ok(url)
}

/// Tokens and secrets go there.
pub(crate) fn secure(name: &str, url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::config(format!("{name} {url} would send tokens in clear: use https"))),
        _ => Err(Error::config(format!("{name} {url} has to begin with https://"))),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked() {
        for bad in ["http://example.com", "ftp://x", "acme", "https://x/?a=b"] {
            assert!(base("api_url", bad).is_err(), "{bad}");
        }
        assert_eq!(base("api_url", "https://x/y").unwrap().as_str(), "https://x/y/");
    }
}
