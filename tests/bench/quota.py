"""What it costs to take a unit of the quota, in one run beside `limits`, a limiter of Python's.

    quota.py

Redis is measured where a `redis-server` is installed: one of the bench's own, on this machine, without persistence. What
`limits` does is a count in a fixed window with a limit: it knows no leases, no several limits at once, and nobody's name.
"""

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import time
from pathlib import Path

import limits
import redis
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = [
    "cargo",
    "bench",
    "--quiet",
    "--profile",
    "release",
    "-p",
    "beproduct",
    "--features",
    "redis",
    "--bench",
    "quota",
]
AIMS = {
    "memory": 1,
    "SQLite, each one": 50,
    "SQLite, lease of 100": 5,
    "Redis, each one": 300,
    "Redis, lease of 100": 5,
}


@contextlib.contextmanager
def server():
    """The address of a Redis server, or None where there is none."""
    program = shutil.which("redis-server")
    if program is None:
        print("redis-server is not installed, Redis is not measured: .ci/setup redis")
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        for _ in range(500):
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                break
            time.sleep(0.01)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def rival(storage):
    limiter = FixedWindowRateLimiter(storage)
    limit = limits.RateLimitItemPerDay(1_000_000_000)
    figures = []
    for _ in range(2000):
        start = time.perf_counter()
        assert limiter.hit(limit, "acme")
        figures.append((time.perf_counter() - start) * 1e6)
    return statistics.median(figures)


def main():
    table = Table("a unit, median", "beproduct", "aim", f"limits {limits.__version__}")
    with server() as url:
        environment = {**os.environ, **({"BEPRODUCT_BENCH_REDIS": url} if url else {})}
        done = subprocess.run(COMMAND, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.PIPE, text=True)
        rivals = {"memory": rival(MemoryStorage())}
        if url:
            rivals["Redis, each one"] = rival(RedisStorage(url))
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            measured = json.loads(line)
            name = measured["ledger"]
            other = f"{rivals[name]:.1f} us" if name in rivals else ""
            table.add_row(name, f"{measured['us']:.1f} us", f"{AIMS[name]} us", other)
    Console().print(table)


if __name__ == "__main__":
    main()
