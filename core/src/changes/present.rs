//! The present state of the records that edits name: looked up by number or id, and kept as far as the edits ask for it.

use std::collections::HashMap;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::Scene;
use super::edit::Key;
use super::header::Header;
use super::masters::{Master, needed};
use crate::answer;
use crate::arguments;
use crate::arguments::filters::MOST_VALUES;
use crate::catalog::Operation;
use crate::error::{Error, Result};
use crate::handlers::{Found, at_a_time, get_many_by_number, read_many};
use crate::options::Call;
use crate::own::Meta;
use crate::paging::Pager;

/// What was found for a key.
#[derive(Debug, Clone)]
pub(super) enum Match {
    One(Kept),
    None,
    /// Ids of all that have the number.
    Several(Vec<String>),
}

/// A record, as far as edits ask for it.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) number: Option<String>,
    pub(super) folder: String,
    fields: Vec<(String, Value, Option<String>)>,
}

impl Kept {
    fn of(header: &Header, master: &Master, fields: &[String]) -> Self {
        let kept = fields.iter().map(|id| {
            let (value, type_name) = header.field(id);
            (id.clone(), value.clone(), type_name.map(str::to_owned))
        });
        Self {
            id: header.id().to_owned(),
            number: header.number(master).map(str::to_owned),
            folder: header.folder().unwrap_or_default().to_owned(),
            fields: kept.collect(),
        }
    }

    /// The present value of a field, and the type that the record says.
    pub(super) fn field(&self, id: &str) -> (&Value, Option<&str>) {
        let field = self.fields.iter().find(|(known, _, _)| known == id);
        field.map_or((&Value::Null, None), |(_, value, type_name)| (value, type_name.as_deref()))
    }
}

/// The keys to look up, and the fields that are asked for of each.
pub(super) type Wanted = HashMap<Key, Vec<String>>;

pub(super) async fn read(
    scene: &Scene<'_>,
    master: &'static Master,
    wanted: &Wanted,
    meta: &mut Meta,
) -> Result<HashMap<Key, Match>> {
    let mut matches = HashMap::with_capacity(wanted.len());
    let mut ids = Vec::new();
    let mut numbers: HashMap<Option<String>, Vec<String>> = HashMap::new();
    for key in wanted.keys() {
        match key {
            Key::Id(id) => ids.push(id.clone()),
            Key::Number { number, folder } => numbers.entry(folder.clone()).or_default().push(number.clone()),
        }
    }
    // The same requests for the same edits.
    ids.sort_unstable();
    if !ids.is_empty() {
        let found = by_id(scene, master, &ids, meta).await?;
        for id in ids {
            let key = Key::Id(id);
            let Key::Id(id) = &key else { continue };
            let header = found.record(id).and_then(Header::of);
            let is =
                header.map_or(Match::None, |header| Match::One(Kept::of(&header, master, &wanted[&key])));
            matches.insert(key, is);
        }
    }
    let mut folders: Vec<_> = numbers.into_iter().collect();
    folders.sort_unstable();
    for (folder, mut numbers) in folders {
        numbers.sort_unstable();
        by_number(scene, master, folder.as_deref(), &numbers, meta, |number, headers| {
            let key = Key::Number { number: number.to_owned(), folder: folder.clone() };
            let is = match headers {
                [] => Match::None,
                [one] => Match::One(Kept::of(one, master, &wanted[&key])),
                several => Match::Several(several.iter().map(|one| one.id().to_owned()).collect()),
            };
            matches.insert(key, is);
        })
        .await?;
    }
    Ok(matches)
}

/// The records with these ids.
pub(super) async fn by_id(
    scene: &Scene<'_>,
    master: &'static Master,
    ids: &[String],
    meta: &mut Meta,
) -> Result<Found> {
    let call = call(scene, master.by_id, ids, None);
    let read = read_many(scene.requester, master.by_id, &call).await?;
    match read.end {
        Ok(_) => {
            meta.absorb(read.meta);
            Ok(read.found)
        }
        Err(error) => Err(read.found.into_error(error, read.meta)),
    }
}

/// The records with each of these numbers, a request at a time handed on.
pub(super) async fn by_number(
    scene: &Scene<'_>,
    master: &'static Master,
    folder: Option<&str>,
    numbers: &[String],
    meta: &mut Meta,
    mut take: impl FnMut(&str, &[Header]),
) -> Result<()> {
    let mut work: Vec<BoxFuture<'_, _>> = Vec::new();
    for chunk in numbers.chunks(MOST_VALUES) {
        let call = call(scene, master.by_number, chunk, folder);
        work.push(Box::pin(async move {
            (chunk, get_many_by_number(scene.requester, master.by_number, &call).await)
        }));
    }
    let mut work = at_a_time(scene.requester, work);
    while let Some((chunk, answer)) = work.next().await {
        let answer = answer?;
        let mut value = answer::value(&answer.body);
        meta.absorb(answer.meta);
        drop(answer.body);
        let headers = |list: &mut Value| -> Vec<Header> {
            let list = list.as_array_mut().map(std::mem::take).unwrap_or_default();
            list.into_iter().filter_map(Header::of_value).collect()
        };
        let found = headers(&mut value["found"]);
        for number in chunk {
            let mut ambiguous = value["ambiguous"].as_array_mut().into_iter().flatten();
            if let Some(several) = ambiguous.find(|one| one["number"] == **number) {
                take(number, &headers(&mut several["records"]));
                continue;
            }
            let is = |header: &&Header| header.number(master) == Some(number.as_str());
            let is_trimmed = |header: &&Header| header.number(master).map(str::trim) == Some(number.trim());
            let one = found.iter().find(is).or_else(|| found.iter().find(is_trimmed));
            take(number, one.map(std::slice::from_ref).unwrap_or_default());
        }
    }
    Ok(())
}

/// The records of a list, unless they are more than its first page has.
pub(super) async fn first_page(
    scene: &Scene<'_>,
    list: &str,
    arguments: &Map<String, Value>,
    meta: &mut Meta,
) -> Result<Option<Vec<Value>>> {
    let pager = pager(scene, list, arguments)?;
    let page = pager.next_page().await;
    meta.absorb(pager.meta().await);
    let total = pager.total().await;
    let found: Vec<_> =
        page?.iter().flat_map(|page| page.records()).map(|record| answer::value(&record)).collect();
    Ok(total.is_none_or(|total| total <= found.len() as u64).then_some(found))
}

/// All records of a list.
pub(super) async fn all(
    scene: &Scene<'_>,
    list: &str,
    arguments: &Map<String, Value>,
    meta: &mut Meta,
) -> Result<Vec<Value>> {
    let pager = pager(scene, list, arguments)?;
    let mut found = Vec::new();
    let end = loop {
        match pager.next_page().await {
            Ok(Some(page)) => found.extend(page.records().map(|record| answer::value(&record))),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    meta.absorb(pager.meta().await);
    end.map(|()| found)
}

fn pager(scene: &Scene<'_>, list: &str, arguments: &Map<String, Value>) -> Result<Pager> {
    let list = Operation::find(list).ok_or_else(|| Error::internal(format!("there is no {list}")))?;
    let prepared = arguments::prepare(list, arguments)?;
    Ok(Pager::new(scene.requester.clone(), None, prepared, scene.options()))
}

fn call(scene: &Scene<'_>, operation: &'static Operation, texts: &[String], folder: Option<&str>) -> Call {
    let mut arguments = Map::from_iter([(needed(operation).to_owned(), Value::from(texts))]);
    if let Some(folder) = folder {
        arguments.insert("folder_id".into(), folder.into());
    }
    Call { arguments, options: scene.options() }
}
