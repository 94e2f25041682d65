//! What will become of edits that have an image.

use std::collections::HashSet;

use super::known::{Uploaded, uploaded};
use super::{Picture, link};
use crate::arguments::files::FileSource;
use crate::changes::Scene;
use crate::changes::edit::{Aim, Edit};
use crate::changes::judge::{Judge, Working, begun, ended};
use crate::changes::part::{Part, What};
use crate::changes::present::Match;
use crate::changes::preview::{Action, FieldChange};
use crate::changes::sheet::{Matches, creations, of_whole, whole};
use crate::handlers::check_file;

pub(in crate::changes) async fn judge(
    judge: &Judge<'_>,
    edits: &[Edit],
    matches: &Matches,
    working: &mut [Option<Working>],
) {
    let (mut known, creations) = (None, creations(edits));
    for edit in edits {
        let Aim::Image { position } = &edit.aim else { continue };
        let whole = match whole(edit, &creations, matches) {
            Ok(whole) => whole,
            Err((action, reason)) => {
                working[edit.index] = Some(ended(edit, action, reason));
                continue;
            }
        };
        let Some((member, picture)) = edit.fields.first() else { continue };
        let part = Part { position: position.clone(), created_by: whole.created_by, ..Part::of(What::Image) };
        let found = edit.key.as_ref().and_then(|key| matches.get(edit.of.resource())?.get(key));
        let present = match found {
            Some(Match::One(kept)) => link(kept.field(member).0),
            _ => None,
        };
        let mut one = match picture_of(judge.scene, picture).await {
            Ok(picture) => {
                let mut one = Working { judged: begun(edit), planned: Vec::new() };
                let (new, old) = (picture.to_json(), present.clone().into());
                one.planned.push((member.clone(), new.clone()));
                one.judged.fields.push(FieldChange { id: member.clone(), old, new });
                let uploaded = uploaded_as(edit, whole.id.as_deref(), member, picture, present);
                if let Some(uploaded) = uploaded
                    && known_of(&mut known, judge.scene).await.contains(&uploaded)
                {
                    one.judged.action = Action::Unchanged;
                    one.judged.reason = Some("this file was uploaded by an earlier set, and is there".into());
                    one.judged.fields.clear();
                }
                one
            }
            Err(reason) => ended(edit, Action::Refused, reason),
        };
        one.judged.part = Some(Box::new(part));
        working[edit.index] = Some(of_whole(one, &whole));
    }
}

/// The file, if it can be sent as it is now.
async fn picture_of(scene: &Scene<'_>, picture: &serde_json::Value) -> Result<Picture, String> {
    let mut picture = Picture::of(picture).ok_or("it is no image")?;
    let says = |error: crate::error::Error| error.message().to_owned();
    let source = FileSource::from_json("image", &picture.argument()).map_err(says)?;
    check_file(scene.requester, &source, "image").await.map_err(says)?;
    picture.sha256 = picture.hash(scene.requester.handle()).await?;
    Ok(picture)
}

/// What a journal would have of it, were it there already.
fn uploaded_as(
    edit: &Edit,
    record: Option<&str>,
    member: &str,
    picture: Picture,
    present: Option<String>,
) -> Option<Uploaded> {
    Some(Uploaded {
        resource: edit.of.resource().to_owned(),
        record: record?.to_lowercase(),
        member: member.to_owned(),
        sha256: picture.sha256?,
        link: present?,
    })
}

/// Journals are read once, where the first edit needs them.
async fn known_of<'a>(known: &'a mut Option<HashSet<Uploaded>>, scene: &Scene<'_>) -> &'a HashSet<Uploaded> {
    if known.is_none()
        && let Some(folder) = scene.folder.clone()
    {
        let owner = scene.owner().to_owned();
        let read = scene.requester.handle().spawn_blocking(move || uploaded(&folder, &owner));
        *known = read.await.ok();
    }
    known.get_or_insert_default()
}
