//! Names with values, in an order.

pub(crate) type Pairs = Vec<(String, String)>;

/// The pairs below of which no name is above, and those above.
pub(crate) fn joined(mut below: Pairs, above: Pairs, is_same: impl Fn(&str, &str) -> bool) -> Pairs {
    below.retain(|(name, _)| !above.iter().any(|(other, _)| is_same(name, other)));
    below.extend(above);
    below
}
