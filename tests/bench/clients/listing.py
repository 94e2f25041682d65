"""A whole list, in pages of 200: listing.py CLIENT RECORDS. The memory is that which the records add to the process."""

import sys

from measured import API, AUTHORIZATION, SERVER, measured, memory, report, settings

PAGE = 200


def ours_iterating(count):
    client = opened()
    with measured():
        assert sum(1 for _ in client.style.list(page_size=PAGE)) == count
    client.close()


def ours_collect(count):
    client = opened()
    with measured():
        records = client.style.list(page_size=PAGE).collect()
    assert len(records) == count
    client.close()


def ours_memory(count):
    client = opened()
    client.system.version()
    before = memory("VmRSS")
    records = client.style.list(page_size=PAGE).collect()
    report(bytes=memory("VmHWM") - before)
    assert len(records) == count
    client.close()


def opened():
    from beproduct_client import BeProduct

    return BeProduct(**settings())


def requests_iterating(count):
    pages = session()
    with measured():
        assert sum(1 for page in pages(count) for _ in page) == count


def requests_collect(count):
    pages = session()
    with measured():
        records = [record for page in pages(count) for record in page]
    assert len(records) == count


def requests_memory(count):
    """What the records take, without the bytes that they came in."""
    pages = session()
    for _ in pages(PAGE):
        pass
    before = memory("VmRSS")
    records = [record for page in pages(count) for record in page]
    report(bytes=memory("VmRSS") - before)
    assert len(records) == count


def session():
    """A function for the pages of the first so many records."""
    import orjson
    import requests

    session = requests.Session()
    session.verify = SERVER["bundle"]
    session.headers.update(AUTHORIZATION)

    def pages(count):
        for number in range(-(-count // PAGE)):
            where = {"folderId": "", "pageSize": PAGE, "pageNumber": number}
            answer = session.post(f"{API}/Style/Headers", params=where, json={"filters": []}, timeout=30)
            answer.raise_for_status()
            yield orjson.loads(answer.content)["result"]

    return pages


CLIENTS = {client.__name__: client for client in (ours_iterating, ours_collect, ours_memory)}
CLIENTS |= {client.__name__: client for client in (requests_iterating, requests_collect, requests_memory)}

if __name__ == "__main__":
    CLIENTS[sys.argv[1]](int(sys.argv[2]))
