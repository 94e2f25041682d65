"""Giving calls up: Ctrl-C, cancelled tasks, and closing the client."""

import asyncio
import threading
from multiprocessing.connection import Connection
from typing import Any

import pytest
from processes import Child
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, BeProductError, CallCancelledError, _bridge


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


def write_until_interrupted(pipe: Connection, settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        try:
            client.style.update("1", {"season": "Fall 2026"})
        except KeyboardInterrupt as interrupt:
            cause = interrupt.__cause__
            assert isinstance(cause, CallCancelledError)
            pipe.send((cause.outcome, cause.operation))


def test_ctrl_c_in_a_write_says_that_it_may_be_done(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.hold("Update")
    child = Child(write_until_interrupted, settings)
    simulator.wait(1)
    child.interrupt()
    assert child.receive() == ("unknown", "style.attributes_update")
    child.end()


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


def cancelled_call(error: BaseException) -> CallCancelledError:
    """The call's own error."""
    # For those who await a task, Python 3.10 makes a new exception.
    cause = (error if error.__cause__ else error.__context__ or error).__cause__
    assert isinstance(cause, CallCancelledError)
    return cause


async def test_a_cancelled_write_says_that_it_may_be_done(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("Update")
    task = asyncio.create_task(async_client.style.update("1", {"season": "Fall 2026"}))
    await asyncio.to_thread(simulator.wait, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    error = cancelled_call(raised.value)
    assert (error.outcome, error.retryable, error.operation) == ("unknown", False, "style.attributes_update")
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_cancelled_write_that_was_not_sent_says_so(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("token", base="identity")
    task = asyncio.create_task(async_client.style.update("1", {"season": "Fall 2026"}))
    await asyncio.to_thread(simulator.wait, 1, "identity")
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert cancelled_call(raised.value).outcome == "not_sent"
    # The sign-in goes on, as its tokens would be lost otherwise, and serves the next call.
    simulator.release()
    await async_client.system.version()
    assert simulator.count("token") == 1


def make_stuck(client: BeProductAsync) -> None:
    """The engine goes on with calls that are given up."""

    class Stuck:
        def __init__(self, engine: Any) -> None:
            self.call_async = engine.call_async

        def cancel(self, call: int) -> None:
            pass

    connection: Any = client.system._connection
    connection.engine = Stuck(connection.engine)


async def test_a_task_that_is_cancelled_twice_ends_at_once(async_client: BeProductAsync, simulator: Simulator) -> None:
    make_stuck(async_client)
    simulator.hold("Info/Version")
    task = asyncio.create_task(async_client.system.version())
    await asyncio.to_thread(simulator.wait, 1)
    for _ in range(2):
        task.cancel()
        assert not task.done()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    simulator.release()
    assert (await async_client.system.version())["version"] == "simulator"


async def test_a_stuck_engine_holds_no_cancelled_task_up(
    async_client: BeProductAsync, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stuck(async_client)
    monkeypatch.setattr(_bridge, "_LONGEST_END", 0.0)
    simulator.hold("Info/Version")
    task = asyncio.create_task(async_client.system.version())
    await asyncio.to_thread(simulator.wait, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await task
    assert raised.value.__cause__ is None
    simulator.release()


async def test_many_tasks_may_be_cancelled_at_once(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("Info/Version", times=0)
    tasks = [asyncio.create_task(async_client.system.version(extra_query={"n": n})) for n in range(200)]
    await asyncio.to_thread(simulator.wait, 1)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    simulator.reset()
    assert (await async_client.system.version())["version"] == "simulator"


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
    arrived = asyncio.create_task(asyncio.to_thread(simulator.wait, 3))
    await asyncio.wait([arrived, *calls], return_when=asyncio.FIRST_COMPLETED)
    assert [call for call in calls if call.done()] == []
    await arrived
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
