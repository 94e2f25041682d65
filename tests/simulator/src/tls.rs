//! A certificate authority for one run and the server certificate it signs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// A certificate authority that lasts as long as the process, and a server certificate for 127.0.0.1.
pub struct Authority {
    ca_path: PathBuf,
    config: Arc<ServerConfig>,
    /// Removed when dropped; None in a folder that the caller named.
    _folder: Option<TempDir>,
}

impl Authority {
    /// Makes both. The certificate of the authority goes to a file in `folder`; None is a temporary one, which is removed
    /// when this is dropped.
    pub fn new(folder: Option<&Path>) -> io::Result<Self> {
        let temporary = match folder {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("beproduct-simulator-").tempdir()?),
        };
        let folder = match (folder, &temporary) {
            (Some(folder), _) => folder,
            (None, Some(temporary)) => temporary.path(),
            (None, None) => Path::new("."),
        };
        std::fs::create_dir_all(folder)?;

        let ca_key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "BeProduct simulator test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca = params.self_signed(&ca_key).map_err(io::Error::other)?;
        let issuer = Issuer::new(params, ca_key);

        let key = KeyPair::generate().map_err(io::Error::other)?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "BeProduct simulator");
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;

        let ca_path = std::path::absolute(folder.join("simulator-ca.pem"))?;
        std::fs::write(&ca_path, ca.pem())?;
        let chain = vec![certificate.der().clone(), ca.der().clone()];
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Authority { ca_path, config: Arc::new(config), _folder: temporary })
    }

    /// Takes TLS connections, for HTTP/2 and HTTP/1.1.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// The PEM file with the certificate of the authority.
    pub fn ca_path(&self) -> String {
        self.ca_path.to_string_lossy().into_owned()
    }
}
