//! What will become of each edit, by the present values and the schemas of their folders.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::Scene;
use super::edit::{Edit, Key, Kind};
use super::masters::{Master, needed};
use super::present::{self, Kept, Match, Wanted};
use super::preview::{Action, FieldChange, Judged};
use super::source::in_zone;
use crate::error::Result;
use crate::options::Call;
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
struct Working {
    judged: Judged,
    /// All values that it sets, those that are there already included.
    planned: Vec<(String, Value)>,
}

pub(super) async fn judge(scene: &Scene<'_>, edits: &[Edit]) -> Result<Verdict> {
    let mut judge = Judge { scene, checks: HashMap::new(), schemas: BTreeMap::new(), meta: Meta::default() };
    let mut working: Vec<Option<Working>> = edits.iter().map(|_| None).collect();
    for master in masters_of(edits) {
        let own: Vec<&Edit> = edits.iter().filter(|edit| edit.master.resource == master.resource).collect();
        let matches = present::read(scene, master, &wanted(&own), &mut judge.meta).await?;
        for edit in own {
            working[edit.index] = Some(judge.one(edit, &matches).await?);
        }
    }
    let mut working: Vec<Working> = working.into_iter().flatten().collect();
    judge.refuse_taken_numbers(&mut working).await?;
    find_conflicts(&mut working);
    let edits = working.into_iter().map(|one| one.judged).collect();
    Ok(Verdict { edits, schemas: judge.schemas, meta: judge.meta })
}

/// In the order in which they are first named.
fn masters_of(edits: &[Edit]) -> Vec<&'static Master> {
    let mut masters: Vec<&'static Master> = Vec::new();
    for edit in edits {
        if !masters.iter().any(|known| known.resource == edit.master.resource) {
            masters.push(edit.master);
        }
    }
    masters
}

fn wanted(edits: &[&Edit]) -> Wanted {
    let mut wanted = Wanted::new();
    for edit in edits {
        if let Some(key) = &edit.key {
            wanted.entry(key.clone()).or_default().extend(edit.fields.keys().cloned());
        }
    }
    wanted
}

struct Judge<'a> {
    scene: &'a Scene<'a>,
    checks: HashMap<(&'static str, String), FieldCheck>,
    schemas: BTreeMap<String, String>,
    meta: Meta,
}

