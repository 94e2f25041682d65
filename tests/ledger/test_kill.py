"""A ledger whose process is killed in the middle of its calls, again and again.

What the ledger counts is never below what the service has received. Above it are at most the requests that were in
flight at each kill: reserved, and not on the wire yet.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from asking import NOON
from processes import Child
from simulator import Simulator

from beproduct_client import BeProduct

KILLS = 50
SEED = 20260115
IN_FLIGHT = 10
"""Requests that a client has open at most, unless told otherwise."""


def call_for_ever(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)

    def call(number: int) -> None:
        while True:
            client.raw.get("Info/Version", {"thread": number})

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(call, range(IN_FLIGHT)))


def test_fifty_kills(simulator: Simulator, tmp_path: Path) -> None:
    settings = {
        **simulator.settings(),
        "ledger": {"sqlite": str(tmp_path / "quota.sqlite")},
        "concurrency": IN_FLIGHT,
        "token_store": "memory",
        "testing": {"clock": "recorded", "start": NOON},
    }
    chance = random.Random(SEED)
    differences = [0]
    for kill in range(1, KILLS + 1):
        child = Child(call_for_ever, settings)
        simulator.wait(simulator.count() + chance.randint(1, 60))
        child.kill()
        with BeProduct(**settings) as client:
            counted = client.quota.status()["used"]
        # Read after the ledger: what the killed process has left in the sockets still arrives.
        received = simulator.count()
        differences.append(counted - received)
        print(f"kill {kill:2}: the ledger has {counted}, the service {received}, ahead by {counted - received}")
        assert counted >= received
        assert differences[-1] - differences[-2] <= IN_FLIGHT
    most = max(after - before for before, after in pairwise(differences))
    print(f"{KILLS} kills, {counted} requests counted, {received} received; one kill added {most} at most")
