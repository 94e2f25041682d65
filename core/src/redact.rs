//! Keeps secrets out of everything that a person may read.

mod escapes;

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use aho_corasick::AhoCorasick;
use url::Url;
use zeroize::Zeroizing;

use self::escapes::View;

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

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
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
    /// Finds all of them at once. None when it has to be made anew.
    search: Option<AhoCorasick>,
}

/// Tokens that are remembered after newer ones have come.
///
/// Many, as a client may act for many users, each with a token of their own.
const REMEMBERED: usize = 1024;

/// Shorter ones would be found in any text.
const SHORTEST: usize = 4;

/// By how much of its end a secret is searched for. All signed tokens begin alike.
const TAIL: usize = 16;

impl Secrets {
    /// A secret of the configuration.
    pub(crate) fn keep(&self, secret: &Secret) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.configured.contains(secret) {
            known.configured.push(secret.clone());
            known.search = None;
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
            known.search = None;
        }
    }

    /// The text with secrets and anything that looks like a JSON Web Token blotted out, however they are escaped.
    pub(crate) fn scrub(&self, text: &str) -> String {
        blotted(text, &self.found(text))
    }

    /// The head of an answer's body, scrubbed.
    pub(crate) fn excerpt(&self, body: &[u8]) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
        let found = self.found(&text);
        // A secret that begins in this part of the text was seen to its end.
        let end = (SHOWN..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let mut text = blotted(&text[..end], &found);
        if let Some((cut, _)) = text.char_indices().nth(EXCERPT) {
            text.truncate(cut);
            text.push('…');
        }
        Some(text)
    }

    /// Where secrets stand in a text, in order and apart from each other.
    fn found(&self, text: &str) -> Vec<Range<usize>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = &mut *known;
        let secrets: Vec<&[u8]> = known
            .configured
            .iter()
            .chain(&known.tokens)
            .map(|secret| secret.expose().as_bytes())
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        let tails = || secrets.iter().map(|secret| &secret[secret.len().saturating_sub(TAIL)..]);
        if known.search.is_none() {
            known.search = AhoCorasick::new(tails()).ok();
        }
        // More secrets than any memory holds.
        let Some(search) = &known.search else { return std::iter::once(0..text.len()).collect() };
        let mut places = Vec::new();
        for view in View::all(text) {
            let seen = view.text();
            let whole = search.find_overlapping_iter(seen).filter_map(|tail| {
                let secret = secrets[tail.pattern()];
                seen[..tail.end()].ends_with(secret).then(|| tail.end() - secret.len()..tail.end())
            });
            places.extend(whole.chain(web_tokens(seen)).map(|part| view.place(part)));
        }
        places.sort_unstable_by_key(|place| place.start);
        let mut apart: Vec<Range<usize>> = Vec::new();
        for place in places {
            let place = place.start as usize..place.end as usize;
            match apart.last_mut().filter(|last| place.start < last.end) {
                Some(last) => last.end = last.end.max(place.end),
                None => apart.push(place),
            }
        }
        apart
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

/// Letters of an excerpt.
const EXCERPT: usize = 500;

/// Bytes that an excerpt may come from: more than it has letters, as what is blotted out is longer than what stands in for it.
const SHOWN: usize = 16 * EXCERPT;

/// Bytes in which secrets are looked for.
const LOOKED_AT: usize = 4 * SHOWN;

fn blotted(text: &str, places: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for place in places.iter().filter(|place| place.start < text.len()) {
        out.push_str(&text[at..place.start]);
        out.push_str("[REDACTED]");
        at = place.end.min(text.len());
    }
    out.push_str(&text[at..]);
    out
}

