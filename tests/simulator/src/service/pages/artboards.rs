//! Artboards: versions of a picture of a style, which are made by uploads of its main image.

use serde_json::json;

use super::{Place, Type};
use crate::answers::{Answer, Refusal, message};
use crate::model::{MasterKind, Picture};
use crate::service::Call;
use crate::service::headers::touch;
use crate::service::route::{Route, post};

pub(super) const ARTBOARD: Type = Type::new("Artboard", "Artboard", |_| json!({}), |_| json!({}));

pub(crate) const ROUTES: &[Route] =
    &[post("{Master}/ArtboardImageAssign", assign).only(&[MasterKind::Style])];

/// The artboard's picture becomes the front image.
fn assign(call: &Call<'_>) -> Result<Answer, Refusal> {
    call.object()?;
    let index = call.parameter("artboardIndex").unwrap_or_default();
    let index: usize = index
        .parse()
        .map_err(|_| Refusal::validation("artboardIndex", &format!("The value '{index}' is not valid.")))?;
    let state = &mut *call.shared.state();
    let parameter = |name| call.parameter(name).unwrap_or_default();
    let place = Place::of(call, state, parameter("styleId"), parameter("pageId"))?.only(&["Artboard"])?;
    let now = state.write_time();
    let unseen = call.unseen(state);
    let master = state.records.master_mut(place.kind);
    let at = master.at(place.header).ok_or_else(super::not_found)?;
    let mut header = (*master.record(at)).clone();
    let artboard = header.artboards.get(index).ok_or_else(|| Refusal::failure("Artboard not found"))?;
    let picture = Picture::Stored(artboard.file.clone());
    if let Some(front) = header.images.first_mut() {
        *front = picture;
    }
    touch(&mut header, now, call.user);
    master.put(at, header, unseen);
    Ok(message("Image assigned"))
}
