"""One token file, many processes, and refresh tokens that work once."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from after_death import Next, expire_in_file, next_process, until_settled
from many_processes import CALLS, PROCESSES, Started, check_that_one_renews
from renewing import ANSWERED, renewing
from simulator import Simulator

from beproduct_client import BeProduct, CallTimeoutError

KILLS = 10
"""At each step."""


def sign_in(settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        client.style.folders()


def test_one_of_many_processes_renews_what_was_refused(simulator: Simulator, settings: dict[str, Any]) -> None:
    sign_in(settings)
    children = Started(settings)
    simulator.expire("access")
    check_that_one_renews(simulator, children, "refused with 401")


def test_one_of_many_processes_renews_what_has_expired(
    simulator: Simulator, settings: dict[str, Any], token_file: Path
) -> None:
    sign_in(settings)
    expire_in_file(token_file)
    before = simulator.count()
    check_that_one_renews(simulator, Started(settings), "expired by its expires_at")
    statuses = Counter(request["status"] for request in simulator.log()[before:])
    print(f"requests to the API by status: {dict(statuses)}")
    assert statuses == {200: PROCESSES * CALLS}


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
    with renewing(settings) as process:
        process.go()
        simulator.wait(arrived, base)
        process.kill()
    simulator.release()


@pytest.mark.parametrize("rotation", ["strict", "reuse"])
@pytest.mark.parametrize("step", STEPS)
def test_a_process_is_killed_at_a_step(
    simulator: Simulator, settings: dict[str, Any], token_file: Path, rotation: str, step: str
) -> None:
    outcomes: Counter[Next] = Counter()
    for _ in range(KILLS):
        simulator.reset(rotation=rotation)
        token_file.unlink(missing_ok=True)
        sign_in(settings)
        killed(simulator, settings, step)
        stored = json.loads(token_file.read_text())
        assert stored["access_token"] and stored["refresh_token"]
        outcomes[next_process(simulator, settings)] += 1
    for outcome, times in outcomes.items():
        print(f"{rotation}: killed {step}: {outcome}, {times} times")
    assert outcomes == {Next.expected(step, rotation): KILLS}


LONGEST_LEASE = 120
"""Seconds that a process waits for another one's renewal."""


@pytest.mark.parametrize("then", ["it goes on", "it dies"])
def test_a_stopped_process_holds_the_others_up(
    simulator: Simulator, settings: dict[str, Any], token_file: Path, then: str
) -> None:
    sign_in(settings)
    expire_in_file(token_file)
    simulator.hold("connect/token", base="identity")
    arrived = simulator.count("identity") + 1
    patient = {"testing": {"clock": "recorded"}, "timeout": 2 * LONGEST_LEASE}
    with renewing(settings) as process, BeProduct(**settings, **patient) as waiting:
        process.go()
        simulator.wait(arrived, "identity")
        process.stop()
        asked = simulator.count("token")
        for _ in range(2):
            with pytest.raises(CallTimeoutError) as raised:
                waiting.style.folders()
            reason = f"another process has been renewing the tokens for {LONGEST_LEASE} s and keeps their store locked"
            assert (reason in raised.value.message, raised.value.outcome) == (True, "not_sent")
        assert simulator.count("token") == asked

        if then == "it goes on":
            process.go_on()
            simulator.release()
            assert process.result() == ANSWERED
        else:
            process.kill()
            until_settled(simulator)
            simulator.release()
        assert waiting.style.folders()
    renewals = simulator.count("token") - asked
    print(f"stopped for more than {LONGEST_LEASE} s; {then}: {renewals} more token requests, all calls answered")
    assert renewals == (0 if then == "it goes on" else 1)
