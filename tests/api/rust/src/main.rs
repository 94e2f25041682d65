//! Lists the public API of a crate from its sources: a public name with its signature a line. Neither a build of the
//! crate nor a nightly compiler is needed.
//!
//! What a macro makes is not listed; derived traits are, by their names.

mod listing;
mod sources;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(file) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("beproduct-public-api: name the file of the crate's root, such as core/src/lib.rs");
        return ExitCode::from(2);
    };
    match sources::Sources::read(&file) {
        Ok(sources) => {
            for line in listing::lines(&sources) {
                println!("{line}");
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("beproduct-public-api: {message}");
            ExitCode::FAILURE
        }
    }
}
