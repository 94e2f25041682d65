"""The simulator and child processes are those of the Python tests; what kills at system calls is that of the renewal."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
sys.path[1:1] = [str(TESTS.parent / "bindings-python" / "tests"), str(TESTS / "renewal")]

from redis_server import Redis
from simulator import Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    redis = Redis(tmp_path)
    yield redis
    redis.stop()


@pytest.fixture(params=["sqlite", "redis"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Either of the ledgers that processes share."""
    if request.param == "redis":
        return request.getfixturevalue("redis").ledger()
    return {"sqlite": str(tmp_path / "quota.sqlite")}
