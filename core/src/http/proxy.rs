//! Which proxy a request goes through: that of the settings, or one that the environment names.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::address::is_loopback;
use crate::error::{Error, Result};
use crate::redact::Secret;

const SCHEMES: &[&str] = &["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

pub(crate) enum Proxies {
    /// Every request goes straight to its host.
    None,
    /// The setting, for every request.
    Setting(Hop),
    /// `HTTPS_PROXY` and its like.
    Environment(Box<Matcher>),
}

/// The proxy before a host.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    /// For people, without its credentials.
    pub(crate) shown: String,
    pub(crate) host: String,
    pub(crate) is_of_environment: bool,
}

impl Proxies {
    /// # Errors
    /// `config` for a setting that is not the URL of a proxy.
    pub(crate) fn of(setting: Option<&Secret>) -> Result<Self> {
        match setting.map(|setting| setting.expose().trim()) {
            None => Ok(Self::of_environment()),
            Some("") => Ok(Self::None),
            Some(text) => Ok(Self::Setting(hop(&parsed(text)?))),
        }
    }

    fn of_environment() -> Self {
        let excluded = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
        match excludes_all(&excluded) {
            true => Self::None,
            false => Self::Environment(Box::new(Matcher::from_system())),
        }
    }

    /// The proxy before the host of an address. This machine has none: it would get tokens that nothing encrypts.
    pub(crate) fn before(&self, url: &Url) -> Option<Hop> {
        if is_loopback(url) {
            return None;
        }
        match self {
            Self::None => None,
            Self::Setting(hop) => Some(hop.clone()),
            Self::Environment(matcher) => {
                let target: Uri = url.origin().ascii_serialization().parse().ok()?;
                let proxy = matcher.intercept(&target)?;
                let (scheme, host) = (proxy.uri().scheme_str().unwrap_or("http"), proxy.uri().host()?);
                let port = proxy.uri().port().map(|port| format!(":{port}")).unwrap_or_default();
                let shown = format!("{scheme}://{host}{port}");
                Some(Hop { shown, host: host.to_owned(), is_of_environment: true })
            }
        }
    }
}

/// The password in the setting, in the spellings in which it may show up.
pub(crate) fn passwords(setting: Option<&str>) -> Vec<Secret> {
    let Some(url) = setting.and_then(|text| Url::parse(text.trim()).ok()) else { return Vec::new() };
    let Some(password) = url.password() else { return Vec::new() };
    let plain = percent_decode_str(password).decode_utf8_lossy().into_owned();
    vec![Secret::new(password), Secret::new(plain)]
}

fn parsed(text: &str) -> Result<Url> {
    // Nothing of the text is shown: it may hold a password at any place.
    let wrong = |problem: String| {
        Error::config(format!("proxy {problem}: give for example http://proxy.example:3128"))
    };
    let url = Url::parse(text).map_err(|error| wrong(format!("is not a valid URL: {error}")))?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(wrong(format!("has to begin with one of {}", SCHEMES.join("://, ") + "://")));
    }
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err(wrong("has no host".into())),
    }
}

fn hop(url: &Url) -> Hop {
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Hop { shown: format!("{}://{host}{port}", url.scheme()), host, is_of_environment: false }
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
    use crate::own::ErrorKind;

    fn before(proxies: &Proxies, text: &str) -> Option<String> {
        proxies.before(&Url::parse(text).unwrap()).map(|hop| hop.shown)
    }

    #[test]
    fn the_proxy_of_the_environment() {
        let matcher =
            Matcher::builder().all("http://user:secret@proxy.example:3128").no("inside.example").build();
        let proxies = Proxies::Environment(Box::new(matcher));
        let through = Some("http://proxy.example:3128".to_owned());
        assert_eq!(before(&proxies, "https://developers.beproduct.com/api"), through);
        assert_eq!(before(&proxies, "https://inside.example/"), None);
        assert_eq!(before(&proxies, "http://127.0.0.1:9/"), None);
        assert_eq!(before(&proxies, "http://localhost/"), None);
        assert!(excludes_all("a, *") && !excludes_all("*.example") && !excludes_all(""));
    }

    #[test]
    fn the_proxy_of_the_settings() {
        let of = |text: &str| Proxies::of(Some(&Secret::new(text)));
        for (text, shown) in [
            ("http://user:secret@proxy.example:3128", Some("http://proxy.example:3128")),
            (" socks5h://proxy.example ", Some("socks5h://proxy.example")),
            ("https://[::1]:8443/", Some("https://[::1]:8443")),
            ("", None),
        ] {
            let proxies = of(text).unwrap();
            assert_eq!(before(&proxies, "https://developers.beproduct.com/api").as_deref(), shown, "{text}");
            assert_eq!(before(&proxies, "http://127.0.0.1:9/"), None);
        }
        for bad in [
            "proxy.example:3128",
            "user:secret@proxy.example",
            "ftp://secret@x",
            "http://",
            "http://u:secret@",
            "secret",
        ] {
            let error = of(bad).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().starts_with("proxy ") && !error.message().contains("secret"), "{error}");
        }
        let passwords = passwords(Some("http://user:se%20cret@proxy.example"));
        assert_eq!(passwords.iter().map(Secret::expose).collect::<Vec<_>>(), ["se%20cret", "se cret"]);
    }
}
