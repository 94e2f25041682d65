//! The order of callers that wait: urgent ones first, of these who comes again, then the labels in turn, then first come,
//! first served.

use std::collections::VecDeque;

/// Callers that wait, by number. A caller that comes later has a higher one.
#[derive(Debug, Default)]
pub(crate) struct Queue([Turns; 4]);

/// What a caller's place in the line depends on, besides its label and when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rank {
    pub(crate) urgent: bool,
    /// It was sent before and comes back for another attempt.
    pub(crate) again: bool,
}

impl Rank {
    /// Lower ones go first.
    fn index(self) -> usize {
        2 * usize::from(!self.urgent) + usize::from(!self.again)
    }
}

/// Labels that take turns; the first is next.
#[derive(Debug, Default)]
struct Turns(VecDeque<Lane>);

/// The callers of one label.
#[derive(Debug)]
struct Lane {
    label: String,
    /// In ascending order.
    callers: VecDeque<u64>,
}

impl Queue {
    /// Adds a caller.
    pub(crate) fn push(&mut self, rank: Rank, label: &str, caller: u64) {
        let turns = &mut self.0[rank.index()];
        match turns.0.iter_mut().find(|lane| lane.label == label) {
            Some(lane) => lane.callers.push_back(caller),
            None => turns.0.push_back(Lane { label: label.to_owned(), callers: VecDeque::from([caller]) }),
        }
    }

    /// Who is next.
    pub(crate) fn front(&self) -> Option<u64> {
        self.0.iter().find_map(Turns::front)
    }

    /// Takes out who is next, and lets the next label have its turn.
    pub(crate) fn pop(&mut self) -> Option<u64> {
        self.0.iter_mut().find_map(Turns::pop)
    }

    /// Takes out a caller that gave up.
    pub(crate) fn remove(&mut self, rank: Rank, label: &str, caller: u64) {
        let turns = &mut self.0[rank.index()];
        let Some(lane) = turns.0.iter().position(|lane| lane.label == label) else { return };
        if let Ok(index) = turns.0[lane].callers.binary_search(&caller) {
            turns.0[lane].callers.remove(index);
        }
        if turns.0[lane].callers.is_empty() {
            turns.0.remove(lane);
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Turns::len).sum()
    }
}

impl Turns {
    fn front(&self) -> Option<u64> {
        self.0.front()?.callers.front().copied()
    }

    fn pop(&mut self) -> Option<u64> {
        let mut lane = self.0.pop_front()?;
        let caller = lane.callers.pop_front();
        if !lane.callers.is_empty() {
            self.0.push_back(lane);
        }
        caller
    }

    fn len(&self) -> usize {
        self.0.iter().map(|lane| lane.callers.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URGENT: Rank = Rank { urgent: true, again: false };
    const PATIENT: Rank = Rank { urgent: false, again: false };

    fn drain(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn urgent_callers_come_first_and_labels_take_turns() {
        let mut queue = Queue::default();
        for caller in 0..4 {
            queue.push(PATIENT, "export", caller);
        }
        queue.push(PATIENT, "import", 4);
        queue.push(PATIENT, "import", 5);
        queue.push(URGENT, "", 6);
        queue.push(URGENT, "", 7);
        assert_eq!(drain(&mut queue), [6, 7, 0, 4, 1, 5, 2, 3]);
    }

    #[test]
    fn who_comes_again_goes_before_all_newcomers_of_the_same_priority() {
        let mut queue = Queue::default();
        let again = |rank| Rank { again: true, ..rank };
        queue.push(PATIENT, "export", 0);
        queue.push(URGENT, "", 1);
        queue.push(again(PATIENT), "import", 2);
        queue.push(again(URGENT), "", 3);
        queue.push(again(PATIENT), "export", 4);
        queue.push(again(PATIENT), "import", 5);
        assert_eq!(drain(&mut queue), [3, 1, 2, 4, 5, 0]);
    }

    #[test]
    fn who_gives_up_holds_nobody_up() {
        let mut queue = Queue::default();
        for caller in 0..3 {
            queue.push(PATIENT, "export", caller);
        }
        queue.push(PATIENT, "import", 3);
        queue.remove(PATIENT, "export", 0);
        queue.remove(PATIENT, "import", 3);
        queue.remove(PATIENT, "import", 3);
        assert_eq!((queue.front(), queue.len()), (Some(1), 2));
        assert_eq!(drain(&mut queue), [1, 2]);
    }
}
