"""Threads and event loops that share clients."""

import asyncio
import gc
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, ConfigError


async def test_a_plain_call_works_inside_a_running_loop(client: BeProduct) -> None:
    assert client.system.version()["version"] == "simulator"
    assert len(list(client.style.list())) == 60


def test_one_loop_after_another(async_client: BeProductAsync) -> None:
    for _ in range(3):
        assert asyncio.run(async_client.system.version())["version"] == "simulator"


def test_a_closed_loop_is_not_kept(async_client: BeProductAsync) -> None:
    loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def call() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await async_client.system.version()

    for _ in range(3):
        asyncio.run(call())
    gc.collect()
    assert [loop() for loop in loops[:-1]] == [None, None]


def test_loops_in_several_threads(async_client: BeProductAsync) -> None:
    async def work() -> list[str]:
        styles = await asyncio.gather(*(async_client.style.get(style["id"]) for style in await some()))
        return [style["id"] for style in styles]

    async def some() -> list[Any]:
        return (await async_client.style.list().collect())[:20]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: asyncio.run(work()), range(4)))
    assert len(results[0]) == 20
    assert all(result == results[0] for result in results)


def test_threads_share_a_client(client: BeProduct) -> None:
    ids = [style["id"] for style in client.style.list()]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda one: client.style.get(one)["id"], ids * 5))
    assert got == ids * 5


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless")
def test_threads_never_block_each_other(client: BeProduct) -> None:
    def refused() -> None:
        for _ in range(500):
            with pytest.raises(ConfigError):
                client.style.get("a/b")

    threads = [threading.Thread(target=refused) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_share_an_iterator(client: BeProduct) -> None:
    pages = client.style.list(page_size=10)
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: sum(len(page.records) for page in pages.pages()), range(4)))
    assert sum(counts) == 60


async def test_a_thousand_calls_on_an_expired_token_renew_it_once(
    async_client: BeProductAsync, simulator: Simulator
) -> None:
    simulator.reset(styles=1000)
    ids = [style["id"] for style in await async_client.style.list().collect()]
    assert simulator.count("token") == 1
    simulator.expire("access")
    styles = await asyncio.gather(*(async_client.style.get(one) for one in ids))
    assert [style["id"] for style in styles] == ids
    assert simulator.count("token") == 2


async def test_a_thousand_first_calls_sign_in_once(async_client: BeProductAsync, simulator: Simulator) -> None:
    with_ids = (async_client.raw.get("Info/Version", {"n": number}) for number in range(1000))
    assert len(await asyncio.gather(*with_ids)) == 1000
    assert (simulator.count("token"), simulator.count()) == (1, 1000)


async def test_equal_reads_share_a_request(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("Info/Version")
    calls = [asyncio.create_task(async_client.system.version()) for _ in range(50)]
    await asyncio.to_thread(simulator.wait, 1)
    simulator.release()
    await asyncio.gather(*calls)
    assert simulator.count() == 1
