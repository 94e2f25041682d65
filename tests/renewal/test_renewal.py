"""One token file, many processes, and refresh tokens that work once."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from processes import Child
from simulator import Simulator

from beproduct_client import AuthError, BeProduct

PROCESSES, CALLS = 8, 50
KILLS = 200
SEED = 20260115


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator("--rotation", "strict")
    yield simulator
    simulator.stop()


def settings(simulator: Simulator, file: Path) -> dict[str, Any]:
    return {**simulator.settings(), "token_store": {"file": str(file)}}


def call_many(pipe: Connection, settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client, ThreadPoolExecutor(CALLS) as pool:
        pipe.send("ready")
        pipe.recv()

        def call(number: int) -> bool:
            # Different ones, as equal reads would share a request.
            return bool(client.style.folders(extra_query={"number": number}))

        pipe.send(sum(pool.map(call, range(CALLS))))


def test_one_of_many_processes_renews(simulator: Simulator, tmp_path: Path) -> None:
    shared = settings(simulator, tmp_path / "tokens.json")
    with BeProduct(**shared) as client:
        client.style.folders()
    children = [Child(call_many, shared) for _ in range(PROCESSES)]
    for child in children:
        child.receive()
    before = simulator.count("token")
    simulator.expire("access")
    for child in children:
        child.send("go")
    answered = [child.receive() for child in children]
    for child in children:
        child.end()
    renewals = simulator.count("token") - before
    print(f"{PROCESSES} processes, {CALLS} calls each: {renewals} token request, {sum(answered)} calls answered")
    assert (renewals, answered) == (1, [CALLS] * PROCESSES)


STEPS: dict[str, tuple[dict[str, Any], str]] = {
    # The call that will find its token expired is on its way.
    "before sending": ({"path": "Style/Folders", "action": {"hang": True}}, "api"),
    # The refresh token is used up, and the answer with its successor is not there yet.
    "between sending and saving": (
        {"base": "identity", "path": "connect/token", "action": {"hang": True, "apply": True}},
        "identity",
    ),
    # The new tokens are saved, and the call is on its way again.
    "after saving": ({"path": "Style/Folders", "skip": 1, "action": {"hang": True}}, "api"),
}
"""What holds a process where it is to be killed, and the kind of request by which it is seen to be there."""


def killed(simulator: Simulator, settings: dict[str, Any], step: str) -> None:
    """A process that renews its token and is killed at this step."""
    fault, base = STEPS[step]
    simulator.expire("access")
    simulator.faults(fault)
    arrived = simulator.count(base) + 1 + fault.get("skip", 0)
    child = os.fork()
    if child == 0:
        try:
            BeProduct(**settings).style.folders()
        finally:
            os._exit(1)
    simulator.wait(arrived, base)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    simulator.release()


def next_process(simulator: Simulator, settings: dict[str, Any]) -> str:
    """What the next one meets: it goes on, or has to sign in again and asks no second time."""
    with BeProduct(**settings) as client:
        try:
            client.style.folders()
        except AuthError as error:
            assert (error.code, "sign in again" in error.message) == ("invalid_grant", True)
        else:
            return "usable"
        asked = simulator.count("token")
        with pytest.raises(AuthError, match="sign in again"):
            client.style.folders()
        assert simulator.count("token") == asked
    return "sign in again"


@pytest.mark.parametrize("rotation", ["strict", "reuse"])
def test_a_process_is_killed_while_it_renews(simulator: Simulator, tmp_path: Path, rotation: str) -> None:
    chance = random.Random(SEED)
    outcomes: Counter[tuple[str, str]] = Counter()
    file = tmp_path / "tokens.json"
    shared = None
    for kill in range(KILLS):
        if shared is None:
            simulator.reset(rotation=rotation)
            file.unlink(missing_ok=True)
            shared = settings(simulator, file)
            assert next_process(simulator, shared) == "usable"
        step = chance.choice(list(STEPS))
        killed(simulator, shared, step)
        stored = json.loads(file.read_text())
        assert stored["access_token"] and stored["refresh_token"], f"kill {kill}, {step}"
        outcome = next_process(simulator, shared)
        outcomes[step, outcome] += 1
        if outcome != "usable":
            shared = None
    for (step, outcome), times in sorted(outcomes.items()):
        print(f"{rotation}: killed {step}: {outcome}, {times} times")
    lost = "sign in again" if rotation == "strict" else "usable"
    assert set(outcomes) == {
        ("before sending", "usable"),
        ("between sending and saving", lost),
        ("after saving", "usable"),
    }
