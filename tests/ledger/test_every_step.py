"""A process is killed at every step of its requests: at each system call between the reservation and the settlement.

What the ledger counts is never below what the service has received, and at most the one request above it that the
killed process had in its hands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from after_death import until_settled
from asking import NOON
from simulator import Simulator
from stepping import ANSWERED, KILLED, Stepping
from system_calls import Moment, Trace, killing, moments

from beproduct_client import BeProduct

LEASE = 3
CHANGING = {
    *("openat", "write", "pwrite64", "writev", "sendto", "sendmsg", "rename", "renameat", "renameat2"),
    *("unlink", "unlinkat", "flock", "fcntl", "ftruncate", "fsync", "fdatasync", "mkdir", "connect"),
}
"""System calls that may change something that others see. At each of these there are two kills, as another thread may be
the one that gets there."""


@pytest.fixture
def stepping() -> Iterator[Stepping]:
    stepping = Stepping()
    yield stepping
    stepping.stop()


class Steps:
    """Processes with one ledger, one after the other."""

    def __init__(self, simulator: Simulator, stepping: Stepping, settings: dict[str, Any], calls: int) -> None:
        self.simulator, self.stepping, self.settings, self.calls = simulator, stepping, settings, calls
        self.ahead = 0

    def run(self, *options: str, output: Path | str = "/dev/null") -> str:
        self.stepping.begin(self.settings, self.calls)
        trace = Trace(self.stepping, *options, output=output)  # type: ignore[arg-type]
        self.stepping.go()
        result = self.stepping.result()
        trace.end()
        until_settled(self.simulator)
        return result

    def check(self, at: Moment | None) -> int:
        """By how much the ledger is further ahead than before. Then another client calls."""
        with BeProduct(**{**self.settings, "quota_lease": LEASE}) as client:
            status = client.quota.status()
            ahead = status["used"] - self.simulator.count()
            assert status["leased"] == 0, at
            assert ahead >= self.ahead, at
            client.raw.get("Info/Version", {"after": str(at)})
        more, self.ahead = ahead - self.ahead, ahead
        return more


@pytest.mark.parametrize("lease", [1, LEASE])
def test_a_process_is_killed_at_every_step(
    simulator: Simulator, stepping: Stepping, ledger: dict[str, Any], tmp_path: Path, lease: int
) -> None:
    settings = {
        **simulator.settings(),
        "ledger": ledger,
        "quota_lease": lease,
        "state_dir": str(tmp_path / "state"),
        "token_store": {"file": str(tmp_path / "tokens.json")},
        "testing": {"clock": "recorded", "start": NOON},
    }
    # With a lease one more, which settles it and takes the next.
    steps = Steps(simulator, stepping, settings, 2 if lease == 1 else lease + 1)
    # Signs in, makes the file, and teaches the server its scripts.
    steps.check(None)
    output = tmp_path / "strace"
    assert steps.run(output=output) == ANSWERED
    assert steps.check(None) == 0
    listed = moments(output, ANSWERED)[0]
    points = sorted(set(listed))
    changing = [point for point in points if point.call in CHANGING]
    store = f"{next(iter(ledger))}, lease {lease}"
    print(f"{store}: {len(listed)} system calls, {len(points)} moments, {len(changing)} of them change something")
    print(f"    {dict(Counter(point.call for point in points))}")
    ahead: Counter[int] = Counter()
    # The first has said its word when it is killed.
    for point in [Moment("exit_group", 1), *points, *changing]:
        if steps.run(*killing(point)) == KILLED:
            ahead[steps.check(point)] += 1
        else:
            assert steps.check(point) == 0
    print(
        f"    killed at {ahead.total()} times of {len(points) + len(changing)}; then the ledger was ahead by at most {max(ahead)} "
        f"({dict(ahead)}), {steps.ahead} in all"
    )
    left = Counter(path.suffix for path in (tmp_path / "state").glob("leases/*"))
    print(f"    left in the folder of the leases: {dict(left)}")
    assert not left
    assert max(ahead) <= 1
    assert ahead.total() >= len(points) * 3 // 4
