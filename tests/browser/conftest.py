"""The simulator is that of the Python tests. The command runs in a home of its own."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))

from command import Home, Login, Running
from simulator import Simulator

# It writes down what it types in the person's place: their password.
logging.getLogger("selenium").setLevel(logging.INFO)


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
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


@pytest.fixture
def login(simulator: Simulator, home: Home) -> Login:
    """Starts `beproduct login` at the simulator, with these arguments besides."""
    about = simulator.about
    where = ["--company-domain", about["company"], "--identity-url", about["identity"], "--api-url", about["api"]]

    def login(client: str, *arguments: str) -> Running:
        return home.start("login", *where, "--client-id", about[client], *arguments)

    return login
