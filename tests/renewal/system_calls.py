"""System calls of a process, and what happens at one of them, by strace. No clock has a part in it."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from machine import cannot_run
from renewing import Renewing
from simulator import PATIENCE


class Trace:
    """Follows a process and all of its threads from now on."""

    def __init__(self, process: Renewing, *options: str, output: Path | str = "/dev/null") -> None:
        if not shutil.which("strace"):
            cannot_run("strace is not installed: .ci/setup renewal")
        command = ["strace", "-f", "-o", output, *options, "-p", str(process.pid)]
        self._strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._strace.stderr
        first = self._strace.stderr.readline().strip()
        if "attached" not in first:
            self._strace.communicate(timeout=PATIENCE)
            cannot_run(f"this machine lets nobody trace a process: {first}")

    def end(self) -> None:
        """Waits until all of the process has ended, and this with it."""
        self._strace.communicate(timeout=PATIENCE)


class Moment(NamedTuple):
    """When a thread begins a system call of this name for the n-th time. strace counts each name for itself."""

    call: str
    number: int = 1


def killing(at: Moment) -> list[str]:
    """Options for a process that is killed when one of its threads gets there."""
    return ["-e", f"trace={at.call}", "-e", f"inject={at.call}:signal=SIGKILL:when={at.number}"]


def failing(call: str, error: str) -> list[str]:
    """Options for a process whose system calls of this name fail."""
    return ["-e", f"trace={call}", "-e", f"inject={call}:error={error}"]


def moments(output: Path, *marks: str) -> list[list[Moment]]:
    """All system calls of a process, from what was written of it. With each mark in them a part ends."""
    seen: Counter[tuple[str, str]] = Counter()
    parts: list[list[Moment]] = [[]]
    for line in output.read_text().splitlines():
        thread, text = line.split(maxsplit=1)
        # Other lines tell of signals, of ends, and of a call that goes on.
        if text[0] not in "+-<":
            call = text.partition("(")[0]
            seen[thread, call] += 1
            parts[-1].append(Moment(call, seen[thread, call]))
            if len(parts) <= len(marks) and marks[len(parts) - 1] in text:
                parts.append([])
    return parts
