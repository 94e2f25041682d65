"""Giving calls up: Ctrl-C, cancelled tasks, and closing the client."""

import asyncio
import threading
from multiprocessing.connection import Connection
from typing import Any

import pytest
from processes import Child
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, BeProductError, CallCancelledError


def closed_by_client(simulator: Simulator) -> bool:
    return simulator.log()[-1]["closed_by_client"]


def call_until_interrupted(pipe: Connection, settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        try:
            client.system.version()
        except KeyboardInterrupt as interrupt:
            pipe.send(type(interrupt).__name__)


def list_until_interrupted(pipe: Connection, settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        try:
            client.style.list().collect()
        except KeyboardInterrupt as interrupt:
            pipe.send(type(interrupt).__name__)


@pytest.mark.parametrize("work", [call_until_interrupted, list_until_interrupted], ids=lambda work: work.__name__)
def test_ctrl_c_ends_a_call_that_waits(settings: dict[str, Any], simulator: Simulator, work: Any) -> None:
    simulator.hold("/api/acme/")
    child = Child(work, settings)
    simulator.wait(1)
    child.interrupt()
    # The simulator still holds the answer.
    assert child.receive() == "KeyboardInterrupt"
    child.end()
    simulator.until(lambda: closed_by_client(simulator))


async def test_cancelling_a_task_closes_its_request(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("Info/Version")
    task = asyncio.create_task(async_client.system.version())
    await asyncio.to_thread(simulator.wait, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    simulator.until(lambda: closed_by_client(simulator))
    assert (await async_client.system.version())["version"] == "simulator"


async def test_cancelling_a_task_closes_the_request_of_a_page(
    async_client: BeProductAsync, simulator: Simulator
) -> None:
    simulator.hold("Style/Headers")
    task = asyncio.create_task(async_client.style.list().collect())
    await asyncio.to_thread(simulator.wait, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    simulator.until(lambda: closed_by_client(simulator))


async def test_a_cancelled_task_that_never_ran_sends_nothing(
    async_client: BeProductAsync, simulator: Simulator
) -> None:
    task = asyncio.create_task(async_client.system.version())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert simulator.count() == 0


async def test_one_of_those_who_share_a_request_may_leave(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("Info/Version")
    leaving, staying = (asyncio.create_task(async_client.system.version()) for _ in range(2))
    await asyncio.to_thread(simulator.wait, 1)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    simulator.release()
    assert (await staying)["version"] == "simulator"
    assert simulator.count() == 1


async def test_close_ends_pending_calls(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("/api/acme/", times=0)
    calls = [
        asyncio.create_task(async_client.system.version()),
        asyncio.create_task(async_client.style.update("1", {"season": "Fall 2026"})),
        asyncio.create_task(async_client.style.list().collect()),
    ]
    await asyncio.to_thread(simulator.wait, 3)
    await async_client.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [CallCancelledError] * 3
    update = results[1]
    assert isinstance(update, CallCancelledError)
    assert update.outcome == "unknown"


def test_close_ends_calls_of_other_threads(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.hold("Info/Version")
    client = BeProduct(**settings)
    raised: list[BeProductError] = []

    def call() -> None:
        try:
            client.system.version()
        except BeProductError as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    simulator.wait(1)
    client.close()
    thread.join()
    assert [type(error) for error in raised] == [CallCancelledError]
