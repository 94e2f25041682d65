//! An answer on its way to JavaScript.

use beproduct::seam;
use napi::Env;
use napi::bindgen_prelude::{BufferSlice, Result};
use napi_derive::napi;

use crate::promise::crossing;

/// Bytes that are worth a copy.
const PIECE: usize = 1 << 20;

/// An answer, or a page of one. Its bodies are taken out of it, so that only JavaScript, which knows their size, keeps them.
#[napi]
pub struct Reply(seam::Reply);

#[napi]
impl Reply {
    /// Takes the JSON text out. Throws when it is not UTF-8.
    #[napi]
    pub fn body(&mut self) -> Result<String> {
        String::from_utf8(self.0.take_body().into()).map_err(|error| {
            crossing(&self.0.unreadable(format!("the answer is not UTF-8: {}", error.utf8_error())))
        })
    }

    /// Takes the body out as it came from the service.
    #[napi]
    pub fn raw<'env>(&mut self, env: &'env Env) -> Result<BufferSlice<'env>> {
        // JavaScript clears away memory of its own when pieces of a file fill it, and that of others much later.
        match self.0.raw().len() {
            ..=PIECE => BufferSlice::copy_from(env, self.0.take_raw()),
            _ => BufferSlice::from_data(env, Vec::from(self.0.take_raw())),
        }
    }

    /// The error for a body that JavaScript cannot read, as JSON text.
    #[napi]
    pub fn unreadable(&self, message: String) -> String {
        self.0.unreadable(message).to_json().to_string()
    }

    /// How the answer came about, as JSON text.
    #[napi]
    pub fn meta(&self) -> &str {
        self.0.meta()
    }

    /// Records of the whole list, for a page.
    #[napi]
    pub fn total(&self) -> Option<f64> {
        // Exact up to 2^53.
        self.0.total.map(|total| total as f64)
    }

    /// Number of records, for a page.
    #[napi]
    pub fn records(&self) -> u32 {
        u32::try_from(self.0.records).unwrap_or(u32::MAX)
    }
}

impl From<seam::Reply> for Reply {
    fn from(reply: seam::Reply) -> Self {
        Self(reply)
    }
}
