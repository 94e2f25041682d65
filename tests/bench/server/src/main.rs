//! A server that costs next to nothing, for measuring clients.
//!
//! It answers the few requests of the benches with bytes that were made at the start, over HTTPS, as HTTP/1.1 or HTTP/2,
//! and never compresses. It runs on one thread, which leaves the other cores to the client. Its addresses are one line of
//! JSON on standard output; it ends when standard input does.
//!
//! Files are as long as it is told. They are made while they are sent, and compared while they arrive: none is held. With
//! `--write` it writes such a file and ends.

mod answers;
mod files;
mod records;

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use beproduct_simulator::Authority;
use clap::Parser;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Either};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::answers::{Answers, Pieces};
use crate::files::{Content, Files};

#[derive(Parser)]
struct Options {
    /// Milliseconds between a request to the API and its answer.
    #[arg(long, default_value_t = 0)]
    delay: u64,
    /// Styles that there are.
    #[arg(long, default_value_t = 1000)]
    records: usize,
    /// Bytes of every file.
    #[arg(long, default_value_t = 0)]
    file: u64,
    /// Writes a file of this length there, and ends.
    #[arg(long)]
    write: Option<PathBuf>,
}

struct Server {
    answers: Answers,
    files: Files,
    delay: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let options = Options::parse();
    let files = Files::new(options.file);
    if let Some(path) = options.write {
        return files.write(&path);
    }
    let authority = Authority::new(None)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = format!("https://{}", listener.local_addr()?);
    let server = Arc::new(Server {
        answers: Answers::new(options.records),
        files,
        delay: Duration::from_millis(options.delay),
    });

    let mut stdout = io::stdout().lock();
    let ready = json!({
        "api": address,
        "identity": format!("{address}/ids"),
        "arrivals": format!("{address}/arrivals"),
        "file": format!("{address}{}", files::PATH),
        "ca": authority.ca_path(),
    });
    writeln!(stdout, "{ready}")?;
    stdout.flush()?;

    tokio::select! {
        accepted = accept(listener, authority.acceptor(), server) => accepted,
        () = stdin_closed() => Ok(()),
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, server: Arc<Server>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream, acceptor.clone(), server.clone()));
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, server: Arc<Server>) {
    // Small answers would wait for the client's acknowledgement otherwise.
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request| answer(server.clone(), request));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Above what any bench has on its way, so that the limit is the client's.
    builder.http2().max_concurrent_streams(1000);
    // A connection that breaks is the client's business.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

type Answered = Response<Either<Pieces, Content>>;

async fn answer(server: Arc<Server>, request: Request<Incoming>) -> Result<Answered, Infallible> {
    let (head, mut body) = request.into_parts();
    if head.uri.path() == files::PATH {
        return Ok(server.files.sent().map(Either::Right));
    }
    let answer = server.answers.find(&head.method, &head.uri);
    let mut arriving = server.files.arriving(&head.headers);
    while let Some(Ok(frame)) = body.frame().await {
        if let (Some(arriving), Some(bytes)) = (&mut arriving, frame.data_ref()) {
            arriving.take(bytes);
        }
    }
    if answer.delayed && !server.delay.is_zero() {
        tokio::time::sleep(server.delay).await;
    }
    if let Some(Err(wrong)) = arriving.map(files::Arriving::end) {
        return Ok(answers::refused(wrong).map(Either::Left));
    }
    Ok(answer.response.map(Either::Left))
}

async fn stdin_closed() {
    let mut stdin = tokio::io::stdin();
    let mut buffer = [0; 256];
    while matches!(stdin.read(&mut buffer).await, Ok(n) if n > 0) {}
}
