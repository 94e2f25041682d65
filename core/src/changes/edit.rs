//! An edit: what is to become of one record, and the place that it comes from.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::image::{Picture, shown_at};
use super::masters::Master;
use super::part::What;
use super::partners::{Partner, Partners};
use crate::arguments::filters::ANY_OF;
use crate::arguments::{encode, shown};
use crate::error::{Error, Result};
use crate::near;

/// What an edit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
}

impl Kind {
    const NAMES: [(&str, Self); 3] =
        [("create", Self::Create), ("update", Self::Update), ("delete", Self::Delete)];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// How a record is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Id(String),
    /// A number, in one folder or in all.
    Number {
        number: String,
        folder: Option<String>,
    },
}

/// One edit, checked as far as it can be without the service.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) index: usize,
    /// The place that it comes from: file and line, or the caller's own mark.
    pub(super) origin: Option<String>,
    pub(super) kind: Kind,
    pub(super) of: Of,
    pub(super) aim: Aim,
    /// None for a new record.
    pub(super) key: Option<Key>,
    /// Of a new record.
    pub(super) folder: Option<String>,
    pub(super) fields: Vec<(String, Value)>,
    /// Zone of times that do not say theirs.
    pub(super) zone: Option<TimeZone>,
}

/// What the record of an edit is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Master(&'static Master),
    /// A data table, or a plan with rows of styles or materials.
    Other(&'static Other),
}

/// What has rows and no header that could be changed here.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) resource: &'static str,
    pub(super) noun: &'static str,
    pub(super) what: What,
}

static OTHERS: [Other; 3] = [
    Other { resource: "data_tables", noun: "data table", what: What::DataTable },
    Other { resource: "style_timelines", noun: "plan", what: What::Timeline },
    Other { resource: "material_timelines", noun: "plan", what: What::Timeline },
];

impl Of {
    fn find(resource: &str) -> Option<Self> {
        let master = Master::find(resource).map(Self::Master);
        master.or_else(|| OTHERS.iter().find(|other| other.resource == resource).map(Self::Other))
    }

    pub(super) fn resource(self) -> &'static str {
        match self {
            Self::Master(master) => master.resource,
            Self::Other(other) => other.resource,
        }
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Master(master) => master.noun,
            Self::Other(other) => other.noun,
        }
    }

    /// Whether its update has this argument.
    fn takes(self, argument: &str) -> bool {
        let Self::Master(master) = self else { return false };
        master.update.parameters.iter().any(|parameter| parameter.name == argument)
    }

    fn names() -> Vec<&'static str> {
        Master::names().into_iter().chain(OTHERS.iter().map(|other| other.resource)).collect()
    }
}

/// What of its record an edit is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aim {
    Header,
    /// The form of a page, or one of its rows.
    Page {
        app: String,
        variation: Option<String>,
        row: Option<String>,
        material: Option<String>,
    },
    /// A row of a data table or a plan.
    Row {
        row: Option<String>,
        timeline: Option<String>,
    },
    Tags,
    /// Partners that are named by their ids are fields.
    Shares {
        named: Partners,
    },
    Image {
        position: Option<String>,
    },
}

const MEMBERS: [&str; 23] = [
    "kind",
    "resource",
    "record",
    "folder_id",
    "fields",
    "app_id",
    "row_id",
    "variation_id",
    "timeline_id",
    "material_id",
    "tags",
    "shares",
    "image",
    "position",
    "origin",
    "folderId",
    "appId",
    "rowId",
    "variationId",
    "timelineId",
    "materialId",
    "colorways",
    "sizes",
];

/// What a header is written with beside its fields, and where it has that. No field has such an id.
pub(super) const MEMBERS_OF_HEADER: [(&str, &str); 2] =
    [("colorways", "/colorways"), ("sizes", "/sizeRange")];

/// Edits as a program gives them.
pub(super) fn all(name: &str, value: &Value) -> Result<Vec<Edit>> {
    let list = value
        .as_array()
        .ok_or_else(|| Error::config(format!("{name} has to be a list of edits, not {}", shown(value))))?;
    list.iter()
        .enumerate()
        .map(|(index, edit)| Edit::read(&format!("{name}[{index}]"), index, edit))
        .collect()
}

