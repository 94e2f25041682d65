"""The `beproduct` command in a home of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from threading import Thread

from simulator import PATIENCE

COMMAND = Path(sysconfig.get_path("scripts")) / "beproduct"


class Home:
    """A folder for a person's files, and a browser that only tells the test which address it was to open."""

    def __init__(self, folder: Path) -> None:
        self.credentials = folder / "credentials.toml"
        pipe, program = folder / "address", folder / "browser"
        os.mkfifo(pipe)
        # For both, so that writers do not wait and the pipe does not end with one of them.
        self._addresses = os.open(pipe, os.O_RDWR)
        program.write_text(f'#!/bin/sh\nprintf %s "$1" >"{pipe}"\n')
        program.chmod(0o755)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "BEPRODUCT_CREDENTIALS_FILE": str(self.credentials),
            "BROWSER": str(program),
        }
        self._started: list[Running] = []

    def close(self) -> None:
        os.close(self._addresses)
        for running in self._started:
            running.kill()

    def start(self, *arguments: str) -> Running:
        running = Running(arguments, self.environment)
        self._started.append(running)
        return running

    def run(self, *program: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs a program to its end."""
        return subprocess.run(
            program, check=False, capture_output=True, text=True, timeout=PATIENCE, env=self.environment
        )

    def opened(self) -> str:
        """The address that the browser was told to open."""
        assert select.select([self._addresses], [], [], PATIENCE)[0], "no browser was opened"
        return os.read(self._addresses, select.PIPE_BUF).decode()


class Running:
    """The command while it runs."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [COMMAND, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.told: list[str] = []
        """Lines of standard error that were looked at."""
        self._lines: Queue[str | None] = Queue()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line(self, part: str) -> str:
        """The next line of standard error that contains this."""
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.told.append(line)
            if part in line:
                return line
        raise AssertionError(f"it never said {part!r}, but {self.told}")

    def paste(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """Waits for its end. Status, standard output, and what else standard error held."""
        status = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self._process.stdout
        return status, self._process.stdout.read(), "\n".join(iter(self._lines.get_nowait, None))

    def kill(self) -> None:
        """Ends it if a test that failed has left it, and closes its pipes."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            pipe.close()


Login = Callable[..., Running]
"""Starts `beproduct login` for the client that the simulator tells by this name, with the arguments that follow."""
