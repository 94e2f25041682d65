//! Records by id, through whatever costs least: a list filtered by id, where the service has proven to know that filter; the
//! pages of the list; or a read of each record (docs/service/lists.md, Filters).

mod filtered;
mod found;
mod singly;

use std::collections::HashSet;

use serde_json::{Map, Value};

use self::filtered::Filtered;
pub(crate) use self::found::Found;
use crate::answer::Answer;
use crate::arguments::filters::{ANY_OF, MOST_VALUES};
use crate::arguments::{self, encode, shown};
use crate::catalog::{Lookup, Operation, Parameter};
use crate::error::{Error, Result};
use crate::id_filters::Proof;
use crate::options::{Call, CallOptions};
use crate::own::Meta;
use crate::paging::Pager;
use crate::requester::Requester;
use crate::tally::Tally;

/// With fewer records than this it is not worth a request to learn how long a list is.
const FEW: usize = 10;

/// How the records were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// A list filtered by id.
    Filter,
    /// The pages of a list.
    Pages,
    /// A read of each record.
    Gets,
}

impl Way {
    fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Pages => "pages",
            Self::Gets => "gets",
        }
    }
}

/// The records with these ids: found and missing ones. An error carries in its details what the requests before it have found.
pub(crate) async fn get_many(
    requester: &Requester,
    operation: &'static Operation,
    call: &Call,
) -> Result<Answer> {
    let Read { found, meta, end } = read(requester, operation, call).await?;
    match end {
        Ok(way) => {
            let body = found.json(Some(way.as_str()));
            Ok(Answer { raw: body.clone(), body, meta })
        }
        Err(error) => Err(found.into_error(error, meta)),
    }
}

/// What came of a read of many records.
pub(crate) struct Read {
    pub(crate) found: Found,
    pub(crate) meta: Meta,
    /// How they were read, or why not all were.
    pub(crate) end: Result<Way>,
}

/// The same before it is put together. The error is one of the arguments.
pub(crate) async fn read(requester: &Requester, operation: &'static Operation, call: &Call) -> Result<Read> {
    let tally = Tally::within(call.options.tally.clone());
    let options = CallOptions { tally: Some(tally.clone()), ..call.options.clone() };
    let many = Many::new(requester, operation, call, options)?;
    let mut found = Found::of(many.ids.clone());
    let mut meta = Meta::default();
    let end = many.read(&mut found, &mut meta).await;
    // Also of pages that were read ahead, and not used.
    meta.cost = tally.spent();
    Ok(Read { found, meta, end })
}

/// A read of records by their ids.
struct Many<'a> {
    requester: &'a Requester,
    operation: &'static Operation,
    list: &'static Operation,
    look: &'static Operation,
    lookup: Lookup,
    ids: Vec<String>,
    /// Those that the list takes too.
    arguments: Map<String, Value>,
    options: CallOptions,
}

impl<'a> Many<'a> {
    fn new(
        requester: &'a Requester,
        operation: &'static Operation,
        call: &Call,
        options: CallOptions,
    ) -> Result<Self> {
        arguments::check_names(operation, &call.arguments)?;
        let missing =
            |what: &str| Error::config(format!("the catalogue names no {what} for {}", operation.id));
        let lookup = operation.lookup.ok_or_else(|| missing("lookup"))?;
        let list = Operation::find(lookup.list).ok_or_else(|| missing("list"))?;
        let look = operation.look.and_then(Operation::find).ok_or_else(|| missing("read"))?;
        let parameter = operation.parameters.iter().find(|parameter| parameter.required);
        let parameter = parameter.ok_or_else(|| missing("argument"))?;
        let ids = ids(parameter, &call.arguments).map_err(|error| error.with_operation(operation.id))?;
        let mut arguments = call.arguments.clone();
        arguments.remove(parameter.name);
        // Those of the list are checked before anything is sent.
        arguments::prepare(list, &arguments).map_err(|error| error.with_operation(operation.id))?;
        Ok(Self { requester, operation, list, look, lookup, ids, arguments, options })
    }

