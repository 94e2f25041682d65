//! Uploads of images: a file is taken at once, and processed later.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::{FutureExt, stream};
use http::header::CONTENT_TYPE;
use multer::Multipart;
use serde_json::json;
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::model::{MasterKind, Picture};
use crate::storage;

use super::headers::find;
use super::{Call, apps};

/// How often the status of a file is asked for before it is processed.
const LOOKS: u32 = 2;

/// What cannot be made an image of, by the ending of the name.
const UNSUPPORTED: [&str; 3] = [".exe", ".txt", ".zip"];

/// A file that was taken.
pub(crate) struct Upload {
    name: String,
    pub(crate) content: Bytes,
    /// The record whose main image it becomes.
    main_image_of: Option<(MasterKind, Uuid)>,
    looks: u32,
}

/// The image of a header.
pub(crate) fn header_image(call: &Call<'_>, kind: MasterKind, id: &str) -> Result<Answer, Refusal> {
    let file = file(call)?;
    let header = {
        let state = call.shared.state();
        let master = state.records.master(kind);
        master.headers[find(master, id)?].id
    };
    Ok(take(call, file, Some((kind, header))))
}

/// The image of an item in an application of the type List. Items are not kept, so any id is one.
pub(crate) fn list_image(call: &Call<'_>, kind: MasterKind) -> Result<Answer, Refusal> {
    let file = file(call)?;
    let header = format!("{}Id", kind.name().to_ascii_lowercase());
    {
        let state = call.shared.state();
        let master = state.records.master(kind);
        let header = find(master, call.parameter(&header).unwrap_or_default())?;
        let folder = master.folders[master.headers[header].folder].id;
        if call.guid("pageId")? != Some(apps::id_of(folder, "Sketches")) {
            return Err(Refusal::text("Page not found."));
        }
    }
    call.guid("listItemId")?.ok_or_else(|| Refusal::validation("listItemId", "The field is required."))?;
    Ok(take(call, file, None))
}

fn take(
    call: &Call<'_>,
    (name, content): (String, Bytes),
    main_image_of: Option<(MasterKind, Uuid)>,
) -> Answer {
    let mut state = call.shared.state();
    let id = state.new_id();
    state.uploads.insert(id, Upload { name, content, main_image_of, looks: 0 });
    ok(&json!({"imageId": id}))
}

/// The name and content of the one file in the body. An empty file is taken as any other.
fn file(call: &Call<'_>) -> Result<(String, Bytes), Refusal> {
    let kind = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let refused = |text: String| Refusal::validation("file", &text);
    let boundary = multer::parse_boundary(kind).map_err(|error| refused(error.to_string()))?;
    let body = Bytes::copy_from_slice(call.body);
    let whole = stream::iter([Ok::<_, Infallible>(body)]);
    let reading = async {
        let mut parts = Multipart::new(whole, boundary);
        let mut found = None;
        while let Some(part) = parts.next_field().await.map_err(|error| refused(error.to_string()))? {
            let name = part.file_name().filter(|_| part.name() == Some("file")).map(str::to_owned);
            let content = part.bytes().await.map_err(|error| refused(error.to_string()))?;
            found = found.or(name.map(|name| (name, content)));
        }
        Ok(found)
    };
    // All of the body is there, so nothing is waited for.
    let found = reading.now_or_never().unwrap_or_else(|| Err(refused("The body is not complete.".into())))?;
    found.ok_or_else(|| refused("A file with a name is required.".into()))
}

pub(crate) fn status(call: &Call<'_>, id: &str) -> Result<Answer, Refusal> {
    let mut state = call.shared.state();
    let now = state.write_time();
    let state = &mut *state;
    let id = Uuid::parse_str(id).unwrap_or_default();
    let upload = state.uploads.get_mut(&id).ok_or_else(|| Refusal::failure("Image not found"))?;
    upload.looks += 1;
    if upload.looks <= LOOKS {
        return Ok(ok(&json!({"finished": false, "errorOccured": false, "message": null})));
    }
    let lower = upload.name.to_lowercase();
    if UNSUPPORTED.iter().any(|ending| lower.ends_with(ending)) {
        return Ok(ok(&json!({"finished": true, "errorOccured": true, "message": "Unsupported file"})));
    }
    if let Some((kind, header)) = upload.main_image_of.take() {
        let master = state.records.master_mut(kind);
        if let Some(at) = master.by_id.get(&header) {
            let header = Arc::make_mut(&mut master.headers[*at]);
            if let Some(image) = header.images.first_mut() {
                *image = Picture::stored(&storage::link(&call.shared.origin, id, &upload.name));
            }
            super::writing::touch(header, now, call.user);
        }
    }
    Ok(ok(&json!({"finished": true, "errorOccured": false, "message": ""})))
}
