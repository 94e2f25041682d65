"""What a call costs in Python, and how soon Ctrl-C ends one that waits. `tests/bench/calls.py` runs it beside others.

Reads the settings of a client from BEPRODUCT_BENCH and prints a JSON object a line.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import statistics
import time
import urllib.request
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

from beproduct_client import BeProduct, BeProductAsync

CALLS = 1000
INTERRUPTS = 20

SETTINGS: dict[str, Any] = json.loads(os.environ["BEPRODUCT_BENCH"])
CONTROL = os.environ["BEPRODUCT_CONTROL"]


def report(surface: str, measure: str, seconds: float) -> None:
    print(json.dumps({"surface": surface, "measure": measure, "us": seconds * 1e6}), flush=True)


def synchronous() -> None:
    with BeProduct(**SETTINGS) as client:

        def one_by_one(measure: str, call: Callable[[int], Any]) -> None:
            call(CALLS)
            start = time.perf_counter()
            for index in range(CALLS):
                call(index)
            report("Python sync", f"{measure}, one by one", (time.perf_counter() - start) / CALLS)

        one_by_one("no-op", lambda _: client.quota.status())
        # Different ones, as equal reads would share a request.
        one_by_one("request", lambda index: client.system.version(extra_query={"index": index}))


async def asynchronous() -> None:
    async with BeProductAsync(**SETTINGS) as client:

        async def both(measure: str, call: Callable[[int], Awaitable[Any]]) -> None:
            await call(2 * CALLS)
            start = time.perf_counter()
            for index in range(CALLS):
                await call(index)
            report("Python async", f"{measure}, one by one", (time.perf_counter() - start) / CALLS)
            start = time.perf_counter()
            await asyncio.gather(*map(call, range(CALLS, 2 * CALLS)))
            report("Python async", f"{measure}, {CALLS} together", (time.perf_counter() - start) / CALLS)

        await both("no-op", lambda _: client.quota.status())
        await both("request", lambda index: client.system.version(extra_query={"index": index}))


def control(path: str, body: Any = None) -> None:
    request = urllib.request.Request(f"{CONTROL}/{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request).close()


def wait_for_interrupts(pipe: Connection) -> None:
    # A shell that runs this in the background has it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with BeProduct(**SETTINGS) as client:
        for index in range(INTERRUPTS):
            try:
                client.system.version(extra_query={"index": index})
            except KeyboardInterrupt:
                pipe.send(time.monotonic())


def interrupts() -> None:
    control("reset", {})
    control("faults", [{"path": "Info/Version", "times": 0, "action": {"hang": True}}])
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=wait_for_interrupts, args=(there,))
    child.start()
    latencies = []
    for number in range(1, INTERRUPTS + 1):
        control(f"wait?base=api&requests={number}")
        sent = time.monotonic()
        assert child.pid
        os.kill(child.pid, signal.SIGINT)
        latencies.append(here.recv() - sent)
    child.join()
    control("reset", {})
    report("Python sync", "Ctrl-C to KeyboardInterrupt, median", statistics.median(latencies))
    report("Python sync", "Ctrl-C to KeyboardInterrupt, longest", max(latencies))


def main() -> None:
    synchronous()
    asyncio.run(asynchronous())
    interrupts()


if __name__ == "__main__":
    main()
