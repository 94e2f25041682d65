//! New records whose answer was lost: by their number, or by their name.

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

impl Run<'_> {
    /// Looks for a record whose creation may have arrived: by its number, and by its name where the folder gives numbers.
    pub(super) async fn find_new(&mut self, master: &'static Master, place: usize) -> Result<bool> {
        if !matches!(self.states[place], State::Sent) {
            return Ok(true);
        }
        let task = self.tasks[place].clone();
        let text = |id: &str| {
            task.fields.iter().find(|change| change.id == id).and_then(|change| change.new.as_str())
        };
        let mut found = Vec::new();
        for field in [master.number.field, "header_name"] {
            // What holds the separator of a filter cannot be searched.
            let value = text(field).filter(|value| !value.trim().is_empty() && !value.contains(ANY_OF));
            // A folder that keeps numbers has given it no other one.
            let is_kept = field != master.number.field && self.keeps_number(&task);
            if let (Some(value), Some(folder)) = (value, &task.folder_id)
                && found.is_empty()
                && !is_kept
            {
                found = match self.list(master, folder, field, value).await {
                    Ok(found) => found,
                    // A folder that is gone, or closed, shows nothing.
                    Err(error) if error.is_of_one() => {
                        self.meta.absorb(error.spent());
                        Vec::new()
                    }
                    Err(error) => return Err(error),
                };
                let by_number = (field == master.number.field).then_some(value);
                found.retain(|header| self.may_be(master, place, header, by_number));
            }
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

    fn keeps_number(&self, task: &Task) -> bool {
        task.number.is_some() && self.keeping.contains(&folder_of(task))
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
        !is_another && is_new && is_like
    }

    /// Records of a folder with this value in a field.
    async fn list(
        &mut self,
        master: &'static Master,
        folder: &str,
        field: &str,
        value: &str,
    ) -> Result<Vec<Header>> {
        self.afford(1)?;
        let mut arguments = Map::from_iter([("folder_id".to_owned(), Value::from(folder))]);
        arguments.insert("filters".into(), json!([{"field": field, "operator": "Eq", "value": value}]));
        let found = present::all(self.scene, master.number.list, &arguments, &mut self.meta).await?;
        Ok(found.into_iter().filter_map(Header::of_value).collect())
    }
}
