"""What a call costs in Python, and how soon Ctrl-C ends one that waits.

The engine measures every attempt, from sending to the end of the answer. What a call takes beyond that is the price of
the binding and of the engine's own preparations. Below it stands a call that the engine refuses before it sends
anything: the whole way there and back, with an exception at its end and without the network.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from beproduct_client import BeProduct, BeProductAsync, ConfigError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from processes import Child
from simulator import Simulator

CALLS = 1000
INTERRUPTS = 20
NO_ID = "a/b"


def report(what: str, seconds: float) -> None:
    print(f"{what:<58}{seconds * 1e6:9.0f} us")


def plain(settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        detailed = client.with_response.system
        walls, wires = [], []
        for _ in range(CALLS):
            start = time.perf_counter()
            response = detailed.version()
            walls.append(time.perf_counter() - start)
            wires.append(response.meta["attempts"][0]["seconds"])
        report("plain call, median", statistics.median(walls))
        report("  of which sending to the end of the answer", statistics.median(wires))
        report("  of which engine and binding", statistics.median(map(float.__sub__, walls, wires)))
        refused = []
        for _ in range(CALLS):
            start = time.perf_counter()
            try:
                client.style.get(NO_ID)
            except ConfigError:
                refused.append(time.perf_counter() - start)
        report("  refused before sending, median", statistics.median(refused))


async def asynchronous(settings: dict[str, Any]) -> None:
    async def together(calls: list[Awaitable[Any]]) -> float:
        start = time.perf_counter()
        await asyncio.gather(*calls, return_exceptions=True)
        return (time.perf_counter() - start) / CALLS

    async with BeProductAsync(**settings) as client:
        walls, wires = [], []
        for _ in range(CALLS):
            start = time.perf_counter()
            response = await client.with_response.system.version()
            walls.append(time.perf_counter() - start)
            wires.append(response.meta["attempts"][0]["seconds"])
        report("awaited call, median", statistics.median(walls))
        report("  of which sending to the end of the answer", statistics.median(wires))
        report("  of which engine and binding", statistics.median(map(float.__sub__, walls, wires)))
        # Different ones, as equal reads would share a request.
        sent = await together([client.raw.get("Info/Version", {"n": number}) for number in range(CALLS)])
        report(f"gather({CALLS}), for each call", sent)
        refused = await together([client.style.get(NO_ID) for _ in range(CALLS)])
        report("  refused before sending", refused)


def wait_for_interrupts(pipe: Connection, settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        for number in range(INTERRUPTS):
            try:
                # Different ones, as a call equal to one that is just ending would join it.
                client.raw.get("Info/Version", {"n": number})
            except KeyboardInterrupt:
                pipe.send(time.monotonic())


def interrupts(simulator: Simulator) -> None:
    simulator.reset()
    simulator.hold("Info/Version", times=0)
    child = Child(wait_for_interrupts, simulator.settings())
    latencies = []
    for number in range(1, INTERRUPTS + 1):
        simulator.wait(number)
        sent = time.monotonic()
        child.interrupt()
        latencies.append(child.receive() - sent)
    child.end()
    report("Ctrl-C to KeyboardInterrupt, median", statistics.median(latencies))
    report("  longest", max(latencies))


def main() -> None:
    simulator = Simulator()
    plain(simulator.settings())
    asyncio.run(asynchronous(simulator.settings()))
    interrupts(simulator)
    simulator.stop()


if __name__ == "__main__":
    main()
