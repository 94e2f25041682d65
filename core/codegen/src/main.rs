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
mod tests;
