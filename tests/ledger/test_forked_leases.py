"""Processes that fork while they hold a lease. Both sides go on, each with a lease of its own."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from asking import NOON, Member
from processes import Child
from simulator import Simulator

from beproduct_client import BeProduct

LEASE = 25
THREADS = 4
FORKS = 300
ENDLESS = 1_000_000


@pytest.fixture
def settings(simulator: Simulator, ledger: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    return {
        **simulator.settings(),
        "ledger": ledger,
        "quota_lease": LEASE,
        "state_dir": str(tmp_path / "state"),
        "token_store": "memory",
        "testing": {"clock": "recorded", "start": NOON},
    }


def counted(settings: dict[str, Any]) -> tuple[int, int]:
    """What the ledger has, in all and in leases, when what the dead have left is given back."""
    with BeProduct(**settings) as client:
        status = client.quota.status()
    return status["used"], status["leased"]


def ask(client: BeProduct, name: str, requests: int) -> None:
    for number in range(requests):
        client.raw.get("Info/Version", {"process": name, "number": number})


def ask_on_both_sides(pipe: Connection, settings: dict[str, Any], after: int) -> None:
    client = BeProduct(**settings)
    ask(client, "before", 3)
    to_parent = os.pipe()
    if os.fork() == 0:
        pipe.send((os.getppid(), os.getpid()))
        # The parent is told from here on, as only one of both can listen to the test.
        pipe.recv()
        ask(client, "child", 4)
        os.write(to_parent[1], b"!")
        pipe.recv()
        client.close()
        pipe.send("closed")
        os._exit(0)
    os.read(to_parent[0], 1)
    ask(client, "parent", after)
    pipe.send("asked")
    signal.pause()


@pytest.mark.parametrize("after", [0, 2, LEASE])
def test_the_parents_rest_comes_back_while_the_child_lives(
    simulator: Simulator, settings: dict[str, Any], after: int
) -> None:
    parent = Child(ask_on_both_sides, settings, after)
    parents_id, child = parent.receive()
    try:
        parent.send("go")
        assert parent.receive() == "asked"
        received = simulator.count()
        # Nobody takes a lease of a parent for a dead one's that has used it since the fork.
        used, leased = counted(settings)
        assert used >= received == 3 + 4 + after
        os.kill(parents_id, signal.SIGKILL)
        os.waitid(os.P_PID, parents_id, os.WEXITED | os.WNOWAIT)
        used, leased = counted(settings)
        print(f"{received} received; the parent is dead: {used} used, {leased} of them leased by its child")
        assert (used, leased) == (3 + after + LEASE, LEASE)
        parent.send("close")
        assert parent.receive() == "closed"
        # Nobody has the pipe any more.
        with pytest.raises(EOFError):
            parent.receive()
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        parent.kill()
    assert counted(settings) == (simulator.count(), 0) == (received, 0)


def ask_when_told(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    ask(client, "before", 3)
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    for number in itertools.count():
        pipe.send("ready")
        requests = pipe.recv()
        if not requests:
            break
        ask(client, f"after {number}", requests)
    client.close()


def test_a_parent_is_not_taken_for_dead(simulator: Simulator, settings: dict[str, Any]) -> None:
    """However often others look, and whether it has used its lease since or not."""
    parent = Child(ask_when_told, settings)
    assert parent.receive() == "ready"
    assert counted(settings) == (LEASE, LEASE)
    for requests in (1, 2, LEASE):
        parent.send(requests)
        assert parent.receive() == "ready"
        used, leased = counted(settings)
        print(f"{simulator.count()} received, {used} used, {leased} of them leased")
        assert used - leased <= simulator.count() <= used
        assert leased == LEASE
    parent.send(0)
    parent.end()
    assert counted(settings) == (simulator.count(), 0) == (3 + 1 + 2 + LEASE, 0)


def look_while_others_ask(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    ask(client, "before", 3)
    if os.fork() == 0:
        os._exit(0)
    os.wait()
    pipe.send("forked")
    with ThreadPoolExecutor(THREADS + 1) as pool:
        pipe.recv()
        looking = pool.submit(client.quota.status)
        pipe.recv()
        asking = [pool.submit(ask, client, f"thread {number}", 1) for number in range(THREADS)]
        pipe.send("begun")
        for answer in [looking, *asking]:
            answer.result()
    pipe.send("done")
    client.close()


def fork_while_others_ask(pipe: Connection, settings: dict[str, Any], forks: int) -> None:
    client = BeProduct(**settings)
    ask(client, "before", 1)
    for thread in range(THREADS):
        threading.Thread(target=ask, args=(client, f"thread {thread}", ENDLESS), daemon=True).start()
    forked, begun = os.pipe()
    for _ in range(forks):
        if os.fork() == 0:
            os.write(begun, b"!")
            # Lives until the test lets go of its end.
            with suppress(EOFError):
                pipe.recv()
            os._exit(0)
    # Until a child runs it has what it inherited still open, locks too.
    for _ in range(forks):
        os.read(forked, 1)
    pipe.send(os.getpid())
    signal.pause()


def test_no_child_keeps_what_its_parent_has_leased(simulator: Simulator, settings: dict[str, Any]) -> None:
    """Forks at any moment, also while a lease is taken or given back."""
    parent = Member(fork_while_others_ask, {**settings, "quota_lease": 2}, FORKS)
    parents_id = parent.receive()
    os.kill(parents_id, signal.SIGKILL)
    os.waitid(os.P_PID, parents_id, os.WEXITED | os.WNOWAIT)
    try:
        # The sockets live on in the children, and what the parent has left in them still arrives.
        used, leased = counted(settings)
        received = simulator.count()
    finally:
        parent.hang_up()
        parent.kill()
    print(f"{FORKS} forks, {received} received, {used} used, {leased} of them leased by nobody")
    assert leased == 0
    assert received <= used <= received + THREADS


@pytest.mark.parametrize("ledger", ["sqlite"], indirect=True)
def test_a_parent_does_not_wait_for_itself(simulator: Simulator, settings: dict[str, Any]) -> None:
    """It looks for what the dead have left while its own threads go on with the lease that it had before the fork.

    What holds the ledger up meanwhile is a lock, which Redis has none of.
    """
    parent = Child(look_while_others_ask, settings)
    try:
        assert parent.receive() == "forked"
        (lease,) = (Path(settings["state_dir"]) / "leases").glob("*.lease")
        other = Child(hold_the_ledger, settings["ledger"]["sqlite"])
        assert other.receive() == "held"
        parent.send("look")
        # By its owner, or by whoever is about to give it back.
        simulator.until(lambda: is_locked(lease))
        parent.send("ask")
        assert parent.receive() == "begun"
        # Another process looks too, which takes longer than the threads need to begin.
        for _ in range(10):
            assert counted(settings) == (LEASE, LEASE)
        other.send("let go")
        other.end()
        assert parent.receive() == "done"
        parent.end()
    finally:
        parent.kill()
    assert counted(settings) == (simulator.count(), 0) == (3 + THREADS, 0)


def hold_the_ledger(pipe: Connection, path: str) -> None:
    # Not in the process of the test, whose own client would break the lock when it closes the file.
    with closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        ledger.execute("BEGIN IMMEDIATE")
        pipe.send("held")
        pipe.recv()


def is_locked(path: Path) -> bool:
    """Seen without trying, which would keep others from it."""
    inode = f":{path.stat().st_ino}"
    held = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return any(kind == "FLOCK" and file.endswith(inode) for _, kind, _, _, _, file, *_ in held)
