//! Images that earlier sets have uploaded, by their journals: the only proof that a record has a file already.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::Picture;
use crate::changes::journal::{Line, Lines};
use crate::changes::outcome::{Fate, Outcome};
use crate::changes::task::Task;

/// A file, and where a record had it after the upload.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Uploaded {
    pub(super) resource: String,
    /// The record, in lower case.
    pub(super) record: String,
    pub(super) member: String,
    pub(super) sha256: String,
    pub(super) link: String,
}

/// Those of the journals of a folder, and of the journals that its marks name. What cannot be read proves nothing.
pub(super) fn uploaded(folder: &Path, owner: &str) -> HashSet<Uploaded> {
    let mut journals: HashSet<PathBuf> = HashSet::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("journal") => drop(journals.insert(path)),
            Some("applied") => journals.extend(std::fs::read_to_string(path).ok().map(PathBuf::from)),
            _ => {}
        }
    }
    journals.iter().filter_map(|journal| of_journal(journal, owner)).flatten().collect()
}

/// None for what is no journal of this company.
fn of_journal(path: &Path, owner: &str) -> Option<Vec<Uploaded>> {
    let mut lines = BufReader::new(std::fs::File::open(path).ok()?).split(b'\n');
    let mut reader = Lines::default();
    let Some(Line::Begun { owner: of, .. }) = reader.next(&lines.next()?.ok()?) else { return None };
    if of != owner {
        return None;
    }
    let (mut tasks, mut found): (Vec<Option<Box<Task>>>, _) = (Vec::new(), Vec::new());
    for text in lines.map_while(Result::ok) {
        match reader.next(&text) {
            Some(Line::Task(task)) => tasks.push(Some(task).filter(|task| task.image().is_some())),
            Some(Line::Ended { task, outcome }) => {
                let task = tasks.get(task).and_then(Option::as_ref);
                let outcome = task.and_then(|_| serde_json::from_value::<Outcome>(outcome).ok());
                found.extend(task.zip(outcome).and_then(|(task, outcome)| of_task(task, outcome)));
            }
            _ => {}
        }
    }
    Some(found)
}

fn of_task(task: &Task, outcome: Outcome) -> Option<Uploaded> {
    let (Picture { sha256, .. }, member, _) = task.picture()?;
    let (record, link) = (outcome.id.as_ref().or(task.id.as_ref())?, outcome.link?);
    (outcome.outcome == Fate::Done).then_some(Uploaded {
        resource: task.resource.clone(),
        record: record.to_lowercase(),
        member: member.to_owned(),
        sha256: sha256?,
        link,
    })
}
