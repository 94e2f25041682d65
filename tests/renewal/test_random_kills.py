"""A process is killed at any moment while it renews: at a system call that was drawn by lot.

Where it has died is not guessed but seen: by the requests that the simulator has received, and by the token file.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from after_death import CLASSES, Next, expire_in_file, next_process, until_settled
from renewing import ANSWERED, KILLED, renewing
from simulator import Simulator
from system_calls import Moment, Trace, killing, moments

from beproduct_client import BeProduct

KILLS = int(os.environ.get("BEPRODUCT_KILLS", "40"))
"""With each kind of rotation. `make soak` asks for more of them."""
MOST_RUNS = 3 * KILLS
SEED = 20260115
TOKENS = {"access_token", "refresh_token"}


class Renewals:
    """Processes that renew the tokens of one file, one after the other."""

    def __init__(self, simulator: Simulator, settings: dict[str, Any], token_file: Path, rotation: str) -> None:
        self.simulator, self.settings, self.file, self.rotation = simulator, settings, token_file, rotation
        self.sign_in()

    def sign_in(self) -> None:
        self.simulator.reset(rotation=self.rotation)
        self.file.unlink(missing_ok=True)
        assert next_process(self.simulator, self.settings) == Next("usable", 1)

    def expire(self, kind: str) -> None:
        if kind == "refused":
            self.simulator.expire("access")
        else:
            expire_in_file(self.file)

    def run(self, kind: str, *options: str, output: Path | str = "/dev/null") -> str | None:
        """A process that renews; returns where it was killed, or None when it was not."""
        self.expire(kind)
        before, asked = self.file.read_bytes(), self.simulator.count("token")
        with renewing(self.settings) as process:
            trace = Trace(process, *options, output=output)
            # A thread of its runtime may meet that system call before.
            with suppress(BrokenPipeError):
                process.go()
            result = process.result()
            trace.end()
        until_settled(self.simulator)
        requests, saved = self.simulator.count("token") - asked, self.file.read_bytes() != before
        stored = json.loads(self.file.read_bytes())
        assert all(stored[name] for name in TOKENS)
        self.check_that_all_is_private()
        if result == ANSWERED:
            assert (requests, saved) == (1, True)
            return None
        assert result == KILLED
        return {(0, False): CLASSES[0], (1, False): CLASSES[1], (1, True): CLASSES[2]}[requests, saved]

    def check_next(self, killed: str) -> Next:
        """What the next process meets after a kill; begins anew where the sign-in is lost."""
        met = next_process(self.simulator, self.settings)
        assert met == Next.expected(killed, self.rotation), f"killed {killed}"
        if met.outcome != "usable":
            self.sign_in()
        return met

    def left_over(self) -> list[Path]:
        """Files in which new tokens were written that nobody has saved."""
        return [path for path in self.file.parent.glob(f".{self.file.name}.*") if path.suffix != ".lock"]

    def check_that_all_is_private(self) -> None:
        for path in [self.file, *self.left_over()]:
            assert path.stat().st_mode & 0o777 == 0o600, path


@pytest.mark.parametrize("rotation", ["strict", "reuse"])
def test_a_process_is_killed_at_random_while_it_renews(
    simulator: Simulator, settings: dict[str, Any], token_file: Path, tmp_path: Path, rotation: str
) -> None:
    chance = random.Random(SEED)
    renewals = Renewals(simulator, settings, token_file, rotation)
    moments_of = {}
    for kind in ("refused", "expired"):
        output = tmp_path / f"{kind}.strace"
        assert renewals.run(kind, output=output) is None
        # As many of each class, more or less, though most system calls come before the token request is sent.
        moments_of[kind] = moments(output, "POST /ids/", "rename")
        assert len(moments_of[kind]) == len(CLASSES)
        print(f"{rotation}: system calls of a token that was {kind}: {[len(part) for part in moments_of[kind]]}")
    outcomes: Counter[tuple[str, Next]] = Counter()
    left_over: set[Path] = set()
    runs = 0
    # Where another thread makes a system call first, a kill comes earlier than it was drawn. These come where they belong.
    certain = [Moment("fsync"), Moment("/^rename")]
    while outcomes.total() < KILLS:
        runs += 1
        assert runs <= MOST_RUNS, f"{outcomes.total()} of {runs - 1} processes were killed"
        kind = chance.choice(list(moments_of))
        moment = certain.pop() if certain else chance.choice(chance.choice(moments_of[kind]))
        killed = renewals.run(kind, *killing(moment))
        left_over.update(renewals.left_over())
        if killed:
            outcomes[killed, renewals.check_next(killed)] += 1
    for (killed, met), times in sorted(outcomes.items()):
        print(f"{rotation}: killed {killed}: {times} times; the next process: {met}")
    print(f"{rotation}: {runs - KILLS} ended before the kill; {len(left_over)} left a temporary file")
    assert ("between sending and saving", Next.expected("between sending and saving", rotation)) in outcomes


@pytest.mark.parametrize("call", ["fsync", "/^rename"])
@pytest.mark.parametrize("rotation", ["strict", "reuse"])
def test_what_a_killed_process_has_not_saved_does_no_harm(
    simulator: Simulator, settings: dict[str, Any], token_file: Path, rotation: str, call: str
) -> None:
    renewals = Renewals(simulator, settings, token_file, rotation)
    assert renewals.run("expired", *killing(Moment(call))) == "between sending and saving"
    (left_over,) = renewals.left_over()
    assert TOKENS <= json.loads(left_over.read_text()).keys()
    renewals.check_next("between sending and saving")
    # Nor to the renewals after it, which clear it away.
    simulator.expire("access")
    with BeProduct(**settings) as client:
        assert client.style.folders()
    assert renewals.left_over() == []
