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
    /// Whether a new record has another number than was sent, as far as is known, so that only its name can tell which it is.
    pub(super) fn is_known_by_name(&self, place: usize) -> bool {
        let task = &self.tasks[place];
        let folder = folder_of(task);
        let is_numbered = self.may_number || self.renumbering.contains(&folder);
        let has_another = task.number.is_none() || is_numbered && !self.keeping.contains(&folder);
        has_another && searched(task, NAME).is_some()
    }

    /// Writes down which records have the names of those that are created next: what is new then and has its values is the record.
    /// Where there are more than one list shows, a record cannot be known by its name.
    pub(super) async fn note_names(&mut self, master: &'static Master, due: &[usize]) -> Result<()> {
        let mut of_folder: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for place in due.iter().filter(|place| self.is_known_by_name(**place)) {
            let folder = self.tasks[*place].folder_id.clone().unwrap_or_default();
            of_folder.entry(folder).or_default().push(*place);
        }
        for (folder, tasks) in of_folder {
            let named: BTreeSet<_> = tasks
                .iter()
                .filter_map(|place| searched(&self.tasks[*place], NAME))
                .map(str::to_owned)
                .collect();
            let names: Vec<_> = named.into_iter().collect();
            let found = match self.list(master, &folder, NAME, &names).await {
                Ok(found) => found,
                // Its creations are refused, too.
                Err(error) if error.is_of_one() => {
                    self.meta.absorb(error.spent());
                    None
                }
                Err(error) => return Err(error),
            };
            self.named.retain(|place| !tasks.contains(place));
            if let Some(found) = found {
                let ids: Vec<_> = found.iter().map(|header| header.id().to_lowercase()).collect();
                self.journal.write(Line::Names { tasks: tasks.clone(), ids: ids.clone() }).await?;
                self.take_names(&tasks, ids);
            }
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
    /// keep numbers.
    pub(super) async fn not_found(&mut self, master: &'static Master, place: usize) -> Result<String> {
        let task = &self.tasks[place];
        let (is_numbered, is_named) =
            (searched(task, master.number.field).is_some(), self.named.contains(&place));
        if !is_numbered && !is_named {
            return Ok(
                "its answer was lost, and it cannot be told from other records: it is not sent again".into()
            );
        }
        let like = match is_named || self.keeping.contains(&folder_of(task)) {
            true => Vec::new(),
            false => self.search(master, place, NAME).await?,
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
            Ok(found) => found.unwrap_or_default(),
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

    /// Records of a folder with one of these values in a field. None where they are more than one page has.
    async fn list(
        &mut self,
        master: &'static Master,
        folder: &str,
        field: &str,
        values: &[String],
    ) -> Result<Option<Vec<Header>>> {
        self.afford(1)?;
        let mut arguments = Map::from_iter([("folder_id".to_owned(), Value::from(folder))]);
        let value: Value = if let [one] = values { one.as_str().into() } else { values.into() };
        arguments.insert("filters".into(), json!([{"field": field, "operator": "Eq", "value": value}]));
        let found = present::first_page(self.scene, master.number.list, &arguments, &mut self.meta).await?;
        Ok(found.map(|found| found.into_iter().filter_map(Header::of_value).collect()))
    }
}

/// The text of a planned field, where it can be searched: what holds the separator of a filter cannot.
fn searched<'a>(task: &'a Task, field: &str) -> Option<&'a str> {
    let planned = task.fields.iter().find(|change| change.id == field)?.new.as_str()?;
    (!planned.trim().is_empty() && !planned.contains(ANY_OF)).then_some(planned)
}
