//! What a company has bought (docs/service.md, Limits by edition).

/// Requests per day.
///
/// The service states a limit per organisation and one per user licence, "whichever is lower". Its own worked example
/// for ten licences contradicts that; the table is followed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan(Option<u64>);

impl Plan {
    /// Business Max: 2,000 a day, or 250 for each user licence if that is lower.
    #[must_use]
    pub fn business_max(licenses: u32) -> Self {
        Self(Some(2_000.min(250 * u64::from(licenses))))
    }

    /// Enterprise: 25,000 a day, or 500 for each user licence if that is lower.
    #[must_use]
    pub fn enterprise(licenses: u32) -> Self {
        Self(Some(25_000.min(500 * u64::from(licenses))))
    }

    /// An explicit limit.
    #[must_use]
    pub fn requests_per_day(limit: u64) -> Self {
        Self(Some(limit))
    }

    /// Requests are counted and none is refused.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Requests per day, if there is a limit.
    #[must_use]
    pub fn limit(self) -> Option<u64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn the_lower_of_the_two() {
        for (plan, limit) in [
            (Plan::business_max(7), 1_750),
            (Plan::business_max(8), 2_000),
            (Plan::business_max(10), 2_000),
            (Plan::enterprise(10), 5_000),
            (Plan::enterprise(50), 25_000),
            (Plan::enterprise(1_000), 25_000),
        ] {
            assert_eq!(plan.limit(), Some(limit));
        }
    }
}
