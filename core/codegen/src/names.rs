//! Names in each language's case, and the words that no language lets one use.

/// `folder_id` -> `folderId`.
pub(crate) fn camel(name: &str) -> String {
    let pascal = pascal(name);
    let mut letters = pascal.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

/// `folder_id` -> `FolderId`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
        })
        .collect()
}

/// `folderId` -> `folder_id`; `_id` and `Id` -> `id`.
pub(crate) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut previous_lower = false;
    for letter in name.trim_start_matches('_').chars() {
        if letter.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Keywords of Rust, Python, TypeScript, Swift and Kotlin that cannot stand as the name of a method or a parameter.
pub(crate) const RESERVED: &[&str] = &[
    "abstract",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "become",
    "box",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "crate",
    "def",
    "default",
    "defer",
    "del",
    "delete",
    "do",
    "dyn",
    "elif",
    "else",
    "enum",
    "except",
    "export",
    "extends",
    "extension",
    "extern",
    "fallthrough",
    "false",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "fun",
    "func",
    "function",
    "global",
    "guard",
    "if",
    "impl",
    "import",
    "in",
    "init",
    "inout",
    "instanceof",
    "interface",
    "internal",
    "is",
    "lambda",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "new",
    "nil",
    "nonlocal",
    "not",
    "null",
    "object",
    "operator",
    "or",
    "override",
    "package",
    "pass",
    "priv",
    "private",
    "protected",
    "protocol",
    "pub",
    "public",
    "raise",
    "ref",
    "repeat",
    "rethrows",
    "return",
    "self",
    "static",
    "struct",
    "subscript",
    "super",
    "switch",
    "this",
    "throw",
    "throws",
    "trait",
    "true",
    "try",
    "typealias",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "val",
    "var",
    "virtual",
    "void",
    "when",
    "where",
    "while",
    "with",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(camel("get_many_by_number"), "getManyByNumber");
        assert_eq!(pascal("style_header"), "StyleHeader");
        assert_eq!(snake("artboarIndex"), "artboar_index");
        assert_eq!(snake("SupplierType"), "supplier_type");
        assert_eq!(snake("Id"), "id");
    }
}
