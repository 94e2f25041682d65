//! Writes the committed code that follows from `core/catalog`: the operation table and the typed methods of every
//! language. `--check` writes nothing and fails when what is committed differs.

mod catalogue;
mod emit;
mod language;
mod names;
mod openapi;
mod shapes;

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
    let shapes = shapes::read(&catalog.join("shapes"))?;
    let resources = catalogue::read(&catalog, &shapes)?;
    let mut files = emit::render(&resources, &shapes)?;
    files.push(("docs/openapi.json".into(), openapi::document(&resources, &shapes)));

    let mut same = true;
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
