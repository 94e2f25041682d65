//! Texts that differ in nothing but letter case and the blanks around them.

/// A text without the blanks around it and without letter case, which follows the rules of Unicode: `STRASSE` is `straße`.
pub(crate) fn plain(text: &str) -> String {
    text.trim().to_uppercase().to_lowercase()
}

/// Whether two texts are spelled alike.
pub(crate) fn alike(a: &str, b: &str) -> bool {
    a == b || plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_follows_unicode() {
        for (a, b) in [
            ("Ana", " ANA "),
            ("Žižkov Mühle", "žIŽKOV MÜHLE"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ΣΑΣ", "σας"),
            ("ñ", "Ñ"),
        ] {
            assert!(alike(a, b), "{a} {b}");
        }
        for (a, b) in [("Ana", "Anna"), ("e", "é"), ("a b", "ab")] {
            assert!(!alike(a, b), "{a} {b}");
        }
    }
}
