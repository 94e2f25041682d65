"""Many writes in one burst that end together: burst.py cancelled|turn_timeout LEDGER WRITES.

Tells how many requests the ledger has counted and how many have arrived at the server. Where the client does not know
the option `turn_timeout`, it tells that.
"""

import asyncio
import json
import sys

from measured import arrivals, report, settings, style

from beproduct_client import BeProductAsync, ConfigError

# Some answers have come by then, others are on their way.
SECONDS = 1.0
# What is on its way then has arrived at the server after that.
SETTLED = 2.0


async def main(end, ledger, count):
    client = BeProductAsync(**settings(ledger=ledger, concurrency=10))
    before = (await client.quota.status())["used"]
    options = {"turn_timeout": SECONDS} if end == "turn_timeout" else {}
    writes = [asyncio.create_task(write(client, number, options)) for number in range(count)]
    if end == "cancelled":
        await asyncio.sleep(SECONDS)
        for task in writes:
            task.cancel()
    ended = await asyncio.gather(*writes, return_exceptions=True)
    await asyncio.sleep(SETTLED)
    if all(isinstance(error, ConfigError) for error in ended):
        report(unavailable=str(ended[0]))
    else:
        used = (await client.quota.status())["used"]
        report(counted=used - before, arrived=arrivals())
    await client.close()


async def write(client, number, options):
    await client.style.update(style(number), fields={"header_name": f"Style {number}"}, **options)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])))
