"""A lock that is held for the length of a block."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, ConfigError, ConflictError, ServerError


def sent(simulator: Simulator) -> list[str]:
    return [request["method"] for request in simulator.log("automation")]


def is_held(client: BeProduct) -> bool:
    (lock,) = client.automation.lock_check(["job"], 1)
    return bool(lock["locked"])


def test_a_lock_is_held_for_a_block(client: BeProduct, simulator: Simulator) -> None:
    with client.automation.lock("job", 60) as answer:
        assert answer["acquired"]
        assert is_held(client)
        with pytest.raises(ConflictError, match="another program has the lock"), client.automation.lock("job"):
            pytest.fail("it was not taken")
        assert is_held(client)
    assert not is_held(client)


def test_a_lock_is_given_back_when_the_block_fails(client: BeProduct, simulator: Simulator) -> None:
    with pytest.raises(KeyError), client.automation.lock("job", lock_timeout=60):
        raise KeyError
    assert sent(simulator) == ["GET", "DELETE"]
    # The error of the block is the one that counts.
    faults = {"path": "locks?name", "action": {}}, {"path": "locks?name", "action": {"status": 503}}
    simulator.faults(*faults)
    with pytest.raises(KeyError), client.automation.lock("job"):
        raise KeyError
    simulator.reset()
    simulator.faults(*faults)
    with pytest.raises(ServerError), client.automation.lock("job"):
        pass


def test_nothing_is_sent_for_a_wrong_lock(client: BeProduct, simulator: Simulator) -> None:
    with pytest.raises(ConfigError, match="name is empty"), client.automation.lock(" "):
        pytest.fail("it was not taken")
    assert sent(simulator) == []


async def test_a_lock_is_held_in_a_loop(async_client: BeProductAsync, simulator: Simulator) -> None:
    async def work(begun: asyncio.Event) -> None:
        async with async_client.automation.lock("job", 60) as answer:
            assert answer["acquired"]
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    task = asyncio.create_task(work(begun))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sent(simulator) == ["GET", "DELETE"]
    locks: Any = await async_client.automation.lock_check(["job"], 1)
    assert not locks[0]["locked"]
