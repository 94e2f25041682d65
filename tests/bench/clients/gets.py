"""Many gets of one record each: gets.py CLIENT COUNT [BOUND]. With a bound, all at once, and so many on their way."""

import asyncio
import ssl
import sys

from measured import API, AUTHORIZATION, COMPANY, SERVER, measured, settings, style


def ours_async(count, bound):
    from beproduct_client import BeProductAsync

    async def run():
        with measured():
            client = BeProductAsync(**settings(concurrency=bound))
            records = await asyncio.gather(*(client.style.get(style(number)) for number in range(count)))
        check(records)
        await client.close()

    asyncio.run(run())


def aiohttp_session(count, bound, **json_options):
    import aiohttp

    async def run():
        with measured():
            context = ssl.create_default_context()
            context.load_verify_locations(SERVER["ca"])
            connector = aiohttp.TCPConnector(limit=bound, ssl=context)
            session = aiohttp.ClientSession(connector=connector, headers=AUTHORIZATION)

            async def get(number):
                async with session.get(f"{API}/Style/Header/{style(number)}") as answer:
                    answer.raise_for_status()
                    return await answer.json(**json_options)

            records = await asyncio.gather(*map(get, range(count)))
        check(records)
        await session.close()

    asyncio.run(run())


def aiohttp_orjson(count, bound):
    import orjson

    aiohttp_session(count, bound, loads=orjson.loads)


def ours_sync(count):
    from beproduct_client import BeProduct

    with measured():
        client = BeProduct(**settings())
        records = [client.style.get(style(number)) for number in range(count)]
    check(records)
    client.close()


def requests_session(count):
    import requests

    with measured():
        session = requests.Session()
        session.verify = SERVER["bundle"]
        session.headers.update(AUTHORIZATION)
        records = []
        for number in range(count):
            answer = session.get(f"{API}/Style/Header/{style(number)}", timeout=30)
            answer.raise_for_status()
            records.append(answer.json())
    check(records)


def official(count):
    """It trusts what REQUESTS_CA_BUNDLE names."""
    from beproduct.sdk import BeProduct

    with measured():
        client = BeProduct(company_domain=COMPANY, access_token="bench", public_api_url=SERVER["api"])
        records = [client.style.attributes_get(style(number)) for number in range(count)]
    check(records)


def check(records):
    assert [record["id"] for record in records] == [style(number) for number in range(len(records))]


CLIENTS = {client.__name__: client for client in (ours_async, aiohttp_session, aiohttp_orjson, ours_sync)}
CLIENTS |= {client.__name__: client for client in (requests_session, official)}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](*map(int, sys.argv[2:]))