impl Edit {
    /// `name` is where it stands.
    pub(super) fn read(name: &str, index: usize, value: &Value) -> Result<Self> {
        let wrong = |text: String| Error::config(format!("{name}{text}"));
        let members = value.as_object().ok_or_else(|| {
            wrong(format!(" has to be an object such as {{\"kind\": \"update\", ...}}, not {}", shown(value)))
        })?;
        near::check(members.keys(), &MEMBERS, &format!("{name} has no member"), "it has")?;
        let get = |names: &[&str]| {
            names.iter().find_map(|name| members.get(*name)).filter(|value| !value.is_null())
        };
        let text = |names: &[&str]| match get(names) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
            Some(other) => Err(wrong(format!(".{} has to be a text, not {}", names[0], shown(other)))),
        };
        let kind = text(&["kind"])?.ok_or_else(|| wrong(" has no kind: create, update or delete".into()))?;
        let kind =
            Kind::NAMES.iter().find(|(name, _)| *name == kind).map(|(_, kind)| *kind).ok_or_else(|| {
                let known = Kind::NAMES.map(|(name, _)| name);
                wrong(format!(".kind: there is no {kind:?}{}", near::hint_or_all(&kind, &known, "kinds are")))
            })?;
        let known = Of::names();
        let resource = text(&["resource"])?
            .ok_or_else(|| wrong(format!(" has no resource: one of {}", known.join(", "))))?;
        let of = Of::find(&resource).ok_or_else(|| {
            let hint = near::hint_or_all(&resource, &known, "there are");
            wrong(format!(".resource: there is no {resource:?}{hint}"))
        })?;
        let fields = match get(&["fields"]) {
            None => Map::new(),
            Some(Value::Object(fields)) => fields.clone(),
            Some(other) => {
                return Err(wrong(format!(
                    ".fields has to be a map of values by field id, not {}",
                    shown(other)
                )));
            }
        };
        let id = |names: &[&str]| match get(names) {
            None => Ok(None),
            Some(id) => encode::id(&format!("{name}.{}", names[0]), id).map(|id| Some(id.to_owned())),
        };
        let folder = id(&["folder_id", "folderId"])?;
        let key = get(&["record"]).map(|record| Key::read(&format!("{name}.record"), record)).transpose()?;
        let named = Named {
            app: id(&["app_id", "appId"])?,
            variation: id(&["variation_id", "variationId"])?,
            row: id(&["row_id", "rowId"])?,
            timeline: id(&["timeline_id", "timelineId"])?,
            material: id(&["material_id", "materialId"])?,
        };
        let in_place_of_fields = ["tags", "shares", "image"].map(|member| (member, get(&[member])));
        let position = text(&["position"])?;
        let (aim, mut fields) = named.aim(name, of, fields, in_place_of_fields, position)?;
        for (member, pointer) in MEMBERS_OF_HEADER {
            let Some(list) = get(&[member]) else { continue };
            if aim != Aim::Header || !of.takes(member) {
                return Err(wrong(format!(" has {member}, which are of a style or a material itself")));
            }
            if list.as_array().is_none_or(Vec::is_empty) {
                return Err(wrong(format!(
                    ".{member} has to be a list with something in it, not {}",
                    shown(list)
                )));
            }
            fields.insert(pointer.to_owned(), list.clone());
        }
        let (origin, fields) = (text(&["origin"])?, fields.into_iter().collect());
        let edit = Self { index, origin, kind, of, aim, key, folder, fields, zone: None };
        edit.check().map_err(wrong)?;
        Ok(edit)
    }

    /// The value that it sets of a field.
    pub(super) fn field(&self, id: &str) -> Option<&Value> {
        self.fields.iter().find(|(known, _)| known == id).map(|(_, value)| value)
    }

    /// What belongs together.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        let noun = self.of.noun();
        let whose = match self.of {
            Of::Master(_) => "by id or number",
            Of::Other(_) => "by id",
        };
        if let (Of::Other(_), Some(Key::Number { .. })) = (self.of, &self.key) {
            return Err(format!(".record has to have the id of the {noun}, which has no number"));
        }
        if self.aim != Aim::Header {
            if self.key.is_none() {
                return Err(format!(" has no record: which {noun} it is, {whose}"));
            }
            if self.folder.is_some() {
                return Err(" has a folder_id, which is for a new record: give the folder in record".into());
            }
            return self.check_part();
        }
        match self.kind {
            Kind::Create if self.key.is_some() => Err(format!(
                " creates a {noun}, which has no id yet: leave record out, and give its number as a field"
            )),
            Kind::Create if self.folder.is_none() => Err(format!(" creates a {noun} and has no folder_id")),
            Kind::Create if self.fields.is_empty() => Err(format!(" creates a {noun} and has no fields")),
            Kind::Update | Kind::Delete if self.key.is_none() => {
                Err(format!(" has no record: which {noun} it is, {whose}"))
            }
            Kind::Update | Kind::Delete if self.folder.is_some() => {
                Err(" has a folder_id, which is for a new record: give the folder in record".into())
            }
            Kind::Delete if !self.fields.is_empty() => Err(" deletes a record and has fields".into()),
            Kind::Update if self.fields.is_empty() => Err(" has no fields: it would change nothing".into()),
            _ => Ok(()),
        }
    }

    fn check_part(&self) -> std::result::Result<(), String> {
        let (row, material) = match &self.aim {
            Aim::Page { row, material, .. } => (row.as_ref(), material.as_ref()),
            Aim::Row { row, .. } => (row.as_ref(), None),
            _ => (None, None),
        };
        let names_partners = matches!(&self.aim, Aim::Shares { named } if !named.is_empty());
        let is_timeline = matches!(self.of, Of::Other(other) if other.what == What::Timeline);
        match self.kind {
            Kind::Create | Kind::Delete
                if matches!(self.aim, Aim::Tags | Aim::Shares { .. } | Aim::Image { .. }) =>
            {
                Err(" has tags, shares or an image: its kind is update".into())
            }
            Kind::Delete if row.is_none() => Err(" deletes a row and has no row_id".into()),
            Kind::Delete if !self.fields.is_empty() => Err(" deletes a row and has fields".into()),
            Kind::Delete if matches!(&self.aim, Aim::Row { timeline: Some(_), .. }) => {
                Err(" deletes a row of a plan, with all of its milestones: leave timeline_id out".into())
            }
            Kind::Create if matches!(self.aim, Aim::Row { .. }) && row.is_some() => {
                Err(" creates a row and has a row_id, which the service makes: leave it out".into())
            }
            Kind::Update if matches!(self.aim, Aim::Row { .. }) && row.is_none() => {
                Err(" changes a row and has no row_id".into())
            }
            Kind::Update if material.is_some() => {
                Err(" has a material_id, which is for a new row: leave it out".into())
            }
            Kind::Update if self.fields.is_empty() && !names_partners => {
                Err(" has no fields: it would change nothing".into())
            }
            Kind::Create if self.fields.is_empty() && material.is_none() => {
                Err(" creates a row and has no fields".into())
            }
            Kind::Create if is_timeline => {
                Err(" creates a row of a plan, whose rows come from adding records to it: tracking has calls for that".into())
            }
            Kind::Update if is_timeline && matches!(&self.aim, Aim::Row { timeline: None, .. }) => {
                Err(" has no timeline_id: which milestone of the plan it is".into())
            }
            _ => Ok(()),
        }
    }
}

