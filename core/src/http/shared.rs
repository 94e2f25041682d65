//! The transports of this process. Clients with the same settings share one, and with it their connections.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::{Handle, Id};

use super::reqwest::{ReqwestTransport, TransportSettings};
use crate::error::Result;

/// What all clients of one transport have in common.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key {
    /// A child of a fork has its parent's memory, and none of its threads.
    process: u32,
    /// Connections end with the runtime that they were made on.
    runtime: Option<Id>,
    settings: TransportSettings,
    /// Variables that name proxies and certificates: a program may change them between two clients.
    environment: Vec<(String, String)>,
}

type Transports = HashMap<Key, Weak<ReqwestTransport>>;

static TRANSPORTS: LazyLock<Mutex<Transports>> = LazyLock::new(Mutex::default);

fn transports() -> MutexGuard<'static, Transports> {
    TRANSPORTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The transport of these settings, for clients on this runtime.
///
/// # Errors
/// `config` for certificates that cannot be read, and for an invalid proxy.
pub(super) fn transport(
    settings: TransportSettings,
    runtime: Option<&Handle>,
) -> Result<Arc<ReqwestTransport>> {
    let key = Key {
        process: std::process::id(),
        runtime: runtime.map(Handle::id),
        settings: settings.clone(),
        environment: environment(),
    };
    let mut transports = transports();
    transports.retain(|_, transport| transport.strong_count() > 0);
    if let Some(transport) = transports.get(&key).and_then(Weak::upgrade) {
        return Ok(transport);
    }
    let transport = Arc::new(ReqwestTransport::new(&settings)?);
    transports.insert(key, Arc::downgrade(&transport));
    Ok(transport)
}

fn environment() -> Vec<(String, String)> {
    let names = [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "ssl_cert_file",
        "ssl_cert_dir",
        "request_method",
    ];
    let mut set: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| names.contains(&name.to_ascii_lowercase().as_str()))
        .collect();
    set.sort();
    set
}

/// Held during a fork. The child begins with transports of its own: a thread that it does not have may have locked them.
pub(crate) struct ForkGuard {
    parent: u32,
    transports: MutexGuard<'static, Transports>,
}

impl ForkGuard {
    pub(crate) fn new() -> Self {
        Self { parent: std::process::id(), transports: transports() }
    }
}

impl Drop for ForkGuard {
    fn drop(&mut self) {
        if std::process::id() != self.parent {
            self.transports.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::redact::Secret;

    fn settings(connections: usize, proxy: Option<&str>) -> TransportSettings {
        TransportSettings {
            connect_timeout: Duration::from_secs(7),
            max_connections: connections,
            ca_certificates: None,
            proxy: proxy.map(Secret::new),
        }
    }

    #[tokio::test]
    async fn clients_with_the_same_settings_share_connections() {
        let here = Handle::current();
        let of = |connections, runtime| transport(settings(connections, None), runtime).unwrap();
        let one = of(3, Some(&here));
        assert!(Arc::ptr_eq(&one, &of(3, Some(&here))));
        assert!(!Arc::ptr_eq(&one, &of(4, Some(&here))));
        assert!(!Arc::ptr_eq(&one, &of(3, None)));
        drop(ForkGuard::new());
        assert!(Arc::ptr_eq(&one, &of(3, Some(&here))));
        let through = |proxy| transport(settings(3, Some(proxy)), Some(&here)).unwrap();
        let (two, other) = (through("http://a:b@proxy.example"), through("http://a:c@proxy.example"));
        assert!(!Arc::ptr_eq(&one, &two) && !Arc::ptr_eq(&two, &other));
        assert!(Arc::ptr_eq(&two, &through("http://a:b@proxy.example")));
        assert!(!format!("{two:?}").contains("a:b"), "{two:?}");
    }
}
