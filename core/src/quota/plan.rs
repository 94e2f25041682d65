//! The plan of a company (docs/service/limits.md, Limits by edition).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::calendar::Calendar;
use super::ledger::Limits;
use crate::error::{Error, Result};
use crate::near;
use crate::own::names::PLAN;

/// The limits for a day, an hour and a minute, and the time at which days begin.
///
/// The service states a limit per organisation and one per user licence, "whichever is lower". Its own worked example
/// for ten licences contradicts that; the table is followed here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PlanSettings")]
pub struct Plan {
    per_day: Option<u64>,
    per_hour: Option<u64>,
    per_minute: Option<u64>,
    from_service: bool,
    day_start: Option<String>,
    time_zone: Option<String>,
}

impl Plan {
    /// Business Max: 2,000 a day, or 250 for each user licence if that is lower.
    #[must_use]
    pub fn business_max(licenses: u32) -> Self {
        Self::requests_per_day(2_000.min(250 * u64::from(licenses)))
    }

    /// Enterprise: 25,000 a day, or 500 for each user licence if that is lower.
    #[must_use]
    pub fn enterprise(licenses: u32) -> Self {
        Self::requests_per_day(25_000.min(500 * u64::from(licenses)))
    }

    /// An explicit limit.
    #[must_use]
    pub fn requests_per_day(limit: u64) -> Self {
        Self { per_day: Some(limit), ..Self::default() }
    }

    /// Requests are counted and never refused.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// The limits that the service states in `ratelimit/status`. The first client of those that share a ledger requests
    /// them once a day; this request counts.
    #[must_use]
    pub fn from_service() -> Self {
        Self { from_service: true, ..Self::default() }
    }

    /// Adds a limit for each full hour.
    #[must_use]
    pub fn with_requests_per_hour(mut self, limit: u64) -> Self {
        self.per_hour = Some(limit);
        self
    }

    /// Adds a limit for each full minute.
    #[must_use]
    pub fn with_requests_per_minute(mut self, limit: u64) -> Self {
        self.per_minute = Some(limit);
        self
    }

    /// The time at which days begin, as `06:30`. Default `00:00`.
    #[must_use]
    pub fn with_day_start(mut self, time: impl Into<String>) -> Self {
        self.day_start = Some(time.into());
        self
    }

    /// The time zone in which days begin, as `America/New_York`. Default `UTC`.
    #[must_use]
    pub fn with_time_zone(mut self, zone: impl Into<String>) -> Self {
        self.time_zone = Some(zone.into());
        self
    }

    /// Requests per day, if the plan itself states a limit.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        self.per_day
    }

    pub(crate) fn limits(&self) -> Limits {
        [self.per_day, self.per_hour, self.per_minute]
    }

    pub(crate) fn has_limits(&self) -> bool {
        self.from_service || self.limits().iter().any(Option::is_some)
    }

    pub(crate) fn is_from_service(&self) -> bool {
        self.from_service
    }

    /// Limits that the service stated count where the plan has none of its own.
    pub(crate) fn completed(&self, stated: Limits) -> Limits {
        let [day, hour, minute] = self.limits();
        [day.or(stated[0]), hour.or(stated[1]), minute.or(stated[2])]
    }

    pub(crate) fn calendar(&self) -> Result<Calendar> {
        Calendar::new(self.day_start.as_deref(), self.time_zone.as_deref())
    }
}

/// A plan as the settings have it.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a plan, which is {\"edition\": ..., \"licenses\": ...}, {\"requests_per_day\": ...} or {\"from_service\": true}"
)]
struct PlanSettings {
    edition: Option<String>,
    licenses: Option<u32>,
    requests_per_day: Option<u64>,
    requests_per_hour: Option<u64>,
    requests_per_minute: Option<u64>,
    from_service: Option<bool>,
    day_start: Option<String>,
    time_zone: Option<String>,
}

impl TryFrom<PlanSettings> for Plan {
    type Error = String;

    fn try_from(settings: PlanSettings) -> std::result::Result<Self, String> {
        let from_service = settings.from_service == Some(true);
        let plan = match (settings.edition.as_deref(), settings.licenses, settings.requests_per_day) {
            (None, None, Some(_)) if from_service => {
                return Err(
                    "plan: from_service stands for the service's own limits: leave requests_per_day out"
                        .into(),
                );
            }
            (None, None, None) if from_service => Self::from_service(),
            (None, None, Some(limit)) => Self::requests_per_day(limit),
            (None, None, None) => Self::unlimited(),
            (Some("business_max"), Some(licenses), None) if !from_service => Self::business_max(licenses),
            (Some("enterprise"), Some(licenses), None) if !from_service => Self::enterprise(licenses),
            (Some("business_max" | "enterprise"), None, None) => {
                return Err("plan: licenses is missing: the number of user licences decides the limit".into());
            }
            (Some(edition), _, None) if !from_service => {
                return Err(format!(
                    "plan: edition {edition:?} is unknown; editions are business_max and enterprise"
                ));
            }
            _ => {
                return Err(
                    "plan: give either edition and licenses, or requests_per_day, or from_service; requests_per_hour and \
                     requests_per_minute may stand beside each or alone"
                        .into(),
                );
            }
        };
        let plan = Self {
            per_hour: settings.requests_per_hour,
            per_minute: settings.requests_per_minute,
            day_start: settings.day_start,
            time_zone: settings.time_zone,
            ..plan
        };
        plan.calendar().map_err(|error| error.message().to_owned())?;
        Ok(plan)
    }
}

impl Plan {
    /// Reads a plan as the settings have it.
    ///
    /// # Errors
    /// `config` for an unknown name or edition, a value of the wrong type, or a combination that says nothing.
    pub fn from_json(value: Value) -> Result<Self> {
        let names = value.as_object().into_iter().flat_map(Map::keys);
        near::check(names, PLAN, "a plan has no member", "it has")?;
        serde_json::from_value(value).map_err(|error| Error::config(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    #[test]
    fn settings_of_a_plan() {
        let read = |value| Plan::from_json(value);
        assert_eq!(
            read(json!({"edition": "enterprise", "licenses": 4, "requests_per_minute": 60})).unwrap(),
            Plan::enterprise(4).with_requests_per_minute(60)
        );
        assert_eq!(read(json!({})).unwrap(), Plan::unlimited());
        assert_eq!(read(json!({"requests_per_hour": 10})).unwrap().limits(), [None, Some(10), None]);
        assert_eq!(
            read(json!({"from_service": true, "time_zone": "Europe/Berlin"})).unwrap(),
            Plan::from_service().with_time_zone("Europe/Berlin")
        );
        for (wrong, said) in [
            (json!({"licenses": 3}), "give either"),
            (json!({"edition": "enterprise"}), "licenses is missing"),
            (json!({"edition": "gold", "licenses": 1}), "editions are"),
            (json!({"edition": "enterprise", "licenses": 1, "from_service": true}), "give either"),
            (json!({"requests_per_day": 1, "from_service": true}), "leave requests_per_day out"),
            (json!({"requests_per_day": 1, "day_start": "24:30"}), "not a time of day"),
            (json!({"requests_per_day": 1, "time_zone": "Nowhere"}), "unknown"),
            (json!({"requests_a_day": 1}), "no member"),
            (json!(5), "a plan, which is"),
        ] {
            let error = read(wrong.clone()).unwrap_err();
            assert!(error.message().contains(said), "{wrong}: {error}");
        }
    }
}