/// Ids within a record, as an edit names them.
struct Named {
    app: Option<String>,
    variation: Option<String>,
    row: Option<String>,
    timeline: Option<String>,
    material: Option<String>,
}

impl Named {
    /// What they mean together, and the values.
    fn aim(
        self,
        name: &str,
        of: Of,
        fields: Map<String, Value>,
        in_place: [(&str, Option<&Value>); 3],
        position: Option<String>,
    ) -> Result<(Aim, Map<String, Value>)> {
        let wrong = |text: &str| Err(Error::config(format!("{name} {text}")));
        let given: Vec<_> = in_place.into_iter().filter_map(|(what, value)| Some((what, value?))).collect();
        if position.is_some() && !given.iter().any(|(what, _)| *what == "image") {
            return wrong("has a position, which is for an image");
        }
        if let Of::Other(other) = of {
            if self.app.is_some() || self.variation.is_some() || self.material.is_some() || !given.is_empty()
            {
                return wrong(&format!("is about a {}, of which row_id and fields are known", other.noun));
            }
            if self.timeline.is_some() && other.what != What::Timeline {
                return wrong("has a timeline_id, which is for a plan");
            }
            return Ok((Aim::Row { row: self.row, timeline: self.timeline }, fields));
        }
        if self.timeline.is_some() {
            return wrong("has a timeline_id, which is for style_timelines and material_timelines");
        }
        if let [(what, value), rest @ ..] = given.as_slice() {
            if !rest.is_empty() || !fields.is_empty() || self.app.is_some() || self.row.is_some() {
                return wrong(&format!("has {what} and more: make an edit of each"));
            }
            let member = format!("{name}.{what}");
            return match *what {
                "tags" => match flags(&member, value, false)? {
                    (flags, named) if named.is_empty() => Ok((Aim::Tags, flags)),
                    _ => Err(form(&member, value)),
                },
                "shares" => flags(&member, value, true).map(|(flags, named)| (Aim::Shares { named }, flags)),
                _ => {
                    let shown_at = shown_at(of.resource(), position.as_deref());
                    let shown_at = shown_at.map_err(|text| Error::config(format!("{name} {text}")))?;
                    let picture = Picture::read(&member, value)?.to_json();
                    Ok((Aim::Image { position }, Map::from_iter([(shown_at, picture)])))
                }
            };
        }
        match self.app {
            None if self.row.is_some() || self.variation.is_some() || self.material.is_some() => {
                wrong("has a row_id, variation_id or material_id, and no app_id: which page it is")
            }
            None => Ok((Aim::Header, fields)),
            Some(app) => {
                let (row, variation, material) = (self.row, self.variation, self.material);
                Ok((Aim::Page { app, variation, row, material }, fields))
            }
        }
    }
}

