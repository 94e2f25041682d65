//! Bytes that cross by their address. In a message of uniffi they are copied several times on each side, which for the pieces of
//! a file takes longer than to send them.

use std::sync::Arc;

use bytes::Bytes;

/// Bytes of the host program, or for it.
#[derive(uniffi::Object)]
pub struct EngineBytes(pub Bytes);

#[uniffi::export]
impl EngineBytes {
    /// A copy of bytes of the host program.
    #[uniffi::constructor]
    pub fn new(bytes: &[u8]) -> Arc<Self> {
        Arc::new(Self(Bytes::copy_from_slice(bytes)))
    }

    /// Where they are, as long as this object is. They may be read only.
    pub fn address(&self) -> u64 {
        self.0.as_ptr() as usize as u64
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }
}
