//! Uploads of images: a file is taken at once, and processed later.

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, empty, message, ok};
use crate::files::{SentFile, StoredFile};
use crate::model::{Artboard, ColorwayImage, FileLink, Header, Lag, MasterKind, Picture};
use crate::people::User;
use crate::state::State;

use super::Call;
use super::headers::{colorways, find, touch};
use super::inbox;
use super::losses::Losses;
use super::pages::{self, Place};
use super::route::{Route, SEWN, get, post};

pub(crate) const ROUTES: &[Route] = &[
    post("{Master}/Header/{id}/Image/Upload", header_image),
    post("{Master}/Header/{id}/Image/Upload/Position/{position}", header_image_at),
    post("{Master}/Header/{id}/ColorwayImage/Upload", colorway_image).only(SEWN),
    // Files of all master folders are asked for under Style; three others have an address of their own.
    get("{Master}/GetImageProcessingStatus/{upload_id}", status).only(&[
        MasterKind::Style,
        MasterKind::Material,
        MasterKind::Block,
    ]),
    get("{Master}/GetImageProcessingStatus", status).only(&[MasterKind::Image]),
];

/// What cannot be made an image of, by the ending of the name.
const UNSUPPORTED: [&str; 3] = [".exe", ".txt", ".zip"];

/// A file that is processed or was.
pub(crate) struct Upload {
    target: Option<Target>,
    user: &'static User,
    looks: u32,
    failure: Option<String>,
    /// Whether its status is not known under Style.
    unknown: bool,
    /// How long lists do not show the file.
    lag: Option<Lag>,
}

/// Puts an upload, by its id, where it belongs.
type Put = Box<dyn FnOnce(&mut Value, Uuid) + Send>;

/// Where a file shows up when it is processed.
pub(crate) enum Target {
    Image {
        kind: MasterKind,
        header: Uuid,
        at: usize,
        artboard: bool,
    },
    Colorway {
        kind: MasterKind,
        header: Uuid,
        colorway: Uuid,
    },
    SizeClass {
        header: Uuid,
        class: Uuid,
    },
    /// A page of a record, and how the file is put into its data.
    Page(Place, Put),
    /// The same for a file that need not be an image.
    Asset(Place, Put),
    /// A message of the inbox.
    Message(Uuid),
}

/// The main image. A style has a further artboard with it.
fn header_image(call: &Call<'_>) -> Result<Answer, Refusal> {
    let target = image(call, 0, call.kind() == MasterKind::Style)?;
    take(call, target)
}

fn header_image_at(call: &Call<'_>) -> Result<Answer, Refusal> {
    let positions: &[&str] = match call.kind() {
        MasterKind::Style => &["front", "side", "back"],
        MasterKind::Material => &["main", "detail"],
        MasterKind::Image | MasterKind::Color | MasterKind::Block => &[],
    };
    let position = call.argument("position");
    let at = positions.iter().position(|known| known.eq_ignore_ascii_case(position));
    let unknown = || Refusal::validation("position", &format!("The value '{position}' is not valid."));
    let target = image(call, at.ok_or_else(unknown)?, false)?;
    take(call, target)
}

fn image(call: &Call<'_>, at: usize, artboard: bool) -> Result<Target, Refusal> {
    let kind = call.kind();
    let state = call.shared.state();
    let master = state.records.master(kind);
    let header = master.record(find(master, call.argument("id"))?).id;
    Ok(Target::Image { kind, header, at, artboard })
}

/// The colorway is named by its id, in spite of the parameter's name, or by its number; a number that no colorway has
/// makes one. What is no id counts as none, as some clients send `None` for the parameter that they do not mean.
fn colorway_image(call: &Call<'_>) -> Result<Answer, Refusal> {
    file(call)?;
    let kind = call.kind();
    let id = call.parameter("colorId").and_then(|id| Uuid::parse_str(id).ok());
    let target = {
        let state = &mut *call.shared.state();
        let master = state.records.master(kind);
        let at = find(master, call.argument("id"))?;
        let mut header = (*master.record(at)).clone();
        let number = call.parameter("colorNumber").filter(|number| !number.is_empty());
        let known = header.colorways.iter().find(|one| match id {
            Some(id) => one.id == id,
            None => number.is_some_and(|number| one.color_number == number),
        });
        let colorway = match (known, id, number) {
            (Some(colorway), _, _) => colorway.id,
            (None, None, Some(number)) => {
                let mut colorway = colorways::new(state.new_id());
                colorway.color_number = number.to_owned();
                let id = colorway.id;
                header.colorways.push(colorway);
                touch(&mut header, state.write_time(), call.user);
                let unseen = call.unseen(state);
                state.records.master_mut(kind).put(at, header.clone(), unseen);
                id
            }
            (None, Some(_), _) => return Err(Refusal::failure("Colorway not found")),
            (None, None, None) => {
                return Err(Refusal::validation("colorId", "colorId or colorNumber is required."));
            }
        };
        Target::Colorway { kind, header: header.id, colorway }
    };
    take(call, target)
}

