//! What will become of each edit, by the present values and the schemas of their folders.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::Scene;
use super::edit::{Aim, Edit, Key, Kind, Of};
use super::header;
use super::image;
use super::masters::Master;
use super::members;
use super::part::What;
use super::partners;
use super::present::{self, Kept, Match, Wanted};
use super::preview::{Action, FieldChange, Judged};
use super::sheet;
use super::source::in_zone;
use crate::arguments::filters::MOST_VALUES;
use crate::error::Result;
use crate::own::Meta;
use crate::schemas::FieldCheck;
use crate::value::FieldType;

/// The edits, judged, and what that rests on.
pub(super) struct Verdict {
    pub(super) edits: Vec<Judged>,
    /// Fingerprints of schemas by resource and folder.
    pub(super) schemas: BTreeMap<String, String>,
    pub(super) meta: Meta,
}

/// An edit on its way to a verdict.
pub(super) struct Working {
    pub(super) judged: Judged,
    /// All values that it sets, those that are there already included.
    pub(super) planned: Vec<(String, Value)>,
}

impl Working {
    fn refuse(&mut self, reason: String) {
        self.judged.action = Action::Refused;
        self.judged.reason = Some(reason);
        self.judged.fields.clear();
        self.planned.clear();
    }
}

pub(super) async fn judge(scene: &Scene<'_>, mut edits: Vec<Edit>) -> Result<Verdict> {
    let mut judge = Judge {
        scene,
        checks: HashMap::new(),
        schemas: BTreeMap::new(),
        unread: HashMap::new(),
        meta: Meta::default(),
    };
    let mut working: Vec<Option<Working>> = edits.iter().map(|_| None).collect();
    partners::find(scene, &mut edits, &mut working, &mut judge.meta).await?;
    let mut found = sheet::Matches::new();
    let has_parts = edits.iter().any(|edit| edit.aim != Aim::Header);
    for master in masters_of(&edits) {
        let of_parts = found.entry(master.resource).or_default();
        for batch in batches(&edits, master) {
            let wanted = wanted(batch.iter().map(|place| &edits[*place]));
            let mut matches = present::read(scene, master, &wanted, &mut judge.meta).await?;
            let (headers, parts): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|place| edits[*place].aim == Aim::Header);
            for place in headers {
                let edit = &mut edits[place];
                working[edit.index] = Some(judge.one(edit, master, &matches).await?);
                if !has_parts {
                    // A large set is not held twice.
                    edit.fields = Vec::new();
                    edit.origin = None;
                }
            }
            for key in parts.into_iter().filter_map(|place| edits[place].key.as_ref()) {
                of_parts.extend(matches.remove_entry(key));
            }
        }
    }
    sheet::judge(&mut judge, &edits, &found, &mut working).await?;
    image::judge(&judge, &edits, &found, &mut working).await;
    let mut working: Vec<Working> = working.into_iter().flatten().collect();
    judge.refuse_taken_numbers(&mut working).await?;
    find_conflicts(&mut working);
    refuse_parts_of_what_is_not_created(&mut working);
    let edits = working.into_iter().map(|one| one.judged).collect();
    Ok(Verdict { edits, schemas: judge.schemas, meta: judge.meta })
}

/// In the order in which they are first named.
fn masters_of(edits: &[Edit]) -> Vec<&'static Master> {
    let mut masters: Vec<&'static Master> = Vec::new();
    for edit in edits {
        if let Of::Master(master) = edit.of
            && !masters.iter().any(|known| known.resource == master.resource)
        {
            masters.push(master);
        }
    }
    masters
}

/// The edits of a master, by the records that they name. Records of numbers are read some at a time, so that not all of a large
/// set are held at once.
fn batches(edits: &[Edit], master: &'static Master) -> Vec<Vec<usize>> {
    let is_own = |edit: &Edit| matches!(edit.of, Of::Master(of) if of.resource == master.resource);
    let mut numbered: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
    let mut batch = Vec::new();
    for (place, edit) in edits.iter().enumerate().filter(|(_, edit)| is_own(edit)) {
        match &edit.key {
            Some(Key::Number { number, folder }) => {
                numbered.entry((folder.as_deref(), number)).or_default().push(place);
            }
            _ => batch.push(place),
        }
    }
    let mut batches = Vec::new();
    let (mut records, mut before) = (0, None);
    for ((folder, _), places) in numbered {
        if records > 0 && (records % MOST_RECORDS == 0 || before != Some(folder)) {
            batches.push(std::mem::take(&mut batch));
            records = 0;
        }
        before = Some(folder);
        batch.extend(places);
        records += 1;
    }
    batches.push(batch);
    batches
}

