"""One simulator for all tests, begun anew for each of them."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync


def cannot_run(reason: str) -> NoReturn:
    """For a test that this machine cannot run: a failure where all tests have to run."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


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
