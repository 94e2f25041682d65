//! What a page means: which of its rows are new, which page is next, and whether the list is complete (docs/service/lists.md,
//! Paging). Nothing here sends or waits.

use std::collections::{BTreeSet, HashSet};

/// How often the list goes back from one page. A total that keeps falling there is no sign of rows that move.
const MOST_RETREATS: u32 = 10;

/// How often a page of rows without identity may come in a row. The rows of a list can be equal, but a service that ignores
/// paging sends one page for ever.
const MOST_EQUAL: u32 = 2;

/// Rows of a first page that may be a cap: a multiple of this.
const CAPS: u64 = 5;

/// A page as it came.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    /// What identifies each row, where it says so.
    pub(super) rows: Vec<Option<u64>>,
    pub(super) total: Option<u64>,
    /// Whether its text is that of the page before it.
    pub(super) repeats: bool,
}

impl Arrival {
    fn is_nameless(&self) -> bool {
        self.rows.iter().all(Option::is_none)
    }
}

/// What to do with a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Deliver these rows, by their index. The list goes on with [`Rule::next`].
    Deliver(Vec<usize>),
    /// Drop it and ask for the same page once more.
    Again,
    /// Deliver nothing: the list ends before its total. The page can be asked for again.
    Incomplete,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// This page of this size.
    Page { number: u64, size: u64 },
    /// Nothing: all came.
    End,
    /// Nothing, although records are missing.
    Incomplete,
}

/// How far a list was read, and what was seen of it.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    next: Next,
    /// Whether no page has come yet.
    is_first: bool,
    total: Option<u64>,
    /// Records that were delivered.
    received: u64,
    seen: HashSet<u64>,
    /// Pages below it were read before.
    frontier: u64,
    /// Whether the present page is asked for the second time.
    asked_again: bool,
    /// Rows by which the list grew: so many may come again.
    growth: u64,
    /// Pages in a row that held nothing new.
    stale: u64,
    /// Rows by which the list grew meanwhile.
    risen: u64,
    /// How often the list went back from the frontier.
    retreats: u32,
    /// Whether rows without identity were delivered.
    has_nameless: bool,
    /// How often the same page of such rows came in a row.
    equal: u32,
    /// The same of any rows.
    repeats: u32,
    /// Pages that lacked rows when they were read last.
    gaps: BTreeSet<u64>,
    /// Whether rows may have moved to pages that were read before and cannot be read again.
    has_moved: bool,
    /// The most rows that a page of this list is known to hold.
    largest: u64,
}

impl Rule {
    /// `largest` is the most rows that a page of such a list ever held.
    pub(super) fn new(number: u64, size: u64, largest: u64) -> Self {
        Self {
            next: Next::Page { number, size },
            is_first: true,
            total: None,
            received: 0,
            seen: HashSet::new(),
            frontier: number,
            asked_again: false,
            growth: 0,
            stale: 0,
            risen: 0,
            retreats: 0,
            has_nameless: false,
            equal: 0,
            repeats: 0,
            gaps: BTreeSet::new(),
            has_moved: false,
            largest,
        }
    }

