//! How the answers of several requests came about together.

use crate::own::Meta;

impl Meta {
    /// Adds attempts, pauses and cost of an earlier request of the same call. Everything else is that of the later answer.
    pub(crate) fn absorb(&mut self, other: Self) {
        let (mut attempts, mut waits) = (std::mem::take(&mut self.attempts), std::mem::take(&mut self.waits));
        let cost = self.cost;
        *self = other;
        attempts.append(&mut self.attempts);
        waits.append(&mut self.waits);
        (self.attempts, self.waits) = (attempts, waits);
        self.cost += cost;
    }
}
