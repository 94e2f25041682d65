//! Servers that speak to one connection after the other, byte by byte.

use std::future::Future;
use std::sync::Arc;

use beproduct::{Client, ClientBuilder, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Accepts connections of this machine until the test ends. Returns the address, `127.0.0.1:port`.
pub(crate) async fn serve<F, T>(connection: F) -> String
where
    F: Fn(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream));
        }
    });
    address
}

/// Reads the head of a request, up to the empty line. Returns it, and what has come of the body.
pub(crate) async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    };
    let body = read.split_off(end + 4);
    Some((String::from_utf8(read).unwrap(), body))
}

/// A certificate for this machine and for hosts of `.example`: who trusts it, and who shows it.
pub(crate) fn certificate(protocol: &[u8]) -> (String, TlsAcceptor) {
    let names = ["127.0.0.1", "localhost", "developers.example", "store.example"].map(str::to_owned);
    let signed = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config =
        config.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    (signed.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// A client of an API at this address.
pub(crate) fn client(api: &str, settings: Value) -> Client {
    let mut all = json!({
        "company_domain": "acme",
        "access_token": "token",
        "api_url": api,
        "ledger": "memory",
        "check_filters": false,
        "testing": {"clock": "recorded", "fixed_chance": true},
    });
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    ClientBuilder::from_config(Config::from_json(all).unwrap()).build().unwrap()
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}