fn wanted<'a>(edits: impl Iterator<Item = &'a Edit>) -> Wanted {
    let mut wanted = Wanted::new();
    for edit in edits {
        if let Some(key) = &edit.key {
            let fields = wanted.entry(key.clone()).or_default();
            if matches!(edit.aim, Aim::Header | Aim::Image { .. }) {
                for (id, _) in &edit.fields {
                    if !fields.contains(id) {
                        fields.push(id.clone());
                    }
                }
            }
        }
    }
    wanted
}

/// Records that are read at a time, a multiple of those that a request reads.
const MOST_RECORDS: usize = 10 * MOST_VALUES;

pub(super) struct Judge<'a> {
    pub(super) scene: &'a Scene<'a>,
    checks: HashMap<(&'static str, String), FieldCheck>,
    pub(super) schemas: BTreeMap<String, String>,
    /// Why a schema cannot be read.
    unread: HashMap<String, String>,
    pub(super) meta: Meta,
}

impl Judge<'_> {
    async fn one(
        &mut self,
        edit: &Edit,
        master: &'static Master,
        matches: &HashMap<Key, Match>,
    ) -> Result<Working> {
        let found = edit.key.as_ref().and_then(|key| matches.get(key));
        let noun = master.noun;
        let named = match &edit.key {
            Some(Key::Id(id)) => format!("the id {id}"),
            Some(Key::Number { number, .. }) => format!("the number {number}"),
            None => String::new(),
        };
        let kept = match found {
            Some(Match::One(kept)) => Some(kept),
            Some(Match::Several(ids)) => {
                let reason = format!("{} {noun}s have {named}: {}", ids.len(), ids.join(", "));
                return Ok(ended(edit, Action::Ambiguous, reason));
            }
            Some(Match::None) if edit.kind == Kind::Delete => {
                return Ok(ended(
                    edit,
                    Action::Unchanged,
                    format!("no {noun} has {named}: it is gone already"),
                ));
            }
            Some(Match::None) => {
                return Ok(ended(edit, Action::Unmatched, format!("no {noun} has {named}")));
            }
            None => None,
        };
        let mut working = Working { judged: begun(edit), planned: Vec::new() };
        if let Some(kept) = kept {
            working.judged.id = Some(kept.id.clone());
            working.judged.number = kept.number.clone();
            working.judged.folder_id = Some(kept.folder.clone());
        }
        if edit.kind != Kind::Delete {
            self.judge_fields(edit, master, kept, &mut working).await?;
        }
        Ok(working)
    }

    async fn judge_fields(
        &mut self,
        edit: &Edit,
        master: &'static Master,
        kept: Option<&Kept>,
        working: &mut Working,
    ) -> Result<()> {
        let folder = kept.map_or_else(|| edit.folder.clone().unwrap_or_default(), |kept| kept.folder.clone());
        for (member, schema) in [("/colorways", "colorways"), ("/sizeRange", "sizes")] {
            if edit.field(member).is_some() {
                let place = format!("{}/{schema}/{}", master.resource, folder.to_lowercase());
                if let Err(reason) = self.read_schema(place).await? {
                    working.refuse(reason);
                    return Ok(());
                }
            }
        }
        let scene = self.scene;
        let check = match self.check(master, &folder).await? {
            Ok(check) => check,
            Err(reason) => {
                working.refuse(reason);
                return Ok(());
            }
        };
        let mut refusals = Vec::new();
        // Exactly: a large set has many of these.
        working.judged.fields.reserve_exact(edit.fields.len());
        working.planned.reserve_exact(edit.fields.len());
        for (id, value) in &edit.fields {
            // A day stays a day.
            let is_time = check.field_type(id, None) == FieldType::DateTime;
            let value = &in_zone(edit.zone.as_ref().filter(|_| is_time), value);
            let put = match id.starts_with('/') {
                true => members::put(scene.requester, master, &folder, id, value),
                false => check.put(id, value),
            };
            let new = match put {
                Ok(new) => new,
                Err(refusal) => {
                    refusals.push(refusal);
                    continue;
                }
            };
            let (old, type_name) = kept.map_or((&Value::Null, None), |kept| kept.field(id));
            if kept.is_none() || !header::is_equal(check, id, type_name, old, &new) {
                let change = FieldChange { id: id.clone(), old: old.clone(), new: new.clone() };
                working.judged.fields.push(change);
            }
            working.planned.push((id.clone(), new));
        }
        let judged = &mut working.judged;
        if judged.number.is_none() {
            let number = working.planned.iter().find(|(id, _)| id == master.number.field);
            let number =
                number.and_then(|(_, value)| value.as_str()).filter(|number| !number.trim().is_empty());
            judged.number = number.map(str::to_owned);
        }
        if !refusals.is_empty() {
            working.refuse(refusals.join("; "));
        } else if kept.is_some() && judged.fields.is_empty() {
            judged.action = Action::Unchanged;
        }
        Ok(())
    }

    /// Reads a schema, unless it was read before; or says why it cannot be.
    async fn read_schema(&mut self, place: String) -> Result<Result<(), String>> {
        if let Some(reason) = self.unread.get(&place) {
            return Ok(Err(reason.clone()));
        }
        if self.schemas.contains_key(&place) {
            return Ok(Ok(()));
        }
        match self.scene.read_schema(&place).await {
            Ok((print, _, spent)) => {
                self.meta.absorb(spent);
                self.schemas.insert(place, print);
                Ok(Ok(()))
            }
            // A folder that there is not keeps no other edit from being judged.
            Err(error) if error.is_of_one() => {
                self.meta.absorb(error.spent());
                let reason = format!("the fields of its folder cannot be read: {}", error.message());
                self.unread.insert(place, reason.clone());
                Ok(Err(reason))
            }
            Err(error) => Err(error),
        }
    }

    /// What checks the fields of a folder, whose schema is read when it is asked for first.
    async fn check(&mut self, master: &'static Master, folder: &str) -> Result<Result<&FieldCheck, String>> {
        let key = (master.resource, folder.to_lowercase());
        if !self.checks.contains_key(&key) {
            if let Err(reason) = self.read_schema(format!("{}/{}", key.0, key.1)).await? {
                return Ok(Err(reason));
            }
            let check = self.scene.schemas.of_header(master.create, master.fields, folder);
            self.checks.insert(key.clone(), check);
        }
        Ok(Ok(&self.checks[&key]))
    }

    /// Refuses a number that another record of the folder has.
    async fn refuse_taken_numbers(&mut self, edits: &mut [Working]) -> Result<()> {
        let mut asked: BTreeMap<(&'static str, String), Vec<(String, usize)>> = BTreeMap::new();
        for (place, working) in edits.iter().enumerate().filter(|(_, one)| one.judged.action.sends()) {
            let judged = &working.judged;
            let master = Master::find(&judged.resource).filter(|_| judged.part.is_none());
            let Some(master) = master else { continue };
            let sets = judged.fields.iter().find(|change| change.id == master.number.field);
            let number =
                sets.and_then(|change| change.new.as_str()).filter(|number| !number.trim().is_empty());
            if let (Some(number), Some(folder)) = (number, &judged.folder_id) {
                asked.entry((master.resource, folder.clone())).or_default().push((number.to_owned(), place));
            }
        }
        for ((resource, folder), wanted) in asked {
            let Some(master) = Master::find(resource) else { continue };
            let mut numbers: Vec<_> = wanted.iter().map(|(number, _)| number.clone()).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let mut taken: HashMap<String, String> = HashMap::new();
            let take = |number: &str, headers: &[super::header::Header]| {
                if let Some(one) = headers.first() {
                    taken.insert(number.to_owned(), one.id().to_owned());
                }
            };
            present::by_number(self.scene, master, Some(&folder), &numbers, &mut self.meta, take).await?;
            for (number, place) in wanted {
                let judged = &mut edits[place].judged;
                let Some(other) = taken.get(&number).filter(|other| Some(*other) != judged.id.as_ref())
                else {
                    continue;
                };
                judged.action = Action::Refused;
                judged.reason = Some(format!(
                    "the number {number} is taken by the {} {other}: change that one, or give another number",
                    master.noun
                ));
            }
        }
        Ok(())
    }
}