    pub(super) fn next(&self) -> Next {
        self.next
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// The most rows that a page of such a list ever held.
    pub(super) fn largest(&self) -> u64 {
        self.largest
    }

    /// Whether the service counts records that it does not list: nothing came, although the total says otherwise.
    pub(super) fn is_hollow(&self) -> bool {
        self.next == Next::End
            && self.received == 0
            && self.total.is_some_and(|total| total > 0)
            && self.frontier == 0
    }

    /// Number of the last page, where the total tells it.
    pub(super) fn last(&self) -> Option<u64> {
        let Next::Page { size, .. } = self.next else { return None };
        (!self.is_first).then_some(())?;
        self.total?.checked_sub(1).map(|last| last / size)
    }

    /// Accepts that records are missing.
    pub(super) fn accept(&mut self) {
        self.next = Next::End;
    }

    /// Takes the page that was asked for.
    pub(super) fn take(&mut self, page: &Arrival) -> Verdict {
        let Next::Page { number, size: asked } = self.next else { return Verdict::Deliver(Vec::new()) };
        let rows = page.rows.len() as u64;
        let before = self.total;
        self.total = page.total.or(before);
        let mut size = asked;
        if self.is_first && rows > 0 {
            size = self.size_of_first(number, asked, rows);
        }
        self.largest = self.largest.max(rows);
        let position = number.saturating_mul(size).saturating_add(rows);
        self.equal = if page.repeats && page.is_nameless() { self.equal + 1 } else { 0 };
        self.repeats = if page.repeats { self.repeats + 1 } else { 0 };
        let fresh = self.fresh(page);
        let fall = before.zip(self.total).map_or(0, |(before, total)| before.saturating_sub(total));
        let rise = before.zip(self.total).map_or(0, |(before, total)| total.saturating_sub(before));
        self.growth = self.growth.saturating_add(rise).min(self.received);
        self.risen = self.risen.saturating_add(rise).min(self.received);

        if fall > 0 && number > 0 {
            // Rows without identity would come twice.
            if self.retreats < MOST_RETREATS && !self.has_moved && !self.has_nameless {
                // Rows have moved forward, to pages that were read before.
                let span = fall.div_ceil(size).max(1);
                return self.deliver(number, number.saturating_sub(span), size, &fresh, page);
            }
            self.has_moved = true;
        }
        let is_stale = rows > 0 && fresh.is_empty() && number >= self.frontier;
        let is_complete = match self.total {
            // Known rows at the end are not those that the total says.
            Some(total) if is_stale && self.growth == 0 && self.received < total => false,
            // A full page beyond the total disproves it: the next page tells. Known rows do so behind all that was read.
            Some(total) => {
                let is_known = fresh.is_empty() && number >= self.frontier;
                // Behind it there were rows: it is no end unless it says so itself.
                let is_told = page.total.is_some() || number + 1 >= self.frontier;
                is_told && position >= total && (position == total || rows < size || is_known)
            }
            None => {
                let asks_for_cap = self.is_first && size < asked;
                // Once may also be a page of rows that were added in front.
                rows == 0 || (self.repeats > 1 && fresh.is_empty()) || (rows < asked && !asks_for_cap)
            }
        };
        if is_complete {
            // The list ends here, whatever pages behind it lacked.
            self.gaps.retain(|gap| *gap < number);
            self.deliver(number, number + 1, size, &fresh, page);
            let has_all = self.gaps.is_empty() && !self.has_moved;
            self.next = if has_all { Next::End } else { Next::Incomplete };
            return Verdict::Deliver(fresh);
        }
        if rows == 0 || (is_stale && !self.may_be_stale(size)) {
            if !self.asked_again {
                self.asked_again = true;
                return Verdict::Again;
            }
            self.asked_again = false;
            // A total with nothing on the first page is known to occur.
            if (self.is_first && number == 0) || self.total.is_none() {
                self.next = Next::End;
                return Verdict::Deliver(Vec::new());
            }
            return Verdict::Incomplete;
        }
        let is_short = rows < size && self.total.is_some_and(|total| position < total);
        if is_short && !self.asked_again && self.gaps.is_empty() && !self.has_moved {
            self.asked_again = true;
            return Verdict::Again;
        }
        match is_short {
            true => self.gaps.insert(number),
            false => self.gaps.remove(&number),
        };
        if is_stale {
            self.stale += 1;
            self.growth = self.growth.saturating_sub(size);
        }
        self.deliver(number, number + 1, size, &fresh, page);
        if is_short && self.last().is_none_or(|last| number >= last) {
            self.next = Next::Incomplete;
        }
        Verdict::Deliver(fresh)
    }

    /// The size that the service really uses: the offset of a page is its number times that size.
    fn size_of_first(&self, number: u64, asked: u64, rows: u64) -> u64 {
        let falls_short = match self.total {
            Some(total) if rows <= total => number.saturating_mul(asked).saturating_add(rows) < total,
            // A page was longer before: this is no cap.
            _ => rows.is_multiple_of(CAPS) && rows >= self.largest,
        };
        if rows > asked || falls_short { rows } else { asked }
    }

    /// Whether a page of known rows is no end: the list grew by so many rows, or has no total that says how long it is.
    fn may_be_stale(&self, size: u64) -> bool {
        // What came may come once more, and what is put in front of it meanwhile makes it come again.
        let repeatable = (self.received + self.risen) / size + 1;
        self.stale < repeatable && (self.growth > 0 || self.total.is_none())
    }

    /// Rows without an identity are never taken for repeats, unless the whole page is one and no total says more, or comes again
    /// and again.
    fn fresh(&self, page: &Arrival) -> Vec<usize> {
        if (page.repeats && self.total.is_none()) || self.equal > MOST_EQUAL {
            return Vec::new();
        }
        let mut here = HashSet::new();
        let mut is_new = |identity: &Option<u64>| {
            identity.is_none_or(|identity| !self.seen.contains(&identity) && here.insert(identity))
        };
        page.rows.iter().enumerate().filter(|(_, row)| is_new(row)).map(|(index, _)| index).collect()
    }

    fn deliver(&mut self, number: u64, next: u64, size: u64, fresh: &[usize], page: &Arrival) -> Verdict {
        self.seen.extend(fresh.iter().filter_map(|index| page.rows[*index]));
        self.received += fresh.len() as u64;
        self.has_nameless |= fresh.iter().any(|index| page.rows[*index].is_none());
        self.asked_again = false;
        self.is_first = false;
        if !fresh.is_empty() {
            self.stale = 0;
            self.risen = 0;
        }
        if next <= number {
            self.retreats += 1;
        } else if number >= self.frontier {
            self.retreats = 0;
        }
        self.frontier = self.frontier.max(number + 1);
        self.next = Next::Page { number: next, size };
        Verdict::Deliver(fresh.to_vec())
    }
}
