"""Functions that run in a process of their own, for tests of signals, forks and the end of a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from simulator import PATIENCE

_spawn = multiprocessing.get_context("spawn")


class Child:
    """A function that runs in a fresh interpreter, with a pipe to the test as its first argument."""

    def __init__(self, function: Callable[..., None], *arguments: Any) -> None:
        self._pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=_heed_signals, args=(function, theirs, *arguments))
        self._process.start()
        theirs.close()

    def receive(self) -> Any:
        """What the child sends next."""
        assert self._pipe.poll(PATIENCE), "the child sends nothing"
        return self._pipe.recv()

    def send(self, message: Any) -> None:
        self._pipe.send(message)

    def interrupt(self) -> None:
        """Ctrl-C."""
        assert self._process.pid
        os.kill(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        self._process.kill()
        self._process.join(PATIENCE)

    def end(self) -> None:
        """Waits for the end, which has to be a good one."""
        self._process.join(PATIENCE)
        assert self._process.exitcode == 0, f"the child ended with {self._process.exitcode}"


def _heed_signals(function: Callable[..., None], *arguments: Any) -> None:
    # A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    function(*arguments)


def in_fork(act: Callable[[], Any]) -> Any:
    """What the function returns in a forked child of this process."""
    reading, writing = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        _end_with(writing, act)
    writing.close()
    assert reading.poll(PATIENCE), "the forked child sends nothing"
    result = reading.recv()
    os.waitpid(child, 0)
    if isinstance(result, BaseException):
        raise result
    return result


def _end_with(pipe: Connection, act: Callable[[], Any]) -> None:
    """Sends the result and ends this process, without the exit handlers that belong to its parent."""
    try:
        pipe.send(act())
    except BaseException as error:  # noqa: BLE001  The parent raises it.
        pipe.send(error)
    finally:
        os._exit(0)
