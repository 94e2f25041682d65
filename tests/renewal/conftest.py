"""A simulator whose refresh tokens work once; its client and child processes are those of the Python tests."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "bindings-python" / "tests"))

from simulator import Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator("--rotation", "strict")
    yield simulator
    simulator.stop()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def settings(simulator: Simulator, token_file: Path) -> dict[str, Any]:
    """Settings of clients that share the token file."""
    return {**simulator.settings(), "token_store": {"file": str(token_file)}}