/// The one file of the body.
pub(crate) fn file<'a>(call: &Call<'a>) -> Result<&'a SentFile, Refusal> {
    match &call.body.file {
        Some(Ok(file)) => Ok(file),
        Some(Err(reason)) => Err(Refusal::validation("file", reason)),
        None => Err(Refusal::validation("file", "A file with a name is required.")),
    }
}

/// Takes the file of the request.
pub(crate) fn take(call: &Call<'_>, target: Target) -> Result<Answer, Refusal> {
    let file = file(call)?.clone();
    let rule = &call.rule.upload;
    let state = &mut *call.shared.state();
    let lower = file.name.to_lowercase();
    let image = !matches!(target, Target::SizeClass { .. } | Target::Message(_) | Target::Asset(..));
    let unsupported = image && UNSUPPORTED.iter().any(|ending| lower.ends_with(ending));
    let failure = rule.fail.clone().or_else(|| unsupported.then(|| "Unsupported file".to_owned()));
    let id = keep(state, file);
    let looks = rule.looks.unwrap_or(state.settings.upload_looks);
    let lag = call.rule.lag.or(state.settings.lag);
    let unknown = rule.unknown;
    let is_lost = rule.lost || Losses::new(call, state, call.argument("id")).take(&lower);
    let target = Some(target).filter(|_| !is_lost);
    let mut upload = Upload { target, user: call.user, looks, failure, unknown, lag };
    if rule.id == Some(false) || looks == 0 {
        finish(state, id, &mut upload);
    }
    if rule.id == Some(false) {
        return Ok(message("stored"));
    }
    state.uploads.insert(id, upload);
    Ok(ok(&json!({"imageId": id})))
}

/// Puts a file into the storage.
pub(crate) fn keep(state: &mut State, file: SentFile) -> Uuid {
    let SentFile { name, content, length, digest } = file;
    let id = state.new_id();
    let link = FileLink { id, name: name.into(), stored_at: state.write_time() };
    state.files.insert(id, StoredFile { link, content, length, digest });
    id
}

fn status(call: &Call<'_>) -> Result<Answer, Refusal> {
    let state = &mut *call.shared.state();
    let id = match call.argument("upload_id") {
        "" => call.parameter("imageId").unwrap_or_default(),
        id => id,
    };
    let id = Uuid::parse_str(id).unwrap_or_default();
    let is_unknown = |upload: &Upload| upload.unknown && call.kind() == MasterKind::Style;
    if state.uploads.get(&id).is_some_and(is_unknown) {
        return Err(Refusal(Box::new(empty(StatusCode::NOT_FOUND))));
    }
    let mut upload = state.uploads.remove(&id).ok_or_else(|| Refusal::failure("Image not found"))?;
    let answer = if upload.looks > 0 {
        upload.looks -= 1;
        json!({"finished": false, "errorOccured": false, "message": null})
    } else if let Some(reason) = &upload.failure {
        json!({"finished": true, "errorOccured": true, "message": reason})
    } else {
        finish(state, id, &mut upload);
        json!({"finished": true, "errorOccured": false, "message": ""})
    };
    state.uploads.insert(id, upload);
    Ok(ok(&answer))
}

/// The file shows up where it belongs. A record that was deleted meanwhile stays as it is.
fn finish(state: &mut State, id: Uuid, upload: &mut Upload) {
    let (Some(target), Some(file)) = (upload.target.take(), state.files.get(&id)) else { return };
    if upload.failure.is_some() {
        return;
    }
    let (file, upload) = (file.link.clone(), &*upload);
    match target {
        Target::Image { kind, header, at, artboard } => {
            change(state, kind, header, upload, |header| {
                if let Some(image) = header.images.get_mut(at) {
                    *image = Picture::Stored(file.clone());
                }
                if artboard {
                    header.artboards.push(Artboard { file });
                }
            });
        }
        Target::Colorway { kind, header, colorway } => {
            change(state, kind, header, upload, |header| {
                if let Some(colorway) = header.colorways.iter_mut().find(|one| one.id == colorway) {
                    colorway.image = ColorwayImage::Pair(Picture::Stored(file));
                }
            });
        }
        Target::SizeClass { header, class } => {
            state.assets.push((class, file));
            change(state, MasterKind::Block, header, upload, |_| {});
        }
        Target::Page(place, put) | Target::Asset(place, put) => {
            let unseen = upload.lag.map(|lag| lag.from(state.now()));
            pages::put_file(state, &place, |data| put(data, file.id), upload.user, unseen);
        }
        Target::Message(message) => inbox::keep_file(state, message, file),
    }
}

fn change(
    state: &mut State,
    kind: MasterKind,
    header: Uuid,
    upload: &Upload,
    with: impl FnOnce(&mut Header),
) {
    let now = state.write_time();
    let unseen = upload.lag.map(|lag| lag.from(state.now()));
    let master = state.records.master_mut(kind);
    let Some(at) = master.at(header) else { return };
    let mut header = (*master.record(at)).clone();
    if header.deleted {
        return;
    }
    with(&mut header);
    touch(&mut header, now, upload.user);
    master.put(at, header, unseen);
}
