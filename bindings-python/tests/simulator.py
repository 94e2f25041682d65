"""The simulator of the service as a process, and its control interface (tests/simulator/README.md)."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("BEPRODUCT_SIMULATOR", REPOSITORY / "target" / "ci" / "beproduct-simulator"))

PATIENCE = 60
"""Seconds until something that does not happen is a failure. Nothing waits this long otherwise."""


class Simulator:
    """A simulator that runs until it is stopped."""

    def __init__(self, *options: str) -> None:
        if not PROGRAM.exists():
            raise FileNotFoundError(f"{PROGRAM}: cargo build -p beproduct-simulator --profile ci makes it")
        self._process = subprocess.Popen(
            [PROGRAM, "--styles", "60", "--materials", "20", "--table-rows", "60", "--until-stdin-closes", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.about: dict[str, str] = json.loads(self._process.stdout.readline())
        authority = self.about["ca"]
        self._context = ssl.create_default_context(cafile=authority) if authority else None

    def stop(self) -> None:
        self._process.communicate(timeout=PATIENCE)

    def settings(self) -> dict[str, Any]:
        """Settings of a client that counts in memory."""
        return {
            "company_domain": self.about["company"],
            "client_id": self.about["client_id"],
            "client_secret": self.about["client_secret"],
            "refresh_token": self.about["refresh_token"],
            "public_api_url": self.about["api"],
            "automation_url": self.about["automation"],
            "identity_url": self.about["identity"],
            "ledger": "memory",
        }

    def reset(self, **changes: Any) -> None:
        self._control("reset", changes)

    def faults(self, *rules: dict[str, Any]) -> None:
        self._control("faults", list(rules))

    def hold(self, path: str, **rule: Any) -> None:
        """Holds the next request whose address contains this text until `release`."""
        self.faults({"path": path, "action": {"hang": True}, **rule})

    def release(self) -> None:
        self._control("release", {})

    def expire(self, which: str) -> None:
        self._control("tokens", {"expire": which})

    def make_file(self, name: str, length: int) -> dict[str, Any]:
        """A file of the storage, with its link."""
        return self._control("files", {"name": name, "length": length})

    def sign_in(self, url: str) -> str:
        """The address that a person who signs in here is sent back to."""
        return self._control("authorize", {"url": url})["redirect"]

    def log(self, base: str = "api") -> list[dict[str, Any]]:
        return self._control(f"log?base={base}")

    def count(self, what: str = "api") -> int:
        return self._control("counts")[what]

    def wait(self, requests: int, base: str = "api") -> None:
        """Waits until so many requests have arrived since the reset."""
        self._control(f"wait?base={base}&requests={requests}")

    def until(self, condition: Callable[[], bool]) -> None:
        """Asks until it is so. For what the simulator knows but announces by no event."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it did not become so"

    def _control(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(f"{self.about['control']}/{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=PATIENCE, context=self._context) as answer:
            return json.loads(answer.read() or "null")
