"""The quota in Python: what it tells, plans, and the callbacks of the program."""

import asyncio
import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from log_lines import Lines
from processes import Child, in_fork
from simulator import PATIENCE, Simulator

from beproduct_client import (
    BeProduct,
    BeProductAsync,
    ClientClosedError,
    ConfigError,
    Estimate,
    EstimateItem,
    LimitStatus,
    Plan,
    QuotaEvent,
    QuotaExceededError,
    QuotaReport,
    QuotaStatus,
    RateLimitedError,
    ReportRow,
    Share,
    Usage,
)

NOON = 1768478400
"""2026-01-15T12:00:00Z: no test may meet midnight by chance."""
HALF_A_DAY = 43_200


@pytest.fixture
def at_noon(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a client whose pauses return at once."""
    return {**settings, "testing": {"clock": "recorded", "start": NOON, "fixed_chance": True}}


@pytest.fixture
def used_up(at_noon: dict[str, Any]) -> dict[str, Any]:
    """The same, with a plan that has no request."""
    return {**at_noon, "plan": Plan.requests_per_day(0)}


def has_members(value: Any, kind: Any) -> bool:
    return set(value) == set(kind.__annotations__)


def test_answers_have_the_members_of_their_types(at_noon: dict[str, Any]) -> None:
    with BeProduct(**at_noon, plan=Plan.requests_per_day(10, requests_per_hour=5)) as client:
        client.system.version(label="nightly")
        status = client.quota.status()
        assert has_members(status, QuotaStatus)
        assert has_members(status["usage"][0], Usage)
        assert [(one["window"], one["remaining"]) for one in status["limits"]] == [("day", 9), ("hour", 4)]
        assert has_members(status["limits"][0], LimitStatus)
        report = client.quota.report(days=2)
        assert has_members(report, QuotaReport)
        assert (report["from"], report["to"], report["requests"]) == ("2026-01-14", "2026-01-15", 1)
        assert has_members(report["rows"][0], ReportRow)
        assert report["by_label"] == [{"name": "nightly", "requests": 1}]
        assert has_members(report["by_label"][0], Share)
        estimate = client.quota.estimate([{"operation": "style.list", "count": 1000}])
        assert has_members(estimate, Estimate)
        assert (estimate["requests"], estimate["remaining"], estimate["enough"]) == (5, 9, True)
        assert has_members(estimate["items"][0], EstimateItem)


async def test_the_same_for_asyncio(at_noon: dict[str, Any]) -> None:
    async with BeProductAsync(**at_noon, plan=Plan.requests_per_day(1)) as client:
        await client.system.version()
        report = await client.quota.report()
        assert (report["from"], report["requests"]) == ("2025-12-17", 1)
        estimate = await client.quota.estimate([{"operation": "style.get"}])
        assert (estimate["requests"], estimate["enough"]) == (1, False)
        await client.quota.change_plan(Plan.requests_per_day(2))
        assert (await client.quota.status())["remaining"] == 1
        with pytest.raises(ConfigError, match="days has to be from 1 to 90"):
            await client.quota.report(91)
        with pytest.raises(ConfigError, match="there is no operation"):
            await client.quota.estimate([{"operation": "style.lst"}])


@pytest.mark.parametrize(
    ("days", "problem"),
    [
        (0, "days has to be from 1 to 90"),
        (-1, "days has to be a positive whole number, not -1"),
        (1.5, "days has to be a positive whole number, not 1.5"),
        ("7", 'days has to be a positive whole number, not "7"'),
        (2**70, "days has to be a positive whole number, not 1180591620717411303424"),
    ],
)
def test_days_that_are_none(client: BeProduct, days: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        client.quota.report(days)


@pytest.mark.parametrize(
    ("work", "problem"),
    [
        ([{"operation": "style.list", "number": 3}], 'no member "number"'),
        ([{"count": 3}], "missing field `operation`"),
        ([{"operation": "style.list", "count": -1}], "invalid value: integer `-1`"),
        ([{"operation": "style.list", "count": b"3"}], r"work\[0\].count is bytes"),
        ([{"operation": "style.list"}], "count is missing"),
        ([{"operation": "style.get", "page_size": 5}], "page_size is for lists"),
        ({"operation": "style.get"}, "work has to be a list"),
        ("style.get", "work has to be a list"),
        (5, "work is of type int|work has to be a list"),
    ],
    ids=str,
)
def test_work_that_is_none(client: BeProduct, work: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        client.quota.estimate(work)


def test_work_may_be_any_iterable(client: BeProduct) -> None:
    assert client.quota.estimate({"operation": "style.get", "count": count} for count in (1, 2))["requests"] == 3


@pytest.mark.parametrize(
    ("plan", "limit", "resets_at"),
    [
        (Plan.business_max(4, day_start="06:30"), 1000, "2026-01-16T06:30:00Z"),
        (Plan.enterprise(4, time_zone="Asia/Tokyo"), 2000, "2026-01-15T15:00:00Z"),
        (Plan.requests_per_day(3, day_start="18:00", time_zone="Asia/Tokyo"), 3, "2026-01-16T09:00:00Z"),
        (Plan.from_service(time_zone="Asia/Tokyo"), None, "2026-01-15T15:00:00Z"),
        (Plan.unlimited(requests_per_hour=7), None, "2026-01-16T00:00:00Z"),
    ],
    ids=repr,
)
def test_plans_and_their_days(at_noon: dict[str, Any], plan: Plan, limit: int | None, resets_at: str) -> None:
    with BeProduct(**at_noon, plan=plan) as client:
        status = client.quota.status()
    assert (status["limit"], status["resets_at"]) == (limit, resets_at)


@pytest.mark.parametrize(
    "make", [lambda **besides: Plan.business_max(1, **besides), lambda **besides: Plan.enterprise(1, **besides)]
)
def test_limits_besides_that_of_the_day(at_noon: dict[str, Any], make: Callable[..., Plan]) -> None:
    with BeProduct(**at_noon, plan=make(requests_per_hour=7, requests_per_minute=5)) as client:
        limits = client.quota.status()["limits"]
    assert [(one["window"], one["limit"]) for one in limits[1:]] == [("hour", 7), ("minute", 5)]


def test_a_plan_from_the_service(at_noon: dict[str, Any], simulator: Simulator) -> None:
    simulator.reset(limit_per_day=40)
    with BeProduct(**at_noon, plan=Plan.from_service(requests_per_minute=5)) as client:
        client.system.version()
        limits = [(one["window"], one["limit"]) for one in client.quota.status()["limits"]]
    assert limits[0] == ("day", 40)
    assert limits[-1] == ("minute", 5)


def test_a_plan_may_change(at_noon: dict[str, Any], simulator: Simulator) -> None:
    with BeProduct(**at_noon, plan=Plan.requests_per_day(1)) as client:
        client.system.version()
        with pytest.raises(QuotaExceededError):
            client.system.version()
        for wrong, problem in [
            (Plan.enterprise("many"), "invalid type"),  # type: ignore[arg-type]
            (Plan.requests_per_day(5, time_zone="Mars/Base"), "Mars/Base"),
            ({"requests_a_day": 5}, 'no member "requests_a_day"'),
            (None, "needs plan"),
        ]:
            with pytest.raises(ConfigError, match=problem):
                client.quota.change_plan(wrong)  # type: ignore[arg-type]
        assert client.quota.status()["limit"] == 1
        acting = client.acting_as(
            simulator.about["user_id"],
            client_id=simulator.about["impersonation_client_id"],
            client_secret=simulator.about["impersonation_client_secret"],
        )
        acting.quota.change_plan(Plan.requests_per_day(2))
        client.system.version()
        assert client.quota.status()["remaining"] == 0


@pytest.fixture
def leasing(at_noon: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Settings of a client that takes five requests at once from a ledger that others read too."""
    return {**at_noon, "ledger": {"sqlite": str(tmp_path / "quota.sqlite")}, "quota_lease": 5}


def leases(settings: dict[str, Any]) -> list[str]:
    return [entry.name for entry in (Path(settings["state_dir"]) / "leases").iterdir()]


def counted(settings: dict[str, Any]) -> tuple[int, int]:
    """What another client finds in the ledger: used, and leased."""
    with BeProduct(**settings) as other:
        status = other.quota.status()
    return status["used"], status["leased"]


def test_closing_gives_the_lease_back(leasing: dict[str, Any]) -> None:
    client = BeProduct(**leasing)
    client.system.version()
    assert leases(leasing)
    client.close()
    assert leases(leasing) == []
    assert counted(leasing) == (1, 0)
    client.close()
    with pytest.raises(ClientClosedError):
        client.system.version()


def test_leaving_a_with_block_gives_the_lease_back(leasing: dict[str, Any]) -> None:
    with BeProduct(**leasing) as client:
        client.system.version()
    assert leases(leasing) == []
    assert counted(leasing) == (1, 0)


async def test_closing_gives_the_lease_back_for_asyncio(leasing: dict[str, Any]) -> None:
    async with BeProductAsync(**leasing) as client:
        await client.system.version()
        assert leases(leasing)
    assert leases(leasing) == []
    assert counted(leasing) == (1, 0)
    await client.close()
    with pytest.raises(ClientClosedError):
        await client.system.version()


def close_in_a_child(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    client.system.version()

    def close() -> tuple[list[str], str]:
        client.close()
        with pytest.raises(ClientClosedError) as raised:
            client.system.version()
        return leases(settings), raised.value.message

    held = leases(settings)
    pipe.send((in_fork(close), held))
    client.system.version()
    client.close()
    pipe.send((leases(settings), counted(settings)))


def test_closing_in_the_child_of_a_fork_leaves_the_lease_to_the_parent(leasing: dict[str, Any]) -> None:
    process = Child(close_in_a_child, leasing)
    (in_child, message), held = process.receive()
    assert in_child == held != []
    assert message == "the client is closed"
    assert process.receive() == ([], (2, 0))
    process.end()


class Listener:
    """Keeps events and the threads that they came in, and answers at a limit."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.events: list[QuotaEvent] = []
        self.threads: set[str] = set()

    def __call__(self, event: QuotaEvent) -> Any:
        self.events.append(event)
        self.threads.add(threading.current_thread().name)
        return self.answer() if callable(self.answer) else self.answer


def test_the_program_is_asked_at_the_limit(used_up: dict[str, Any], simulator: Simulator) -> None:
    listener = Listener()
    with BeProduct(**used_up, on_quota_limit=listener) as client, pytest.raises(QuotaExceededError) as raised:
        client.system.version(label="shop")
    assert (raised.value.outcome, raised.value.__cause__) == ("not_sent", None)
    assert simulator.count() == 0
    [event] = listener.events
    assert has_members(event, QuotaEvent)
    assert event == {
        "event": "limit",
        "window": "day",
        "limit": 0,
        "used": 0,
        "remaining": 0,
        "resets_at": "2026-01-16T00:00:00Z",
        "resets_in": HALF_A_DAY,
        "threshold": None,
        "requests": None,
        "operation": "system.info_version",
        "label": "shop",
    }
    assert threading.current_thread().name not in listener.threads


@pytest.mark.parametrize("answer", [HALF_A_DAY, float(HALF_A_DAY), Decimal(HALF_A_DAY), math.inf, 1e300], ids=repr)
def test_a_call_waits_as_long_as_the_program_says(at_noon: dict[str, Any], answer: Any) -> None:
    listener = Listener(answer)
    with BeProduct(**at_noon, plan=Plan.requests_per_day(1), on_quota_limit=listener) as client:
        client.system.version()
        response = client.with_response.system.version()
    assert [wait["reason"] for wait in response.meta["waits"]] == ["quota"]
    assert len(listener.events) == 1


@pytest.mark.parametrize("answer", [None, 0, HALF_A_DAY - 1], ids=repr)
def test_a_call_that_may_not_wait_long_enough(used_up: dict[str, Any], answer: Any) -> None:
    with BeProduct(**used_up, on_quota_limit=Listener(answer)) as client, pytest.raises(QuotaExceededError):
        client.system.version()


def test_the_limit_of_an_hour(at_noon: dict[str, Any]) -> None:
    listener = Listener()
    plan = Plan.unlimited(requests_per_hour=0)
    with BeProduct(**at_noon, plan=plan, on_quota_limit=listener) as client, pytest.raises(RateLimitedError):
        client.system.version()
    assert [event["window"] for event in listener.events] == ["hour"]


class Refused(Exception):
    """What a program may raise."""


def test_what_the_program_raises_is_the_cause(used_up: dict[str, Any], simulator: Simulator) -> None:
    def decide(event: QuotaEvent) -> float | None:
        raise Refused("the manager said no")

    with BeProduct(**used_up, on_quota_limit=decide) as client, pytest.raises(QuotaExceededError) as raised:
        client.system.version()
    assert "on_quota_limit failed: Refused: the manager said no" in raised.value.message
    assert isinstance(raised.value.__cause__, Refused)
    assert simulator.count() == 0


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("60", 'has to give the seconds that a call may wait, or nothing, not "60"'),
        (True, "or nothing, not true"),
        ([60], "or nothing, not [60]"),
        (-1, "or nothing, not -1"),
        (-math.inf, "on_quota_limit is not finite"),
        (math.nan, "on_quota_limit is not finite"),
        (object(), "on_quota_limit is of type object"),
    ],
    ids=repr,
)
def test_what_is_no_time_is_refused(used_up: dict[str, Any], answer: Any, problem: str) -> None:
    with BeProduct(**used_up, on_quota_limit=Listener(answer)) as client, pytest.raises(QuotaExceededError) as raised:
        client.system.version()
    assert problem in raised.value.message


@pytest.mark.parametrize("name", ["on_quota_event", "on_quota_limit"])
@pytest.mark.parametrize("kind", [BeProduct, BeProductAsync])
def test_callbacks_are_checked_when_the_client_is_made(
    settings: dict[str, Any], name: str, kind: type[BeProduct] | type[BeProductAsync]
) -> None:
    async def coroutine(event: QuotaEvent) -> None:
        raise AssertionError

    for wrong, problem in [(5, "has to be callable, not 5"), (coroutine, "has to be a plain function")]:
        with pytest.raises(ConfigError, match=f"{name} {problem}"):
            kind(**settings, **{name: wrong})


def test_the_program_may_look_at_the_quota(used_up: dict[str, Any]) -> None:
    def decide(event: QuotaEvent) -> float | None:
        seen.append(client.quota.status()["limit"])
        client.quota.change_plan(Plan.requests_per_day(1))
        return math.inf

    seen: list[int | None] = []
    with BeProduct(**used_up, on_quota_limit=decide) as client:
        client.system.version()
        assert seen == [0]
        assert client.quota.status()["remaining"] == 0


def test_threads_ask_one_after_the_other(used_up: dict[str, Any]) -> None:
    busy = threading.Lock()

    def decide(event: QuotaEvent) -> float | None:
        assert busy.acquire(blocking=False), "two are asked at a time"
        labels.append(event["label"])
        busy.release()
        return None

    def call(number: int) -> None:
        with pytest.raises(QuotaExceededError) as raised:
            # Equal reads at the same time are one.
            client.system.version(label=str(number), extra_query={"number": number})
        assert raised.value.__cause__ is None

    labels: list[str | None] = []
    with BeProduct(**used_up, on_quota_limit=decide) as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(40)))
    assert sorted(labels, key=str) == sorted(map(str, range(40)))


async def test_an_event_loop_goes_on_while_the_program_decides(used_up: dict[str, Any]) -> None:
    asked, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def decide(event: QuotaEvent) -> float | None:
        loop.call_soon_threadsafe(asked.set)
        assert go_on.wait(PATIENCE)
        raise Refused("no")

    async with BeProductAsync(**used_up, on_quota_limit=decide) as client:
        call = asyncio.ensure_future(client.system.version())
        await asyncio.wait_for(asked.wait(), PATIENCE)
        go_on.set()
        with pytest.raises(QuotaExceededError) as raised:
            await call
    assert isinstance(raised.value.__cause__, Refused)


async def test_a_call_may_be_cancelled_while_the_program_decides(used_up: dict[str, Any]) -> None:
    asked, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def decide(event: QuotaEvent) -> float | None:
        loop.call_soon_threadsafe(asked.set)
        assert go_on.wait(PATIENCE)
        return None

    async with BeProductAsync(**used_up, on_quota_limit=decide) as client:
        call = asyncio.ensure_future(client.system.version())
        await asyncio.wait_for(asked.wait(), PATIENCE)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go_on.set()


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What `sys.unraisablehook` was given."""
    reported: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", reported.append)
    yield reported


def test_events_are_told(at_noon: dict[str, Any], simulator: Simulator, lines: Lines) -> None:
    listener = Listener()
    with BeProduct(**at_noon, plan=Plan.requests_per_day(5), on_quota_event=listener) as client:
        for _ in range(5):
            client.system.version()
        with pytest.raises(QuotaExceededError):
            client.style.folders()
    # Lines and events come by the same thread, one after the other.
    lines.until("style.folders failed")
    told = [(event["event"], event["threshold"], event["used"], event["remaining"]) for event in listener.events]
    assert told == [("threshold", 80, 4, 1), ("threshold", 95, 5, 0)]
    assert all(has_members(event, QuotaEvent) for event in listener.events)


def test_a_callback_for_events_that_raises_harms_nothing(
    at_noon: dict[str, Any], lines: Lines, reported: list[Any]
) -> None:
    def take(event: QuotaEvent) -> None:
        raise Refused("the pager is off")

    with BeProduct(**at_noon, plan=Plan.requests_per_day(1), on_quota_event=take) as client:
        assert client.system.version()["version"] == "simulator"
        lines.until("answered 200")
    assert [str(one.exc_value) for one in reported] == ["the pager is off"]
    assert reported[0].object is take


def ask_on_both_sides(pipe: Connection, settings: dict[str, Any]) -> None:
    seen: list[str] = []

    def decide(event: QuotaEvent) -> float | None:
        seen.append(event["operation"] or "")
        raise Refused("no")

    client = BeProduct(**settings, plan=Plan.requests_per_day(100), on_quota_limit=decide)
    client.system.version()
    client.quota.change_plan(Plan.requests_per_day(1))

    def attempt() -> tuple[list[str], str]:
        with pytest.raises(QuotaExceededError) as raised:
            client.style.folders()
        return seen, type(raised.value.__cause__).__name__

    pipe.send(in_fork(attempt))
    pipe.send(attempt())


def test_the_child_of_a_fork_asks_too(settings: dict[str, Any], simulator: Simulator, tmp_path: Any) -> None:
    # The plan that was changed to is the child's as well.
    child = Child(ask_on_both_sides, {**settings, "ledger": {"sqlite": str(tmp_path / "quota.sqlite")}})
    for _ in ("child", "parent"):
        assert child.receive() == (["style.folders"], "Refused")
    child.end()
    assert simulator.count() == 1


def test_a_changed_plan_of_one_who_acts_for_another_goes_to_the_child(
    settings: dict[str, Any], simulator: Simulator
) -> None:
    child = Child(change_plan_before_the_fork, settings, simulator.about)
    assert child.receive() == (7, 7)
    child.end()


def change_plan_before_the_fork(pipe: Connection, settings: dict[str, Any], about: dict[str, str]) -> None:
    client = BeProduct(**settings, plan=Plan.requests_per_day(5))
    acting = client.acting_as(
        about["user_id"],
        client_id=about["impersonation_client_id"],
        client_secret=about["impersonation_client_secret"],
    )
    acting.quota.change_plan(Plan.requests_per_day(7))
    pipe.send(in_fork(lambda: (acting.quota.status()["limit"], client.quota.status()["limit"])))