impl Judge<'_> {
    async fn one(&mut self, edit: &Edit, matches: &HashMap<Key, Match>) -> Result<Working> {
        let found = edit.key.as_ref().and_then(|key| matches.get(key));
        let noun = edit.master.noun;
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
            self.judge_fields(edit, kept, &mut working).await?;
        }
        Ok(working)
    }

    async fn judge_fields(&mut self, edit: &Edit, kept: Option<&Kept>, working: &mut Working) -> Result<()> {
        let folder = kept.map_or_else(|| edit.folder.clone().unwrap_or_default(), |kept| kept.folder.clone());
        let check = self.check(edit.master, &folder).await?;
        let mut refusals = Vec::new();
        for (id, value) in &edit.fields {
            // A day stays a day.
            let is_time = check.field_type(id, None) == FieldType::DateTime;
            let value = &in_zone(edit.zone.as_ref().filter(|_| is_time), value);
            let new = match check.put(id, value) {
                Ok(new) => new,
                Err(refusal) => {
                    refusals.push(refusal);
                    continue;
                }
            };
            let (old, type_name) = kept.map_or((&Value::Null, None), |kept| kept.field(id));
            if kept.is_none() || !check.is_equal(id, type_name, old, &new) {
                let change = FieldChange { id: id.clone(), old: old.clone(), new: new.clone() };
                working.judged.fields.push(change);
            }
            working.planned.push((id.clone(), new));
        }
        let judged = &mut working.judged;
        if judged.number.is_none() {
            let number = working.planned.iter().find(|(id, _)| id == edit.master.number.field);
            let number =
                number.and_then(|(_, value)| value.as_str()).filter(|number| !number.trim().is_empty());
            judged.number = number.map(str::to_owned);
        }
        if !refusals.is_empty() {
            judged.action = Action::Refused;
            judged.reason = Some(refusals.join("; "));
            judged.fields.clear();
            working.planned.clear();
        } else if kept.is_some() && judged.fields.is_empty() {
            judged.action = Action::Unchanged;
        }
        Ok(())
    }

    /// What checks the fields of a folder, whose schema is read when it is asked for first.
    async fn check(&mut self, master: &'static Master, folder: &str) -> Result<&FieldCheck> {
        let key = (master.resource, folder.to_lowercase());
        if !self.checks.contains_key(&key) {
            let (print, spent) = self.scene.read_schema(master, folder).await?;
            self.meta.absorb(spent);
            self.schemas.insert(format!("{}/{}", key.0, key.1), print);
            let check = self.scene.requester.schemas().of_header(master.create, master.fields, folder);
            self.checks.insert(key.clone(), check);
        }
        Ok(&self.checks[&key])
    }

    /// Refuses a number that another record of the folder has.
    async fn refuse_taken_numbers(&mut self, edits: &mut [Working]) -> Result<()> {
        let mut asked: BTreeMap<(&'static str, String), Vec<(String, usize)>> = BTreeMap::new();
        for (place, working) in edits.iter().enumerate().filter(|(_, one)| one.judged.action.sends()) {
            let judged = &working.judged;
            let Some(master) = Master::find(&judged.resource) else { continue };
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

impl Scene<'_> {
    /// Reads the schema of a folder. Returns its fingerprint.
    pub(super) async fn read_schema(&self, master: &'static Master, folder: &str) -> Result<(String, Meta)> {
        let arguments = Map::from_iter([(needed(master.schema).to_owned(), Value::from(folder))]);
        let call = Call { arguments, options: self.options() };
        let answer = self.requester.request(master.schema, &call).await?;
        let print = Sha256::digest(&answer.body).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Ok((print, answer.meta))
    }
}

fn begun(edit: &Edit) -> Judged {
    Judged {
        index: edit.index,
        origin: edit.origin.clone(),
        kind: edit.kind,
        resource: edit.master.resource.to_owned(),
        action: match edit.kind {
            Kind::Create => Action::Create,
            Kind::Update => Action::Update,
            Kind::Delete => Action::Delete,
        },
        reason: None,
        id: None,
        number: None,
        folder_id: edit.folder.clone(),
        fields: Vec::new(),
    }
}

/// An edit of which nothing more will become.
fn ended(edit: &Edit, action: Action, reason: String) -> Working {
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
    let mut of_record: HashMap<(String, String), Vec<usize>> = HashMap::new();
    let mut of_number: HashMap<(String, String, String), Vec<usize>> = HashMap::new();
    for (place, working) in edits.iter().enumerate().filter(|(_, one)| !one.judged.action.fails()) {
        let judged = &working.judged;
        if let Some(id) = &judged.id {
            of_record.entry((judged.resource.clone(), id.to_lowercase())).or_default().push(place);
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

/// What the edits of one record say against each other.
fn disagree(edits: &[Working], places: &[usize], reasons: &mut BTreeMap<usize, String>) {
    let (deletes, others): (Vec<usize>, Vec<usize>) =
        places.iter().partition(|place| edits[**place].judged.kind == Kind::Delete);
    if !deletes.is_empty() && !others.is_empty() {
        for place in places {
            let reason = format!(
                "{} and {} disagree on whether it is deleted",
                named(edits, &deletes, usize::MAX),
                named(edits, &others, usize::MAX)
            );
            reasons.entry(*place).or_insert(reason);
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
        let all: Vec<_> = said
            .iter()
            .map(|(place, value)| format!("{} says {value}", place_of(&edits[*place].judged)))
            .collect();
        for (place, _) in &said {
            reasons.entry(*place).or_insert(format!("{id}: {}", all.join(", ")));
        }
    }
}

/// The places of edits, but one.
fn named(edits: &[Working], places: &[usize], but: usize) -> String {
    let others = places.iter().filter(|place| **place != but);
    others.map(|place| place_of(&edits[*place].judged)).collect::<Vec<_>>().join(", ")
}

fn place_of(judged: &Judged) -> String {
    judged.origin.clone().unwrap_or_else(|| format!("edit {}", judged.index))
}
