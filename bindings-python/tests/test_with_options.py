"""A client with options for all of its calls, and the progress of long ones."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Event
from typing import Any

import pytest
from processes import Child, in_fork
from simulator import PATIENCE, Simulator

from beproduct_client import BeProduct, BeProductAsync, BeProductError, ClientClosedError, ConfigError, Progress


class Named(BeProduct):
    """A class of the program."""


def labels(client: BeProduct) -> dict[str, int]:
    return {share["name"]: share["requests"] for share in client.quota.report(1)["by_label"]}


def test_options_are_for_all_calls(settings: dict[str, Any], simulator: Simulator) -> None:
    with Named(**settings) as client:
        nightly = client.with_options(label="nightly", page_size=2, headers={"X-Run": "1"})
        assert type(nightly) is Named
        nightly.style.get(next(client.style.list())["id"])
        next(nightly.style.list())
        nightly.system.version(label="other")
        client.system.version()
        assert labels(client)["other"] == 1
        assert labels(client)["nightly"] >= 2
        assert "pageSize=2" in [entry for entry in simulator.log() if "Style/Headers" in entry["target"]][-1]["target"]
        assert nightly.with_response.system.version().meta["cost"] == 1
        assert nightly.with_options(label="late").call("system.version") == client.system.version()
        assert labels(client)["late"] == 1
        for wrong in [{"timout": 3}, {"page_size": 201}, {"priority": "high"}]:
            with pytest.raises(ConfigError):
                client.with_options(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ClientClosedError):
        nightly.system.version()


def test_closing_either_closes_both(client: BeProduct) -> None:
    client.with_options(label="x").close()
    with pytest.raises(ClientClosedError):
        client.system.version()


def test_it_goes_on_after_a_fork(settings: dict[str, Any]) -> None:
    child = Child(call_on_both_sides, settings)
    assert child.receive() == ["nightly"]
    child.end()


def call_on_both_sides(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    nightly = client.with_options(label="nightly")
    nightly.system.version()

    def in_child() -> list[str]:
        nightly.system.version()
        return sorted(name for name in labels(nightly) if name)

    pipe.send(in_fork(in_child))


def test_progress_is_told(client: BeProduct) -> None:
    seen: list[Progress] = []
    ended = Event()

    def progress(one: Progress) -> None:
        seen.append(one)
        if one["done"] == one["total"]:
            ended.set()

    count = len(client.style.list(page_size=10, progress=progress).collect())
    assert ended.wait(PATIENCE)
    assert seen[-1] == {"operation": "style.attributes_list", "done": count, "total": count}
    assert [one["done"] for one in seen] == sorted(one["done"] for one in seen)
    seen.clear()
    ended.clear()
    watching = client.with_options(progress=progress)
    watching.style.get_many_by_number([style["headerNumber"] for style in client.style.list()])
    assert ended.wait(PATIENCE)
    assert seen[-1]["operation"] == "style.attributes_get_many_by_number"


async def test_the_same_for_asyncio(async_client: BeProductAsync) -> None:
    ended = Event()
    records = await async_client.style.list(page_size=100, progress=lambda one: ended.set()).collect()
    assert records
    assert ended.wait(PATIENCE)


def test_progress_that_fails_is_said(client: BeProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[Any] = []
    told = Event()

    def hook(failure: Any) -> None:
        failures.append(failure.exc_value)
        told.set()

    monkeypatch.setattr("sys.unraisablehook", hook)

    def fail(_: Progress) -> None:
        raise RuntimeError("no screen")

    assert client.style.list(progress=fail).collect()
    assert told.wait(PATIENCE)
    assert str(failures[0]) == "no screen"


class Shown:
    """Code of the program that a test can see go."""

    def __init__(self, ended: Event) -> None:
        self.ended = ended

    def __call__(self, progress: Progress) -> None:
        if progress["done"] == progress["total"]:
            self.ended.set()


def test_code_for_the_progress_is_let_go(settings: dict[str, Any]) -> None:
    def is_let_go(act: Callable[[Shown], object], *, reports: bool = False) -> bool:
        ended, gone = Event(), Event()
        shown = Shown(ended)
        weakref.finalize(shown, gone.set)
        with suppress(BeProductError):
            act(shown)
        del shown
        if reports:
            assert ended.wait(PATIENCE)
        gc.collect()
        # The end of a call is reported in a thread of the client.
        return gone.wait(PATIENCE)

    client = BeProduct(**settings)
    assert is_let_go(lambda shown: client.style.list(progress=shown).collect(), reports=True)
    assert is_let_go(lambda shown: client.style.get("no id", progress=shown))
    assert is_let_go(lambda shown: client.call("style.nothing", progress=shown))
    assert is_let_go(lambda shown: client.style.list(progress=shown))
    assert is_let_go(lambda shown: client.with_options(progress=shown).system.version())
    client.close()
    assert is_let_go(lambda shown: client.style.folders(progress=shown))


def test_code_for_the_progress_has_to_be_callable(client: BeProduct) -> None:
    with pytest.raises(ConfigError, match="progress"):
        client.style.list(progress="yes").collect()  # type: ignore[arg-type]
