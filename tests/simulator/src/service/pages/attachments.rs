//! Files that are attached to a record. They are there at once.

use serde_json::{Value, json};

use super::{Place, Type, change};
use crate::answers::{Answer, Refusal, message};
use crate::calendar::stamp;
use crate::people::person;
use crate::service::Call;
use crate::service::route::{Route, post};
use crate::service::uploads;

pub(crate) const ROUTES: &[Route] =
    &[post("{Master}/AttachmentUpload", upload), post("{Master}/AttachmentRemove", remove)];

pub(super) const ATTACHMENTS: Type =
    Type::new("Attachments", "Documents", |_| json!({"files": []}), |_| json!({}));

/// A second file of the same name is a second file.
fn upload(call: &Call<'_>) -> Result<Answer, Refusal> {
    let file = uploads::file(call)?.clone();
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["Attachments"])?;
    let (name, ending) = file.name.rsplit_once('.').unwrap_or((&file.name, ""));
    let mut attached = json!({
        "fileName": name, "fileType": ending, "fileSize": format!("{:.2}KB", file.length as f64 / 1024.0),
        "comments": null,
    });
    change(call, state, &place, |state, data| {
        let (user, now) = (person(call.user), stamp(state.write_time()));
        attached["url"] = super::file(uploads::keep(state, file.clone()));
        for (by, at) in [("createdBy", "createdAt"), ("modifiedBy", "modifiedAt")] {
            attached[by] = user.clone();
            attached[at] = json!(now);
        }
        data["files"].as_array_mut().into_iter().for_each(|files| files.push(attached.clone()));
        Ok(())
    })?;
    Ok(message("stored"))
}

/// By names as the page shows them. Those of no file are passed over.
fn remove(call: &Call<'_>) -> Result<Answer, Refusal> {
    let names = call.texts()?;
    let state = &mut *call.shared.state();
    let place = Place::of_query(call, state)?.only(&["Attachments"])?;
    change(call, state, &place, |_, data| {
        let named = |file: &Value| names.iter().any(|name| file["fileName"] == name.as_str());
        data["files"].as_array_mut().into_iter().for_each(|files| files.retain(|file| !named(file)));
        Ok(())
    })?;
    Ok(message("removed"))
}
