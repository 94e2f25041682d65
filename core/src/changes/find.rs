//! New records whose answer was lost: by their number, or by their name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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
use crate::arguments::filters::{ANY_OF, MOST_VALUES};
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
        let due = due.iter().copied().filter(|place| self.is_known_by_name(*place));
        for (folder, mut tasks) in self.by_folder(due, NAME) {
            for place in &tasks {
                self.named.remove(place);
            }
            let (found, too_many) = match self.lists(master, &folder, NAME, &self.values(&tasks, NAME)).await
            {
                Ok(lists) => lists,
                // Its creations are refused, too.
                Err(error) if error.is_of_one() => {
                    self.meta.absorb(error.spent());
                    continue;
                }
                Err(error) => return Err(error),
            };
            tasks.retain(|place| {
                searched(&self.tasks[*place], NAME).is_some_and(|name| !too_many.contains(name))
            });
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

    /// Looks for records whose creation may have arrived: by their numbers, and by their names where a folder may have given other
    /// numbers. Returns those that were not found.
    pub(super) async fn find_new(
        &mut self,
        master: &'static Master,
        mut places: Vec<usize>,
    ) -> Result<Vec<usize>> {
        places.retain(|place| matches!(self.states[*place], State::Sent));
        let mut fitting = self.search(master, places.clone(), master.number.field).await?;
        let by_name: Vec<_> = places
            .iter()
            .copied()
            .filter(|place| !fitting.contains_key(place))
            .filter(|place| self.named.contains(place) && self.is_known_by_name(*place))
            .collect();
        fitting.extend(self.search(master, by_name, NAME).await?);
        // What has more planned values comes first: its record may fit another, too, but not the other way around.
        places.sort_by_key(|place| std::cmp::Reverse(self.tasks[*place].fields.len()));
        let mut open = Vec::new();
        for place in places {
            let mut fits = fitting.remove(&place).unwrap_or_default();
            fits.retain(|header| !self.is_of_another(header));
            match fits.as_slice() {
                [] => open.push(place),
                [one] => {
                    let (id, number) = (one.id().to_owned(), one.number(master).map(str::to_owned));
                    let line = Line::Accepted { task: place, id: Some(id.clone()), number: number.clone() };
                    self.journal.write(line).await?;
                    self.note_number(place, number.as_deref());
                    // Whether it has kept all values is seen when it is read back.
                    self.states[place] = State::Accepted { id: Some(id), number };
                }
                several => {
                    let ids: Vec<_> = several.iter().map(Header::id).collect();
                    let reason =
                        format!("its answer was lost, and several records may be it: {}", ids.join(", "));
                    self.end(place, Outcome::new(Fate::Unknown).because(reason)).await?;
                }
            }
        }
        open.sort_unstable();
        Ok(open)
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
            false => self.search(master, vec![place], NAME).await?.remove(&place).unwrap_or_default(),
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

    /// Records that may be those that tasks have created, by the value of a field.
    async fn search(
        &mut self,
        master: &'static Master,
        places: Vec<usize>,
        field: &'static str,
    ) -> Result<HashMap<usize, Vec<Header>>> {
        let mut fitting: HashMap<usize, Vec<Header>> = HashMap::new();
        for (folder, tasks) in self.by_folder(places.into_iter(), field) {
            let found = match self.lists(master, &folder, field, &self.values(&tasks, field)).await {
                Ok((found, _)) => found,
                // A folder that is gone, or closed, shows nothing.
                Err(error) if error.is_of_one() => {
                    self.meta.absorb(error.spent());
                    continue;
                }
                Err(error) => return Err(error),
            };
            for place in tasks {
                let fits: Vec<_> = found
                    .iter()
                    .filter(|header| self.may_be(master, place, header, field))
                    .cloned()
                    .collect();
                if !fits.is_empty() {
                    fitting.insert(place, fits);
                }
            }
        }
        Ok(fitting)
    }

    /// Tasks whose value of a field can be searched, by their folders.
    fn by_folder(&self, places: impl Iterator<Item = usize>, field: &str) -> BTreeMap<String, Vec<usize>> {
        let mut of_folder: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for place in places {
            let task = &self.tasks[place];
            if let (Some(folder), Some(_)) = (&task.folder_id, searched(task, field)) {
                of_folder.entry(folder.clone()).or_default().push(place);
            }
        }
        of_folder
    }

    /// The planned values of a field, each once.
    fn values(&self, places: &[usize], field: &str) -> Vec<String> {
        let values = places.iter().filter_map(|place| searched(&self.tasks[*place], field));
        values.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
    }

    /// Whether a record is known to be that of a task.
    fn is_of_another(&self, header: &Header) -> bool {
        self.states.iter().any(|state| match state {
            State::Accepted { id, .. } => id.as_deref() == Some(header.id()),
            State::Ended(outcome) => outcome.id.as_deref() == Some(header.id()),
            State::Due | State::Sent => false,
        })
    }

    /// Whether a record may be the one that a task has created.
    ///
    /// By its number it is found whatever it has kept, and by its name only as it was planned, with nothing besides.
    fn may_be(&self, master: &'static Master, place: usize, header: &Header, field: &str) -> bool {
        let time = |text: &str| Written::of(text)?.instant();
        let sent = self.sent_at[place].as_deref().and_then(time);
        let is_new = match (header.created_at().and_then(time), sent) {
            (Some(created), Some(sent)) => {
                sent.duration_since(created) <= SignedDuration::try_from(SKEW).unwrap_or_default()
            }
            _ => false,
        };
        let task = &self.tasks[place];
        let is_like = if field == master.number.field {
            let number = searched(task, field).map(str::trim);
            number.is_some() && header.number(master).map(str::trim) == number
        } else {
            let check = self.scene.check(master, header);
            let is_planned = |id: &str| {
                [master.number.field, "active"].contains(&id)
                    || task.fields.iter().any(|change| change.id == id)
            };
            self.is_done(master, place, header)
                && !header.has_besides(&check, is_planned)
                && !self.older.contains(&header.id().to_lowercase())
                && self.user.as_deref().is_none_or(|user| header.created_by().is_none_or(|by| by == user))
        };
        is_new && is_like && !self.is_of_another(header)
    }

    /// Records of a folder with one of these values in a field, and the values that more records have than a page.
    async fn lists(
        &mut self,
        master: &'static Master,
        folder: &str,
        field: &str,
        values: &[String],
    ) -> Result<(Vec<Header>, HashSet<String>)> {
        let (mut found, mut too_many) = (Vec::new(), HashSet::new());
        let mut left: Vec<&[String]> = values.chunks(MOST_VALUES).collect();
        while let Some(values) = left.pop() {
            match (self.list(master, folder, field, values).await?, values) {
                (Some(some), _) => found.extend(some),
                (None, [one]) => drop(too_many.insert(one.clone())),
                (None, several) => {
                    let (one, other) = several.split_at(several.len() / 2);
                    left.extend([other, one]);
                }
            }
        }
        Ok((found, too_many))
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
