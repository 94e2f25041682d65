"""Log records know who made the call: its context variables, and its place in the program."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import threading
import weakref
from collections.abc import Awaitable, Iterator
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest
from log_lines import Lines
from simulator import PATIENCE, Simulator

from beproduct_client import BeProduct, BeProductAsync, BeProductError, CallCancelledError, Plan

TENANT: ContextVar[str] = ContextVar("tenant", default="nobody")
HERE = Path(__file__).name


@pytest.fixture
def logged(lines: Lines) -> Iterator[Lines]:
    """Log lines, with the tenant that a filter saw."""

    def tenant(record: logging.LogRecord) -> bool:
        vars(record)["tenant"] = TENANT.get()
        return True

    lines.addFilter(tenant)
    TENANT.set("nobody")
    yield lines


def callers(records: list[logging.LogRecord]) -> set[tuple[str, str, str, int]]:
    """Tenant, file, function and line of all of them, and so also of a renewal of the token that a call has begun."""
    return {(vars(one)["tenant"], one.filename, one.funcName or "", one.lineno) for one in records}


def line_above() -> int:
    frame = inspect.currentframe()
    assert frame and frame.f_back
    return frame.f_back.f_lineno - 1


def test_a_call(client: BeProduct, logged: Lines) -> None:
    TENANT.set("acme")
    client.system.version()
    line = line_above()
    TENANT.set("other")
    assert callers(logged.until("system.info_version answered")) == {("acme", HERE, "test_a_call", line)}
    detailed = copy_context()
    detailed.run(TENANT.set, "detailed")
    detailed.run(lambda: client.with_response.system.version())
    line = line_above()
    assert callers(logged.until("system.info_version answered")) == {("detailed", HERE, "<lambda>", line)}
    client.with_options(label="x").call("system.version")
    line = line_above()
    assert callers(logged.until("system.info_version answered")) == {("other", HERE, "test_a_call", line)}


def test_a_call_that_fails(client: BeProduct, logged: Lines) -> None:
    TENANT.set("acme")
    with pytest.raises(BeProductError):
        client.style.get("1")
    line = line_above()
    assert callers(logged.until("style.attributes_get failed")) == {("acme", HERE, "test_a_call_that_fails", line)}


def test_calls_of_many_threads(client: BeProduct, logged: Lines) -> None:
    def call(number: int) -> None:
        TENANT.set(str(number))
        with pytest.raises(BeProductError):
            client.style.get(str(number))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [record for _ in threads for record in logged.until("style.attributes_get failed")]
    for number in range(8):
        [sent] = [record for record in records if f"Style/Header/{number} attempt" in record.getMessage()]
        assert vars(sent)["tenant"] == str(number)
    # Each has three lines: the attempt, its answer, and the call.
    assert sorted(vars(record)["tenant"] for record in records if vars(record)["operation"]) == sorted("01234567" * 3)


def test_a_list_has_the_place_where_its_records_are_taken(client: BeProduct, logged: Lines) -> None:
    TENANT.set("made")
    styles = client.style.list(page_size=20)
    TENANT.set("first")
    next(styles)
    first = line_above()
    records = logged.until("style.attributes_list answered")
    assert callers(records) == {("first", HERE, inspect.stack()[0].function, first)}
    TENANT.set("rest")
    rest = styles.collect()
    line = line_above()
    assert len(rest) == 59
    records = logged.until("answered") + logged.until("answered")
    assert callers(records) == {("rest", HERE, inspect.stack()[0].function, line)}


def test_pages_that_are_fetched_ahead(client: BeProduct, logged: Lines) -> None:
    TENANT.set("acme")
    taken = sum(len(page.records) for page in client.stream("style.list", page_size=20).pages())
    line = line_above()
    records = [record for _ in range(3) for record in logged.until("answered")]
    assert {caller[0::3] for caller in callers(records)} == {("acme", line)}
    assert taken == 60
    styles = client.style.list(page_size=20)
    next(styles)
    logged.until("answered")
    for _ in range(19):
        TENANT.set("ahead")
        next(styles)
        line = line_above()
    assert callers(logged.until("answered")) == {("ahead", HERE, inspect.stack()[0].function, line)}


async def test_calls_of_a_loop(async_client: BeProductAsync, logged: Lines) -> None:
    async def call(tenant: str, work: Awaitable[Any]) -> None:
        TENANT.set(tenant)
        await work

    one, two = async_client.system.version(), async_client.style.folders()
    line = line_above()
    await asyncio.gather(call("one", one), call("two", two))
    records = logged.until("answered") + logged.until("answered")
    assert callers(records) == {(tenant, HERE, "test_calls_of_a_loop", line) for tenant in ("one", "two")}
    TENANT.set("direct")
    await asyncio.create_task(async_client.call("system.version"))
    line = line_above()
    assert callers(logged.until("answered")) == {("direct", HERE, "test_calls_of_a_loop", line)}


async def test_lists_of_a_loop(async_client: BeProductAsync, logged: Lines) -> None:
    TENANT.set("for")
    async for _ in async_client.style.list(page_size=60):
        line = line_above()
        break
    assert callers(logged.until("answered")) == {("for", HERE, "test_lists_of_a_loop", line)}
    TENANT.set("collect")
    await asyncio.gather(async_client.material.list().collect())
    line = line_above()
    assert callers(logged.until("answered")) == {("collect", HERE, "test_lists_of_a_loop", line)}
    TENANT.set("pages")
    async for _ in async_client.stream("material.list").pages():
        line = line_above()
    assert callers(logged.until("answered")) == {("pages", HERE, "test_lists_of_a_loop", line)}


def test_what_no_call_has_caused_has_the_place_of_the_client(
    settings: dict[str, Any], logged: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    del settings["ledger"], settings["state_dir"]
    TENANT.set("maker")
    with BeProduct(**settings):
        line = line_above()
        records = logged.until("counted in memory only")
    assert callers(records) == {("nobody", HERE, inspect.stack()[0].function, line)}


def test_a_warning_within_a_call_is_about_the_call(settings: dict[str, Any], logged: Lines) -> None:
    with BeProduct(**settings, plan=Plan.requests_per_day(1)) as client:
        TENANT.set("acme")
        client.system.version()
        line = line_above()
        records = [record for record in logged.until("answered") if record.levelno == logging.WARNING]
    assert records
    assert callers(records) == {("acme", HERE, inspect.stack()[0].function, line)}


def test_factories_of_records_see_the_context(client: BeProduct, logged: Lines) -> None:
    before = logging.getLogRecordFactory()

    def factory(*arguments: Any, **keywords: Any) -> logging.LogRecord:
        record = before(*arguments, **keywords)
        vars(record)["by_factory"] = TENANT.get()
        return record

    logging.setLogRecordFactory(factory)
    try:
        TENANT.set("acme")
        client.system.version()
        records = logged.until("answered")
    finally:
        logging.setLogRecordFactory(before)
    assert vars(records[-1])["by_factory"] == "acme"


class Kept:
    """A value of a context variable that a test can see go."""


HELD: ContextVar[Any] = ContextVar("held")


def is_let_go(act: Any) -> bool:
    gone, context = threading.Event(), copy_context()
    held = Kept()
    weakref.finalize(held, gone.set)
    context.run(HELD.set, held)
    context.run(act)
    del held, context
    gc.collect()
    return gone.wait(PATIENCE)


def test_nothing_is_kept_after_a_call_and_its_lines(client: BeProduct, simulator: Simulator, logged: Lines) -> None:
    def call() -> None:
        client.system.version()
        logged.until("answered")

    def fail() -> None:
        with pytest.raises(BeProductError):
            client.style.get("1")
        logged.until("failed")

    def page() -> None:
        # The pager stays, and so does what it has not asked for.
        pagers.append(client.style.list(page_size=20))
        next(pagers[-1])
        logged.until("answered")

    def take() -> None:
        assert len(pagers[-1].collect()) == 59
        logged.until("answered")

    pagers: list[Any] = []
    for act in (call, fail, page, take):
        assert is_let_go(act), act


def test_nothing_is_kept_of_a_call_that_is_cancelled(settings: dict[str, Any], simulator: Simulator) -> None:
    client = BeProduct(**settings)
    simulator.hold("Info/Version")
    ended = threading.Event()

    def act() -> None:
        def call() -> None:
            with pytest.raises(CallCancelledError):
                client.system.version()
            ended.set()

        thread = threading.Thread(target=copy_context().run, args=(call,))
        thread.start()
        simulator.wait(1)
        client.close()
        thread.join(PATIENCE)

    assert is_let_go(act)
    assert ended.is_set()


def test_what_nobody_logs_is_not_looked_for(client: BeProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    logger = logging.getLogger("beproduct_client")
    monkeypatch.setattr("beproduct_client._caller.present_place", lambda: looked.append(1))
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        client.system.version()
        client.style.list(page_size=20).collect()
    finally:
        logger.setLevel(before)
    assert not looked
