//! The generator on changed copies of the catalogue.

use super::*;

mod document;
mod flags;
mod records;

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
    for file in [
        "core/src/api/generated/style.rs",
        "docs/openapi.json",
        "bindings-node/ts/records/headers.ts",
        "core/cli/src/generated.rs",
    ] {
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
    let flags = root.path().join("core/cli/src/generated.rs");
    let old_flags = flags.with_file_name("old.rs");
    std::fs::copy(&flags, &old_flags).unwrap();
    std::fs::write(&own, "export {};\n").unwrap();
    assert_eq!(generate(&root, true), Ok(false));
    assert_eq!(generate(&root, false), Ok(true));
    assert!(style.exists() && own.exists() && !old.exists());
    assert!(flags.exists() && !old_flags.exists());
    assert_eq!(generate(&root, true), Ok(true));
}

#[test]
fn a_record_has_its_article() {
    let root = changed("resources.toml", "", "");
    assert_eq!(generate(&root, false), Ok(true));
    for (resource, text) in [("image", "Applications of an image"), ("style", "Applications of a style")] {
        let path = root.path().join(format!("bindings-node/ts/resources/{resource}.ts"));
        assert!(std::fs::read_to_string(path).unwrap().contains(text), "{text}");
    }
}

#[test]
fn one_entry_is_several_operations() {
    let timeline = "\"\nbase = \"api\"\npath = \"Tracking/Plan/{plan_id}/{Kind}/Timeline\"";
    let (fixed, open) = (format!("method = \"POST{timeline}"), format!("method = \"{{verb}}{timeline}"));
    let root = changed("service/tracking.toml", &fixed, &open);
    let path = root.path().join("core/catalog/service/tracking.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let variants = "{ kind = \"style\", verb = \"POST\" }, { kind = \"material\", verb = \"GET\" }";
    let text = text.replace("{ kind = \"style\" }, { kind = \"material\" }", variants);
    std::fs::write(&path, text).unwrap();
    assert_eq!(generate(&root, false), Ok(true));
    let table = std::fs::read_to_string(root.path().join("core/src/catalog/generated/tracking.rs")).unwrap();
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
    let fixed = "client = \"company\"\n\n[[operation.implied]]\nwire = \"full\"\nplace = \"query\"\nvalue = ";
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
fn a_word_of_a_resource_is_filled_in() {
    let root = changed("resources.toml", "headerNumber", "styleNumber");
    assert_eq!(generate(&root, false), Ok(true));
    for (resource, member) in
        [("style", "styleNumber"), ("material", "headerNumber"), ("color", "colorPaletteNumber")]
    {
        let path = root.path().join(format!("core/src/catalog/generated/{resource}.rs"));
        let table = std::fs::read_to_string(path).unwrap();
        assert!(table.contains(&format!("member: {member:?}")), "{resource}");
    }
    let root = changed("resources.toml", "words = { number_member = \"headerNumber\" }\n", "");
    assert!(generate(&root, true).unwrap_err().contains("{number_member}"));
}

#[test]
fn words_of_parameters_reach_the_table_and_the_types() {
    let root = changed("service/uploads.toml", "\"side\", \"back\"", "\"rear\"");
    assert_eq!(generate(&root, false), Ok(true));
    let read = |path: &str| std::fs::read_to_string(root.path().join(path)).unwrap();
    for (path, part) in [
        ("core/src/catalog/generated/style.rs", "choices: &[\"front\", \"rear\"]"),
        ("core/src/catalog/generated/style.rs", "one_of: &[\"colorway_id\", \"color_number\"]"),
        ("core/src/catalog/generated/style.rs", "adds_if_true: true"),
        ("core/src/catalog/generated/color.rs", "needs: Some(\"colors\")"),
        ("core/src/catalog/generated/color.rs", "absent: Absent::False"),
        ("core/src/catalog/generated/color.rs", "(\"id\", \"_id\")"),
        ("core/src/catalog/generated/tracking.rs", "is_day: true"),
        ("core/src/catalog/generated/block.rs", "adds_without: Some(\"key\")"),
        (
            "bindings-python/python/beproduct_client/resources/style.pyi",
            "position: Literal[\"front\", \"rear\"],",
        ),
        ("bindings-node/ts/resources/style.ts", "position: 'front' | 'rear';"),
        ("bindings-node/ts/resources/style.ts", "Promise<unknown[]>"),
        ("bindings-python/python/beproduct_client/resources/color.pyi", "-> Pager[Any]"),
        ("bindings-python/python/beproduct_client/resources/style.pyi", "Iterable[str | UUID]"),
    ] {
        assert!(read(path).contains(part), "{path} has no {part}");
    }
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
            "service/inbox.toml",
            "name = \"task_priority\"",
            "name = \"priority\"",
            "priority is an option too",
        ),
        ("service/folders.toml", "record = \"folder\"", "record = \"nothing\"", "there is no shape nothing"),
        (
            "resources.toml",
            "{ operation = \"version\" }",
            "{ operation = \"versions\" }",
            "resource system: example: there is no operation versions",
        ),
        (
            "resources.toml",
            "{ operation = \"plan_list\", with = [\"folder_id\"] }",
            "{ operation = \"plan_list\", with = [\"plan_id\"] }",
            "plan_list has no argument plan_id that may be left out",
        ),
        (
            "resources.toml",
            "{ operation = \"plan_list\", with = [\"folder_id\"] }",
            "{ operation = \"plan_list\", with = [\"filters\"] }",
            "filters is no id and no text",
        ),
        ("service/system.toml", "answer = ", "colour = \"red\"\nanswer = ", "colour"),
        (
            "service/headers.toml",
            "look = \"attributes_get\"",
            "look = \"attributes_fetch\"",
            "there is no operation style.attributes_fetch",
        ),
        ("service/automation.toml", "handler = \"acquire\"\n", "", "held goes with the handler acquire"),
        (
            "service/automation.toml",
            "release = \"lock_release\"",
            "release = \"lock_check\"",
            "automation.lock_check gives nothing back",
        ),
        (
            "service/automation.toml",
            "kind = \"text\"\nrequired = true\ndoc = \"Name of the lock, which",
            "kind = \"text\"\ndoc = \"Name of the lock, which",
            "automation.lock_release does not take what is required here",
        ),
        (
            "service/headers.toml",
            "look = \"attributes_get\"",
            "look = \"folders\"",
            "is no read of one record",
        ),
        ("service/headers.toml", "look = \"attributes_get\"\n", "", "look goes with"),
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
        (
            "service/tracking.toml",
            "method = \"GET\"\nbase = \"api\"\npath = \"Tracking/Plan/",
            "method = \"{kind}\"\nbase = \"api\"\npath = \"Tracking/Plan/",
            "method style",
        ),
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
        ("service/downloads.toml", "handler = \"download\"\n", "", "the answer file, the handler download"),
        (
            "service/downloads.toml",
            "kind = \"target\"",
            "kind = \"text\"",
            "the answer file, the handler download",
        ),
        (
            "service/downloads.toml",
            "answer = \"file\"",
            "answer = \"any\"",
            "the answer file, the handler download",
        ),
        (
            "service/downloads.toml",
            "place = \"handler\"\nkind = \"target\"",
            "place = \"query\"\nkind = \"target\"",
            "for the handler",
        ),
        ("service/downloads.toml", "base = \"link\"", "base = \"api\"", "the base link is for a file"),
        ("service/downloads.toml", "kind = \"link\"", "kind = \"text\"", "the base link is for a file"),
        ("service/downloads.toml", "path = \"\"", "path = \"x\"", "the base link is for a file"),
        (
            "client/settings.toml",
            "kind = \"headers\"\n",
            "kind = \"headers\"\ncommands = [\"login\"]\n",
            "no flag can give its kind",
        ),
        (
            "client/settings.toml",
            "name = \"token_endpoint\"\n",
            "name = \"token_endpoint\"\ncommands = [\"quota\"]\n",
            "command quota: flag token_endpoint: the mark {setting:identity_url} names what there is not",
        ),
        (
            "client/settings.toml",
            "name = \"redis\"",
            "name = \"ledger\"",
            "two of its flags are called ledger",
        ),
        (
            "client/settings.toml",
            "name = \"attempts\"\n",
            "name = \"attempts\"\nvariable = true\n",
            "a variable is a text",
        ),
        ("client/plan.toml", "edition = \"Edition", "other = \"Edition", "edition of plans has no text"),
        (
            "client/plan.toml",
            "name = \"day_start\"\n",
            "name = \"day_start\"\ncommands = [\"quota\"]\n",
            "the setting plan says which commands",
        ),
        (
            "client/options.toml",
            "name = \"label\"\n",
            "name = \"label\"\ncommands = [\"quota\"]\n",
            "no command and no variable",
        ),
        (
            "client/methods/quota.toml",
            "name = \"days\"\n",
            "name = \"days\"\nvariable = true\n",
            "variables are for settings",
        ),
        (
            "service/uploads.toml",
            "kind = \"choice\"",
            "kind = \"text\"",
            "choice and choices need each other",
        ),
        (
            "service/uploads.toml",
            "place = \"path\"\nkind = \"choice\"",
            "place = \"body\"\nkind = \"choice\"",
            "one required parameter of the kind file",
        ),
        (
            "service/uploads.toml",
            "[\"colorway_id\", ",
            "[\"colorway\", ",
            "one_of: there is no parameter colorway",
        ),
        ("service/uploads.toml", "[\"colorway_id\", ", "[\"header_id\", ", "one_of: header_id is required"),
        ("service/uploads.toml", "[\"colorway_id\", ", "[", "it names one parameter"),
        (
            "service/headers.toml",
            "needs = \"colors\"",
            "needs = \"hues\"",
            "needs: there is no parameter hues",
        ),
        (
            "service/headers.toml",
            "kind = \"boolean\"\nabsent = \"false\"\nneeds",
            "kind = \"text\"\nneeds",
            "are for a boolean",
        ),
        ("service/headers.toml", "absent = \"empty\"", "absent = \"false\"", "is for a boolean"),
        (
            "service/sharing.toml",
            "kind = \"ids\"",
            "kind = \"ids\"\nadds_without = \"id\"",
            "are for records",
        ),
        ("service/sharing.toml", "place = \"body\"", "place = \"query\"", "ids are in the body"),
        ("service/sharing.toml", "kind = \"ids\"", "kind = \"ids\"\non_page = true", "on_page is for fields"),
        ("service/app_pages.toml", "closed = true\n", "", "are for closed records"),
        ("service/app_pages.toml", "adds_without = \"rowId\"\n", "", "removes_if needs values_in and"),
        ("service/app_pages.toml", "name = \"app_id\"", "name = \"app\"", "there is no id app_id"),
        ("service/apps.toml", "answer = \"list\"", "answer = \"any\"", "lists_apps is for a plain list"),
        ("service/headers.toml", "record = \"size\"\n", "", "records need a shape"),
        (
            "service/headers.toml",
            "new_needs = [\"color_number\", \"color_name\", \"primary\"]\n",
            "",
            "the kind colorways and new_needs need each other",
        ),
        (
            "service/headers.toml",
            "moves_to = \"target_folder_id\"",
            "moves_to = \"header_id\"",
            "moves_to: there is no id header_id in the body",
        ),
        (
            "shapes/service/headers/{resource}_lookup.json",
            "\"style\", \"material\"",
            "\"style\", \"colour\"",
            "x-resources: there is no colour",
        ),
        ("shapes/service/headers/{resource}_lookup.json", "\"x-resources\"", "\"x-res\"", "x-resources"),
        (
            "shapes/service/headers/{resource}_lookup.json",
            "[\"style\", \"material\", \"image\", \"color\", \"block\"]",
            "[\"style\"]",
            "there is no shape material_lookup",
        ),
    ];
    for (file, from, to, expected) in cases {
        let message = generate(&changed(file, from, to), true).expect_err(expected);
        assert!(message.contains(expected), "{from} -> {to}: {message}");
    }
}
