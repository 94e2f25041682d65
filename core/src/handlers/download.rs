//! Reads a file, into memory or to a path (docs/service/uploads.md, Downloads).
//!
//! | file | what |
//! |---|---|
//! | `reading.rs` | the bytes of a file, over every break of a connection |
//! | `version.rs` | whether two answers are about the same file |
//! | `renewal.rs` | a link in the place of one that has expired |
//! | `place.rs` | which file a path leads to |
//! | `part.rs` | a file that is there when it is complete |
//! | `many.rs` | many files at once |

mod many;
mod part;
mod place;
mod reading;
mod renewal;
mod version;

use bytes::{Bytes, BytesMut};
use serde_json::json;

pub(crate) use self::many::download_many;
use self::part::Part;
pub(crate) use self::reading::{Piece, Reading};
use crate::answer::Answer;
use crate::catalog::Operation;
use crate::error::{Error, Failure, Result};
use crate::options::Call;
use crate::own::{ErrorKind, Outcome};
use crate::requester::Requester;

/// Reads the file of the call.
pub(crate) async fn download(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let mut reading = Reading::new(requester, operation, call)?;
    let result = match reading.target() {
        Some(path) => {
            // Before anything is asked for: whether it can be written at all.
            let part = Part::beside(&path).await.map_err(|error| error.with_operation(operation.id))?;
            to_path(&mut reading, part).await.map(|size| (json!({"path": path, "size": size}), Bytes::new()))
        }
        None => to_memory(&mut reading, requester.max_answer_size())
            .await
            .map(|bytes| (json!({"path": null, "size": bytes.len()}), bytes)),
    };
    let (body, raw) = result.map_err(|error| reading.complete(error))?;
    Ok(Answer { body: body.to_string().into(), raw, meta: reading.meta() })
}

async fn to_path(reading: &mut Reading, mut part: Part) -> Result<u64> {
    let mut size = 0;
    while let Some(piece) = reading.next().await? {
        match piece {
            Piece::Bytes(bytes) => {
                size += bytes.len() as u64;
                part.write(bytes).await?;
            }
            Piece::Anew => {
                part.clear().await?;
                size = 0;
            }
        }
    }
    part.finish().await?;
    Ok(size)
}

async fn to_memory(reading: &mut Reading, limit: usize) -> Result<Bytes> {
    let mut all = BytesMut::new();
    while let Some(piece) = reading.next().await? {
        match piece {
            Piece::Bytes(bytes) => {
                let announced = reading.total().is_some_and(|total| total > limit as u64);
                if announced || bytes.len() > limit - all.len() {
                    return Err(too_large(limit));
                }
                all.extend_from_slice(&bytes);
            }
            Piece::Anew => all.clear(),
        }
    }
    Ok(all.freeze())
}

fn too_large(limit: usize) -> Error {
    let text = format!(
        "the answer is larger than {limit} bytes; name a file that it is written to, or raise max_answer_size"
    );
    Error::new(ErrorKind::Decode, text).with_failure(Failure::Final).with_outcome(Outcome::Refused)
}
