"""Many writes in one burst that end together: burst.py cancelled|turn_timeout LEDGER WRITES.

Reports how many requests the ledger has counted, how many have arrived at the server, and for how many writes the outcome is
unknown.
"""

import asyncio
import json
import sys

from measured import arrivals, report, settings, style

from beproduct_client import BeProductAsync, BeProductError

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
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    await asyncio.sleep(SETTLED)
    used = (await client.quota.status())["used"]
    report(counted=used - before, arrived=arrivals(), unknown=outcomes.count("unknown"))
    await client.close()


async def write(client, number, options):
    """The outcome of one write."""
    try:
        await client.style.update(style(number), fields={"header_name": f"Style {number}"}, **options)
    except BeProductError as error:
        return error.outcome
    except asyncio.CancelledError as error:
        # That of a cancelled one is in its cause; without one the client never had it.
        return error.__cause__.outcome if error.__cause__ else "not_sent"
    return "applied"


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])))
