"""Processes that ask as fast as they can, and what is counted of it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any
from urllib.error import HTTPError

from processes import Child
from simulator import Simulator

from beproduct_client import BeProduct, QuotaExceededError

# 2026-01-15T12:00:00Z: nothing may meet midnight by chance.
NOON = 1768478400


def quietly() -> None:
    """Nothing that the client warns of is shown: what it warns of here is what the tests do."""
    logging.getLogger("beproduct_client").setLevel(logging.ERROR)


def use_up(client: BeProduct, name: str, threads: int) -> int:
    """Asks until no thread gets any further. How many requests were answered."""

    def ask(thread: int) -> int:
        for number in itertools.count():
            try:
                # No two are alike: those would go together.
                client.raw.get("Info/Version", {"process": name, "thread": thread, "number": number})
            except QuotaExceededError:
                return number
        raise AssertionError

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(ask, range(threads)))


def ask_until_used_up(pipe: Connection, settings: dict[str, Any], name: str, threads: int) -> None:
    """Begins when it is told to, tells of its first answer and how many more there were, and waits for the end."""
    quietly()
    with BeProduct(**settings) as client:
        # Signs in, and opens the ledger.
        client.auth.userinfo()
        client.quota.status()
        pipe.recv()
        with suppress(QuotaExceededError):
            client.raw.get("Info/Version", {"process": name})
        pipe.send("asking")
        pipe.send(use_up(client, name, threads))
        # Until then it holds what it has leased.
        pipe.recv()


class Member(Child):
    """A child that may have something to say."""

    def has_sent(self) -> bool:
        return self._pipe.poll()

    def hang_up(self) -> None:
        """Lets go of the pipe, which whoever listens at its other end notices."""
        self._pipe.close()


class Crew:
    """Children that do the same, until the end of the block at most. Each has a name."""

    def __init__(self, act: Callable[..., None], *arguments: Any) -> None:
        self._act, self._arguments = act, arguments
        self._numbers = itertools.count()
        self.members: dict[str, Member] = {}

    def begin(self, settings: dict[str, Any]) -> str:
        name = f"p{next(self._numbers)}"
        self.members[name] = Member(self._act, settings, name, *self._arguments)
        return name

    def kill(self, name: str) -> None:
        self.members.pop(name).kill()

    def end(self) -> None:
        """Tells all of them that it is over, and waits for it."""
        for child in self.members.values():
            child.send("end")
        for child in self.members.values():
            child.end()
        self.members.clear()


@contextmanager
def crew(act: Callable[..., None], *arguments: Any) -> Iterator[Crew]:
    """Such children, of which none outlives the block."""
    members = Crew(act, *arguments)
    try:
        yield members
    finally:
        for name in list(members.members):
            members.kill(name)


def until_received(simulator: Simulator, requests: int) -> None:
    """Waits until so many requests have arrived, however long that takes as long as some do."""
    before = -1
    while True:
        try:
            simulator.wait(requests)
            return
        except HTTPError:
            arrived = simulator.count()
            assert arrived > before, f"{arrived} requests have arrived, and no more do"
            before = arrived