/// What looks like a JSON Web Token.
fn web_tokens(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].windows(3).position(|letters| letters == b"eyJ")?;
            let is_part =
                |letter: &u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_' | b'.');
            at = start + text[start..].iter().take_while(|letter| is_part(letter)).count();
            if at - start > 20 {
                return Some(start..at);
            }
        }
    })
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
        let secrets = Secrets::default();
        assert_eq!(secrets.excerpt(b""), None);
        secrets.keep(&Secret::new("marker-1"));
        let shown = secrets.excerpt(b"token marker-1 and eyJhbGciOiJSUzI1NiJ9.e30.c2ln, end, eyJ").unwrap();
        assert_eq!(shown, "token [REDACTED] and [REDACTED], end, eyJ");
        let long = secrets.excerpt("ö".repeat(20_000).as_bytes()).unwrap();
        assert_eq!(long.chars().count(), EXCERPT + 1);
        // What is left of a body full of long tokens ends with a whole one.
        let token = "opaque-".repeat(300);
        secrets.remember(&Secret::new(&*token));
        for blanks in (0..token.len()).step_by(97) {
            let shown =
                secrets.excerpt(format!("{}{}", " ".repeat(blanks), token.repeat(40)).as_bytes()).unwrap();
            assert!(!shown.contains("opaque"), "{blanks}");
        }
    }

    #[test]
    fn secrets_are_seen_through_escapes() {
        let secrets = Secrets::default();
        for secret in
            ["s3cret+with/signs==", "a \"quote\" & more", "naïve=1", "plain-marker", "%41b\\u0041", "abc"]
        {
            secrets.keep(&Secret::new(secret));
        }
        for escaped in [
            "s3cret+with/signs==",
            r"s3cret\u002Bwith\/signs\u003d\u003D",
            r"s3cret\u002bwith/signs==",
            "s3cret%2Bwith%2fsigns%3D%3d",
            "s3cret%2bwith/signs==",
            "s3cret&#43;with&#x2F;signs&#61;=",
            r"s3cret%2Bwith\/signs%3D\u003D",
            // In a text in a text.
            r"s3cret\\u002Bwith\\\/signs==",
            "s3cret%252Bwith%252Fsigns%253D%253D",
            r#"a \"quote\" & more"#,
            r"a \u0022quote\u0022 \u0026 more",
            "a+%22quote%22+%26+more",
            "a &quot;quote&quot; &amp; more",
            r"na\u00efve=1",
            "na%C3%AFve%3D1",
            "na&#239;ve=1",
            r"\u0070lain-marker",
            // One that looks like an escape itself.
            "%41b\\u0041",
        ] {
            let text = format!("ä: \"{escaped}\" plain-marker, abc");
            assert_eq!(secrets.scrub(&text), "ä: \"[REDACTED]\" [REDACTED], abc", "{escaped}");
        }
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
        assert_eq!(secrets.scrub(&token.replace('.', "%2E")), "[REDACTED]");
        let innocent = r#"{"message": "50 % of \u00e4 & co. + 1 are at C:\\new\\users"}"#;
        assert_eq!(secrets.scrub(innocent), innocent);
    }

    /// Of two that overlap, nothing is left.
    #[test]
    fn secrets_that_hold_others() {
        let secrets = Secrets::default();
        for secret in ["inner", "outer-inner-outer", "outer-tail", "inner"] {
            secrets.keep(&Secret::new(secret));
        }
        assert_eq!(secrets.scrub("<outer-inner-outer-tail><inner>"), "<[REDACTED]><[REDACTED]>");
    }

    /// It would not end soon if each letter were compared with each secret.
    #[test]
    fn a_long_text_and_many_tokens() {
        let secrets = Secrets::default();
        let token = |number: usize| format!("{}{number:016x}", "h".repeat(1000));
        for number in 0..REMEMBERED {
            secrets.remember(&Secret::new(token(number)));
        }
        let text = format!("{}{}%2B{}", "h".repeat(60_000), token(1000), token(2000));
        let shown = secrets.scrub(&text);
        assert_eq!(shown.len(), 60_000 + "[REDACTED]%2B".len() + token(2000).len());
    }
}
