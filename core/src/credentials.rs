//! Credentials as people hand them in: from a shell, a file or a clipboard, with a line break at the end.

use crate::error::{Error, Result};

/// A credential without the white space around it. None where nothing is left: that is how unset variables of a shell
/// arrive. `name` is that of the setting.
///
/// # Errors
/// `config` when it cannot be one, which the identity server would take for a revoked token or an unknown client.
pub(crate) fn credential(name: &str, text: &str) -> Result<Option<String>> {
    let text = trimmed(text);
    let is_token = name.ends_with("_token");
    let problem = text.chars().enumerate().find_map(|(index, letter)| {
        let what = match letter {
            '\n' | '\r' => "a line break",
            letter if letter.is_control() || is_invisible(letter) => "an invisible character",
            // Only a secret may have one (RFC 6749, Appendix A).
            letter if letter.is_whitespace() && name != "client_secret" => "a blank",
            letter if is_token && !letter.is_ascii() => "a character that is not ASCII",
            _ => return None,
        };
        Some((what, index + 1))
    });
    let Some((what, place)) = problem else { return Ok((!text.is_empty()).then(|| text.to_owned())) };
    let hint = match text.get(..6) {
        Some(scheme) if name == "access_token" && scheme.eq_ignore_ascii_case("bearer") => {
            "give the token alone, without \"Bearer\""
        }
        _ => "copy it again, whole and alone",
    };
    Err(Error::config(format!(
        "{name} has {what} inside, at place {place} of {}: {hint}",
        text.chars().count()
    )))
}

/// A text without what cannot be seen around it.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || letter.is_control() || is_invisible(letter))
}

/// Byte order marks, and spaces without width.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_a_credential_goes() {
        for given in ["abc", "abc\n", " abc\r\n", "\u{feff}abc\0", "\tabc\u{a0}", "\u{200b}abc\u{2060}\n\n"] {
            for name in ["client_id", "client_secret", "refresh_token", "access_token"] {
                assert_eq!(credential(name, given).unwrap().as_deref(), Some("abc"), "{name} {given:?}");
            }
        }
        for nothing in ["", " ", "\r\n", "\u{feff}"] {
            assert_eq!(credential("client_id", nothing).unwrap(), None, "{nothing:?}");
        }
        assert_eq!(credential("client_secret", " two words \n").unwrap().as_deref(), Some("two words"));
        assert_eq!(credential("client_id", "größe").unwrap().as_deref(), Some("größe"));
    }

    #[test]
    fn what_cannot_be_one_is_refused() {
        for (name, given, says) in [
            ("refresh_token", "marker\nmarker", "a line break inside, at place 7 of 13"),
            ("client_secret", "marker\0marker", "an invisible character"),
            ("client_secret", "marker\u{200b}marker", "an invisible character"),
            ("client_id", "marker marker", "a blank"),
            ("access_token", "Bearer marker", "without \"Bearer\""),
            ("access_token", "märker", "not ASCII"),
            ("refresh_token", "marker\u{a0}marker", "a blank"),
        ] {
            let error = credential(name, given).unwrap_err();
            let message = error.message();
            assert!(message.starts_with(name) && message.contains(says), "{message}");
            assert!(!message.contains("marker"), "{message}");
        }
    }
}
