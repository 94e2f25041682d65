//! A signed link as an argument. It is sent as it was given: another spelling could break its signature.

use std::fmt;

use serde_json::Value;
use url::Url;

use crate::error::{Error, Result};
use crate::redact::address;

/// A link, as it was given and as it is sent: letters that cannot stand in a request are escaped there, and no others.
#[derive(Clone)]
pub(crate) struct Link {
    text: String,
    url: Url,
}

impl Link {
    /// # Errors
    /// `config` for what is no link. It does not show what was given, which may hold a signature.
    pub(crate) fn read(name: &str, value: &Value) -> Result<Self> {
        let wrong = |problem: &str| Error::config(format!("{name} {problem}"));
        let text = match value {
            Value::String(text) => text,
            Value::Object(_) => return Err(wrong("has to be a text, not an object: give one of its links")),
            _ => return Err(wrong("has to be a text")),
        };
        let url = Url::parse(text).map_err(|error| wrong(&format!("is not a valid URL: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(wrong("has to begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has a user or a password in it, which are not sent; give it without"));
        }
        Ok(Self { text: text.clone(), url })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Link({})", address(&self.url))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sent_is_what_was_given() {
        for link in [
            "https://store.example/a%20b/c%2Fd.png?sv=2024-11-04&sig=a%2Bb%2fc+d%3D&se=2026-11-27T00%3A00Z",
            "https://store.example/x.png?b=2&a=1&&empty=&sig=YWJj/+==",
            "https://store.example/a//b/~user/(1);v=2,3/%7Ex.png?a=1?b=2&c=[1]|{2}^3\\4`5",
            "https://store.example:8443/x?response-content-disposition=attachment%3B%20filename%3D%22a%22",
        ] {
            assert_eq!(Link::read("link", &json!(link)).unwrap().url().as_str(), link);
        }
        // What no request can carry.
        let link = Link::read("link", &json!("https://store.example/ü b.png?c=\" d")).unwrap();
        assert_eq!(link.url().as_str(), "https://store.example/%C3%BC%20b.png?c=%22%20d");
        assert!(!format!("{link:?}").contains("?c="));
    }

    #[test]
    fn what_is_no_link_is_not_shown() {
        for (link, says) in [
            (json!("sig=secret"), "is not a valid URL"),
            (json!(""), "is not a valid URL"),
            (json!("ftp://store.example/x?sig=secret"), "has to begin with https://"),
            (json!("https://secret:secret@store.example/x"), "has a user or a password"),
            (json!({"origin": "https://store.example/x?sig=secret"}), "not an object"),
            (json!(["https://store.example/x?sig=secret"]), "has to be a text"),
            (json!(null), "has to be a text"),
        ] {
            let error = Link::read("link", &link).unwrap_err();
            assert!(error.message().contains(says), "{error}");
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}
