//! A body as text: where it begins, whether it is a page for a browser, and what it says went wrong.

use serde::de::IgnoredAny;

use super::members::Members;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Longest text of a service that goes into an error, in characters.
const LONGEST_TEXT: usize = 300;

/// Longest title of a page that goes into an error, in characters.
const LONGEST_TITLE: usize = 80;

/// The body from its first letter on, without byte order marks and white space before it.
pub(crate) fn text_of(body: &[u8]) -> &[u8] {
    let mut text = body.trim_ascii_start();
    while let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
        text = rest.trim_ascii_start();
    }
    text
}

/// Whether the body is JSON, be its bytes UTF-8 or not.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text_of(body)).is_ok()
}

/// Whether the body is a page: HTML or XML, by its content and whatever its type says. This API answers neither.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let mut text = text_of(body);
    while let Some(rest) = text.strip_prefix(b"<!--") {
        let Some(end) = rest.windows(3).position(|end| end == b"-->") else { return true };
        text = text_of(&rest[end + 3..]);
    }
    matches!(text, [b'<', b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z', ..])
}

/// `an HTML page`, with its title where it has one.
pub(crate) fn page(body: &[u8]) -> String {
    match title(&String::from_utf8_lossy(&body[..body.len().min(16 * 1024)])) {
        Some(title) => format!("an HTML page ({title:?})"),
        None => "an HTML page".into(),
    }
}

fn title(text: &str) -> Option<String> {
    // Of the same length as the text, so that places in one are places in the other.
    let lower = text.to_ascii_lowercase();
    let tag = lower.find("<title")?;
    let start = tag + lower[tag..].find('>')? + 1;
    let end = start + lower[start..].find('<')?;
    let title = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then(|| shortened(&title, LONGEST_TITLE))
}

/// What a body is, for an error about it.
pub(crate) fn form(body: &[u8]) -> String {
    let text = text_of(body);
    let form = match text.first() {
        None => "empty",
        _ if is_page(body) => return page(body),
        _ if !is_json(body) => "no JSON",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "true or false",
        Some(_) => "a number",
    };
    form.into()
}

/// What a service says went wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    /// Whether it is all that the body says.
    pub(crate) alone: bool,
}

/// What the service says went wrong, from any of the forms that error bodies have.
pub(crate) fn said(body: &[u8]) -> Option<Said> {
    let text = String::from_utf8_lossy(text_of(body));
    let (text, alone) = match Members::of(&text) {
        Some(members) => of_members(&members)?,
        None if is_page(body) || text.starts_with('[') => return None,
        None => match serde_json::from_str::<String>(&text) {
            Ok(text) => (text, true),
            Err(_) if is_json(body) => return None,
            Err(_) => {
                let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                (lines.next()?.to_owned(), lines.next().is_none())
            }
        },
    };
    let text = text.trim();
    (!text.is_empty()).then(|| Said { text: shortened(text, LONGEST_TEXT), alone })
}

fn of_members(members: &Members<'_>) -> Option<(String, bool)> {
    let text = ["message", "error_description", "error", "title", "detail"]
        .iter()
        .find_map(|name| members.text(name).filter(|text| !text.trim().is_empty()));
    let errors = members.get("errors").filter(|errors| errors.get() != "null");
    // Spelled as the client spells JSON, where it can.
    let errors = errors.map(|raw| {
        serde_json::from_str::<serde_json::Value>(raw.get())
            .map_or_else(|_| raw.get().into(), |errors| errors.to_string())
    });
    match (text, errors) {
        (Some(text), Some(errors)) => Some((format!("{text} {errors}"), false)),
        (Some(text), None) => Some((text, true)),
        (None, Some(errors)) => Some((errors, false)),
        (None, None) => None,
    }
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> Option<String> {
        said(body.as_bytes()).map(|said| said.text)
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        for body in ["{}", "\u{feff}{}", " \r\n\u{feff}{}", "\u{feff}\u{feff} {}"] {
            assert_eq!(text_of(body.as_bytes()), b"{}", "{body:?}");
            assert!(is_json(body.as_bytes()));
        }
        assert_eq!(text_of("\u{feff}".as_bytes()), b"");
        assert_eq!(text("\u{feff}Style not found"), Some("Style not found".into()));
        assert_eq!(text("\u{feff}{\"message\": \"no\"}"), Some("no".into()));
    }

    #[test]
    fn pages_are_known_by_their_content() {
        for body in [
            "<!DOCTYPE html><html>",
            "\u{feff}\r\n<html>",
            "<!-- Error 17 --> <!-- x -->\n<HTML>",
            "<!-- cut off",
            "<?xml version=\"1.0\"?><Error/>",
            "<h1>Down</h1>",
        ] {
            assert!(is_page(body.as_bytes()), "{body:?}");
            assert_eq!(said(body.as_bytes()), None, "{body:?}");
        }
        for body in ["", "done", "< 5 rows", "<3", "\"<html>\"", "{\"a\": \"<html>\"}", "a <b>"] {
            assert!(!is_page(body.as_bytes()), "{body:?}");
        }
        assert_eq!(
            page(b"<html><head><TITLE lang=en>Down for\n maintenance</TITLE>"),
            "an HTML page (\"Down for maintenance\")"
        );
        assert_eq!(page("<title>\u{130}\u{130}".as_bytes()), "an HTML page");
        assert_eq!(page(b"<h1>Down</h1>"), "an HTML page");
    }

    #[test]
    fn error_texts() {
        assert_eq!(text("Style not found"), Some("Style not found".into()));
        assert_eq!(text(r#""Style not found""#), Some("Style not found".into()));
        assert_eq!(text(r#"{"Message": "no"}"#), Some("no".into()));
        assert_eq!(text(r#"{"message": null, "error": "text"}"#), Some("text".into()));
        assert_eq!(
            text(r#"{"title": "Bad", "errors": {"folderId": ["no"]}}"#),
            Some(r#"Bad {"folderId":["no"]}"#.into())
        );
        assert_eq!(text(r#"{"message": "cut", "x"#), Some("cut".into()));
        for silent in ["", " ", "null", "17", "[1]", "{}", "true", r#"{"error": true}"#] {
            assert_eq!(text(silent), None, "{silent}");
        }
        assert_eq!(text(&"ö".repeat(1000)).unwrap().chars().count(), LONGEST_TEXT);
        // Windows-1252 in a stack trace.
        assert_eq!(said(b"caf\xe9").unwrap().text, "caf\u{fffd}");
    }

    #[test]
    fn a_text_inside_of_another_is_not_all_that_is_said() {
        let alone = |body: &str| said(body.as_bytes()).unwrap().alone;
        assert!(alone("Style not found\r\n") && alone(r#"{"error": true, "message": "Style not found"}"#));
        assert!(!alone("Style not found\n   at X") && !alone(r#"{"message": "no", "errors": []}"#));
    }

    #[test]
    fn forms_have_names() {
        for (body, name) in [
            ("", "empty"),
            ("\u{feff} ", "empty"),
            ("null", "null"),
            ("-1", "a number"),
            ("\"x\"", "a text"),
            ("[]", "a list"),
            ("{}", "an object"),
            ("false", "true or false"),
            ("{\"a\":", "no JSON"),
            ("done", "no JSON"),
            ("<html>", "an HTML page"),
        ] {
            assert_eq!(form(body.as_bytes()), name, "{body:?}");
        }
    }
}