    async fn read(&self, found: &mut Found, meta: &mut Meta) -> Result<Way> {
        if self.ids.len() <= 1 {
            return self.singly(found, meta).await;
        }
        if self.requester.id_filters().of(self.list) == Proof::Fails {
            return self.without_filter(None, found, meta).await;
        }
        match self.by_filter(found, meta).await? {
            Filtered::Whole => Ok(Way::Filter),
            // The list as if it had no filter is of use all the same.
            Filtered::Ignored(pages) => self.without_filter(Some(pages), found, meta).await,
            Filtered::Refused => self.without_filter(None, found, meta).await,
        }
    }

    /// Reads the pages of the list where they are fewer than the records that are left, and each record otherwise. `begun` is
    /// the list, of which the first page was taken.
    async fn without_filter(&self, begun: Option<Pager>, found: &mut Found, meta: &mut Meta) -> Result<Way> {
        let (pager, is_begun) = match begun {
            Some(pager) => (pager, true),
            None if found.open() < FEW => return self.singly(found, meta).await,
            None => (self.pager(&[], None)?, false),
        };
        let result = self.by_pages(&pager, is_begun, found).await;
        pager.stop().await;
        meta.absorb(pager.meta().await);
        match result? {
            true => Ok(Way::Pages),
            false => self.singly(found, meta).await,
        }
    }

    /// Whether the pages were read, and not given up for being more than the records that are left.
    async fn by_pages(&self, pager: &Pager, is_begun: bool, found: &mut Found) -> Result<bool> {
        if !is_begun && !self.take_page(pager, found).await? {
            return Ok(true);
        }
        let size = self.requester.page_size() as u64;
        let left = pager.total().await.map(|total| total.div_ceil(size).saturating_sub(1));
        if left.is_some_and(|left| left > found.open() as u64) {
            return Ok(false);
        }
        while found.open() > 0 && self.take_page(pager, found).await? {}
        Ok(true)
    }

    /// Whether there was another page. At the end of the list all that has not come is missing.
    async fn take_page(&self, pager: &Pager, found: &mut Found) -> Result<bool> {
        let Some(page) = pager.next_of_all().await? else {
            found.miss_all();
            return Ok(false);
        };
        page.records().for_each(|record| found.put(record));
        self.report(found);
        Ok(true)
    }

    /// The list, filtered by these ids if there are any.
    fn pager(&self, ids: &[&str], size: Option<u64>) -> Result<Pager> {
        let mut arguments = self.arguments.clone();
        if !ids.is_empty() {
            let value: Value = if let [one] = ids { (*one).into() } else { ids.into() };
            let filter = serde_json::json!([{"field": self.lookup.field, "operator": "Eq", "value": value}]);
            arguments.insert("filters".into(), filter);
        }
        let prepared = arguments::prepare(self.list, &arguments)?;
        Ok(Pager::new(self.requester.clone(), None, prepared, self.options_of_reads(size)))
    }

    fn options_of_reads(&self, page_size: Option<u64>) -> CallOptions {
        CallOptions {
            page_size,
            from_page: None,
            progress: None,
            // A list that ends early proves nothing of what it does not hold.
            allow_incomplete: None,
            ..self.options.clone()
        }
    }

    fn report(&self, found: &Found) {
        self.options.report(self.operation, found.settled() as u64, Some(self.ids.len() as u64));
    }
}

/// Ids of records, each once.
fn ids(parameter: &Parameter, arguments: &Map<String, Value>) -> Result<Vec<String>> {
    let value = arguments.get(parameter.name).unwrap_or(&Value::Null);
    let name = parameter.name;
    let list = value
        .as_array()
        .ok_or_else(|| Error::config(format!("{name} has to be a list of ids, not {}", shown(value))))?;
    let mut known = HashSet::new();
    let mut ids = Vec::with_capacity(list.len());
    for (index, value) in list.iter().enumerate() {
        let id = one_id(&format!("{name}[{index}]"), value)?;
        if known.insert(id.to_lowercase()) {
            ids.push(id);
        }
    }
    Ok(ids)
}

pub(super) fn one_id(name: &str, value: &Value) -> Result<String> {
    let id = encode::id(name, value)?;
    match id.contains(ANY_OF) {
        true => Err(Error::config(format!("{name} contains U+25A0, which the service reads as a separator"))),
        false => Ok(id.to_owned()),
    }
}

/// Ids for one request each.
fn chunks(ids: &[String]) -> impl Iterator<Item = &[String]> {
    ids.chunks(MOST_VALUES)
}
