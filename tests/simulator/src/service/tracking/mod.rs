//! Tracking: the rows of a plan with their milestones. The company has one plan, with a row for each record of the first
//! folder.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::{Answer, Refusal, ok};
use crate::calendar::{stamp, whole_seconds};
use crate::filters;
use crate::model::{Folder, Header, MasterKind, Slot};
use crate::people::person;

use super::Call;
use super::route::{Route, SEWN, post};

pub(crate) const ROUTES: &[Route] = &[post("Tracking/Plan/{id}/{Master}/Timeline", timeline).only(SEWN)];

/// The milestones of the plan.
const MILESTONES: [(&str, &str); 2] = [("Proto", "Approved"), ("Fit", "Not Started")];

/// The plan of a company with these records.
pub(crate) fn plan(style_folder: Uuid) -> Uuid {
    Uuid::new_v5(&style_folder, b"plan")
}

fn timeline(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filters = filters::read(call.json()?.get("filters"))?;
    let page = call.page()?;
    let state = call.shared.state();
    let plan = plan(state.records.master(MasterKind::Style).folders[0].id);
    if Uuid::parse_str(call.argument("id")).ok() != Some(plan) {
        return Err(Refusal::text("Plan not found"));
    }
    let master = state.records.master(call.kind());
    let folder = &master.folders[0];
    let matching = master.slots().iter().filter(|slot| {
        let outline = slot.outline();
        outline.folder == 0 && !outline.deleted && filters::timeline_matches(&filters, &outline)
    });
    let record = |slot: &Slot| slot.record(master.kind, &master.folders);
    Ok(ok(&page.cut(matching).map(|slot| row(plan, folder, &record(slot)))))
}

fn row(plan: Uuid, folder: &Folder, header: &Header) -> Value {
    let id = Uuid::new_v5(&plan, header.id.as_bytes());
    let text = |field: &str| header.value(folder, field).cloned().unwrap_or_default();
    let milestones: Vec<_> = MILESTONES.iter().map(|milestone| entry(plan, id, header, milestone)).collect();
    json!({
        "id": id, "colorId": null, "colorNumber": null, "colorName": null, "size": "NA", "supplier": null, "suppliers": [],
        "modifiedAt": stamp(header.modified_at), "modifiedBy": {"id": null, "name": null},
        "header": {"id": header.id, "headerNumber": text("header_number"), "headerName": text("header_name"),
                   "folder": {"id": folder.id, "name": folder.name}, "frontImage": {"preview": "", "origin": ""},
                   "fields": []},
        "timelines": milestones, "isArchived": false, "fields": [],
    })
}

fn entry(plan: Uuid, row: Uuid, header: &Header, (title, status): &(&str, &str)) -> Value {
    let due = whole_seconds(header.created_at - header.created_at % 1000);
    json!({
        "id": Uuid::new_v5(&row, title.as_bytes()), "timelineId": Uuid::new_v5(&plan, title.as_bytes()),
        "status": status, "plan": due, "rev": null, "final": null, "due": due,
        "assignedTo": [person(crate::people::administrator())], "shareWith": [], "late": false, "submitsQuantity": 0,
        "page": null, "request": null,
    })
}
