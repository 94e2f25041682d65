//! The `beproduct` command, as a function: the wheel's console script and npm's bin call it.

mod changes;
mod generated;
mod given;
mod login;
mod quota;
mod session;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{Parser, Subcommand};

/// Client for the BeProduct PLM API.
#[derive(Parser)]
#[command(name = "beproduct", bin_name = "beproduct", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Login(Box<login::Arguments>),
    Logout(session::Logout),
    #[command(name = "whoami")]
    WhoAmI(session::WhoAmI),
    /// Shows how much of the daily quota is used, and for what. Only reads the ledger; nothing is sent.
    Quota(quota::Arguments),
    Preview(Box<changes::Preview>),
    Apply(Box<changes::Apply>),
    Resume(Box<changes::Resume>),
}

/// How a command has ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// All is done, or there is nothing to do.
    Done = 0,
    /// A preview shows changes.
    Changes = 2,
    /// Something was not done.
    NotDone = 3,
    /// It stopped at its budget.
    Budget = 4,
}

/// The status of wrong arguments.
const USAGE: u8 = 64;

/// Runs the command that the arguments name, the program's own name first. Writes to standard output and standard error.
///
/// Returns the status to exit with: 0 when all is done or there is nothing to do, 1 when the command failed, 2 when a preview shows
/// changes, 3 when something was not done, 4 when it stopped at its budget, 64 when the arguments are wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too, for standard output. Where nobody reads, there is nothing to tell.
            let _ = error.print();
            return if error.exit_code() == 0 { 0 } else { USAGE };
        }
    };
    let mut out = io::stdout().lock();
    let done = match arguments.command {
        Command::Login(arguments) => login::run(&arguments, &mut out).map(|()| Status::Done),
        Command::Logout(arguments) => session::logout(&arguments, &mut out).map(|()| Status::Done),
        Command::WhoAmI(arguments) => session::who_am_i(&arguments, &mut out).map(|()| Status::Done),
        Command::Quota(arguments) => quota::run(&arguments, &mut out).map(|()| Status::Done),
        Command::Preview(arguments) => changes::preview(&arguments, &mut out),
        Command::Apply(arguments) => changes::apply(&arguments, &mut out),
        Command::Resume(arguments) => changes::resume(&arguments, &mut out),
    };
    match done.and_then(|status| Ok(out.flush().map(|()| status)?)) {
        Ok(status) => status as u8,
        // Whoever reads has seen enough, as in `beproduct quota | head -1`.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => 0,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "beproduct: {failure}");
            if failure.is_of_arguments() { USAGE } else { 1 }
        }
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Why a command failed.
#[derive(Debug)]
enum Failure {
    Client(beproduct::Error),
    /// An argument is missing or wrong.
    Usage(String),
    /// A file cannot be read or written.
    File(String),
    Output(io::Error),
    /// Ctrl-C came twice. What goes on.
    Interrupted(String),
}

impl Failure {
    /// Whether an argument is wrong, whoever has found it out: the library's errors begin with the name of the argument.
    fn is_of_arguments(&self) -> bool {
        const NAMES: [&str; 9] =
            ["to", "key", "map", "zone", "delimiter", "encoding", "budget", "verify", "numbers"];
        match self {
            Self::Usage(_) => true,
            Self::Client(error) if error.kind() == beproduct::ErrorKind::Config => NAMES.iter().any(|name| {
                error.message().strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', ':']))
            }),
            _ => false,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client(error) => out.write_str(error.message()),
            Self::Usage(text) | Self::File(text) => out.write_str(text),
            Self::Interrupted(goes_on) => write!(out, "stopped at once{goes_on}"),
            Self::Output(error) => write!(out, "the output cannot be written: {error}"),
        }
    }
}

impl From<beproduct::Error> for Failure {
    fn from(error: beproduct::Error) -> Self {
        Self::Client(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
