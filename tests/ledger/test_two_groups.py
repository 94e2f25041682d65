"""Two groups of processes share a Redis server, and each reaches it by a way of its own that is cut again and again.

One group refuses to send while Redis is away, the other goes on with requests that it has set aside. The service never
gets more than the limit, whatever is cut when, and when all is healed they go on by themselves.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from after_death import until_settled
from asking import NOON, Crew, crew, quietly, use_up
from proxy import Proxy
from redis_server import Redis
from simulator import Simulator

from beproduct_client import BeProduct, NetworkError, Plan, QuotaExceededError

LIMIT = 3_000
PROCESSES = 3
"""Of a group."""
THREADS = 2
"""Of a process."""
CALLS = 25
"""Of a thread, in a round."""
SHARE = 20
SEED = 20260115
CUTS = ["refuse", "refuse", "freeze", "refuse", "deafen", "refuse"]
"""How the first rounds are cut, in any order; later ones refuse. An answer that does not come takes two seconds."""


def ask_in_rounds(pipe: Connection, settings: dict[str, Any], name: str) -> None:
    """Each thread tells how its round has ended: with all calls done, with an error, or for ever."""
    quietly()
    client = BeProduct(**settings)
    client.auth.userinfo()
    pipe.send("ready")
    telling = threading.Lock()
    used_up: set[int] = set()

    def ask(thread: int, number: int) -> None:
        end, outcome = "done", None
        for call in range(CALLS):
            began = time.monotonic()
            try:
                client.raw.get("Info/Version", {"process": name, "thread": thread, "round": number, "call": call})
            except NetworkError as error:
                end, outcome = "away", error.outcome
            except QuotaExceededError:
                end = "used up"
                used_up.add(thread)
            if end != "done":
                break
        with telling:
            pipe.send((end, outcome, time.monotonic() - began))

    for number in itertools.count():
        if pipe.recv() == "end":
            break
        threads = [
            threading.Thread(target=ask, args=(thread, number)) for thread in range(THREADS) if thread not in used_up
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    client.close()


class Group:
    """Processes that reach Redis by a proxy of their own."""

    def __init__(self, redis: Redis, settings: dict[str, Any], folder: Path, when_away: Any) -> None:
        self.proxy = Proxy(redis.port)
        ledger = redis.ledger(self.proxy.port, when_away=when_away)
        self.settings = {**settings, "ledger": ledger, "state_dir": str(folder)}
        self.names: list[str] = []
        self.active = PROCESSES * THREADS
        """Threads that go on asking."""
        self.errors = 0
        self.slowest = 0.0

    def begin(self, processes: Crew) -> None:
        self._crew = processes
        self.names = [processes.begin(self.settings) for _ in range(PROCESSES)]
        for name in self.names:
            assert processes.members[name].receive() == "ready"

    def go(self) -> None:
        """Begins a round."""
        self.open = self.active
        for name in self.names:
            self._crew.members[name].send("go")

    def has_ended(self) -> bool:
        """Whether all threads have ended their round."""
        for child in map(self._crew.members.__getitem__, self.names):
            while child.has_sent():
                end, outcome, seconds = child.receive()
                assert outcome == ("not_sent" if end == "away" else None)
                self.open -= 1
                self.active -= end == "used up"
                self.errors += end == "away"
                self.slowest = max(self.slowest, seconds)
        return self.open == 0


def by_process(simulator: Simulator) -> Counter[str]:
    """The requests that the service has received."""
    queries = (parse_qs(urlsplit(request["target"]).query) for request in simulator.log())
    return Counter(query["process"][0] for query in queries)


@pytest.fixture
def settings(simulator: Simulator) -> dict[str, Any]:
    return {
        **simulator.settings(),
        "plan": Plan.requests_per_day(LIMIT),
        "token_store": "memory",
        "testing": {"clock": "recorded", "start": NOON},
    }


@pytest.fixture
def groups(redis: Redis, settings: dict[str, Any], tmp_path: Path) -> Iterator[list[Group]]:
    groups = [
        Group(redis, settings, tmp_path / "refusing", "refuse"),
        Group(redis, settings, tmp_path / "sharing", {"share": SHARE}),
    ]
    yield groups
    for group in groups:
        group.proxy.stop()


@pytest.mark.parametrize("lease", [1, 5])
def test_cuts_at_random(simulator: Simulator, groups: list[Group], lease: int) -> None:
    chance = random.Random(SEED)
    refusing, sharing = groups
    for group in groups:
        group.settings["quota_lease"] = lease
    kinds = chance.sample(CUTS, len(CUTS))
    allowed = by_share = 0
    print(f"lease {lease}, share {SHARE}, seed {SEED}")
    with crew(ask_in_rounds) as processes:
        for group in groups:
            group.begin(processes)
        for number in itertools.count():
            if not any(group.active for group in groups):
                break
            kind = kinds[number] if number < len(kinds) else "refuse"
            cut = chance.choice([[refusing], [sharing], groups])
            errors = [group.errors for group in groups]
            # Close to the end of a round, or to the limit, there may be nobody to be cut.
            at = chance.randrange(sum(group.active for group in groups) * CALLS * 3 // 4)
            before, after, sent = ask_with_a_cut(simulator, groups, at, cut, kind)
            print(
                f"    round {number}: {kind} {' and '.join('refusing' if group is refusing else 'sharing' for group in cut)} "
                f"after {at}; errors {[group.errors - old for group, old in zip(groups, errors)]}; sent meanwhile "
                f"{[sum((sent - before)[name] for name in group.names) for group in groups]}"
            )
            for group, old in zip(groups, errors, strict=True):
                # Who was not cut meets no error, and neither does who was healed in an earlier round.
                assert group in cut or group.errors == old
            for group in cut:
                held = lease if lease > 1 else 0
                meanwhile = sent - after
                for name in group.names:
                    # What was on its way when the cut came, and what was at hand.
                    assert meanwhile[name] <= THREADS + held + (SHARE if group is sharing else 0)
                    by_share += max(0, meanwhile[name] - THREADS - held)
                # The answer of a reservation may be lost.
                allowed += PROCESSES * THREADS
                if kind != "refuse":
                    # Here also that of one for each request from the share, and of leases that are made too late to be
                    # found.
                    allowed += sum((sent - before)[name] for name in group.names)
                    allowed += PROCESSES * (held + (SHARE if group is sharing else 0))
        processes.end()
    until_settled(simulator)
    received = simulator.count()
    print(
        f"    {received} of {LIMIT} received, {by_share} or more of them from shares; the slowest call took "
        f"{max(group.slowest for group in groups):.1f} s"
    )
    assert received <= LIMIT
    assert by_share > SHARE
    assert all(group.errors for group in groups)
    # A client of either group gives back what its group has left.
    for group in groups:
        with BeProduct(**group.settings) as client:
            found = client.quota.status()
    print(
        f"    the ledger has {found['used']} used, {found['leased']} leased: {found['used'] - received} got lost, which may be "
        f"{allowed} at most"
    )
    assert found["leased"] == 0
    assert received <= found["used"] <= received + allowed
    with BeProduct(**{**refusing.settings, "quota_lease": 1}) as client:
        rest = use_up(client, "last", THREADS)
        assert client.quota.status()["used"] == LIMIT
    assert rest == LIMIT - found["used"]
    assert simulator.count() == received + rest <= LIMIT


def ask_with_a_cut(
    simulator: Simulator, groups: list[Group], at: int, cut: list[Group], kind: str
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """One round, of which some groups are cut after so many requests and healed when that had its effect.

    Returns what was received just before the cut, just after it, and just before it was healed.
    """
    begun = simulator.count()
    for group in groups:
        group.go()
    simulator.until(lambda: simulator.count() >= begun + at or all(group.has_ended() for group in groups))
    before = by_process(simulator)
    for group in cut:
        group.proxy.cut(kind)
    after = by_process(simulator)
    simulator.until(lambda: all(has_felt_it(simulator, group, kind, after) for group in cut))
    sent = by_process(simulator)
    for group in cut:
        group.proxy.heal()
    simulator.until(lambda: all(group.has_ended() for group in groups))
    return before, after, sent


def has_felt_it(simulator: Simulator, group: Group, kind: str, before: Counter[str]) -> bool:
    """Whether a cut has had its effect."""
    if group.has_ended():
        return True
    if kind == "refuse" or "share" not in group.settings["ledger"]["redis"]["when_away"]:
        return False
    # Without an answer each request takes long. One more than were on their way is enough to see.
    sent = by_process(simulator) - before
    return sum(sent[name] for name in group.names) > PROCESSES * THREADS


class Alone:
    """One client behind a proxy."""

    def __init__(self, redis: Redis, settings: dict[str, Any], folder: Path) -> None:
        quietly()
        self._numbers = itertools.count()
        self._direct = {**settings, "ledger": redis.ledger(), "state_dir": str(folder / "direct"), "quota_lease": 2}
        # Afterwards the server knows all scripts.
        with BeProduct(**self._direct) as client:
            for _ in range(3):
                self.ask(client)
        self.proxy = Proxy(redis.port)
        self.settings = {
            **settings,
            "ledger": redis.ledger(self.proxy.port, when_away={"share": SHARE}),
            "state_dir": str(folder / "behind"),
        }

    def open(self, lease: int) -> None:
        self.settings["quota_lease"] = lease
        self.client = BeProduct(**self.settings)
        self.ask()

    def ask(self, client: BeProduct | None = None) -> None:
        (client or self.client).raw.get("Info/Version", {"number": next(self._numbers)})

    def ask_until_it_is_away(self) -> int:
        """How many requests were answered."""
        for answered in itertools.count():
            try:
                self.ask()
            except NetworkError as error:
                assert error.outcome == "not_sent"
                return answered
        raise AssertionError

    def cut_after(self, commands: int, kind: str) -> Callable[[], bool]:
        """Cuts when the server gets its n-th command from here on. Says whether that was so."""
        last = self.proxy.arrived + commands

        def look() -> None:
            if self.proxy.arrived == last:
                self.proxy.cut(kind)

        self.proxy.on_piece = look
        return lambda: self.proxy.arrived >= last

    def counted(self) -> tuple[int, int]:
        """What the ledger has in all, and in leases."""
        with BeProduct(**self._direct) as client:
            status = client.quota.status()
        return status["used"], status["leased"]

    def close(self) -> None:
        self.client.close()
        self.proxy.stop()


@pytest.fixture
def alone(redis: Redis, settings: dict[str, Any], tmp_path: Path) -> Iterator[Alone]:
    alone = Alone(redis, settings, tmp_path)
    yield alone
    alone.close()


def test_a_share_is_used_to_the_last(simulator: Simulator, alone: Alone) -> None:
    alone.open(lease=1)
    for _ in range(3):
        begun = simulator.count()
        assert alone.counted() == (begun + SHARE, SHARE)
        alone.proxy.cut("refuse")
        assert alone.ask_until_it_is_away() == SHARE
        assert alone.counted() == (begun + SHARE, SHARE)
        alone.proxy.heal()
        # It is told what was used, and the next share is taken.
        alone.ask()


@pytest.mark.parametrize("kind", ["refuse", "deafen", "freeze"])
@pytest.mark.parametrize("command", range(1, 5))
def test_an_answer_gets_lost_while_a_share_is_filled_up(
    simulator: Simulator, alone: Alone, command: int, kind: str
) -> None:
    """The commands are: how it stands, the reservation, what was used of the share, and the next share."""
    alone.open(lease=1)
    alone.proxy.cut("refuse")
    alone.ask()
    alone.ask()
    alone.proxy.heal()
    was_cut = alone.cut_after(command, kind)
    alone.ask()
    assert was_cut()
    # Away for good, which ends at once what would wait for an answer.
    alone.proxy.cut("refuse")
    more = alone.ask_until_it_is_away()
    used, leased = alone.counted()
    print(
        f"{kind} at command {command}: {more} more from the share; {used} used, {leased} leased, {simulator.count()} "
        "received"
    )
    assert more <= SHARE
    assert used >= simulator.count()
    alone.proxy.heal()
    alone.ask()
    alone.client.close()
    with BeProduct(**alone.settings) as client:
        last = client.quota.status()
    # The reservation may have come without its answer.
    assert simulator.count() <= last["used"] <= simulator.count() + 1
    assert last["leased"] == 0


@pytest.mark.parametrize(("kind", "calls"), [("refuse", 10), ("deafen", 3)])
def test_what_cannot_be_leased_does_not_pile_up(
    simulator: Simulator, alone: Alone, tmp_path: Path, kind: str, calls: int
) -> None:
    """A call while Redis is away asks it no more often than the one before, and leaves no more behind."""
    lease = 5
    alone.open(lease)
    for _ in range(lease - 1):
        alone.ask()
    # How it stands, what was used of the lease, and the next lease, whose answer is lost.
    was_cut = alone.cut_after(3, kind)
    alone.ask()
    assert was_cut()
    commands, files = [], []
    for _ in range(calls):
        before = alone.proxy.arrived
        alone.ask()
        commands.append(alone.proxy.arrived - before)
        files.append(len(list((tmp_path / "behind" / "leases").iterdir())))
    print(f"{kind}: {calls} calls sent {commands} commands, and then there were {files} files")
    assert files[-1] == files[0]
    assert commands[-1] <= commands[1]
    alone.proxy.heal()
    alone.ask()
    alone.client.close()
    with BeProduct(**alone.settings) as client:
        last = client.quota.status()
    assert (last["used"], last["leased"]) == (simulator.count(), 0)
