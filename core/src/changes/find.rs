//! New records whose answer was lost: by their number, or by their name.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::header::Header;
use super::journal::Line;
use super::masters::Master;
use super::outcome::{Fate, Outcome};
use super::present;
use super::run::{Run, State, folder_of};
use super::task::Task;
use crate::arguments::filters::ANY_OF;
use crate::error::Result;
use crate::value::Written;

/// By how much the clock of the service may be behind this one, which answers correct.
const SKEW: Duration = Duration::from_secs(60);

const NAME: &str = "header_name";

impl Run<'_> {
    /// Whether a new record whose answer is lost can be known by its name: where its number is not known to be kept, and those
    /// that had the name before are written down.
    pub(super) fn is_known_by_name(&self, place: usize) -> bool {
        let task = &self.tasks[place];
        let may_have_another_number = task.number.is_none()
            || (self.may_number || self.renumbering.contains(&folder_of(task)))
                && !self.keeping.contains(&folder_of(task));
        may_have_another_number && searched(task, NAME).is_some()
    }

    /// Writes down which records have the names of those that are created next: what is new then and has its values is the record.
    pub(super) async fn note_names(&mut self, master: &'static Master, due: &[usize]) -> Result<()> {
        let mut of_folder: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for place in due.iter().filter(|place| self.is_known_by_name(**place)) {
            let folder = self.tasks[*place].folder_id.clone().unwrap_or_default();
            of_folder.entry(folder).or_default().push(*place);
        }
        for (folder, tasks) in of_folder {
            let names: BTreeSet<_> = tasks
                .iter()
                .filter_map(|place| searched(&self.tasks[*place], NAME))
                .map(str::to_owned)
                .collect();
            let names: Vec<_> = names.into_iter().collect();
            let found = match self.list(master, &folder, NAME, &names).await {
                Ok(found) => found,
                // Its creations are refused, too. Where they are not, none is known by its name.
                Err(error) if error.is_of_one() => {
                    self.meta.absorb(error.spent());
                    continue;
                }
                Err(error) => return Err(error),
            };
            let ids: Vec<_> = found.iter().map(|header| header.id().to_lowercase()).collect();
            self.journal.write(Line::Names { tasks: tasks.clone(), ids: ids.clone() }).await?;
            self.take_names(&tasks, ids);
        }
        Ok(())
    }

    pub(super) fn take_names(&mut self, tasks: &[usize], ids: impl IntoIterator<Item = String>) {
        self.named.extend(tasks);
        self.older.extend(ids);
    }

    /// Looks for a record whose creation may have arrived: by its number, and by its name where the folder may give another.
    pub(super) async fn find_new(&mut self, master: &'static Master, place: usize) -> Result<bool> {
        if !matches!(self.states[place], State::Sent) {
            return Ok(true);
        }
        let mut found = self.search(master, place, master.number.field).await?;
        if found.is_empty() && self.named.contains(&place) && self.is_known_by_name(place) {
            found = self.search(master, place, NAME).await?;
        }
        match found.as_slice() {
            [] => Ok(false),
            [one] => {
                let (id, number) = (one.id().to_owned(), one.number(master).map(str::to_owned));
                let line = Line::Accepted { task: place, id: Some(id.clone()), number: number.clone() };
                self.journal.write(line).await?;
                self.note_number(place, number.as_deref());
                // Whether it has kept all values is seen when it is read back.
                self.states[place] = State::Accepted { id: Some(id), number };
                Ok(true)
            }
            several => {
                let ids: Vec<_> = several.iter().map(Header::id).collect();
                let reason =
                    format!("its answer was lost, and several records may be it: {}", ids.join(", "));
                self.end(place, Outcome::new(Fate::Unknown).because(reason)).await?;
                Ok(true)
            }
        }
    }

    /// What is to be said of a new record that was not found. One with another number may be it, where its folder is not known to
    /// keep numbers or to give them.
    pub(super) async fn not_found(&mut self, master: &'static Master, place: usize) -> Result<String> {
        let folder = folder_of(&self.tasks[place]);
        let is_open = self.tasks[place].number.is_some() && !self.keeping.contains(&folder);
        let like = match is_open && !self.named.contains(&place) {
            true => self.search(master, place, NAME).await?,
            false => Vec::new(),
        };
        let ids: Vec<_> = like.iter().map(Header::id).collect();
        Ok(match &*ids {
            [] => "its answer was lost, and no such record was found: it is not sent again".to_owned(),
            ids => format!(
                "its answer was lost, and no record with its number was found; {} with its name may be it, if the folder numbers \
                 its records itself: it is not sent again",
                ids.join(" or ")
            ),
        })
    }

    /// Records that may be the one that a task has created, by the value of a field.
    async fn search(
        &mut self,
        master: &'static Master,
        place: usize,
        field: &'static str,
    ) -> Result<Vec<Header>> {
        let task = &self.tasks[place];
        let Some((value, folder)) = searched(task, field).map(str::to_owned).zip(task.folder_id.clone())
        else {
            return Ok(Vec::new());
        };
        let mut found = match self.list(master, &folder, field, std::slice::from_ref(&value)).await {
            Ok(found) => found,
            // A folder that is gone, or closed, shows nothing.
            Err(error) if error.is_of_one() => {
                self.meta.absorb(error.spent());
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        };
        let by_number = (field == master.number.field).then_some(&*value);
        found.retain(|header| self.may_be(master, place, header, by_number));
        Ok(found)
    }

    /// Whether a record may be the one that a task has created.
    ///
    /// By its number it is found whatever it has kept, and by its name only as it was planned.
    fn may_be(&self, master: &'static Master, place: usize, header: &Header, number: Option<&str>) -> bool {
        let is_another = self.states.iter().any(|state| match state {
            State::Accepted { id, .. } => id.as_deref() == Some(header.id()),
            State::Ended(outcome) => outcome.id.as_deref() == Some(header.id()),
            State::Due | State::Sent => false,
        });
        let time = |text: &str| Written::of(text)?.instant();
        let sent = self.sent_at[place].as_deref().and_then(time);
        let is_new = match (header.created_at().and_then(time), sent) {
            (Some(created), Some(sent)) => {
                sent.duration_since(created) <= SignedDuration::try_from(SKEW).unwrap_or_default()
            }
            _ => false,
        };
        let is_like = match number {
            Some(number) => header.number(master).is_some_and(|given| given.trim() == number.trim()),
            None => self.is_done(master, place, header),
        };
        let was_there = number.is_none() && self.older.contains(&header.id().to_lowercase());
        !is_another && !was_there && is_new && is_like
    }

    /// Records of a folder with one of these values in a field.
    async fn list(
        &mut self,
        master: &'static Master,
        folder: &str,
        field: &str,
        values: &[String],
    ) -> Result<Vec<Header>> {
        self.afford(1)?;
        let mut arguments = Map::from_iter([("folder_id".to_owned(), Value::from(folder))]);
        let value: Value = if let [one] = values { one.as_str().into() } else { values.into() };
        arguments.insert("filters".into(), json!([{"field": field, "operator": "Eq", "value": value}]));
        let found = present::all(self.scene, master.number.list, &arguments, &mut self.meta).await?;
        Ok(found.into_iter().filter_map(Header::of_value).collect())
    }
}

/// The text of a planned field, where it can be searched: what holds the separator of a filter cannot.
fn searched<'a>(task: &'a Task, field: &str) -> Option<&'a str> {
    let planned = task.fields.iter().find(|change| change.id == field)?.new.as_str()?;
    (!planned.trim().is_empty() && !planned.contains(ANY_OF)).then_some(planned)
}
