//! How many requests some work takes, before it is begun.

use super::Quota;
use crate::arguments::filters::MOST_VALUES;
use crate::arguments::short_id;
use crate::catalog::Handler;
use crate::error::{Error, Result};
use crate::own::{Estimate, EstimateItem, Work};

impl Work {
    /// Work of `count` records, numbers, rows or calls.
    #[must_use]
    pub fn new(operation: impl Into<String>, count: u64) -> Self {
        Self { operation: operation.into(), count: Some(count), page_size: None }
    }
}

impl Quota {
    /// Compares the requests that some work takes with those that are left today.
    pub(crate) async fn estimate(&self, work: &[Work], page_size: usize) -> Result<Estimate> {
        let items = work.iter().map(|work| item(work, page_size)).collect::<Result<Vec<_>>>()?;
        let requests = items.iter().map(|item| item.requests).fold(0, u64::saturating_add);
        let remaining = self.status().await?.remaining;
        Ok(Estimate { requests, remaining, enough: remaining.is_none_or(|left| requests <= left), items })
    }
}

fn item(work: &Work, page_size: usize) -> Result<EstimateItem> {
    let operation = crate::client::find(&work.operation)?;
    if let Some(size) = work.page_size
        && (!operation.paged || size == 0 || size > page_size as u64)
    {
        return Err(Error::config(format!(
            "work: page_size is for lists, from 1 to {page_size}, not {size} for {}",
            short_id(operation)
        )));
    }
    let a_request = match operation.handler {
        Handler::GetManyByNumber => MOST_VALUES as u64,
        Handler::UpdateRows => operation.rows.map_or(1, |rows| rows.limit as u64),
        _ if operation.paged => work.page_size.unwrap_or(page_size as u64),
        _ => 1,
    };
    let count = match work.count {
        Some(count) => count,
        None if operation.paged => {
            return Err(Error::config(format!(
                "work: count is missing: how many records {} will list",
                short_id(operation)
            )));
        }
        None => 1,
    };
    // Only a request tells that a list is empty.
    let requests = count.div_ceil(a_request).max(u64::from(operation.paged));
    Ok(EstimateItem { operation: operation.id.to_owned(), count, requests: requests * operation.cost() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests(operation: &str, count: u64) -> u64 {
        item(&Work::new(operation, count), 200).unwrap().requests
    }

    #[test]
    fn records_are_many_a_request() {
        assert_eq!(requests("style.list", 5_000), 25);
        assert_eq!(requests("style.list", 5_001), 26);
        assert_eq!(requests("style.list", 0), 1);
        assert_eq!(requests("style.get_many_by_number", 5_000), 25);
        assert_eq!(requests("data_tables.update", 10_000), 100);
        assert_eq!(requests("style.get", 50), 50);
        let small = Work { page_size: Some(50), ..Work::new("style.list", 100) };
        assert_eq!(item(&small, 200).unwrap().requests, 2);
    }

    #[test]
    fn work_that_says_nothing() {
        let list = Work { count: None, ..Work::new("style.list", 0) };
        assert!(item(&list, 200).unwrap_err().message().contains("count is missing"));
        assert!(item(&Work::new("style.lst", 1), 200).unwrap_err().message().contains("style.lst"));
        let sized = Work { page_size: Some(201), ..Work::new("style.list", 1) };
        assert!(item(&sized, 200).unwrap_err().message().contains("from 1 to 200"));
    }
}
