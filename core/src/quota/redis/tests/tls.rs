use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::{
    Opening, RedisServer, SECRETS, frame, ledger, left_out, needs_redis, pretend, refused, reserve, suite,
};
use crate::own::ErrorKind;

/// An authority with a certificate for a name, in files as a server reads them.
struct Certified {
    authority: String,
    folder: tempfile::TempDir,
}

impl Certified {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self { authority: authority.pem(), folder }
    }

    fn server(&self) -> RedisServer {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        RedisServer::start(&[
            "--tls-cert-file",
            &path("certificate.pem"),
            "--tls-key-file",
            &path("key.pem"),
            "--tls-auth-clients",
            "no",
            "--requirepass",
            SECRETS[0],
        ])
    }
}

#[tokio::test]
async fn tls() {
    needs_redis!();
    let certified = Certified::new("localhost");
    let server = certified.server();
    let opening = |scheme: &str, host: &str, authority: Option<&String>| Opening {
        ca_certificates: authority.cloned(),
        ..Opening::new(format!("{scheme}://:{}@{host}:{}", SECRETS[1], server.port))
    };
    let trusting = opening("rediss", "localhost", Some(&certified.authority)).open().unwrap();
    suite::run(&trusting).await;

    let frame = frame();
    let other = Certified::new("localhost").authority;
    for (host, authority) in
        [("localhost", None), ("localhost", Some(&other)), ("127.0.0.1", Some(&certified.authority))]
    {
        let ledger = opening("rediss", host, authority).open().unwrap();
        let text = refused(reserve(&ledger, &frame).await, ErrorKind::Config);
        assert!(
            text.contains("it is not trusted; add its certificate authority with ca_certificates"),
            "{text}"
        );
    }
    let ledger = opening("redis", "localhost", None).open().unwrap();
    refused(reserve(&ledger, &frame).await, ErrorKind::Network);
}

#[tokio::test]
async fn tls_to_a_server_that_has_none() {
    let (url, _) = pretend(&[b"-ERR unknown command\r\n"]).await;
    let text =
        refused(reserve(&ledger(url.replace("redis://", "rediss://")), &frame()).await, ErrorKind::Config);
    assert!(text.contains("it does not use TLS"), "{text}");
}
