//! The rows of a plan. Those that are there from the start are made from their records until something writes them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::calendar::{Millis, stamp, whole_seconds};
use crate::fields::{Field, Kind, code};
use crate::model::{Folder, Header, Master, Outline};
use crate::people::{Partner, User, administrator, person};

use super::plans::{MILESTONES, milestone_id, planned};

#[derive(Clone)]
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) header: Uuid,
    pub(super) colorway: Option<Uuid>,
    pub(super) size: Option<String>,
    pub(super) suppliers: Vec<&'static Partner>,
    pub(super) entries: Vec<Entry>,
    pub(super) is_archived: bool,
    pub(super) modified_at: Millis,
    pub(super) modified_by: Value,
}

/// A milestone of a row.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) id: Uuid,
    milestone: Uuid,
    pub(super) status: Option<String>,
    planned: String,
    pub(super) revised: Option<String>,
    pub(super) finished: Option<String>,
    pub(super) assigned_to: Vec<&'static User>,
    pub(super) share_with: Vec<&'static Partner>,
}

/// What was done to rows of a plan.
pub(super) struct Revision {
    pub(super) id: Uuid,
    pub(super) by: &'static User,
    pub(super) at: Millis,
    pub(super) text: String,
}

impl Revision {
    /// As the application with revisions has them.
    pub(super) fn answer(&self) -> Value {
        json!({
            "Id": self.id, "PostId": null, "Type": "Revision",
            "From": {"Id": self.by.id, "Name": self.by.name}, "Title": null, "Body": self.text,
            "CreateDate": stamp(self.at), "Revision3D": null,
        })
    }
}

/// The rows for the records of one master folder.
pub(crate) struct Rows {
    /// Whether each record of the first folder has a row from the start.
    whole: bool,
    /// Rows that were there from the start and were written since, by their ids.
    written: HashMap<Uuid, Row>,
    deleted: HashSet<Uuid>,
    added: Vec<Row>,
    pub(super) revisions: Vec<Revision>,
}

/// A row of a list.
pub(super) enum Listed<'a> {
    /// Nothing has written it.
    Seeded(Outline),
    Written(&'a Row),
}

impl<'a> Listed<'a> {
    pub(super) fn modified_at(&self) -> Millis {
        match self {
            Listed::Seeded(outline) => outline.modified_at,
            Listed::Written(row) => row.modified_at,
        }
    }

    pub(super) fn row(&self, plan: Uuid) -> Cow<'a, Row> {
        match self {
            Listed::Seeded(outline) => Cow::Owned(Row::seeded(plan, outline)),
            Listed::Written(row) => Cow::Borrowed(row),
        }
    }
}

/// The row that a record has from the start.
fn seeded_id(plan: Uuid, header: Uuid) -> Uuid {
    Uuid::new_v5(&plan, header.as_bytes())
}

impl Rows {
    pub(super) fn new(whole: bool) -> Self {
        Rows {
            whole,
            written: HashMap::new(),
            deleted: HashSet::new(),
            added: Vec::new(),
            revisions: Vec::new(),
        }
    }

    /// The records that have a row from the start.
    fn seeded<'a>(&'a self, master: &'a Master) -> impl Iterator<Item = Outline> + 'a {
        let slots = master.slots().iter().filter(move |_| self.whole).map(|slot| slot.outline());
        slots.filter(|outline| outline.folder == 0 && !outline.deleted)
    }

    /// All rows, those of deleted records left out.
    pub(super) fn list<'a>(&'a self, plan: Uuid, master: &'a Master) -> impl Iterator<Item = Listed<'a>> {
        let seeded = self.seeded(master).filter_map(move |outline| {
            let id = seeded_id(plan, outline.id);
            match self.written.get(&id) {
                Some(row) => Some(Listed::Written(row)),
                None => (!self.deleted.contains(&id)).then_some(Listed::Seeded(outline)),
            }
        });
        let lives = move |row: &&Row| {
            let at = master.at(row.header);
            at.is_some_and(|at| !master.slots()[at].outline().deleted)
        };
        seeded.chain(self.added.iter().filter(lives).map(Listed::Written))
    }

    /// A row to write.
    pub(super) fn find(&mut self, plan: Uuid, master: &Master, id: Uuid) -> Option<&mut Row> {
        if let Some(at) = self.added.iter().position(|row| row.id == id) {
            return Some(&mut self.added[at]);
        }
        if self.deleted.contains(&id) {
            return None;
        }
        let outline = self.seeded(master).find(|outline| seeded_id(plan, outline.id) == id)?;
        Some(self.written.entry(id).or_insert_with(|| Row::seeded(plan, &outline)))
    }

