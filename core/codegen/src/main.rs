//! Writes the committed code that follows from `core/catalog`: the operation table and the typed methods of every
//! language. `--check` writes nothing and fails when what is committed differs.

mod catalogue;
mod client;
mod emit;
mod language;
mod marks;
mod names;
mod openapi;
mod output;
mod placeholders;
mod shapes;
mod stale;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about = "Generate code from the operation catalogue")]
struct Arguments {
    /// Compare with what is committed instead of writing; exit with 1 on any difference.
    #[arg(long)]
    check: bool,
    /// The repository's top folder.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))]
    root: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("codegen: {message}");
            ExitCode::from(2)
        }
    }
}

/// Returns false when `--check` found a difference.
fn run(arguments: &Arguments) -> Result<bool, String> {
    let catalog = arguments.root.join("core/catalog");
    let families = shapes::read(&catalog.join("shapes/service"), &catalogue::names(&catalog)?)?;
    let resources = catalogue::read(&catalog, &families)?;
    let own = client::read(&catalog, &resources, &families)?;
    let mut files = emit::render(&resources, &families, &own)?;
    files.push(("docs/openapi.json".into(), openapi::document(&resources, &families)));

    let mut same = true;
    for path in stale::find(&arguments.root, &files)? {
        if arguments.check {
            eprintln!("{} is no longer generated; run `make generate`", path.display());
            same = false;
        } else {
            std::fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            println!("removed {}", path.display());
        }
    }
    for (name, text) in files {
        let path = arguments.root.join(&name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        if arguments.check {
            eprintln!("{name} differs from the catalogue; run `make generate`");
            same = false;
        } else {
            write(&path, &text)?;
            println!("{name}");
        }
    }
    Ok(same)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository of its own with this catalogue, changed.
    fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let own = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog"));
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(own.join(&folder)).unwrap().map(Result::unwrap) {
                let name = folder.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    folders.push(name);
                } else {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    write(&root.path().join("core/catalog").join(name), &text).unwrap();
                }
            }
        }
        let path = root.path().join("core/catalog").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        root
    }

    fn generate(root: &tempfile::TempDir, check: bool) -> Result<bool, String> {
        run(&Arguments { check, root: root.path().to_owned() })
    }

    #[test]
    fn a_difference_is_noticed() {
        let root = changed("resources.toml", "", "");
        assert_eq!(generate(&root, true), Ok(false));
        assert_eq!(generate(&root, false), Ok(true));
        assert_eq!(generate(&root, true), Ok(true));
        for file in
            ["core/src/api/generated/style.rs", "docs/openapi.json", "bindings-node/ts/records/headers.ts"]
        {
            let path = root.path().join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, format!("{text} ")).unwrap();
            assert_eq!(generate(&root, true), Ok(false), "{file}");
            std::fs::write(&path, text).unwrap();
        }
        assert_eq!(generate(&root, true), Ok(true));
    }

    #[test]
    fn what_is_no_longer_generated_is_removed() {
        let root = changed("resources.toml", "", "");
        assert_eq!(generate(&root, false), Ok(true));
        let style = root.path().join("bindings-node/ts/resources/style.ts");
        let (old, own) = (style.with_file_name("styles.ts"), style.with_file_name("by-hand.ts"));
        std::fs::copy(&style, &old).unwrap();
        std::fs::write(&own, "export {};\n").unwrap();
        assert_eq!(generate(&root, true), Ok(false));
        assert_eq!(generate(&root, false), Ok(true));
        assert!(style.exists() && own.exists() && !old.exists());
        assert_eq!(generate(&root, true), Ok(true));
    }

    #[test]
    fn one_entry_is_several_operations() {
        let root = changed("service/tracking.toml", "method = \"POST\"", "method = \"{verb}\"");
        let path = root.path().join("core/catalog/service/tracking.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let variants = "{ kind = \"style\", verb = \"POST\" }, { kind = \"material\", verb = \"GET\" }";
        let text = text.replace("{ kind = \"style\" }, { kind = \"material\" }", variants);
        std::fs::write(&path, text).unwrap();
        assert_eq!(generate(&root, false), Ok(true));
        let table =
            std::fs::read_to_string(root.path().join("core/src/catalog/generated/tracking.rs")).unwrap();
        for part in [
            "name: \"style_timeline_list\",\n        official: \"plan_style_timeline_list\",\n        method: Method::Post",
            "name: \"material_timeline_list\",\n        official: \"plan_material_timeline_list\",\n        method: Method::Get",
            "path: \"Tracking/Plan/{plan_id}/Material/Timeline\"",
        ] {
            assert!(table.contains(part), "{part}\n{table}");
        }
    }

    #[test]
    fn names_on_the_wire_are_templates() {
        let root = changed("service/apps.toml", "wire = \"headerId\"", "wire = \"{resource}Id\"");
        assert_eq!(generate(&root, false), Ok(true));
        for (resource, wire) in [("style", "styleId"), ("material", "materialId")] {
            let path = root.path().join(format!("core/src/catalog/generated/{resource}.rs"));
            let table = std::fs::read_to_string(path).unwrap();
            assert!(table.contains(&format!("wire: {wire:?}")), "{table}");
        }
    }

    #[test]
    fn implied_values_reach_the_table() {
        let fixed =
            "client = \"company\"\n\n[[operation.implied]]\nwire = \"full\"\nplace = \"query\"\nvalue = ";
        for (value, expected) in [
            ("\"a b\"", "source: Source::Text(\"a b\")"),
            ("7", "source: Source::Integer(7)"),
            ("false", "source: Source::Boolean(false)"),
        ] {
            let root = changed("service/automation.toml", "client = \"company\"", &format!("{fixed}{value}"));
            assert_eq!(generate(&root, false), Ok(true));
            let path = root.path().join("core/src/catalog/generated/automation.rs");
            let table = std::fs::read_to_string(path).unwrap();
            let client = "source: Source::Client(ClientValue::Company)";
            for part in [expected, client, "source: Source::Argument(\"name\")"] {
                assert!(table.contains(part), "{part}\n{table}");
            }
        }
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

    #[test]
    fn a_name_is_escaped_where_a_language_reserves_it() {
        let files = |from: &str, to: &str| {
            let root = changed("service/data_tables.toml", from, to);
            generate(&root, false).unwrap();
            [
                "bindings-python/python/beproduct_client/resources/data_tables.py",
                "bindings-node/ts/resources/data-tables.ts",
                "core/src/api/generated/data_tables.rs",
                "bindings-swift/swift/Sources/BeProductClient/Generated/Resources/DataTablesResource.swift",
                "bindings-swift/kotlin/src/main/kotlin/beproduct/client/generated/resources/DataTablesResource.kt",
            ]
            .map(|path| std::fs::read_to_string(root.path().join(path)).unwrap())
        };
        for (from, to, expected) in [
            (
                "id = \"reset\"",
                "id = \"delete\"",
                ["def delete(", " delete(dataTableId", "fn delete(", "func delete(", "fun delete("],
            ),
            (
                "id = \"reset\"",
                "id = \"import\"",
                ["def import_(", " import(dataTableId", "fn import(", "func `import`(", "fun import("],
            ),
            (
                "name = \"rows\"",
                "name = \"type\"",
                ["\"type\": type,", " type: readonly", " r#type: impl", " type: [", " type: List"],
            ),
            (
                "name = \"rows\"",
                "name = \"class\"",
                ["\"class\": class_,", " class: readonly", " class: impl", " `class`: [", " `class`: List"],
            ),
        ] {
            for (file, expected) in files(from, to).iter().zip(expected) {
                assert!(file.contains(expected), "{to}: no {expected} in {file}");
            }
        }
    }

    #[test]
    fn a_catalogue_that_contradicts_itself_is_refused() {
        let cases = [
            ("service/system.toml", "id = \"info_version\"", "id = \"ratelimit_status\"", "the id is taken"),
            ("service/data_tables.toml", "name = \"data_table_id\"", "name = \"table_id\"", "placeholders"),
            (
                "service/headers.toml",
                "effect = \"read\"",
                "effect = \"update\"",
                "effect and replay class disagree",
            ),
            ("service/headers.toml", "effect = \"read\"\n", "", "effect"),
            ("service/headers.toml", "replay = \"read\"\n", "", "replay"),
            (
                "service/headers.toml",
                "record = \"folder\"",
                "record = \"nothing\"",
                "there is no shape nothing",
            ),
            ("service/system.toml", "answer = ", "colour = \"red\"\nanswer = ", "colour"),
            (
                "service/headers.toml",
                "look = \"attributes_get\"",
                "look = \"attributes_fetch\"",
                "there is no operation style.attributes_fetch",
            ),
            (
                "service/headers.toml",
                "look = \"attributes_get\"",
                "look = \"folders\"",
                "is no read of one record",
            ),
            ("service/headers.toml", "look = \"attributes_get\"\n", "", "need each other"),
            (
                "service/system.toml",
                "id = \"info_version\"",
                "id = \"info_version\"\ntells_limits = true",
                "both have tells_limits",
            ),
            (
                "service/data_tables.toml",
                "id = \"reset\"",
                "id = \"reset\"\ntells_limits = true",
                "tells_limits is for a read",
            ),
            (
                "service/data_tables.toml",
                "operation = \"data_tables.schema\"",
                "operation = \"data_tables.columns\"",
                "there is no operation data_tables.columns",
            ),
            (
                "service/data_tables.toml",
                "operation = \"data_tables.schema\"",
                "operation = \"data_tables.list\"",
                "is no plain list",
            ),
            (
                "service/headers.toml",
                "argument = \"folder_id\"",
                "argument = \"header_id\"",
                "header_id is not the one argument of style.folder_search_schema",
            ),
            (
                "service/headers.toml",
                "kind = \"boolean\"",
                "kind = \"boolean\"\nstandard = [\"active\"]",
                "standard is for filters",
            ),
            (
                "service/headers.toml",
                "record = \"header_id\"",
                "record = \"header\"",
                "schema: header is no parameter here",
            ),
            ("service/data_tables.toml", "handler = \"update_rows\"\n", "", "need the handler update_rows"),
            (
                "service/tracking.toml",
                "{Kind}/Timeline",
                "{Sort}/Timeline",
                "placeholders {\"Sort\", \"plan_id\"}",
            ),
            (
                "service/tracking.toml",
                "plan_{kind}_timeline",
                "plan_{sort}_timeline",
                "plan_{sort}_timeline_list",
            ),
            ("service/tracking.toml", "plan_{kind}_timeline", "plan_timeline", "the id is taken"),
            (
                "service/tracking.toml",
                "name = \"{kind}_timeline_list\"\n",
                "name = \"timelines\"\n",
                "is taken by",
            ),
            (
                "service/tracking.toml",
                "{ kind = \"material\" }",
                "{ sort = \"material\" }",
                "the same placeholders",
            ),
            (
                "service/tracking.toml",
                "{ kind = \"style\" }",
                "{ kind = \"style\", record = \"x\" }",
                "the placeholder record is that of the resource",
            ),
            ("service/tracking.toml", "method = \"POST\"", "method = \"{kind}\"", "method style"),
            ("service/automation.toml", "client = \"company\"", "client = \"user\"", "user"),
            ("service/automation.toml", "client = \"company\"", "", "one of value, client and argument"),
            (
                "service/automation.toml",
                "client = \"company\"",
                "client = \"company\"\nvalue = 1",
                "one of value, client and argument",
            ),
            ("service/automation.toml", "wire = \"company\"", "wire = \"id\"", "its place is taken"),
            (
                "service/automation.toml",
                "place = \"query\"\nclient",
                "place = \"body\"\nclient",
                "values of the client go into the query",
            ),
            (
                "service/automation.toml",
                "place = \"query\"\nclient = \"company\"",
                "place = \"body\"\nvalue = true",
                "the body is no object",
            ),
            (
                "service/automation.toml",
                "place = \"query\"\nclient",
                "place = \"path\"\nclient",
                "in the query or in the body",
            ),
            (
                "service/automation.toml",
                "argument = \"name\"",
                "argument = \"title\"",
                "there is no parameter title",
            ),
            (
                "service/automation.toml",
                "kind = \"text\"\nrequired = true",
                "kind = \"json\"\nrequired = true",
                "the parameter name is no id, text",
            ),
            (
                "service/uploads.toml",
                "kind = \"file\"",
                "kind = \"text\"",
                "one required parameter of the kind file",
            ),
            (
                "service/uploads.toml",
                "kind = \"file\"\nrequired = true",
                "kind = \"file\"",
                "one required parameter of the kind file",
            ),
            ("service/uploads.toml", "effect = \"upload\"", "effect = \"update\"", "need each other"),
            ("service/uploads.toml", "body = \"multipart\"", "body = \"object\"", "need each other"),
            ("service/uploads.toml", "handler = \"upload\"\n", "", "need each other"),
            ("service/headers.toml", "kind = \"boolean\"", "kind = \"file\"", "need each other"),
            (
                "service/uploads.toml",
                "poll = { operation = \"upload_status\"",
                "poll = { operation = \"state\"",
                "there is no operation style.state",
            ),
            (
                "service/uploads.toml",
                "poll = { operation = \"upload_status\"",
                "poll = { operation = \"attributes_upload\"",
                "is no read of one record",
            ),
            (
                "service/uploads.toml",
                "argument = \"upload_id\"",
                "argument = \"image_id\"",
                "poll: image_id is not the one id that style.upload_status takes",
            ),
            ("service/uploads.toml", ", until = \"finished\"", "", "until"),
            (
                "service/apps.toml",
                "body = \"none\"",
                "body = \"none\"\npoll = { operation = \"app_list\", argument = \"a\", from = \"b\", until = \"c\", failed = \"d\", message = \"e\" }",
                "poll needs the handler upload",
            ),
            ("service/raw.toml", "handler = \"download\"\n", "", "the answer file, the handler download"),
            (
                "service/raw.toml",
                "kind = \"target\"",
                "kind = \"text\"",
                "the answer file, the handler download",
            ),
            (
                "service/raw.toml",
                "answer = \"file\"",
                "answer = \"any\"",
                "the answer file, the handler download",
            ),
            (
                "service/raw.toml",
                "place = \"handler\"\nkind = \"target\"",
                "place = \"query\"\nkind = \"target\"",
                "for the handler",
            ),
            ("service/raw.toml", "base = \"link\"", "base = \"api\"", "the base link is for a file"),
            ("service/raw.toml", "kind = \"link\"", "kind = \"text\"", "the base link is for a file"),
            ("service/raw.toml", "path = \"\"", "path = \"x\"", "the base link is for a file"),
            (
                "shapes/service/headers/{resource}_lookup.json",
                "\"style\", \"material\"",
                "\"style\", \"colour\"",
                "x-resources: there is no colour",
            ),
            ("shapes/service/headers/{resource}_lookup.json", "\"x-resources\"", "\"x-res\"", "x-resources"),
            (
                "shapes/service/headers/{resource}_lookup.json",
                "[\"style\", \"material\"]",
                "[\"style\"]",
                "there is no shape material_lookup",
            ),
        ];
        for (file, from, to, expected) in cases {
            let message = generate(&changed(file, from, to), true).expect_err(expected);
            assert!(message.contains(expected), "{from} -> {to}: {message}");
        }
    }
}
