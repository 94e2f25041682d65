"""What is left of a process that was killed while it renewed, and what the next one meets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from simulator import Simulator

from beproduct_client import AuthError, BeProduct

CLASSES = ("before sending", "between sending and saving", "after saving")
"""Where a process may be killed, as seen from the refresh token."""


def expire_in_file(token_file: Path) -> None:
    """Makes the stored access token one that has expired long ago. The service would accept it still."""
    stored = json.loads(token_file.read_text())
    token_file.write_text(json.dumps({**stored, "expires_at": 1}))


def until_settled(simulator: Simulator) -> None:
    """Waits until the simulator has dealt with all that a dead process has left in the sockets."""
    port = urlsplit(simulator.about["api"]).port
    simulator.until(lambda: not _is_connected(f"0100007F:{port:04X}"))


def _is_connected(address: str) -> bool:
    """Whether a connection to this address is open at its side that is not this process's own."""
    established, only_the_other_side_closed = "01", "08"
    connections = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = {fields[1] for fields in _of_this_process(connections)}
    return any(
        local == address and remote not in own and state in (established, only_the_other_side_closed)
        for _, local, remote, state, *_ in connections
    )


def _of_this_process(connections: list[list[str]]) -> list[list[str]]:
    """Clients of one process share connections, which stay open after one of them is closed."""
    sockets = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            sockets.add(os.readlink(descriptor))
        except FileNotFoundError:
            continue
    inode = 9
    return [fields for fields in connections if f"socket:[{fields[inode]}]" in sockets]


class Next(NamedTuple):
    """What the next process met."""

    outcome: str
    token_requests: int

    @classmethod
    def expected(cls, killed: str, rotation: str) -> Next:
        """What it has to meet after a kill of this class."""
        if killed == "after saving":
            return cls("usable", 0)
        lost = killed == "between sending and saving" and rotation == "strict"
        # After the stored token the configured one is tried, once.
        return cls("sign in again", 2) if lost else cls("usable", 1)

    def __str__(self) -> str:
        return f"{self.outcome} with {self.token_requests} token request(s)"


def next_process(simulator: Simulator, settings: dict[str, Any]) -> Next:
    """It goes on, or has to sign in again and asks no second time."""
    asked = simulator.count("token")
    with BeProduct(**settings) as client:
        try:
            client.style.folders()
        except AuthError as error:
            assert (error.code, "sign in again" in error.message) == ("invalid_grant", True)
            requests = simulator.count("token") - asked
            with pytest.raises(AuthError, match="sign in again"):
                client.style.folders()
            assert simulator.count("token") - asked == requests
            return Next("sign in again", requests)
    return Next("usable", simulator.count("token") - asked)
