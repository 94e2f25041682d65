//! The `beproduct` command.

use napi_derive::napi;

/// Runs the command with these arguments, the program's own name first, and returns the status to exit with.
#[napi]
pub fn run_command(arguments: Vec<String>) -> u8 {
    beproduct_cli::run(arguments.into_iter().map(Into::into))
}