fn form(name: &str, lists: &Value) -> Error {
    Error::config(format!("{name} has to be {{\"add\": [...], \"remove\": [...]}}, not {}", shown(lists)))
}

/// What is added is true, and what is taken away false. Partners are ids, or objects that name them.
fn flags(name: &str, lists: &Value, are_partners: bool) -> Result<(Map<String, Value>, Partners)> {
    let form = || form(name, lists);
    let members = lists.as_object().ok_or_else(form)?;
    near::check(members.keys(), &["add", "remove"], &format!("{name} has no member"), "it has")?;
    let (mut flags, mut named) = (Map::new(), Vec::new());
    for (member, list) in members.iter().filter(|(_, list)| !list.is_null()) {
        let is_added = member == "add";
        for one in list.as_array().ok_or_else(form)? {
            if let Some(partner) = one.as_object() {
                named.push((Partner::read(&format!("{name}.{member}"), partner)?, is_added));
                continue;
            }
            let text = one.as_str().map(str::trim).filter(|text| !text.is_empty()).ok_or_else(form)?;
            if are_partners {
                encode::id(&format!("{name}.{member}"), &text.into()).map_err(|error| {
                    let otherwise = "a partner is also named by {\"name\": ..., \"partner_type\": ...}";
                    Error::config(format!("{}; {otherwise}", error.message()))
                })?;
            }
            if flags.insert(text.to_owned(), Value::Bool(is_added)).is_some() {
                return Err(Error::config(format!("{name} has {text:?} twice")));
            }
        }
    }
    Ok((flags, named))
}

