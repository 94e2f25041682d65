//! One search of a list by the numbers of its records.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::answer::list::member;
use crate::arguments;
use crate::catalog::{Lookup, Operation};
use crate::error::{Error, Result};
use crate::options::{Call, CallOptions};
use crate::own::{ErrorKind, Meta, Outcome};
use crate::paging::{Page, Pager};
use crate::requester::Requester;

/// Where records are searched.
pub(super) struct Search<'a> {
    requester: &'a Requester,
    list: &'static Operation,
    lookup: Lookup,
    /// Those that the list takes too.
    arguments: Map<String, Value>,
    options: CallOptions,
}

impl<'a> Search<'a> {
    /// `name` is the argument that holds the numbers. The others go to the list.
    pub(super) fn new(
        requester: &'a Requester,
        operation: &'static Operation,
        call: &Call,
        name: &str,
    ) -> Result<Self> {
        let missing = || Error::config(format!("the catalogue names no list for {}", operation.id));
        let lookup = operation.lookup.ok_or_else(missing)?;
        let list = Operation::find(lookup.list).ok_or_else(missing)?;
        let mut arguments = call.arguments.clone();
        arguments.remove(name);
        let options =
            CallOptions { page_size: None, from_page: None, progress: None, ..call.options.clone() };
        Ok(Self { requester, list, lookup, arguments, options })
    }

    /// Finds the records that carry one of the numbers, in as many pages as equal numbers need. Returns what the pages took
    /// that came, too.
    pub(super) async fn find(&self, numbers: &[String], found: &mut Found) -> (Meta, Result<Meta>) {
        let pager = match self.pager(numbers) {
            Ok(pager) => pager,
            Err(error) => return (Meta::default(), Err(error)),
        };
        let result = self.read(&pager, numbers, found).await;
        let spent = pager.meta().await;
        (spent.clone(), result.map(|()| spent))
    }

    fn pager(&self, numbers: &[String]) -> Result<Pager> {
        let mut values: Vec<&str> = Vec::new();
        for number in numbers {
            values.push(number);
            if number.trim() != number {
                values.push(number.trim());
            }
        }
        let value: Value = if let [one] = values[..] { one.into() } else { values.into() };
        let mut arguments = self.arguments.clone();
        let filter = json!([{"field": self.lookup.field, "operator": "Eq", "value": value}]);
        arguments.insert("filters".into(), filter);
        let prepared = arguments::prepare(self.list, &arguments)?;
        Ok(Pager::new(self.requester.clone(), None, prepared, self.options.clone()))
    }

    async fn read(&self, pager: &Pager, numbers: &[String], found: &mut Found) -> Result<()> {
        let asked: HashSet<&str> = numbers.iter().map(|number| number.trim()).collect();
        while let Some(page) = pager.next_page().await? {
            let records: Vec<_> =
                page.records().map(|record| (number_of(&record, self.lookup.member), record)).collect();
            if self.ignores_filter(&page, records.iter().map(|(number, _)| number.as_deref()), &asked) {
                let text = "the service ignored the filter by number and returned other records: whether there are \
                            records with these numbers is not known";
                return Err(Error::new(ErrorKind::Decode, text)
                    .with_outcome(Outcome::Refused)
                    .with_operation(self.list.id));
            }
            for (number, record) in records {
                // Records that nobody asked for are no answer.
                if let Some(number) = number.filter(|number| asked.contains(number.trim())) {
                    found.put(number, record);
                }
            }
        }
        Ok(())
    }

    /// Whether most records of a page have nothing to do with the numbers, and more pages follow: that is the whole list.
    /// How exactly the service compares is not known, so a text that contains a number fits as well.
    fn ignores_filter<'r>(
        &self,
        page: &Page,
        numbers: impl Iterator<Item = Option<&'r str>>,
        asked: &HashSet<&str>,
    ) -> bool {
        let has_more = match page.total {
            Some(total) => total > page.len() as u64,
            None => page.len() >= self.requester.page_size(),
        };
        if !has_more {
            return false;
        }
        let lowered: Vec<String> = asked.iter().map(|number| number.to_lowercase()).collect();
        let fits = |number: &str| {
            let lower = number.to_lowercase();
            asked.contains(number.trim()) || lowered.iter().any(|asked| lower.contains(asked))
        };
        let fitting = numbers.filter(|number| number.is_some_and(fits)).count();
        fitting * 2 < page.len()
    }
}

/// The number of a record.
fn number_of(record: &[u8], name: &str) -> Option<String> {
    let value = member(std::str::from_utf8(record).ok()?, name)?;
    match serde_json::from_str(value).ok()? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Records by their numbers.
#[derive(Default)]
pub(super) struct Found {
    exact: HashMap<String, Vec<Bytes>>,
    trimmed: HashMap<String, Vec<Bytes>>,
}

impl Found {
    fn put(&mut self, number: String, record: Bytes) {
        add(self.trimmed.entry(number.trim().to_owned()).or_default(), record.clone());
        add(self.exact.entry(number).or_default(), record);
    }

    pub(super) fn absorb(&mut self, other: Self) {
        for (mine, theirs) in [(&mut self.exact, other.exact), (&mut self.trimmed, other.trimmed)] {
            for (number, records) in theirs {
                let mine = mine.entry(number).or_default();
                records.into_iter().for_each(|record| add(mine, record));
            }
        }
    }

    /// Those with exactly this text, else those with it but for white space around it.
    pub(super) fn of(&self, number: &str) -> &[Bytes] {
        let exact = self.exact.get(number).filter(|records| !records.is_empty());
        exact.or_else(|| self.trimmed.get(number.trim())).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A record may come in several requests.
fn add(records: &mut Vec<Bytes>, record: Bytes) {
    if !records.contains(&record) {
        records.push(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_come_first() {
        let mut found = Found::default();
        found.put(" A".into(), "1".into());
        found.put("A".into(), "2".into());
        found.put("B ".into(), "3".into());
        found.put("B ".into(), "3".into());
        assert_eq!(found.of(" A"), ["1"]);
        assert_eq!(found.of("A"), ["2"]);
        assert_eq!(found.of("A "), ["1", "2"]);
        assert_eq!(found.of("B"), ["3"]);
        assert!(found.of("C").is_empty());
    }

    #[test]
    fn records_stay_in_the_order_in_which_they_came() {
        let spellings = || (0..50).map(|blanks| format!("{}A", " ".repeat(blanks)));
        let mut all = Found::default();
        for request in ["1", "2"] {
            let mut found = Found::default();
            spellings().enumerate().for_each(|(index, number)| {
                found.put(number, format!("{request}-{index}").into());
            });
            all.absorb(found);
        }
        let expected: Vec<_> = ["1", "2"]
            .iter()
            .flat_map(|request| (0..50).map(move |index| format!("{request}-{index}")))
            .collect();
        assert_eq!(all.of("A "), expected);
    }

    #[test]
    fn numbers_of_records() {
        assert_eq!(number_of(br#"{"id": "1", "headerNumber": " A"}"#, "headerNumber").as_deref(), Some(" A"));
        assert_eq!(number_of(br#"{"headernumber": 7}"#, "headerNumber").as_deref(), Some("7"));
        assert_eq!(number_of(br#"{"headerNumber": null}"#, "headerNumber"), None);
    }
}
