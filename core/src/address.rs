//! Addresses that a client may send to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::error::{Error, Result};

/// A base address, with or without a slash at its end.
pub(crate) fn base(name: &str, text: &str) -> Result<Url> {
    let wrong = |problem: String| Error::config(format!("{name} {text:?} {problem}"));
    let url = Url::parse(&format!("{}/", text.trim().trim_end_matches('/')))
        .map_err(|error| wrong(format!("is not a valid URL: {error}")))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("holds a query".into()));
    }
    secure(name, &url)?;
    Ok(url)
}

/// Tokens and secrets go there.
pub(crate) fn secure(name: &str, url: &Url) -> Result<()> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::config(format!("{name} {url} would send tokens unencrypted: use https"))),
        _ => Err(Error::config(format!("{name} {url} has to begin with https://"))),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Who named a link, which decides where it may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkOf {
    /// An answer of the API.
    Answer,
    /// The program, which may have it from anybody.
    Program {
        /// Whether it may use http, and lead to a network inside.
        private: bool,
    },
}

impl LinkOf {
    /// Whether the scheme of a link will do.
    pub(crate) fn allows(self, link: &Url, api: &Url) -> bool {
        let plain = match self {
            Self::Answer => is_loopback(link) && is_loopback(api),
            Self::Program { private } => private,
        };
        link.scheme() == "https" || (plain && link.scheme() == "http")
    }
}

/// A machine that a request may not reach.
#[derive(Debug)]
pub(crate) struct Inside(pub(crate) String);

impl std::fmt::Display for Inside {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} is a private address, and a link may not lead there", self.0)
    }
}

impl std::error::Error for Inside {}

impl Inside {
    /// Whether this is why a request failed.
    pub(crate) fn is_cause(error: &(dyn std::error::Error + 'static)) -> bool {
        error.is::<Self>() || error.source().is_some_and(Self::is_cause)
    }
}

/// Which machines a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Any.
    Any,
    /// Those of the internet, and not those of a network inside.
    Public,
    /// The same, by the addresses that this machine finds for a name: also where a proxy will look it up once more. For addresses
    /// that anybody may have given.
    PublicFromHere,
    /// The same, and this machine.
    PublicOrLoopback,
}

impl Reach {
    /// Whether it may be connected to.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Public | Self::PublicFromHere => is_public(address),
            Self::PublicOrLoopback => is_public(address) || address.is_loopback(),
        }
    }

    /// Of a link: one that an answer names leads to the API's own host, wherever that is, and the internet.
    pub(crate) fn of_link(link: &Url, api: &Url, of: LinkOf) -> Self {
        if let LinkOf::Program { private } = of {
            return if private { Self::Any } else { Self::PublicFromHere };
        }
        if link.host_str() == api.host_str() {
            Self::Any
        } else if is_loopback(api) {
            Self::PublicOrLoopback
        } else {
            Self::Public
        }
    }
}

/// Whether an address is one of the internet (the special-purpose registries of RFC 6890 and its successors).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a, b & 0xc0) == (100, 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a, b & 0xfe) == (198, 18);
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match parts {
        // Translated to IPv4 on the way, by a gateway (NAT64) or by 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => inner(high, low),
        // Teredo: a server, and a client whose address is written inverted.
        [0x2001, 0, high, low, _, _, client_high, client_low] => {
            inner(high, low) && inner(!client_high, !client_low)
        }
        // Other protocols, and documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_networks_inside() {
        for address in [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::a00:1",
            "::10.0.0.1",
            "::127.0.0.1",
            "::1.1.1.1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            // Teredo, with the server 1.1.1.1 and the client 10.0.0.1, and the other way round.
            "2001:0:101:101:0:0:f5ff:fffe",
            "2001:0:a00:1:0:0:fefe:fefe",
            "2001:2::1",
            "2001:10::1",
            "2001:db8::1",
            "3fff:1::1",
            "192.88.99.1",
            "198.51.100.1",
            "203.0.113.1",
            "239.255.255.250",
            "240.0.0.1",
            "fec0::1",
            "fc00::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "2001:0:101:101:0:0:fefe:fefe",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn where_a_link_may_lead() {
        let url = |text: &str| Url::parse(text).unwrap();
        let (api, here) = (url("https://api.example/"), url("http://127.0.0.1:1/"));
        let of_answer = |link: &str, api: &Url| Reach::of_link(&url(link), api, LinkOf::Answer);
        assert_eq!(of_answer("https://api.example/x", &api), Reach::Any);
        assert_eq!(of_answer("https://store.example/x", &api), Reach::Public);
        assert_eq!(of_answer("https://store.example/x", &here), Reach::PublicOrLoopback);
        // What a program names has no part in the trust in the API.
        let of_program = |private| LinkOf::Program { private };
        for link in ["https://api.example/x", "https://127.0.0.1:1/x"] {
            assert_eq!(Reach::of_link(&url(link), &here, of_program(false)), Reach::PublicFromHere);
            assert_eq!(Reach::of_link(&url(link), &here, of_program(true)), Reach::Any);
        }
        let plain = url("http://127.0.0.1:1/x");
        assert!(LinkOf::Answer.allows(&plain, &here) && !LinkOf::Answer.allows(&plain, &api));
        assert!(of_program(true).allows(&plain, &api) && !of_program(false).allows(&plain, &here));
        assert!(!of_program(true).allows(&url("ftp://x/y"), &here));
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(!Reach::Public.allows(loopback) && Reach::PublicOrLoopback.allows(loopback));
    }

    #[test]
    fn addresses_are_checked() {
        for bad in ["http://example.com", "ftp://x", "acme", "https://x/?a=b"] {
            assert!(base("api_url", bad).is_err(), "{bad}");
        }
        assert_eq!(base("api_url", "https://x/y").unwrap().as_str(), "https://x/y/");
    }
}
