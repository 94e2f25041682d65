"""One simulator, and the environment of a program that uses it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))

from readme import Run
from simulator import Simulator

PATIENCE = 1200
"""Seconds for one command: a compiler may have to fetch what it needs first."""


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a user's project, which has nothing of the repository."""
    return tmp_path


@pytest.fixture
def run(simulator: Simulator, project: Path) -> Run:
    """Runs a command in the project and returns what it prints. The environment signs in to the simulator."""
    about = simulator.about
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BEPRODUCT_", "PYTHON", "VIRTUAL_ENV"))
    }
    environment = {
        **inherited,
        "BEPRODUCT_COMPANY_DOMAIN": about["company"],
        "BEPRODUCT_CLIENT_ID": about["client_id"],
        "BEPRODUCT_CLIENT_SECRET": about["client_secret"],
        "BEPRODUCT_REFRESH_TOKEN": about["refresh_token"],
        "BEPRODUCT_API_URL": about["api"],
        "BEPRODUCT_IDENTITY_URL": about["identity"],
        "BEPRODUCT_CREDENTIALS_FILE": str(project / "credentials.toml"),
        "XDG_STATE_HOME": str(project / "state"),
    }

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=project, env=environment, timeout=PATIENCE, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
