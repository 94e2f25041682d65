"""Looks styles and materials up by number, all at the same time.

    async_lookup.py ST-000001 MT-000007

Settings come from the BEPRODUCT_* variables, or from the profile that `beproduct login` has kept.
"""

import asyncio
import sys

from beproduct_client import BeProductAsync


async def look_up(client: BeProductAsync, numbers: list[str]) -> dict[str, str]:
    """Names by number, of styles and materials alike. Numbers that nothing carries are left out."""
    styles, materials = await asyncio.gather(
        client.style.get_many_by_number(numbers),
        client.material.get_many_by_number(numbers),
    )
    found = [*styles["found"], *materials["found"]]
    return {record["headerNumber"] or "": record.get("headerName") or "" for record in found}


async def main() -> None:
    async with BeProductAsync.from_environment() as client:
        names = await look_up(client, sys.argv[1:])
    for number in sys.argv[1:]:
        print(number, names.get(number, "not found"), sep="\t")


if __name__ == "__main__":
    asyncio.run(main())
