//! What the identity server tells of itself: its discovery document and its keys, fetched when they are needed and kept.
//!
//! The addresses of sign-ins are the documented ones. Discovery is needed where nothing is documented: for the keys of
//! ID tokens, and for revocation.

use std::sync::Arc;

use jsonwebtoken::jwk::JwkSet;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::keys::{keep, kept};
use super::server::IdentityServer;
use crate::address::secure;
use crate::error::{Error, Result};
use crate::own::ErrorKind;

/// The members of the discovery document that are used.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Discovery {
    pub(crate) issuer: String,
    #[serde(default)]
    pub(crate) jwks_uri: Option<Url>,
    #[serde(default)]
    pub(crate) revocation_endpoint: Option<Url>,
    #[serde(default)]
    pub(crate) id_token_signing_alg_values_supported: Vec<String>,
}

impl IdentityServer {
    /// The discovery document. `fresh`: not the one that is kept.
    pub(crate) async fn document(&self, fresh: bool) -> Result<Arc<Value>> {
        let now = self.time.now();
        if let Some(document) = kept(&self.cache.document, now).filter(|_| !fresh) {
            return Ok(document);
        }
        let url = self.url(".well-known/openid-configuration")?;
        let document = self.get("discovery document", &url, None).await?;
        Ok(keep(&self.cache.document, now, document))
    }

    /// The discovery document, read and checked.
    pub(crate) async fn discovery(&self, fresh: bool) -> Result<Discovery> {
        let document = self.document(fresh).await?;
        let wrong = |text: String| Error::new(ErrorKind::Decode, format!("the discovery document {text}"));
        let discovery =
            Discovery::deserialize(&*document).map_err(|error| wrong(format!("cannot be used: {error}")))?;
        // A document that speaks for another server could name that one's keys.
        if discovery.issuer.trim_end_matches('/') != self.base.as_str().trim_end_matches('/') {
            return Err(wrong(format!(
                "is that of {}, and identity_url is {}",
                discovery.issuer,
                self.base.as_str().trim_end_matches('/')
            )));
        }
        for url in [&discovery.jwks_uri, &discovery.revocation_endpoint].into_iter().flatten() {
            secure("the discovery document: the address", url)?;
        }
        Ok(discovery)
    }

    /// The keys that ID tokens are signed with. `fresh`: not those that are kept.
    pub(crate) async fn keys(&self, discovery: &Discovery, fresh: bool) -> Result<Arc<JwkSet>> {
        let now = self.time.now();
        if let Some(keys) = kept(&self.cache.keys, now).filter(|_| !fresh) {
            return Ok(keys);
        }
        let url = discovery.jwks_uri.as_ref();
        let url =
            url.ok_or_else(|| Error::new(ErrorKind::Decode, "the discovery document names no jwks_uri"))?;
        let mut document = self.get("keys", url, None).await?;
        // One key of a kind that is not known must not hide the others.
        let keys = document["keys"].as_array_mut().map(std::mem::take).unwrap_or_default();
        let keys = keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        Ok(keep(&self.cache.keys, now, JwkSet { keys }))
    }

    /// Whether keys are kept, so that newer ones may be had.
    pub(crate) fn has_keys(&self) -> bool {
        kept(&self.cache.keys, self.time.now()).is_some()
    }
}
