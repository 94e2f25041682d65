//! Members of records, and the families that records belong to.

use super::*;

fn read(root: &tempfile::TempDir, path: &str) -> String {
    std::fs::read_to_string(root.path().join(path)).unwrap()
}

#[test]
fn a_second_spelling_is_read() {
    let root =
        changed("shapes/service/headers/tag.json", "\"tagDate\": {", "\"tagDate\": {\"x-also\": \"date\",");
    assert_eq!(generate(&root, false), Ok(true));
    for (path, part) in [
        ("core/src/models/generated/headers.rs", "rename = \"tagDate\", alias = \"date\""),
        (
            "bindings-swift/swift/Sources/BeProductClient/Generated/Records/HeadersRecords.swift",
            "or: \"date\"",
        ),
        ("bindings-node/ts/records/headers.ts", "  date?: string | null"),
        ("bindings-python/python/beproduct_client/records/headers.py", "\"date\": \"str | None\","),
        (
            "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/records/HeadersRecords.kt",
            "@JsonNames(\"date\")",
        ),
    ] {
        let text = read(&root, path);
        assert!(text.contains(part), "{path} has no {part}");
    }
}

#[test]
fn typed_models_name_what_the_wire_misspells() {
    let palette = "shapes/service/headers/palette_colors.json";
    let root = changed(palette, "", "");
    assert_eq!(generate(&root, false), Ok(true));
    for (path, part) in [
        ("core/src/models/generated/headers.rs", "pub ase_url: Option<String>"),
        ("core/src/models/generated/headers.rs", "rename = \"ASEurl\", alias = \"asEurl\""),
        (
            "bindings-swift/swift/Sources/BeProductClient/Generated/Records/HeadersRecords.swift",
            "aseURL = try reader.take(\"ASEurl\", or: \"asEurl\")",
        ),
        (
            "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/records/HeadersRecords.kt",
            "@JsonNames(\"asEurl\")\n    val aseUrl: String? = null",
        ),
    ] {
        let text = read(&root, path);
        assert!(text.contains(part), "{path} has no {part}");
    }
    let root = changed(palette, "\"x-name\": \"ase_url\",", "");
    assert!(generate(&root, true).unwrap_err().contains("x-name"));
}

#[test]
fn families_of_records_are_no_circle() {
    let root = changed(
        "shapes/service/shared/person.json",
        "\"properties\": {",
        "\"properties\": {\"tag\": {\"$ref\": \"../headers/tag.json\"},",
    );
    let message = generate(&root, true).unwrap_err();
    assert!(message.contains("headers") && message.contains("need each other"), "{message}");
}
