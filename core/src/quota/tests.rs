use std::time::UNIX_EPOCH;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use serde_json::json;

use super::ledger::LeaseId;
use super::memory::MemoryLedger;
use super::*;
use crate::catalog::Operation;
use crate::clock::RecordedClock;
use crate::log::TracingSink;
use crate::own::QuotaStore;
use crate::redact::Secrets;
use crate::rng::FixedRng;

/// 2026-01-15T12:00:00Z.
const NOON: u64 = 1_768_478_400;
const DAY: Duration = Duration::from_secs(86_400);

struct Place {
    ledger: Arc<dyn Ledger>,
    clock: RecordedClock,
}

impl Place {
    fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self::at(ledger, NOON)
    }

    fn at(ledger: Arc<dyn Ledger>, second: u64) -> Self {
        Self { ledger, clock: RecordedClock::starting_at(UNIX_EPOCH + Duration::from_secs(second)) }
    }

    fn in_memory() -> Self {
        Self::new(Arc::new(MemoryLedger::default()))
    }

    fn time(&self) -> ServerTime {
        ServerTime::new(Arc::new(self.clock.clone()), None)
    }

    fn quota(&self, plan: Plan, lease: u64) -> Arc<Quota> {
        let settings = QuotaSettings {
            owner: "https://api.example.com acme".into(),
            plan,
            floor: 0,
            lease,
            longest_wait: None,
            max_wait: Duration::from_secs(60),
            ledger: LedgerSettings {
                chosen: None,
                state_folder: Err(Error::config("none")),
                ca_certificates: None,
                clock: Arc::new(self.clock.clone()),
                server_time: false,
            },
        };
        let parts = QuotaParts {
            ledger: OpenLedger::of(Arc::clone(&self.ledger), 0, None),
            time: self.time(),
            rng: Arc::new(FixedRng::default()),
            handle: Handle::try_current().ok(),
            listener: None,
            log: Log { sink: Arc::new(TracingSink), secrets: Secrets::default() },
        };
        Arc::new(Quota::new(settings, parts).unwrap())
    }
}

fn ask(operation: &str) -> Ask<'static> {
    Ask { operation: Operation::find(operation).unwrap(), label: "", priority: Priority::Interactive }
}

async fn take(quota: &Arc<Quota>) -> Result<Reservation> {
    quota.reserve(&ask("style.get")).await
}

async fn used(quota: &Quota) -> u64 {
    quota.status().await.unwrap().used
}

/// A call that has no time.
struct Hurry;

impl Waits for Hurry {
    fn left(&self) -> Duration {
        Duration::ZERO
    }