pub(super) fn begun(edit: &Edit) -> Judged {
    Judged {
        index: edit.index,
        origin: edit.origin.clone(),
        kind: edit.kind,
        resource: edit.of.resource().to_owned(),
        action: match edit.kind {
            Kind::Create => Action::Create,
            Kind::Update => Action::Update,
            Kind::Delete => Action::Delete,
        },
        reason: None,
        id: None,
        number: None,
        folder_id: edit.folder.clone(),
        part: None,
        fields: Vec::new(),
    }
}

/// An edit of which nothing more will become.
pub(super) fn ended(edit: &Edit, action: Action, reason: String) -> Working {
    let mut judged = begun(edit);
    match &edit.key {
        Some(Key::Id(id)) => judged.id = Some(id.clone()),
        Some(Key::Number { number, .. }) => judged.number = Some(number.clone()),
        None => {}
    }
    judged.action = action;
    judged.reason = Some(reason);
    Working { judged, planned: Vec::new() }
}

/// Edits that disagree: on a field of a record, on whether it is deleted, or on whose a new number is. None of them wins.
fn find_conflicts(edits: &mut [Working]) {
    let mut of_record: HashMap<(String, String, String), Vec<usize>> = HashMap::new();
    let mut of_number: HashMap<(String, String, String), Vec<usize>> = HashMap::new();
    for (place, working) in edits.iter().enumerate().filter(|(_, one)| !one.judged.action.fails()) {
        let judged = &working.judged;
        if let Some(part) = &judged.part {
            // A new row without an id is one of its own.
            if part.what.is_single() || part.row_id.is_some() {
                let sheet = part.sheet(&judged.resource, judged.id.as_deref());
                of_record.entry((sheet.resource, sheet.record, part.target())).or_default().push(place);
            }
            continue;
        }
        if let Some(id) = &judged.id {
            let key = (judged.resource.clone(), id.to_lowercase(), String::new());
            of_record.entry(key).or_default().push(place);
        }
        let Some(master) = Master::find(&judged.resource) else { continue };
        let sets = judged.fields.iter().find(|change| change.id == master.number.field);
        let number = sets.and_then(|sets| sets.new.as_str()).filter(|number| !number.trim().is_empty());
        if let (Some(number), Some(folder)) = (number, &judged.folder_id) {
            let key = (judged.resource.clone(), folder.to_lowercase(), number.trim().to_owned());
            of_number.entry(key).or_default().push(place);
        }
    }
    let mut reasons: BTreeMap<usize, String> = BTreeMap::new();
    for places in of_record.values().filter(|places| places.len() > 1) {
        disagree(edits, places, &mut reasons);
    }
    disagree_on_deletion(edits, &mut reasons);
    for ((_, _, number), places) in of_number {
        let records: Vec<_> = places.iter().map(|place| &edits[*place].judged.id).collect();
        let differ = records.iter().any(|id| id.is_none() || *id != records[0]);
        if places.len() > 1 && differ {
            for place in &places {
                let others = named(edits, &places, *place);
                reasons.entry(*place).or_insert(format!("the number {number} is given by {others} too"));
            }
        }
    }
    for (place, reason) in reasons {
        let judged = &mut edits[place].judged;
        judged.action = Action::Conflict;
        judged.reason = Some(reason);
    }
}

