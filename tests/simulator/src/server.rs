//! The listener: accepts connections, with or without TLS, and serves HTTP/1.1 and HTTP/2 on each.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::connection::{Connection, Socket};
use crate::gate;
use crate::options::Options;
use crate::secrets::Secrets;
use crate::state::Shared;
use crate::tls::Authority;

/// Where the simulator is, and what is needed to use it. The command prints this as one line of JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    /// Base of the REST API, without `/api`
    pub api: String,
    /// Base of the automation API, without `/api`
    pub automation: String,
    /// Base of the identity server
    pub identity: String,
    /// Base of the control interface
    pub control: String,
    /// Company domain
    pub company: String,
    /// Path of the PEM file with the certificate authority, with TLS only
    pub ca: Option<String>,
    /// Client that has a secret
    pub client_id: String,
    /// Its secret
    pub client_secret: String,
    /// Client without a secret, which has to use PKCE
    pub public_client_id: String,
    /// Client of an old registration, without a secret, whose tokens come in the address of the callback
    pub legacy_client_id: String,
    /// Client that acts in the place of users
    pub impersonation_client_id: String,
    /// Its secret
    pub impersonation_client_secret: String,
    /// Refresh token of the first client that is valid from the start
    pub refresh_token: String,
    /// A user who can sign in; the administrator
    pub username: String,
    /// Password of the user
    pub password: String,
    /// Id of this user
    pub administrator_id: String,
    /// Id of a user in whose place the administrator may act
    pub user_id: String,
    /// Id of a user of a partner company, in whose place nobody may act
    pub partner_id: String,
    /// Callback address registered for the clients; other ports of the loopback address work as well
    pub redirect_uri: String,
    /// Address registered for the way back from signing out; other ports work as well
    pub post_logout_redirect_uri: String,
    /// Id of the largest style folder
    pub style_folder: String,
    /// Id of the largest material folder
    pub material_folder: String,
    /// Id of the largest image folder
    pub image_folder: String,
    /// Id of the largest folder of colour palettes
    pub color_folder: String,
    /// Id of the largest block folder
    pub block_folder: String,
    /// Id of the large data table
    pub data_table: String,
    /// Id of the tracking plan
    pub plan: String,
    /// Id of a sequence of numbers
    pub autonumber: String,
}

/// A running simulator. Dropping it closes the listener and every connection.
pub struct Simulator {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    /// Keeps the certificate files while the server runs.
    _authority: Option<Authority>,
}

impl Simulator {
    /// Makes the sample data and starts to listen on 127.0.0.1.
    ///
    /// Boxed, so that the server is compiled here and not in each program of tests.
    pub fn start(options: Options) -> BoxFuture<'static, io::Result<Self>> {
        Box::pin(Self::listen(options))
    }

    async fn listen(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let port = listener.local_addr()?.port();
        let authority = match options.tls {
            true => Some(Authority::new(options.state_dir.as_deref())?),
            false => None,
        };
        let scheme = if options.tls { "https" } else { "http" };
        let acceptor = authority.as_ref().map(Authority::acceptor);
        let ca = authority.as_ref().map(Authority::ca_path);
        let secrets = Secrets::open(options.secrets_file.as_deref())?;
        let shared = Arc::new(Shared::new(options, format!("{scheme}://127.0.0.1:{port}"), ca, secrets));
        let accepting = tokio::spawn(accept(listener, acceptor, shared.clone()));
        Ok(Simulator { shared, accepting, _authority: authority })
    }

    /// Addresses and credentials.
    pub fn addresses(&self) -> Addresses {
        self.shared.addresses()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    number += 1;
                    connections.spawn(connect(stream, number, acceptor.clone(), shared.clone()));
                }
                // Out of file handles, for one: what is open may close again.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect(stream: TcpStream, number: u64, acceptor: Option<TlsAcceptor>, shared: Arc<Shared>) {
    // Small answers would wait for the client's acknowledgement otherwise.
    let _ = stream.set_nodelay(true);
    let connection = Connection::new(number);
    let socket = Socket::new(stream, connection.clone());
    match acceptor {
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(socket).await {
                serve(stream, connection, shared).await;
            }
        }
        None => serve(socket, connection, shared).await,
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    connection: Connection,
    shared: Arc<Shared>,
) {
    let service = {
        let connection = connection.clone();
        service_fn(move |request| {
            let (shared, connection) = (shared.clone(), connection.clone());
            async move { Ok::<_, std::convert::Infallible>(gate::handle(shared, connection, request).await) }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // Clients under test live by clocks of their own, which the date of this machine would disturb.
    builder.http1().auto_date_header(false);
    builder.http2().auto_date_header(false);
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that breaks is the client's business.
        _ = serving => {}
        () = connection.until_cut() => {}
    }
}
