//! Plans and their folders: what is there from the start, and how it is written out.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answers::Refusal;
use crate::calendar::{DAY, Millis, stamp, whole_seconds};
use crate::model::MasterKind;
use crate::people::{administrator, colleague, person};
use crate::seed::EPOCH;

use super::rows::Rows;

/// A milestone that every row of every plan has.
pub(super) struct Milestone {
    pub(super) title: &'static str,
    /// The status in rows that are there from the start.
    pub(super) seeded: &'static str,
    action: &'static str,
    department: &'static str,
}

pub(super) const MILESTONES: [Milestone; 2] = [
    Milestone { title: "Proto", seeded: "Approved", action: "Prototype sewn", department: "Design" },
    Milestone { title: "Fit", seeded: "Not Started", action: "Fit approved", department: "Technical Design" },
];

/// A view shows fields of the record beside each row.
pub(super) struct View {
    name: &'static str,
    active: bool,
    style_fields: &'static [&'static str],
    material_fields: &'static [&'static str],
}

static VIEWS: [View; 2] = [
    View {
        name: "Overview",
        active: true,
        style_fields: &["season", "brand", "target_price"],
        material_fields: &["season", "construction", "price"],
    },
    View { name: "Dates", active: false, style_fields: &[], material_fields: &[] },
];

impl View {
    pub(super) fn fields(&self, kind: MasterKind) -> &'static [&'static str] {
        match kind {
            MasterKind::Material => self.material_fields,
            _ => self.style_fields,
        }
    }
}

struct Folder {
    id: Uuid,
    name: &'static str,
    active: bool,
}

pub(crate) struct Plan {
    pub(super) id: Uuid,
    name: &'static str,
    folder: Uuid,
    active: bool,
    /// Of styles, and of materials.
    rows: [Rows; 2],
}

/// Everything that the company tracks.
pub(crate) struct Tracking {
    folders: Vec<Folder>,
    plans: Vec<Plan>,
}

/// The plan of a company with these records that has a row for each record of the first folder.
pub(crate) fn plan(style_folder: Uuid) -> Uuid {
    Uuid::new_v5(&style_folder, b"plan")
}

pub(super) fn milestone_id(plan: Uuid, milestone: &Milestone) -> Uuid {
    Uuid::new_v5(&plan, milestone.title.as_bytes())
}

/// When plans begin.
const START: Millis = EPOCH - EPOCH % DAY;

/// The date of a milestone in rows that are added.
pub(super) fn planned(milestone: usize) -> String {
    whole_seconds(START + 30 * DAY * (1 + milestone as Millis))
}

impl Tracking {
    pub(crate) fn new(style_folder: Uuid) -> Self {
        let folder = |name: &'static str, active| Folder {
            id: Uuid::new_v5(&style_folder, format!("folder of plans {name}").as_bytes()),
            name,
            active,
        };
        let folders = vec![folder("Plans", true), folder("Old Plans", false)];
        let id = |name: &str| Uuid::new_v5(&style_folder, format!("plan {name}").as_bytes());
        let plan = |id, name, folder: &Folder, active, whole: bool| Plan {
            id,
            name,
            folder: folder.id,
            active,
            rows: [Rows::new(whole), Rows::new(whole)],
        };
        let plans = vec![
            plan(self::plan(style_folder), "Main Line", &folders[0], true, true),
            plan(id("Capsule"), "Capsule", &folders[0], true, false),
            plan(id("Last Line"), "Last Line", &folders[1], false, true),
        ];
        Tracking { folders, plans }
    }

    pub(super) fn folders(&self) -> Vec<Value> {
        let view = |folder: &Folder| {
            with_stamps(json!({"id": folder.id, "name": folder.name, "description": "",
                               "active": folder.active}))
        };
        self.folders.iter().map(view).collect()
    }

    /// The plans of a folder, or all.
    pub(super) fn plans(&self, folder: Option<Uuid>) -> Result<impl Iterator<Item = &Plan>, Refusal> {
        if folder.is_some_and(|id| !self.folders.iter().any(|folder| folder.id == id)) {
            return Err(Refusal::failure("Folder not found"));
        }
        Ok(self.plans.iter().filter(move |plan| folder.is_none_or(|id| plan.folder == id)))
    }

    pub(super) fn find(&self, id: &str) -> Result<&Plan, Refusal> {
        let id = Uuid::parse_str(id).ok();
        let plan = self.plans.iter().find(|plan| Some(plan.id) == id);
        plan.ok_or_else(|| Refusal::text("Plan not found"))
    }

    /// A plan whose rows can be written.
    pub(super) fn find_open(&mut self, id: &str) -> Result<&mut Plan, Refusal> {
        let id = self.find(id)?.id;
        let plan = self.plans.iter_mut().find(|plan| plan.id == id && plan.active);
        plan.ok_or_else(|| Refusal::failure("The plan is archived."))
    }
}

impl Plan {
    pub(super) fn rows(&self, kind: MasterKind) -> &Rows {
        &self.rows[usize::from(kind == MasterKind::Material)]
    }

    pub(super) fn rows_mut(&mut self, kind: MasterKind) -> &mut Rows {
        &mut self.rows[usize::from(kind == MasterKind::Material)]
    }

    pub(super) fn view_of(&self, id: &str) -> Result<&'static View, Refusal> {
        let id = Uuid::parse_str(id).ok();
        let view = VIEWS.iter().find(|view| Some(self.view_id(view)) == id);
        view.ok_or_else(|| Refusal::text("View not found"))
    }

    /// The same for styles and materials.
    fn view_id(&self, view: &View) -> Uuid {
        Uuid::new_v5(&self.id, format!("view {}", view.name).as_bytes())
    }

    pub(super) fn answer(&self) -> Value {
        with_stamps(json!({
            "id": self.id, "name": self.name, "description": null, "folderId": self.folder,
            "startDate": whole_seconds(START), "endDate": whole_seconds(START + 240 * DAY),
            "active": self.active, "style": self.part(), "material": self.part(),
        }))
    }

    fn part(&self) -> Value {
        let view = |view: &View| json!({"id": self.view_id(view), "name": view.name, "description": "", "active": view.active});
        let milestone = |milestone: &Milestone| {
            json!({"id": milestone_id(self.id, milestone), "department": milestone.department,
                   "actionDescription": milestone.action, "shortDescription": milestone.title,
                   "pageName": null})
        };
        json!({"views": VIEWS.iter().map(view).collect::<Vec<_>>(),
               "timelines": MILESTONES.iter().map(milestone).collect::<Vec<_>>()})
    }
}

/// Folders and plans are not written, so all have the same stamps.
fn with_stamps(mut record: Value) -> Value {
    record["createdBy"] = person(administrator());
    record["createdAt"] = json!(stamp(EPOCH));
    record["modifiedBy"] = person(colleague());
    record["modifiedAt"] = json!(stamp(EPOCH + DAY));
    record
}