/// A record or a row of a plan that is deleted, and parts of it that are written.
fn disagree_on_deletion(edits: &[Working], reasons: &mut BTreeMap<usize, String>) {
    let mut groups: HashMap<String, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (place, working) in edits.iter().enumerate().filter(|(_, one)| one.judged.action.sends()) {
        let judged = &working.judged;
        let is_deletion = judged.kind == Kind::Delete;
        let record =
            format!("{}/{}", judged.resource, judged.id.as_deref().unwrap_or_default().to_lowercase());
        let mut add = |name: String, deletes: bool| {
            let (deletions, others) = groups.entry(name).or_default();
            if deletes { deletions.push(place) } else { others.push(place) }
        };
        match &judged.part {
            None if is_deletion => add(record, true),
            Some(part) if judged.id.is_some() => {
                if part.what == What::Timeline {
                    let row = part.row_id.as_deref().unwrap_or_default().to_lowercase();
                    add(format!("{record}/{row}"), is_deletion);
                }
                add(record, false);
            }
            _ => {}
        }
    }
    for (deletions, others) in
        groups.into_values().filter(|(one, other)| !one.is_empty() && !other.is_empty())
    {
        let reason = on_deletion(edits, &deletions, &others);
        for place in deletions.into_iter().chain(others) {
            reasons.entry(place).or_insert_with(|| reason.clone());
        }
    }
}

