//! The simulator as a command: prints its addresses when it is ready and runs until it is told to stop.

use std::io::{self, Write};

use beproduct_simulator::{Options, Simulator};
use clap::Parser;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let port = options.port;
    let code = match run(options).await {
        Ok(()) => 0,
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            eprintln!("beproduct-simulator: port {port} is in use; --port 0 takes a free one");
            1
        }
        Err(error) => {
            eprintln!("beproduct-simulator: {error}");
            1
        }
    };
    // A thread that still reads standard input would hold up the end of the runtime.
    std::process::exit(code);
}

async fn run(options: Options) -> io::Result<()> {
    let until_stdin_closes = options.until_stdin_closes;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let simulator = Simulator::start(options).await?;

    let mut stdout = io::stdout().lock();
    serde_json::to_writer(&mut stdout, &simulator.addresses())?;
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    drop(stdout);

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = stdin_closed(), if until_stdin_closes => {}
    }
    Ok(())
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 256];
    while matches!(stdin.read(&mut buffer).await, Ok(n) if n > 0) {}
}
