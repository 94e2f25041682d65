//! Fills the templates, one per generated file. What a template needs beyond the catalogue is a filter here.

use minijinja::{Environment, Value, context};
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::catalogue::Resource;
use crate::language;
use crate::names;
use crate::shapes::Shape;

/// Template and the file that it makes, relative to the repository.
const FILES: &[(&str, &str, &str)] = &[
    ("catalog.rs", include_str!("../templates/catalog.rs.jinja"), "core/src/catalog/generated.rs"),
    ("models.rs", include_str!("../templates/models.rs.jinja"), "core/src/models/generated.rs"),
    ("api.rs", include_str!("../templates/api.rs.jinja"), "core/src/api/generated.rs"),
    ("driver.rs", include_str!("../templates/driver.rs.jinja"), "tests/drivers/rust/src/generated.rs"),
    (
        "resources.py",
        include_str!("../templates/resources.py.jinja"),
        "bindings-python/python/beproduct_client/_resources.py",
    ),
    (
        "resources.pyi",
        include_str!("../templates/resources.pyi.jinja"),
        "bindings-python/python/beproduct_client/_resources.pyi",
    ),
    (
        "types.py",
        include_str!("../templates/types.py.jinja"),
        "bindings-python/python/beproduct_client/types.py",
    ),
    (
        "argument-names.ts",
        include_str!("../templates/argument-names.ts.jinja"),
        "bindings-node/ts/argument-names.ts",
    ),
    ("resources.ts", include_str!("../templates/resources.ts.jinja"), "bindings-node/ts/resources.ts"),
    (
        "Resources.swift",
        include_str!("../templates/Resources.swift.jinja"),
        "bindings-swift/swift/Sources/BeProductClient/Resources.swift",
    ),
    (
        "Models.swift",
        include_str!("../templates/Models.swift.jinja"),
        "bindings-swift/swift/Sources/BeProductClient/Models.swift",
    ),
    (
        "Resources.kt",
        include_str!("../templates/Resources.kt.jinja"),
        "bindings-swift/kotlin/src/main/kotlin/beproduct/client/Resources.kt",
    ),
    (
        "Models.kt",
        include_str!("../templates/Models.kt.jinja"),
        "bindings-swift/kotlin/src/main/kotlin/beproduct/client/Models.kt",
    ),
    (
        "Driver.swift",
        include_str!("../templates/Driver.swift.jinja"),
        "tests/drivers/swift/package/Sources/Typed.swift",
    ),
    ("Driver.kt", include_str!("../templates/Driver.kt.jinja"), "tests/drivers/kotlin/src/Typed.kt"),
];

/// Every generated file with its text.
pub(crate) fn render(resources: &[Resource], shapes: &[Shape]) -> Result<Vec<(String, String)>, String> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.add_filter("pascal", |name: String| names::pascal(&name));
    environment.add_filter("camel", |name: String| names::camel(&name));
    environment.add_filter("comment", comment);
    environment.add_filter("quoted", |text: String| format!("{text:?}"));
    language::rust::register(&mut environment);
    language::python::register(&mut environment);
    language::typescript::register(&mut environment);
    language::swift::register(&mut environment);
    language::kotlin::register(&mut environment);
    for (name, template, _) in FILES {
        environment.add_template(name, template).map_err(|error| format!("{name}: {error:#}"))?;
    }
    FILES
        .iter()
        .map(|(name, _, path)| {
            let template = environment.get_template(name).map_err(|error| format!("{name}: {error:#}"))?;
            let text = template
                .render(context! { resources => Value::from_serialize(resources), shapes => Value::from_serialize(shapes) })
                .map_err(|error| format!("{name}: {error:#}"))?;
            let text = if path.ends_with(".rs") { rustfmt(&text)? } else { text };
            Ok(((*path).to_owned(), text))
        })
        .collect()
}

/// Every line of a text behind a prefix, without trailing blanks.
fn comment(text: &str, prefix: &str) -> String {
    text.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

fn rustfmt(text: &str) -> Result<String, String> {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rustfmt.toml");
    let failed = |error: std::io::Error| format!("rustfmt: {error}");
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path", config])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err("rustfmt refused generated code".into());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}
