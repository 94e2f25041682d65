"""One simulator for all tests, begun anew for each of them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from log_lines import Lines
from simulator import Simulator
from transcript import write_errors_down

from beproduct_client import BeProduct, BeProductAsync

write_errors_down()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs tests that are coroutines in an event loop of their own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


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
def settings(simulator: Simulator, tmp_path: Path) -> dict[str, Any]:
    """Settings of a client of the simulator, with a ledger in memory."""
    return {**simulator.settings(), "state_dir": str(tmp_path / "state")}


@pytest.fixture
def client(settings: dict[str, Any]) -> Iterator[BeProduct]:
    with BeProduct(**settings) as client:
        yield client


@pytest.fixture
def async_client(settings: dict[str, Any]) -> Iterator[BeProductAsync]:
    client = BeProductAsync(**settings)
    yield client
    asyncio.run(client.close())


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    lines = Lines()
    logger = logging.getLogger("beproduct_client")
    logger.addHandler(lines)
    with caplog.at_level(logging.DEBUG, logger="beproduct_client"):
        yield lines
    logger.removeHandler(lines)
