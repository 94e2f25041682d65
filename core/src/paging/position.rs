//! How far a list was read.

use std::collections::VecDeque;

use crate::own::Position;

/// Keeps account of the pages that were handed out.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Number and unconsumed records of each page, in order.
    pages: VecDeque<(u64, u64)>,
    /// The page that is next when all of these are consumed.
    next: u64,
    records: u64,
    total: Option<u64>,
    /// Records of the last page, and how many of them were consumed.
    last: (u64, u64),
}

impl Account {
    pub(super) fn new(first: u64) -> Self {
        Self { next: first, ..Self::default() }
    }

    /// All that was handed out is consumed.
    pub(super) fn settle(&mut self) {
        self.records += self.pages.drain(..).map(|(_, left)| left).sum::<u64>();
    }

    pub(super) fn hand_out(&mut self, number: u64, records: u64) {
        self.pages.push_back((number, records));
        self.last = (records, 0);
    }

    pub(super) fn go_on(&mut self, next: Option<u64>, total: Option<u64>) {
        self.next = next.unwrap_or(self.next);
        self.total = total;
    }

    /// Notes consumed records, the earliest first. Says whether half of the last page is consumed.
    pub(super) fn consume(&mut self, mut count: u64) -> bool {
        while let Some((_, left)) = self.pages.front_mut() {
            let taken = count.min(*left);
            *left -= taken;
            count -= taken;
            self.records += taken;
            if self.pages.len() == 1 {
                self.last.1 += taken;
            }
            if self.pages.front().is_some_and(|(_, left)| *left > 0) {
                break;
            }
            self.pages.pop_front();
        }
        self.pages.len() <= 1 && self.last.1 * 2 >= self.last.0
    }

    pub(super) fn position(&self) -> Position {
        let page = self.pages.front().map_or(self.next, |(number, _)| *number);
        Position { page, records: self.records, total: self.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_as_read_when_all_of_it_is_consumed() {
        let mut account = Account::new(3);
        assert_eq!(account.position(), Position { page: 3, records: 0, total: None });
        account.hand_out(3, 10);
        account.go_on(Some(4), Some(99));
        assert!(!account.consume(4));
        assert_eq!(account.position(), Position { page: 3, records: 4, total: Some(99) });
        assert!(account.consume(1));
        account.consume(5);
        assert_eq!(account.position(), Position { page: 4, records: 10, total: Some(99) });
        account.hand_out(4, 10);
        account.hand_out(5, 2);
        account.go_on(Some(6), Some(99));
        assert!(!account.consume(3));
        assert_eq!(account.position(), Position { page: 4, records: 13, total: Some(99) });
        assert!(account.consume(8));
        assert_eq!(account.position(), Position { page: 5, records: 21, total: Some(99) });
        account.settle();
        assert_eq!(account.position(), Position { page: 6, records: 22, total: Some(99) });
        // More than there was is no harm.
        account.consume(50);
        assert_eq!(account.position().records, 22);
    }
}