    /// Whether there was such a row.
    pub(super) fn delete(&mut self, plan: Uuid, master: &Master, id: Uuid) -> bool {
        if self.find(plan, master, id).is_none() {
            return false;
        }
        self.added.retain(|row| row.id != id);
        if self.written.remove(&id).is_some() {
            self.deleted.insert(id);
        }
        true
    }

    pub(super) fn add(&mut self, row: Row) {
        self.added.push(row);
    }
}

impl Row {
    fn seeded(plan: Uuid, outline: &Outline) -> Self {
        let id = seeded_id(plan, outline.id);
        let planned = whole_seconds(outline.created_at - outline.created_at % 1000);
        let entries = MILESTONES.iter().map(|milestone| Entry {
            id: Uuid::new_v5(&id, milestone.title.as_bytes()),
            milestone: milestone_id(plan, milestone),
            status: Some(milestone.seeded.to_owned()),
            planned: planned.clone(),
            revised: None,
            finished: None,
            assigned_to: vec![administrator()],
            share_with: Vec::new(),
        });
        Row {
            id,
            header: outline.id,
            colorway: None,
            size: None,
            suppliers: Vec::new(),
            entries: entries.collect(),
            is_archived: false,
            modified_at: outline.modified_at,
            modified_by: json!({"id": null, "name": null}),
        }
    }

    /// A row that somebody adds.
    pub(super) fn new(plan: Uuid, id: Uuid, header: Uuid, now: Millis, user: &User) -> Self {
        let entries = MILESTONES.iter().enumerate().map(|(at, milestone)| Entry {
            id: Uuid::new_v5(&id, milestone.title.as_bytes()),
            milestone: milestone_id(plan, milestone),
            status: Some("Not Started".to_owned()),
            planned: planned(at),
            revised: None,
            finished: None,
            assigned_to: Vec::new(),
            share_with: Vec::new(),
        });
        Row {
            id,
            header,
            colorway: None,
            size: None,
            suppliers: Vec::new(),
            entries: entries.collect(),
            is_archived: false,
            modified_at: now,
            modified_by: person(user),
        }
    }

    /// `fields` are those of a view.
    pub(super) fn answer(&self, folder: &Folder, header: &Header, fields: &[&str]) -> Value {
        let colorway = header.colorways.iter().find(|colorway| Some(colorway.id) == self.colorway);
        let suppliers: Vec<Value> = self.suppliers.iter().map(|one| partner(one)).collect();
        let values = fields.iter().filter_map(|id| {
            let at = folder.position(id)?;
            Some(value_in_view(folder.fields[at], &header.values[at]))
        });
        json!({
            "id": self.id, "colorId": self.colorway,
            "colorNumber": colorway.map(|one| &one.color_number),
            "colorName": colorway.map(|one| &one.color_name),
            "size": self.size.as_deref().unwrap_or("NA"),
            "supplier": suppliers.first(), "suppliers": suppliers,
            "modifiedAt": stamp(self.modified_at), "modifiedBy": self.modified_by,
            "header": {
                "id": header.id, "headerNumber": header.text(folder, "header_number"),
                "headerName": header.text(folder, "header_name"),
                "folder": {"id": folder.id, "name": folder.name}, "frontImage": {"preview": "", "origin": ""},
                "fields": [],
            },
            "timelines": self.entries.iter().map(Entry::answer).collect::<Vec<_>>(),
            "isArchived": self.is_archived, "fields": values.collect::<Vec<_>>(),
        })
    }
}

impl Entry {
    fn answer(&self) -> Value {
        let users: Vec<Value> = self.assigned_to.iter().map(|user| person(user)).collect();
        let partners: Vec<Value> = self.share_with.iter().map(|one| partner(one)).collect();
        json!({
            "id": self.id, "timelineId": self.milestone, "status": self.status, "plan": self.planned,
            "rev": self.revised, "final": self.finished, "due": self.planned, "assignedTo": users,
            "shareWith": partners, "late": false, "submitsQuantity": 0, "page": null, "request": null,
        })
    }
}

fn partner(partner: &Partner) -> Value {
    json!({"id": partner.id, "name": partner.name, "partnerType": partner.kind, "country": partner.country})
}

/// `valueId` is there for the choices that have a code.
fn value_in_view(field: &Field, value: &Value) -> Value {
    let mut shown = json!({"field": field.id, "label": field.name, "type": field.kind, "value": value});
    if let (Kind::DropDown | Kind::Radio, Some(choice)) = (field.kind, value.as_str()) {
        shown["valueId"] = json!(code(choice));
    }
    shown
}
