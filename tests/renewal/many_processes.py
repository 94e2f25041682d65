"""Many processes with many calls each, on one sign-in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from processes import Child
from simulator import Simulator

from beproduct_client import BeProduct

PROCESSES, CALLS = 8, 50


def call_many(pipe: Connection, settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client, ThreadPoolExecutor(CALLS) as pool:
        pipe.send("ready")
        pipe.recv()

        def call(number: int) -> bool:
            # Different ones, as equal reads would share a request.
            return bool(client.style.folders(extra_query={"number": number}))

        pipe.send(sum(pool.map(call, range(CALLS))))


class Started:
    """The processes, none of which has called yet."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._children = [Child(call_many, settings) for _ in range(PROCESSES)]
        for child in self._children:
            child.receive()

    def call(self) -> list[int]:
        """Lets all of them go; returns how many calls of each were answered. A call that fails ends its process."""
        for child in self._children:
            child.send("go")
        answered = [child.receive() for child in self._children]
        for child in self._children:
            child.end()
        return answered


def check_that_one_renews(simulator: Simulator, children: Started, kind: str) -> None:
    """Lets the processes go on an expired token: one of them renews it, and every call is answered."""
    before = simulator.count("token")
    answered = children.call()
    renewals = simulator.count("token") - before
    failed = PROCESSES * CALLS - sum(answered)
    print(f"{kind}: {PROCESSES} processes, {CALLS} calls each: {renewals} token request, {failed} failed calls")
    assert (renewals, answered) == (1, [CALLS] * PROCESSES)