fn on_deletion(edits: &[Working], deletions: &[usize], others: &[usize]) -> String {
    let [one, other] = [deletions, others].map(|places| named(edits, places, usize::MAX));
    format!("{one} and {other} disagree on whether it is deleted")
}

/// Pages and rows of a record that will not be there.
fn refuse_parts_of_what_is_not_created(edits: &mut [Working]) {
    let fails: Vec<bool> = edits.iter().map(|one| one.judged.action.fails()).collect();
    for working in edits.iter_mut().filter(|one| one.judged.action.sends()) {
        let created_by = working.judged.part.as_ref().and_then(|part| part.created_by);
        if let Some(edit) = created_by.filter(|edit| fails.get(*edit) == Some(&true)) {
            working.judged.action = Action::Refused;
            working.judged.reason = Some(format!("its record is not created: edit {edit} cannot be done"));
        }
    }
}

/// What the edits of one record say against each other.
fn disagree(edits: &[Working], places: &[usize], reasons: &mut BTreeMap<usize, String>) {
    let (deletes, others): (Vec<usize>, Vec<usize>) =
        places.iter().partition(|place| edits[**place].judged.kind == Kind::Delete);
    if !deletes.is_empty() && !others.is_empty() {
        let reason = on_deletion(edits, &deletes, &others);
        for place in places {
            reasons.entry(*place).or_insert_with(|| reason.clone());
        }
        return;
    }
    let mut values: BTreeMap<&str, Vec<(usize, &Value)>> = BTreeMap::new();
    for place in places {
        for (id, value) in &edits[*place].planned {
            values.entry(id).or_default().push((*place, value));
        }
    }
    for (id, said) in values {
        if said.iter().all(|(_, value)| *value == said[0].1) {
            continue;
        }
        let all = said.iter().map(|(place, value)| {
            let judged = &edits[*place].judged;
            let is_image = judged.part.as_ref().is_some_and(|part| part.what == What::Image);
            let value =
                if is_image { image::shown(value) } else { None }.unwrap_or_else(|| value.to_string());
            format!("{} says {value}", place_of(judged))
        });
        let reason = format!("{id}: {}", some(all, said.len()));
        for (place, _) in &said {
            reasons.entry(*place).or_insert_with(|| reason.clone());
        }
    }
}

/// The places of edits, but one.
fn named(edits: &[Working], places: &[usize], but: usize) -> String {
    let others = places.iter().filter(|place| **place != but);
    let count = places.len() - usize::from(places.contains(&but));
    some(others.map(|place| place_of(&edits[*place].judged)), count)
}

/// How many of a list a reason names: thousands may say the same by mistake.
const MOST_NAMED: usize = 5;

fn some(texts: impl Iterator<Item = String>, count: usize) -> String {
    let named = texts.take(MOST_NAMED).collect::<Vec<_>>().join(", ");
    match count.saturating_sub(MOST_NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

fn place_of(judged: &Judged) -> String {
    judged.origin.clone().unwrap_or_else(|| format!("edit {}", judged.index))
}
