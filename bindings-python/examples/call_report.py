"""Shows what it took to fetch styles: attempts, waits, requests counted, and the id that support asks for.

    call_report.py ST-000001 ST-000002

Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.
"""

import asyncio
import sys

from beproduct_client import BeProductAsync, Response
from beproduct_client.types import StyleHeader


def describe(response: Response[StyleHeader]) -> str:
    """One line about an answer."""
    style, meta = response.body, response.meta
    waited = sum(wait["seconds"] for wait in meta["waits"])
    return (
        f"{style['headerNumber']}: {len(response.raw)} bytes, {len(meta['attempts'])} attempts, "
        f"{waited:.1f} s of waiting, {meta['cost']} requests counted, request id {meta['request_id']}"
    )


async def report(client: BeProductAsync, numbers: list[str]) -> list[str]:
    """A line for each style."""
    calls = [client.with_response.style.get_by_number(number, label="call report") for number in numbers]
    return [describe(response) for response in await asyncio.gather(*calls)]


async def main() -> None:
    async with BeProductAsync.from_environment() as client:
        print("\n".join(await report(client, sys.argv[1:])))
        status = await client.quota.status()
        print(f"{status['used']} requests today")


if __name__ == "__main__":
    asyncio.run(main())
