//! Proxies that the environment names, for what the HTTP library does not do with them.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// `HTTPS_PROXY` and its like.
pub(crate) struct Proxies {
    matcher: Matcher,
    excludes_all: bool,
}

impl Proxies {
    pub(crate) fn of_environment() -> Self {
        let excluded = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
        Self { matcher: Matcher::from_system(), excludes_all: excludes_all(&excluded) }
    }

    /// Whether no host is reached through a proxy.
    pub(crate) fn excludes_all(&self) -> bool {
        self.excludes_all
    }

    /// The proxy that stands before an address, without its credentials.
    pub(crate) fn of(&self, url: &Url) -> Option<String> {
        if self.excludes_all || crate::address::is_loopback(url) {
            return None;
        }
        let target: Uri = url.origin().ascii_serialization().parse().ok()?;
        let proxy = self.matcher.intercept(&target)?;
        let (scheme, host) = (proxy.uri().scheme_str().unwrap_or("http"), proxy.uri().host()?);
        let port = proxy.uri().port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{scheme}://{host}{port}"))
    }
}

/// The matcher takes `*` for names and not for addresses.
fn excludes_all(list: &str) -> bool {
    list.split(',').any(|entry| entry.trim() == "*")
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Proxies")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_of_an_address() {
        let matcher =
            Matcher::builder().all("http://user:secret@proxy.example:3128").no("inside.example").build();
        let proxies = Proxies { matcher, excludes_all: false };
        let of = |text: &str| proxies.of(&Url::parse(text).unwrap());
        assert_eq!(of("https://developers.beproduct.com/api"), Some("http://proxy.example:3128".into()));
        assert_eq!(of("https://inside.example/"), None);
        assert_eq!(of("http://127.0.0.1:9/"), None);
        assert_eq!(of("http://localhost/"), None);
        assert!(excludes_all("a, *") && !excludes_all("*.example") && !excludes_all(""));
    }
}