    fn wait(&self, _duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn is_raced<T>(result: Result<T>) -> bool {
    result.is_err_and(|error| error.failure() == Failure::QuotaRaced)
}

async fn state_limits(quota: &Arc<Quota>, per_day: u64) {
    let status = ask("system.ratelimit_status");
    let reservation = quota.reserve(&status).await.unwrap();
    let answer = json!({"data": {"per_day": {"limit": per_day}}}).to_string();
    quota.learn_status(&reservation, status.operation, answer.as_bytes()).await.unwrap();
    reservation.keep();
}

#[tokio::test]
async fn a_unit_is_over_when_a_window_ends_that_has_a_limit() {
    for (plan, seconds) in
        [(Plan::requests_per_day(5), 86_400), (Plan::unlimited().with_requests_per_minute(5), 60)]
    {
        let place = Place::in_memory();
        let reservation = take(&place.quota(plan, 1)).await.unwrap();
        let now = place.clock.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let left = seconds - now % seconds;
        place.clock.advance(Duration::from_secs(left - 1));
        assert!(reservation.over().now_or_never().is_none());
        place.clock.advance(Duration::from_secs(1));
        assert!(reservation.over().now_or_never().is_some());
    }
}

/// A call that has all the time.
struct Leisure;

impl Waits for Leisure {
    fn left(&self) -> Duration {
        Duration::MAX
    }

    fn wait(&self, _duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn a_call_at_a_limit_heeds_a_longer_pause() {
    let place = Place::in_memory();
    let quota = place.quota(Plan::unlimited().with_requests_per_minute(1), 1);
    take(&quota).await.unwrap().keep();
    let of_minute = quota.check(&ask("style.get"), &Leisure).await.unwrap().unwrap();
    let pause = Duration::from_secs(90);
    assert!(of_minute < pause);
    place.ledger.pause(&quota.owner, place.clock.now() + pause).await.unwrap();
    assert_eq!(quota.check(&ask("style.get"), &Leisure).await.unwrap(), Some(pause));
}

#[tokio::test]
async fn nothing_is_taken_before_the_limits_of_the_day_are_known() {
    for lease in [1, 3] {
        let place = Place::in_memory();
        let quota = place.quota(Plan::from_service(), lease);
        assert!(is_raced(take(&quota).await) && is_raced(quota.check(&ask("style.get"), &Hurry).await));
        assert_eq!(used(&quota).await, 0);
        state_limits(&quota, 5).await;
        take(&quota).await.unwrap().keep();
        quota.release().await;
        assert_eq!(used(&quota).await, 2);
        // Another day: what was stated is of yesterday.
        place.clock.advance(DAY);
        assert!(is_raced(take(&quota).await) && is_raced(quota.check(&ask("style.get"), &Hurry).await));
        assert_eq!(used(&quota).await, 0);
        state_limits(&quota, 2).await;
        take(&quota).await.unwrap().keep();
        assert!(is_raced(take(&quota).await));
        quota.release().await;
        assert_eq!(used(&quota).await, 2);
        // The next minute or hour of a day changes nothing of that.
        place.clock.advance(Duration::from_secs(3_700));
        assert!(is_raced(take(&quota).await));
        assert!(!is_raced(quota.check(&ask("style.get"), &Hurry).await));
    }
}

#[tokio::test]
async fn another_plan_does_not_go_by_what_was_known() {
    for lease in [1, 3] {
        let place = Place::in_memory();
        let quota = place.quota(Plan::requests_per_day(100), lease);
        take(&quota).await.unwrap().keep();
        quota.change_plan(Plan::from_service()).unwrap();
        assert!(is_raced(take(&quota).await));
        state_limits(&quota, 50).await;
        take(&quota).await.unwrap().keep();
        quota.change_plan(Plan::from_service().with_day_start("06:00")).unwrap();
        assert!(is_raced(take(&quota).await));
        quota.change_plan(Plan::requests_per_day(1)).unwrap();
        assert_eq!(quota.figures().1, Some(1));
        assert!(is_raced(take(&quota).await));
    }
}

/// Whatever a clock says, there is a day, and asking for it comes to an end.
#[tokio::test]
async fn no_time_makes_a_loop() {
    for second in [0, 1, 253_370_764_799, 253_402_207_200, 253_402_300_800, 1 << 40] {
        for plan in [
            Plan::requests_per_day(5),
            Plan::requests_per_day(5).with_day_start("23:59").with_time_zone("America/New_York"),
            Plan::requests_per_day(5).with_day_start("00:01").with_time_zone("Pacific/Kiritimati"),
        ] {
            let place = Place::at(Arc::new(MemoryLedger::default()), second);
            let quota = place.quota(plan, 2);
            quota.check(&ask("style.get"), &Hurry).await.unwrap();
            take(&quota).await.unwrap().keep();
            quota.learn_pause(Duration::MAX).await.unwrap();
            quota.release().await;
            assert_eq!(used(&quota).await, 1, "{second}");
            quota.report(90).await.unwrap();
        }
    }
}

/// A ledger whose clock is always another one.
#[derive(Debug, Default)]
struct Elsewhen(MemoryLedger, std::sync::atomic::AtomicU64);

impl Ledger for Elsewhen {
    fn store(&self) -> QuotaStore {
        QuotaStore::Memory
    }
    fn now(&self, local: SystemTime) -> SystemTime {
        let hours = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 2;
        local + Duration::from_secs(hours * 3_600)
    }
    fn standing<'a>(&'a self, frame: &'a Frame) -> BoxFuture<'a, Result<Standing>> {
        self.0.standing(frame)
    }
    fn reserve<'a>(
        &'a self,
        _frame: &'a Frame,
        _limits: &'a Limits,
        _spent: &'a Spent,
    ) -> BoxFuture<'a, Result<Granted>> {
        Box::pin(std::future::ready(Ok(Granted::Moved)))
    }
    fn lease<'a>(
        &'a self,
        lease: &'a LeaseId,
        limits: &'a Limits,
        most: u64,
    ) -> BoxFuture<'a, Result<Granted>> {
        self.0.lease(lease, limits, most)
    }
    fn settle<'a>(&'a self, lease: &'a LeaseId, used: &'a [Spent]) -> BoxFuture<'a, Result<()>> {
        self.0.settle(lease, used)
    }
    fn refund<'a>(&'a self, frame: &'a Frame, spent: &'a Spent) -> BoxFuture<'a, Result<()>> {
        self.0.refund(frame, spent)
    }
    fn raise<'a>(&'a self, frame: &'a Frame, at_least: u64) -> BoxFuture<'a, Result<u64>> {
        self.0.raise(frame, at_least)
    }
    fn pause<'a>(&'a self, owner: &'a str, until: SystemTime) -> BoxFuture<'a, Result<()>> {
        self.0.pause(owner, until)
    }
    fn note<'a>(
        &'a self,
        frame: &'a Frame,
        name: &'a str,
        value: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>>> {
        self.0.note(frame, name, value)
    }
    fn recall<'a>(&'a self, frame: &'a Frame, name: &'a str) -> BoxFuture<'a, Result<Option<String>>> {
        self.0.recall(frame, name)
    }
    fn history<'a>(&'a self, owner: &'a str, since: u64) -> BoxFuture<'a, Result<Vec<ledger::Row>>> {
        self.0.history(owner, since)
    }
}

