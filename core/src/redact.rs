//! Keeps secrets out of everything that a person may read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

/// A text that is never shown, and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for sending or storing it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[REDACTED]")
    }
}

/// The secrets that a client knows, so that nothing which leaves it holds one.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    /// Of the configuration: for good.
    configured: Vec<Secret>,
    /// Tokens: the last few.
    tokens: VecDeque<Secret>,
}

/// Tokens that are remembered after newer ones have come.
///
/// Many, as a client may act for many users, each with a token of their own.
const REMEMBERED: usize = 1024;

impl Secrets {
    /// A secret of the configuration.
    pub(crate) fn keep(&self, secret: &Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.configured.contains(secret) {
            known.configured.push(secret.clone());
        }
    }

    /// A token that others will follow.
    pub(crate) fn remember(&self, token: &Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.tokens.contains(token) {
            known.tokens.push_back(token.clone());
            if known.tokens.len() > REMEMBERED {
                known.tokens.pop_front();
            }
        }
    }

    pub(crate) fn scrub(&self, text: &str) -> String {
        self.with(|secrets| scrub(text, secrets))
    }

    pub(crate) fn excerpt(&self, body: &[u8]) -> Option<String> {
        self.with(|secrets| excerpt(body, secrets))
    }

    fn with<T>(&self, act: impl FnOnce(&[&str]) -> T) -> T {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<&str> = Vec::new();
        for secret in known.configured.iter().chain(&known.tokens) {
            all.push(secret.expose());
        }
        // As a form has them, which a server may send back.
        let encoded: Vec<String> = all
            .iter()
            .map(|secret| form_urlencoded::byte_serialize(secret.as_bytes()).collect())
            .filter(|encoded: &String| !all.contains(&encoded.as_str()))
            .collect();
        all.extend(encoded.iter().map(String::as_str));
        // One that begins with another goes first, or its end would be left.
        all.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        act(&all)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secrets")
    }
}

/// The address without user, query and fragment.
pub(crate) fn address(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // Both fail only for addresses without a host, which have neither.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.into()
}

const EXCERPT: usize = 500;

/// The head of an answer's body, with secrets and anything that looks like a JSON Web Token blotted out.
pub(crate) fn excerpt(body: &[u8], secrets: &[&str]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    // More than is shown, so that a secret across the cut is seen whole.
    let head = String::from_utf8_lossy(&body[..body.len().min(16 * EXCERPT)]);
    let mut text = scrub(&head, secrets);
    if let Some((cut, _)) = text.char_indices().nth(EXCERPT) {
        text.truncate(cut);
        text.push('…');
    }
    Some(text)
}

/// The text with secrets and anything that looks like a JSON Web Token blotted out.
pub(crate) fn scrub(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "[REDACTED]");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("eyJ") {
        let token = &rest[start..];
        let end = token
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')))
            .unwrap_or(token.len());
        out.push_str(&rest[..start]);
        out.push_str(if end > 20 { "[REDACTED]" } else { &token[..end] });
        rest = &token[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let secret = Secret::new("marker-1");
        assert_eq!(format!("{secret:?}"), "[REDACTED]");
        let url = Url::parse("https://user:pw@host/path?access_token=marker-1#x").unwrap();
        assert_eq!(address(&url), "https://host/path");
    }

    #[test]
    fn configured_secrets_outlast_tokens() {
        let secrets = Secrets::default();
        secrets.keep(&Secret::new("client-secret"));
        for number in 0..2 * REMEMBERED {
            secrets.remember(&Secret::new(format!("token-{number}.")));
        }
        secrets.remember(&Secret::new("client-secret-and-more"));
        let last = 2 * REMEMBERED - 1;
        assert_eq!(secrets.scrub(&format!("client-secret, token-{last}.")), "[REDACTED], [REDACTED]");
        secrets.keep(&Secret::new("a+b/c =="));
        assert_eq!(secrets.scrub("x=a%2Bb%2Fc+%3D%3D&y=a+b/c =="), "x=[REDACTED]&y=[REDACTED]");
        assert_eq!(secrets.scrub("client-secret-and-more"), "[REDACTED]");
        assert_eq!(secrets.0.lock().unwrap().tokens.len(), REMEMBERED);
    }

    #[test]
    fn excerpts_are_short_and_clean() {
        assert_eq!(excerpt(b"", &[]), None);
        let shown = excerpt(b"token marker-1 and eyJhbGciOiJSUzI1NiJ9.e30.c2ln, end", &["marker-1"]).unwrap();
        assert_eq!(shown, "token [REDACTED] and [REDACTED], end");
        let long = excerpt("ö".repeat(2000).as_bytes(), &[]).unwrap();
        assert_eq!(long.chars().count(), EXCERPT + 1);
    }
}
