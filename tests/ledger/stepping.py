"""Fresh processes, quickly: each is forked from one that has imported all there is and has opened nothing.

The process opens a client and calls when it is told to go, to be killed while it does.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from typing import Any

from beproduct_client import BeProduct, BeProductError

ANSWERED, KILLED = "answered", "killed"
GO = "g"
"""What a process is told by. No other word begins with it."""
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


class Stepping:
    """The process that forks, and the last one that it has made."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = 0

    def begin(self, settings: dict[str, Any], calls: int) -> None:
        """Makes a process. Its client is open, and it calls so often when it is told to go."""
        self._tell(json.dumps({"settings": settings, "calls": calls}) + "\n")
        self.pid = int(self._answer())

    def go(self) -> None:
        self._tell(GO)

    def result(self) -> str:
        """How it has ended: `ANSWERED`, `KILLED`, or the message of the error that a call has raised."""
        return self._answer()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _tell(self, text: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the process that forks has ended"
        return json.loads(line)


def _read() -> Any:
    # Nothing is read ahead: what comes after a line is for another process. One that was killed may have left its word.
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            sys.exit()
        line = (line + piece).removeprefix(GO.encode())
    return json.loads(line)


def _write(message: Any, to: int = 1) -> None:
    os.write(to, json.dumps(message).encode() + b"\n")


def _step(settings: dict[str, Any], calls: int, word: int) -> None:
    client = BeProduct(**settings)
    _write(os.getpid())
    os.read(0, 1)
    try:
        for number in range(calls):
            client.raw.get("Info/Version", {"number": number})
        _write(ANSWERED, word)
    except BeProductError as error:
        _write(error.message, word)
    # The calls are all that matters.
    os._exit(0)


def main() -> None:
    # Some systems let nobody but a parent trace a process. Children inherit it.
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(_ANYBODY))
    while True:
        task = _read()
        said, word = os.pipe()
        child = os.fork()
        if child == 0:
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(_ANYBODY))
            _step(**task, word=word)
        os.close(word)
        _, status = os.waitpid(child, 0)
        # A process may be killed after its word. That one counts, so that there is one for each process.
        with os.fdopen(said, "rb") as pipe:
            answer = pipe.read()
        if answer:
            os.write(1, answer)
        elif os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            _write(KILLED)
        else:
            _write(f"ended with the status {status} before it said anything")


if __name__ == "__main__":
    main()
