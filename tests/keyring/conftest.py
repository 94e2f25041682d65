"""A keyring of its own for every test; the rest is that of the Python tests and of `tests/renewal`."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for folder in ("bindings-python/tests", "tests/renewal"):
    sys.path.insert(0, str(Path(__file__).parents[2] / folder))

from secret_service import SecretService
from simulator import Simulator


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    """Every secret that the simulator gives out or gets, one a line."""
    return Path(os.environ.get("BEPRODUCT_SIMULATOR_SECRETS", tmp_path / "secrets"))


@pytest.fixture
def simulator(secrets_file: Path) -> Iterator[Simulator]:
    simulator = Simulator("--rotation", "strict", "--secrets-file", str(secrets_file))
    yield simulator
    simulator.stop()


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The home folder of the processes that a test starts. They have no display, no bus and no settings but these."""
    kept = ("BEPRODUCT_SIMULATOR", "BEPRODUCT_SIMULATOR_SECRETS")
    for name in os.environ:
        if name.startswith(("XDG_", "DBUS_", "BEPRODUCT_", "GNOME_")) and name not in kept:
            monkeypatch.delenv(name)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def secret_service(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretService]:
    """A session bus with an open keyring, for the processes that a test starts."""
    # The path of a socket has to be short.
    with tempfile.TemporaryDirectory(prefix="bus-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        with SecretService(Path(runtime)) as service:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", service.address)
            service.start_daemon()
            yield service


@pytest.fixture
def settings(simulator: Simulator) -> dict[str, Any]:
    """Settings of clients that share an entry of the keyring, and have signed in."""
    return {**simulator.settings(), "token_store": {"keyring": "shared"}}
