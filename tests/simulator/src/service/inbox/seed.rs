//! The tasks that are there from the start, each about one of the first records of its master folder.

use uuid::Uuid;

use crate::calendar::{DAY, Millis, whole_seconds};
use crate::model::{MasterKind, Records, Slot};
use crate::people::{administrator, colleague};
use crate::seed::EPOCH;

use super::Task;
use super::details::{About, Details};
use super::messages::{COMMENT, Message};

/// Master folder, what its tasks are called, and how many there are at most.
const PLAN: [(MasterKind, &str, usize); 4] = [
    (MasterKind::Style, "Review fit sample", 5),
    (MasterKind::Material, "Check lab dip", 3),
    (MasterKind::Image, "Check repeat", 1),
    (MasterKind::Color, "Approve palette", 1),
];

/// The messages on the first task of each master folder.
const MESSAGES: [&str; 3] = ["Please look at the sample", "Swatch looks right", "Done, see the photo"];

pub(crate) fn tasks(records: &Records) -> Vec<Task> {
    let mut tasks = Vec::new();
    for (kind, name, count) in PLAN {
        let outlines = records.master(kind).slots().iter().map(Slot::outline);
        let living = outlines.filter(|outline| !outline.deleted).take(count);
        tasks.extend(living.enumerate().map(|(index, outline)| task(kind, name, index, outline.id)));
    }
    tasks
}

fn task(kind: MasterKind, name: &str, index: usize, header: Uuid) -> Task {
    let id = Uuid::new_v5(&header, b"task");
    let created_at = EPOCH + index as Millis * DAY;
    let done = index % 2 == 1;
    let details = Details {
        name: format!("{name} {}", index + 1),
        start: Some(whole_seconds(created_at)),
        due: Some(whole_seconds(created_at + 14 * DAY)),
        priority: Some("High".to_owned()),
        status: Some(if done { "Closed" } else { "Open" }.to_owned()),
        assignees: vec![colleague()],
        participants: if done { vec![administrator()] } else { Vec::new() },
        about: Some(About { kind, headers: vec![header] }),
    };
    let texts: &[&str] = if index == 0 { &MESSAGES } else { &[] };
    let messages = texts.iter().map(|text| Message {
        id: Uuid::new_v5(&id, text.as_bytes()),
        text: (*text).to_owned(),
        kind: COMMENT.to_owned(),
        files: Vec::new(),
    });
    Task { id, details, created_at, modified_at: created_at, messages: messages.collect() }
}
