"""The simulator is that of the Python tests. A program of the cookbook runs in a folder and a home of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))

from cookbook import Workspace
from simulator import Simulator

from beproduct_client import BeProduct


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
def client(simulator: Simulator, tmp_path: Path) -> Iterator[BeProduct]:
    """Another program, which looks at the data before and after. Its requests are in the simulator's log too."""
    with BeProduct(**simulator.settings(), state_dir=str(tmp_path / "other")) as client:
        yield client


@pytest.fixture
def workspace(simulator: Simulator, tmp_path: Path) -> Workspace:
    return Workspace(simulator, tmp_path)
