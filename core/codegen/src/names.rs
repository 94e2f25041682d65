//! Names in each language's case. The words that a language reserves are in its own file.

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

/// Whether small letters follow several capitals, so that it is open which word the last capital belongs to: `ASEurl`.
pub(crate) fn hides_words(name: &str) -> bool {
    name.as_bytes().windows(3).any(|letters| {
        letters[0].is_ascii_uppercase() && letters[1].is_ascii_uppercase() && letters[2].is_ascii_lowercase()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(camel("get_many_by_number"), "getManyByNumber");
        assert_eq!(pascal("style_header"), "StyleHeader");
        assert_eq!(snake("SupplierType"), "supplier_type");
        assert_eq!(snake("Id"), "id");
        assert_eq!(snake("MainImageURL"), "main_image_url");
        assert!(hides_words("ASEurl") && !hides_words("MainImageURL") && !hides_words("SupplierType"));
    }
}
