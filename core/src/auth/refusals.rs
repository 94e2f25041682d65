//! What it means that the service refuses an access token: that the token has ended, or that one call is not allowed.
//!
//! Both look the same, a 401. So a token is given up for one call at most once, and then by what became of the next one.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

/// So many different calls, refused in a row, say that a token has ended.
pub(super) const SEVERAL: usize = 3;

/// After a new token that changed nothing, none is fetched for a refusal for this long.
pub(super) const REST: Duration = Duration::from_secs(300);

/// Calls that are kept in mind.
const MOST: usize = 1024;

/// Tells calls apart: by operation and record, whatever the rest of the request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CallKey(u64);

impl CallKey {
    /// `path` names the record.
    pub(crate) fn of(operation: &str, path: &str) -> Self {
        Self(BuildHasherDefault::<DefaultHasher>::default().hash_one((operation, path)))
    }
}

/// What follows from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another token may be had, or is there already.
    Renewable,
    /// The token is kept: others accept it.
    Kept,
    /// The token is kept: it is a new one, and the one before it was refused too.
    NewToo,
    /// Nothing renews the token.
    Lost,
}

/// What is known of the present token.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    /// Whether anything has accepted it.
    accepted: bool,
    /// Whether it was fetched because the one before it was refused.
    in_place_of_refused: bool,
    /// Calls that it was refused to since it was accepted last.
    in_a_row: HashSet<CallKey>,
    /// Calls that the one before it was refused to.
    before: HashSet<CallKey>,
    /// Calls that a new token did not help.
    not_helped: HashSet<CallKey>,
    /// When a token was fetched for a refusal last, on the clock's own scale.
    fetched: Option<Duration>,
}

impl Refusals {
    pub(super) fn accept(&mut self, call: CallKey) {
        self.accepted = true;
        self.in_a_row.clear();
        self.before.remove(&call);
        self.not_helped.remove(&call);
    }

    /// The present token was refused to this call.
    pub(super) fn refuse(&mut self, call: CallKey, renewable: bool, now: Duration) -> Refusal {
        note(&mut self.in_a_row, call);
        if !renewable {
            return if self.accepted && !self.has_ended() { Refusal::Kept } else { Refusal::Lost };
        }
        let rests = self.fetched.is_some_and(|fetched| now < fetched.saturating_add(REST));
        if !rests {
            self.before.clear();
            self.not_helped.clear();
            return Refusal::Renewable;
        }
        if self.before.contains(&call) {
            note(&mut self.not_helped, call);
        }
        if self.in_place_of_refused && !self.accepted {
            return Refusal::NewToo;
        }
        // Where several calls were not helped, the next one would not be either.
        if self.not_helped.contains(&call) || self.not_helped.len() >= SEVERAL {
            return Refusal::Kept;
        }
        Refusal::Renewable
    }

    /// The token before the present one was refused to this call.
    pub(super) fn refuse_former(&mut self, call: CallKey) {
        note(&mut self.before, call);
    }

    /// Another token has taken the place of the present one. `refused`: because that one was.
    pub(super) fn replace(&mut self, refused: bool, now: Duration) {
        if refused {
            self.fetched = Some(now);
            self.before.extend(self.in_a_row.drain());
        }
        self.in_place_of_refused = refused;
        self.in_a_row.clear();
        self.accepted = false;
    }

    /// Whether the present token is no longer good for anything.
    pub(super) fn has_ended(&self) -> bool {
        self.in_a_row.len() >= SEVERAL
    }
}

fn note(calls: &mut HashSet<CallKey>, call: CallKey) {
    if calls.len() < MOST {
        calls.insert(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: CallKey = CallKey(1);
    const B: CallKey = CallKey(2);
    const C: CallKey = CallKey(3);
    const D: CallKey = CallKey(4);
    const E: CallKey = CallKey(5);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn calls_are_told_apart_by_operation_and_record() {
        let key = CallKey::of("style.get", "/api/acme/Style/1");
        assert_eq!(key, CallKey::of("style.get", "/api/acme/Style/1"));
        assert_ne!(key, CallKey::of("style.get", "/api/acme/Style/2"));
        assert_ne!(key, CallKey::of("style.update", "/api/acme/Style/1"));
    }

    #[test]
    fn a_token_that_nothing_renews() {
        let mut token = Refusals::default();
        assert_eq!(token.refuse(A, false, at(0)), Refusal::Lost);
        // The same call again says nothing new.
        for _ in 0..2 * SEVERAL {
            token.refuse(A, false, at(0));
        }
        assert!(!token.has_ended());
        token.refuse(B, false, at(0));
        assert!(!token.has_ended());
        token.accept(C);
        assert_eq!(token.refuse(A, false, at(0)), Refusal::Kept);
        assert_eq!(token.refuse(B, false, at(0)), Refusal::Kept);
        assert_eq!(token.refuse(C, false, at(0)), Refusal::Lost);
        assert!(token.has_ended());
        token.accept(D);
        assert!(!token.has_ended());
    }

    #[test]
    fn one_exchange_tells() {
        let mut token = Refusals::default();
        token.accept(B);
        assert_eq!(token.refuse(A, true, at(10)), Refusal::Renewable);
        token.replace(true, at(10));
        // Nobody has accepted the new one yet.
        assert_eq!(token.refuse(A, true, at(10)), Refusal::NewToo);
        assert_eq!(token.refuse(C, true, at(10)), Refusal::NewToo);
        token.accept(B);
        assert_eq!(token.refuse(A, true, at(309)), Refusal::Kept);
        // Other calls may be refused because it has ended.
        assert_eq!(token.refuse(D, true, at(309)), Refusal::Renewable);
        // After some minutes it may have been another reason.
        assert_eq!(token.refuse(A, true, at(310)), Refusal::Renewable);
    }

    #[test]
    fn a_call_that_is_accepted_again_may_have_a_new_token() {
        let mut token = Refusals::default();
        token.refuse(A, true, at(0));
        token.replace(true, at(0));
        token.refuse(A, true, at(0));
        token.accept(B);
        assert_eq!(token.refuse(A, true, at(1)), Refusal::Kept);
        token.accept(A);
        assert_eq!(token.refuse(A, true, at(2)), Refusal::Renewable);
        // A token that has come in its time says nothing of refusals.
        token.replace(false, at(2));
        assert_eq!(token.refuse(E, true, at(3)), Refusal::Renewable);
    }

    #[test]
    fn many_calls_that_are_refused_for_themselves() {
        let mut token = Refusals::default();
        let mut exchanges = 0;
        for number in 0..500 {
            let call = CallKey(1000 + number);
            token.accept(B);
            if token.refuse(call, true, at(number / 10)) == Refusal::Renewable {
                exchanges += 1;
                token.replace(true, at(number / 10));
                token.accept(B);
                assert_eq!(token.refuse(call, true, at(number / 10)), Refusal::Kept);
            }
        }
        assert_eq!(exchanges, SEVERAL);
    }

    #[test]
    fn those_who_were_refused_the_former_token() {
        let mut token = Refusals::default();
        token.refuse(A, true, at(0));
        token.replace(true, at(0));
        token.refuse_former(B);
        token.accept(C);
        assert_eq!(token.refuse(B, true, at(0)), Refusal::Kept);
        assert_eq!(token.refuse(D, true, at(0)), Refusal::Renewable);
        for number in 0..2 * MOST as u64 {
            token.refuse_former(CallKey(number));
        }
        assert_eq!(token.before.len(), MOST);
    }
}
