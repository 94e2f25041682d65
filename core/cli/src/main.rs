//! The `beproduct` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(beproduct_cli::run(std::env::args_os()))
}
