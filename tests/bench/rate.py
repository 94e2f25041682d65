"""Two hundred callers at a service that allows so many requests a minute, on this machine and in real time.

    rate.py --simulator PATH [--minutes 3] [--per-minute 600]

Prints what was sent, how often the service answered 429 in the first minute and later, and which share of the allowance
was used. The same is asserted in simulated time by core/tests/rate.
"""

import argparse
import asyncio
import collections
import json
import subprocess
import time
import urllib.request

from beproduct_client import BeProductAsync, BeProductError

CALLERS = 200


def simulator(path, per_minute):
    command = [path, "--styles", "0", "--materials", "0", "--table-rows", "0", "--until-stdin-closes"]
    command += ["--rate-per-minute", str(per_minute)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, json.loads(process.stdout.readline())


async def ask(client, number, end):
    count = 0
    while time.monotonic() < end:
        try:
            await client.raw.get("Info/Version", {"caller": number, "count": count}, timeout=900)
        except BeProductError as error:
            if error.kind != "cancelled":
                print(f"caller {number}: {error}")
            return
        count += 1


def answers(about):
    """How many requests the service has answered, by status."""
    with urllib.request.urlopen(f"{about['control']}/log?base=api", timeout=30) as answer:
        return collections.Counter(request["status"] for request in json.load(answer))


async def run(about, minutes):
    client = BeProductAsync(
        company_domain=about["company"],
        client_id=about["client_id"],
        client_secret=about["client_secret"],
        refresh_token=about["refresh_token"],
        api_url=about["api"],
        identity_url=about["identity"],
        ledger="memory",
        max_wait=900.0,
    )
    end = time.monotonic() + minutes * 60
    callers = [asyncio.create_task(ask(client, number, end)) for number in range(CALLERS)]
    await asyncio.sleep(60)
    early = await asyncio.to_thread(answers, about)
    await asyncio.sleep((minutes - 1) * 60)
    whole = await asyncio.to_thread(answers, about)
    await client.close()
    await asyncio.gather(*callers)
    return early, whole


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--per-minute", type=int, default=600)
    given = parser.parse_args()
    process, about = simulator(given.simulator, given.per_minute)
    try:
        early, whole = asyncio.run(run(about, given.minutes))
    finally:
        process.stdin.close()
        process.wait()
    allowed = given.per_minute * given.minutes
    print(f"{CALLERS} callers, {given.minutes} minutes at {given.per_minute} a minute:")
    print(f"served {whole[200]} of {allowed} ({whole[200] / allowed:.1%})")
    print(f"429: {early[429]} in the first minute, {whole[429] - early[429]} later")


if __name__ == "__main__":
    main()