#[tokio::test]
async fn a_ledger_whose_clock_jumps_makes_no_loop() {
    let quota = Place::new(Arc::new(Elsewhen::default())).quota(Plan::requests_per_day(5), 1);
    quota.check(&ask("style.get"), &Hurry).await.unwrap();
    assert!(is_raced(take(&quota).await));
    quota.status().await.unwrap();
}

/// A pause that another client shares is seen within a second, whether a lease covers or not.
#[tokio::test]
async fn a_pause_is_seen_while_a_lease_covers() {
    for lease in [1, 20] {
        let place = Place::in_memory();
        let (quota, other) = (place.quota(Plan::unlimited(), lease), place.quota(Plan::unlimited(), 1));
        take(&quota).await.unwrap().keep();
        other.learn_pause(Duration::from_secs(20)).await.unwrap();
        place.clock.advance(Duration::from_secs(1));
        let pause = quota.check(&ask("style.get"), &Hurry).await.unwrap();
        assert_eq!(pause, Some(Duration::from_secs(19)));
        assert!(is_raced(take(&quota).await), "who stood in line meanwhile looks too");
        place.clock.advance(Duration::from_secs(19));
        assert_eq!(quota.check(&ask("style.get"), &Hurry).await.unwrap(), None);
        take(&quota).await.unwrap().keep();
        quota.release().await;
        assert_eq!(used(&quota).await, 2);
    }
}

#[tokio::test]
async fn the_pause_of_a_wrong_clock_is_ignored() {
    let place = Place::in_memory();
    let quota = place.quota(Plan::unlimited(), 1);
    place.ledger.pause(&quota.owner, UNIX_EPOCH + Duration::from_secs(NOON) + DAY).await.unwrap();
    assert_eq!(quota.check(&ask("style.get"), &Hurry).await.unwrap(), None);
    take(&quota).await.unwrap().keep();
}

/// The thread of a host program knows nothing of a runtime.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_may_be_dropped_on_any_thread() {
    if redis::left_out() {
        return;
    }
    let place = Place::new(redis::of_tests());
    let quota = place.quota(Plan::unlimited(), 1);
    let before = used(&quota).await;
    let reservation = take(&quota).await.unwrap();
    std::thread::spawn(move || drop(reservation)).join().unwrap();
    while Arc::strong_count(&quota) > 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(used(&quota).await, before);
}

