"""Files uploaded to as many records: images.py HOW COUNT FILE. The time includes that until all are processed."""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

from measured import measured, settings, style

from beproduct_client import BeProduct, BeProductAsync

THREADS = 50


def one_by_one(count, file):
    with measured(), BeProduct(**settings()) as client:
        for number in range(count):
            client.style.upload(style(number), file)


def threads(count, file):
    with measured(), BeProduct(**settings()) as client, ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: client.style.upload(style(number), file), range(count)))


def at_once(count, file):
    async def run():
        with measured():
            async with BeProductAsync(**settings()) as client:
                await asyncio.gather(*(client.style.upload(style(number), file) for number in range(count)))

    asyncio.run(run())


CLIENTS = {client.__name__: client for client in (one_by_one, threads, at_once)}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](int(sys.argv[2]), sys.argv[3])
