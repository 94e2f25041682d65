"""A Redis server of the tests' own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from simulator import PATIENCE


class Redis:
    """A server on a free port of this machine, which keeps nothing."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if not program:
            if "BEPRODUCT_WITHOUT_REDIS" in os.environ:
                pytest.skip("BEPRODUCT_WITHOUT_REDIS is set, and there is no redis-server")
            pytest.fail("there is no redis-server: .ci/setup redis, or BEPRODUCT_WITHOUT_REDIS=1 to do without")
        while not self._start(program, folder):
            # Somebody else has taken the port meanwhile.
            pass

    def _start(self, program: str, folder: Path) -> bool:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no", "dir": folder}
        command = [program, *(text for name, value in options.items() for text in (f"--{name}", str(value)))]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                return True
        self._process.wait(PATIENCE)
        return False

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=PATIENCE)

    def ledger(self, port: int | None = None, **settings: Any) -> dict[str, Any]:
        """The ledger of a client, by way of this port."""
        return {"redis": {"url": f"redis://127.0.0.1:{port or self.port}", **settings}}

    def ask(self, *words: str) -> bytes:
        """What the server answers to a command, as it comes."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            text = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
            connection.sendall(f"*{len(words)}\r\n{text}*1\r\n$4\r\nQUIT\r\n".encode())
            return b"".join(iter(lambda: connection.recv(1 << 16), b"")).removesuffix(b"+OK\r\n")
