"""Many processes ask as fast as they can until nothing is left, and some are killed meanwhile.

The service never gets more requests than the limit. At the end it has got all of them but those that a killed process
had reserved and not sent: one for each of its threads at most.
"""

from __future__ import annotations

import random
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from after_death import until_settled
from asking import NOON, ask_until_used_up, crew, until_received, use_up
from simulator import Simulator

from beproduct_client import BeProduct, Plan

PROCESSES = 8
THREADS = 4
"""In each of them. More than its client has open at a time would be waiting in it."""
KILLS = 30
LEASE = 25
SEED = 20260115


def settings_of(simulator: Simulator, ledger: dict[str, Any], folder: Path, limit: int, lease: int) -> dict[str, Any]:
    return {
        **simulator.settings(),
        "ledger": ledger,
        "quota_lease": lease,
        "plan": Plan.requests_per_day(limit),
        "state_dir": str(folder / "state"),
        # The lock of the default store is waited for on the client's clock, which does not wait here.
        "token_store": "memory",
        "testing": {"clock": "recorded", "start": NOON},
    }


@pytest.mark.parametrize(("limit", "lease"), [(25_000, LEASE), (3_000, 1)])
def test_never_above_the_limit(
    simulator: Simulator, ledger: dict[str, Any], tmp_path: Path, limit: int, lease: int
) -> None:
    chance = random.Random(SEED)
    settings = settings_of(simulator, ledger, tmp_path, limit, lease)
    # So early that those who live use up what is found of the last one.
    moments = sorted(chance.sample(range(limit // 50, limit * 9 // 10), KILLS))
    began = time.monotonic()
    with crew(ask_until_used_up, THREADS) as processes:
        # All of them are there before the first asks, so that whoever follows on a killed one asks at once.
        waiting = [processes.begin(settings) for _ in range(PROCESSES + KILLS)]
        asking = [waiting.pop() for _ in range(PROCESSES)]
        for name in asking:
            processes.members[name].send("go")
        for name in asking:
            assert processes.members[name].receive() == "asking"
        for moment in moments:
            until_received(simulator, moment)
            killed, follower = chance.randrange(PROCESSES), waiting.pop()
            processes.kill(asking[killed])
            processes.members[follower].send("go")
            assert processes.members[follower].receive() == "asking"
            asking[killed] = follower
        answered = [processes.members[name].receive() for name in asking]
        processes.end()
    # What killed processes have left in the sockets has arrived too.
    until_settled(simulator)
    received = simulator.count()
    took = time.monotonic() - began
    print(
        f"{next(iter(ledger))}, lease {lease}, seed {SEED}: {PROCESSES} processes with {THREADS} threads, {KILLS} killed "
        f"after {moments} requests: {received} of {limit} received in {took:.0f} s; those who lived got {answered}"
    )
    # What a killed process has left of its lease may be nobody's yet, and what was in the hands of its threads is lost.
    assert limit - KILLS * (lease + THREADS) <= received <= limit
    # Only clients with leases look after those of others.
    with BeProduct(**{**settings, "quota_lease": LEASE}) as client:
        found = client.quota.status()
    print(f"    the ledger has {found['used']} used, {found['leased']} leased; {limit - received} are unused")
    assert found["leased"] == 0
    assert received <= found["used"] <= received + KILLS * THREADS
    with BeProduct(**{**settings, "quota_lease": 1}) as client:
        rest = use_up(client, "last", THREADS)
        last = client.quota.status()
    assert rest == limit - found["used"]
    assert (last["used"], last["remaining"]) == (limit, 0)
    assert simulator.count() == received + rest <= limit
    print(f"    a last client has sent {rest}; {limit - received - rest} were never sent")


def hold_a_lease(pipe: Connection, settings: dict[str, Any], name: str) -> None:
    client = BeProduct(**settings)
    for number in range(pipe.recv()):
        client.raw.get("Info/Version", {"process": name, "number": number})
    pipe.send("asked")
    pipe.recv()


def test_what_the_dead_have_leased_is_used_by_others(
    simulator: Simulator, ledger: dict[str, Any], tmp_path: Path
) -> None:
    limit, asked = 500, [1, 7, LEASE - 1, LEASE, LEASE + 1]
    settings = settings_of(simulator, ledger, tmp_path, limit, LEASE)
    with crew(hold_a_lease) as processes:
        for requests in asked:
            name = processes.begin(settings)
            processes.members[name].send(requests)
            assert processes.members[name].receive() == "asked"
        with BeProduct(**settings) as client:
            before = client.quota.status()
        # The lease of the last one is its second.
        assert (before["used"], before["leased"]) == ((len(asked) + 1) * LEASE, len(asked) * LEASE)
        for name in list(processes.members):
            processes.kill(name)
    with BeProduct(**settings) as client:
        after = client.quota.status()
    print(
        f"{next(iter(ledger))}: {before['used']} used with {before['leased']} leased; after {len(asked)} deaths {after['used']}"
    )
    assert (after["used"], after["leased"]) == (sum(asked), 0)
    with BeProduct(**settings) as client:
        assert use_up(client, "last", THREADS) == limit - sum(asked)
    assert simulator.count() == limit
