"""A fresh process that renews the tokens of a store by one call, to be stopped or killed while it does."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from beproduct_client import BeProduct, BeProductError

PATIENCE = 60
"""Seconds until an end that does not come is a failure."""
ANSWERED, KILLED = "answered", "killed"
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


class Renewing:
    """Such a process. Its client is open, and it calls when it is told to go."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid

    def until_ready(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n", "it could not begin"

    def go(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        """Ctrl-Z; returns when it has stopped."""
        os.kill(self.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.pid, os.WSTOPPED)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.result() == KILLED

    def result(self) -> str:
        """How it has ended: `ANSWERED`, `KILLED`, or the message of the error that the call has raised."""
        self._process.wait(PATIENCE)
        if self._process.returncode == -signal.SIGKILL:
            return KILLED
        assert self._process.stdout and self._process.returncode == 0
        return self._process.stdout.readline().rstrip("\n")

    def clear_away(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()


@contextmanager
def renewing(settings: dict[str, Any]) -> Iterator[Renewing]:
    """Such a process, which does not outlive the block."""
    process = Renewing(settings)
    try:
        process.until_ready()
        yield process
    finally:
        process.clear_away()


def main() -> None:
    # What it writes has to be private all the same.
    os.umask(0)
    # Some systems let nobody but a parent trace a process.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(_ANYBODY))
    client = BeProduct(**json.loads(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        client.style.folders()
        print(ANSWERED, flush=True)
    except BeProductError as error:
        print(error.message, flush=True)
    # The call is all that matters.
    os._exit(0)


if __name__ == "__main__":
    main()
