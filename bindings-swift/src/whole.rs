//! Bytes that cross as a whole. As a `Vec<u8>` uniffi moves them one by one, which for the pieces of a file takes longer than
//! to send them.

use bytes::Bytes;
use uniffi::deps::anyhow::{Result, bail};
use uniffi::{FfiConverter, MetadataBuffer, RustBuffer, TypeId};

use crate::UniFfiTag;

/// What Swift sees as `Data`, and Kotlin as `ByteArray`.
pub struct Whole(pub Bytes);

// SAFETY: it is written and read in the form of a `Vec<u8>`, whose type it names.
#[allow(unsafe_code)]
unsafe impl FfiConverter<UniFfiTag> for Whole {
    type FfiType = RustBuffer;

    fn lower(obj: Self) -> RustBuffer {
        let mut buffer = Vec::with_capacity(obj.0.len() + 4);
        <Self as FfiConverter<UniFfiTag>>::write(obj, &mut buffer);
        RustBuffer::from_vec(buffer)
    }

    fn try_lift(buffer: RustBuffer) -> Result<Self> {
        let buffer = buffer.destroy_into_vec();
        let mut rest = buffer.as_slice();
        let whole = <Self as FfiConverter<UniFfiTag>>::try_read(&mut rest)?;
        match rest {
            [] => Ok(whole),
            _ => bail!("{} bytes too many", rest.len()),
        }
    }

    fn write(obj: Self, buffer: &mut Vec<u8>) {
        // No piece is so large. For a body that is, uniffi makes an error of the panic, as it does for a list of bytes.
        let length =
            i32::try_from(obj.0.len()).unwrap_or_else(|_| panic!("{} bytes are too many", obj.0.len()));
        buffer.extend_from_slice(&length.to_be_bytes());
        buffer.extend_from_slice(&obj.0);
    }

    fn try_read(buffer: &mut &[u8]) -> Result<Self> {
        let Some((length, rest)) = buffer.split_first_chunk() else { bail!("the length is missing") };
        let length = usize::try_from(i32::from_be_bytes(*length))?;
        let Some((bytes, rest)) = rest.split_at_checked(length) else { bail!("bytes are missing") };
        *buffer = rest;
        Ok(Self(Bytes::copy_from_slice(bytes)))
    }

    const TYPE_ID_META: MetadataBuffer = <Vec<u8> as TypeId<UniFfiTag>>::TYPE_ID_META;
}

uniffi::derive_ffi_traits!(local Whole);
