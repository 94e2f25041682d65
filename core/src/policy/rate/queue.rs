//! The order of callers that wait: urgent ones first, then the labels in turn, then first come, first served.

use std::collections::VecDeque;

/// Callers that wait, by number. A caller that comes later has a higher one.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    urgent: Turns,
    patient: Turns,
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
    fn turns(&mut self, urgent: bool) -> &mut Turns {
        if urgent { &mut self.urgent } else { &mut self.patient }
    }

    /// Adds a caller.
    pub(crate) fn push(&mut self, urgent: bool, label: &str, caller: u64) {
        let turns = self.turns(urgent);
        match turns.0.iter_mut().find(|lane| lane.label == label) {
            Some(lane) => lane.callers.push_back(caller),
            None => turns.0.push_back(Lane { label: label.to_owned(), callers: VecDeque::from([caller]) }),
        }
    }

    /// Who is next.
    pub(crate) fn front(&self) -> Option<u64> {
        self.urgent.front().or_else(|| self.patient.front())
    }

    /// Takes out who is next, and lets the next label have its turn.
    pub(crate) fn pop(&mut self) -> Option<u64> {
        self.urgent.pop().or_else(|| self.patient.pop())
    }

    /// Takes out a caller that gave up.
    pub(crate) fn remove(&mut self, urgent: bool, label: &str, caller: u64) {
        let turns = self.turns(urgent);
        let Some(lane) = turns.0.iter().position(|lane| lane.label == label) else { return };
        if let Ok(index) = turns.0[lane].callers.binary_search(&caller) {
            turns.0[lane].callers.remove(index);
        }
        if turns.0[lane].callers.is_empty() {
            turns.0.remove(lane);
        }
    }

    /// How many are served before this caller, as things stand.
    pub(crate) fn ahead(&self, urgent: bool, label: &str, caller: u64) -> usize {
        if urgent {
            self.urgent.ahead(label, caller)
        } else {
            self.urgent.len() + self.patient.ahead(label, caller)
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.urgent.len() + self.patient.len()
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

    fn ahead(&self, label: &str, caller: u64) -> usize {
        let Some(own) = self.0.iter().position(|lane| lane.label == label) else { return 0 };
        let rounds = self.0[own].callers.partition_point(|other| *other < caller);
        let lanes = self.0.iter().enumerate();
        let taken = lanes.map(|(index, lane)| lane.callers.len().min(rounds + usize::from(index < own)));
        // Its own lane has been counted with as many as stand before it there.
        taken.sum()
    }

    fn len(&self) -> usize {
        self.0.iter().map(|lane| lane.callers.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue) -> Vec<u64> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn urgent_callers_come_first_and_labels_take_turns() {
        let mut queue = Queue::default();
        for caller in 0..4 {
            queue.push(false, "export", caller);
        }
        queue.push(false, "import", 4);
        queue.push(false, "import", 5);
        queue.push(true, "", 6);
        queue.push(true, "", 7);
        for (place, caller) in [6, 7, 0, 4, 1, 5, 2, 3].into_iter().enumerate() {
            let label = ["export", "export", "export", "export", "import", "import", "", ""][caller as usize];
            assert_eq!(queue.ahead(caller > 5, label, caller), place, "{caller}");
        }
        assert_eq!(drain(&mut queue), [6, 7, 0, 4, 1, 5, 2, 3]);
    }

    #[test]
    fn who_gives_up_holds_nobody_up() {
        let mut queue = Queue::default();
        for caller in 0..3 {
            queue.push(false, "export", caller);
        }
        queue.push(false, "import", 3);
        queue.remove(false, "export", 0);
        queue.remove(false, "import", 3);
        queue.remove(false, "import", 3);
        assert_eq!((queue.front(), queue.len()), (Some(1), 2));
        assert_eq!(drain(&mut queue), [1, 2]);
    }
}