const CALLERS: usize = 2_500;
const STAY: usize = 10;

/// All but ten are dropped, after so many steps of the runtime: what is counted are those that stay.
async fn drop_most(ledger: &Arc<dyn Ledger>, lease: u64, owner: &str) {
    for steps in [0, 3, 50] {
        let place = Place::new(Arc::clone(ledger));
        let quota = place.quota(Plan::unlimited(), lease);
        let frame = Frame { owner: owner.into(), windows: quota.frame().windows };
        // A frame of this test's own.
        quota.present().frame = Some(frame.clone());
        let before = ledger.standing(&frame).await.unwrap().counts[0];
        let mut staying = Vec::new();
        let mut leaving = Vec::new();
        for caller in 0..CALLERS {
            let quota = Arc::clone(&quota);
            let task = tokio::spawn(async move {
                let reservation = take(&quota).await;
                if caller % (CALLERS / STAY) == 0 {
                    reservation.unwrap().keep();
                    return;
                }
                // Whoever has a unit waits for something else, and is dropped there.
                std::future::pending::<()>().await;
                drop(reservation);
            });
            if caller % (CALLERS / STAY) == 0 { staying.push(task) } else { leaving.push(task) }
        }
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
        for task in &leaving {
            task.abort();
        }
        join_all(leaving).await;
        for task in join_all(staying).await {
            task.unwrap();
        }
        // What was begun comes to its end.
        while Arc::strong_count(&quota) > 1 {
            tokio::task::yield_now().await;
        }
        quota.release().await;
        let counted = ledger.standing(&frame).await.unwrap().counts[0] - before;
        assert_eq!(counted, STAY as u64, "lease {lease}, {steps} steps");
    }
}

#[tokio::test]
async fn whoever_is_dropped_has_taken_nothing_in_memory() {
    let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::default());
    for lease in [1, 20] {
        drop_most(&ledger, lease, &format!("acme {lease}")).await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn whoever_is_dropped_has_taken_nothing_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("quota.sqlite");
    let ledger: Arc<dyn Ledger> = Arc::new(sqlite::SqliteLedger::at(&path));
    for lease in [1, 20] {
        drop_most(&ledger, lease, &format!("acme {lease}")).await;
    }
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn whoever_is_dropped_has_taken_nothing_in_redis() {
    if redis::left_out() {
        return;
    }
    let ledger = redis::of_tests();
    for lease in [1, 20] {
        drop_most(&ledger, lease, &format!("acme {lease} {}", uuid::Uuid::new_v4())).await;
    }
}

#[tokio::test]
async fn a_report_begins_as_many_days_ago_as_are_asked_for() {
    let place = Place::in_memory();
    let quota = place.quota(Plan::unlimited(), 1);
    for _ in 0..3 {
        take(&quota).await.unwrap().keep();
        place.clock.advance(DAY);
    }
    let days = async |days| {
        let report = quota.report(days).await.unwrap();
        (report.from, report.to, report.by_day.len())
    };
    assert_eq!(days(1).await, ("2026-01-18".into(), "2026-01-18".into(), 0));
    assert_eq!(days(3).await, ("2026-01-16".into(), "2026-01-18".into(), 2));
    assert_eq!(days(4).await, ("2026-01-15".into(), "2026-01-18".into(), 3));
}

#[tokio::test]
async fn a_day_that_is_used_up_tells_by_whom() {
    for lease in [1, 2] {
        let place = Place::in_memory();
        let quota = place.quota(Plan::requests_per_day(4), lease);
        for label in ["export", "", "export", "import"] {
            quota.reserve(&Ask { label, ..ask("style.get") }).await.unwrap().keep();
        }
        let error = quota.check(&ask("style.get"), &Hurry).await.unwrap_err();
        assert!(
            error.message().contains("are used: 2 for \"export\", 1 without a label, 1 for \"import\";"),
            "{error}"
        );
        let used_by = &error.details().unwrap()["used_by"];
        assert_eq!(used_by[0], json!({"label": "export", "requests": 2}), "{used_by}");
    }
}