impl Key {
    /// `{id}`, or `{number}` with a `folder_id` where it is to be looked for in one folder.
    fn read(name: &str, value: &Value) -> Result<Self> {
        let members = value.as_object().ok_or_else(|| {
            Error::config(format!(
                "{name} has to be {{\"id\": ...}} or {{\"number\": ...}}, not {}",
                shown(value)
            ))
        })?;
        let known = ["id", "number", "folder_id", "folderId"];
        near::check(members.keys(), &known, &format!("{name} has no member"), "it has")?;
        let get = |member: &str| members.get(member).filter(|value| !value.is_null());
        match (get("id"), get("number")) {
            (Some(id), None) => Self::id(&format!("{name}.id"), id),
            (None, Some(number)) => {
                let folder = get("folder_id").or_else(|| get("folderId"));
                let folder =
                    folder.map(|folder| encode::id(&format!("{name}.folder_id"), folder)).transpose()?;
                Self::number(&format!("{name}.number"), number, folder)
            }
            _ => Err(Error::config(format!("{name} has to have either id or number"))),
        }
    }

    pub(super) fn id(name: &str, value: &Value) -> Result<Self> {
        let id = encode::id(name, value)?;
        separable(name, id)?;
        Ok(Self::Id(id.to_owned()))
    }

    pub(super) fn number(name: &str, value: &Value, folder: Option<&str>) -> Result<Self> {
        let number = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) => encode::canonical(value).to_string(),
            _ => return Err(Error::config(format!("{name} has to be a text, not {}", shown(value)))),
        };
        if number.trim().is_empty() {
            return Err(Error::config(format!("{name} is empty")));
        }
        separable(name, &number)?;
        Ok(Self::Number { number, folder: folder.map(str::to_owned) })
    }
}

/// Refuses what stands between the values of a filter.
fn separable(name: &str, text: &str) -> Result<()> {
    match text.contains(ANY_OF) {
        true => Err(Error::config(format!("{name} contains U+25A0, which the service reads as a separator"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn edits_say_what_they_do() {
        for (edit, says) in [
            (json!(7), "edits[0] has to be an object such as"),
            (json!({"resource": "style"}), "edits[0] has no kind: create, update or delete"),
            (json!({"kind": "updat"}), "edits[0].kind: there is no \"updat\"; did you mean \"update\"?"),
            (json!({"kind": "update"}), "edits[0] has no resource: one of style, material"),
            (
                json!({"kind": "update", "resource": "styles"}),
                "edits[0].resource: there is no \"styles\"; did you mean \"style\"?",
            ),
            (json!({"kind": "update", "resource": "style"}), "edits[0] has no record: which style it is"),
            (
                json!({"kind": "update", "resource": "style", "record": {"id": "a"}}),
                "edits[0] has no fields: it would change nothing",
            ),
            (
                json!({"kind": "update", "resource": "style", "record": {"id": "a", "number": "b"}, "fields": {"x": 1}}),
                "edits[0].record has to have either id or number",
            ),
            (
                json!({"kind": "update", "resource": "style", "record": {"id": "a/b"}, "fields": {"x": 1}}),
                "edits[0].record.id contains one of",
            ),
            (
                json!({"kind": "delete", "resource": "style", "record": {"number": 7}, "fields": {"x": 1}}),
                "edits[0] deletes a record and has fields",
            ),
            (json!({"kind": "create", "resource": "style"}), "edits[0] creates a style and has no folder_id"),
            (
                json!({"kind": "create", "resource": "style", "folder_id": "f", "field": {}}),
                "edits[0] has no member \"field\"; did you mean \"fields\"?",
            ),
        ] {
            let error = all("edits", &json!([edit])).unwrap_err();
            assert!(error.message().starts_with(says), "{error}");
        }
        let edit = json!({"kind": "update", "resource": "color", "record": {"number": 7}, "fields": {"x": null}, "origin": "row 3"});
        let edit = &all("edits", &json!([edit])).unwrap()[0];
        assert_eq!(edit.key, Some(Key::Number { number: "7".into(), folder: None }));
        assert_eq!((edit.kind, edit.origin.as_deref()), (Kind::Update, Some("row 3")));
    }
}
