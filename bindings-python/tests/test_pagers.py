"""Lists as iterators: what they yield, and how few requests they take."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import (
    BeProduct,
    BeProductAsync,
    ConfigError,
    DecodeError,
    IncompleteError,
    NotFoundError,
    Page,
)


def test_a_list_is_an_iterator(client: BeProduct, simulator: Simulator) -> None:
    styles = client.style.list()
    assert styles.total is None
    assert simulator.count() == 0
    first = next(styles)
    assert first["headerNumber"] == "ST-000001"
    assert styles.total == 60
    assert len(list(styles)) == 59
    assert list(styles) == []


async def test_a_list_is_an_async_iterator(async_client: BeProductAsync) -> None:
    styles = async_client.style.list()
    assert (await anext(styles))["headerNumber"] == "ST-000001"
    assert styles.total == 60
    assert len([style async for style in styles]) == 59


def test_stopping_at_the_first_of_five_thousand(client: BeProduct, simulator: Simulator) -> None:
    simulator.reset(styles=5000)
    next(client.style.list())
    assert simulator.count() <= 2


def test_five_thousand_take_twenty_six_requests(client: BeProduct, simulator: Simulator) -> None:
    simulator.reset(styles=5000)
    assert sum(1 for _ in client.style.list()) == 5000
    assert simulator.count() <= 26


def test_five_thousand_by_number_take_twenty_six_requests(client: BeProduct, simulator: Simulator) -> None:
    simulator.reset(styles=5000)
    numbers = [f"ST-{number:06}" for number in range(1, 5001)]
    found = client.style.get_many_by_number(numbers)
    assert [style["headerNumber"] for style in found["found"]] == numbers
    assert (found["missing"], found["ambiguous"]) == ([], [])
    assert simulator.count() <= 26


async def test_five_thousand_from_an_event_loop(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.reset(styles=5000)
    assert len([style async for style in async_client.style.list()]) == 5000
    assert simulator.count() <= 26
    assert len(await async_client.style.list().collect()) == 5000
    assert simulator.count() <= 52


def test_pages_carry_what_is_known_of_them(client: BeProduct) -> None:
    pages: list[Page[Any]] = list(client.style.list(page_size=25).pages())
    assert [len(page.records) for page in pages] == [25, 25, 10]
    assert {page.total for page in pages} == {60}
    assert all(page.meta["status"] == 200 and page.meta["cost"] == 1 for page in pages)
    assert all(page.raw.startswith(b"{") for page in pages)


async def test_pages_from_an_event_loop(async_client: BeProductAsync) -> None:
    assert [len(page.records) async for page in async_client.style.list(page_size=25).pages()] == [25, 25, 10]


def test_collect_takes_what_is_left(client: BeProduct) -> None:
    styles = client.style.list(page_size=25)
    first = next(styles)
    rest = styles.collect()
    assert len(rest) == 59
    assert first["id"] not in {style["id"] for style in rest}
    assert styles.collect() == []


def test_a_list_of_nothing(client: BeProduct) -> None:
    styles = client.style.list(filters=[{"field": "header_number", "operator": "Eq", "value": "NONE"}])
    assert list(styles) == []


def test_an_error_ends_the_loop_and_the_page_can_be_asked_for_again(client: BeProduct, simulator: Simulator) -> None:
    simulator.faults({"path": "Headers", "action": {"status": 404}})
    styles = client.style.list()
    with pytest.raises(NotFoundError):
        next(styles)
    assert next(styles)["headerNumber"] == "ST-000001"


def test_a_page_has_at_most_two_hundred_records(client: BeProduct) -> None:
    with pytest.raises(ConfigError, match="page_size has to be from 1 to 200"):
        client.style.list(page_size=201)


def test_threads_share_a_pager(client: BeProduct, simulator: Simulator) -> None:
    simulator.reset(styles=2000)
    styles = client.style.list(page_size=50)
    with ThreadPoolExecutor(8) as threads:
        parts = list(threads.map(lambda _: [style["id"] for style in styles], range(8)))
    ids = [id for part in parts for id in part]
    assert (len(ids), len(set(ids))) == (2000, 2000)


async def test_tasks_share_a_pager(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.reset(styles=2000)
    styles = async_client.style.list(page_size=50)

    async def take() -> list[str]:
        return [style["id"] async for style in styles]

    ids = [id for part in await asyncio.gather(*(take() for _ in range(4))) for id in part]
    assert (len(ids), len(set(ids))) == (2000, 2000)


def test_pages_begin_with_what_is_left_of_a_page(client: BeProduct) -> None:
    styles = client.style.list(page_size=25)
    first = next(styles)
    pages = list(styles.pages())
    assert [len(page.records) for page in pages] == [24, 25, 10]
    assert first["id"] not in {style["id"] for page in pages for style in page.records}
    assert len(pages[0].raw) > 0


def test_a_collect_that_failed_loses_nothing(client: BeProduct, simulator: Simulator) -> None:
    styles = client.style.list(page_size=20)
    first = next(styles)
    simulator.faults({"path": "pageNumber=2", "action": {"status": 404}})
    with pytest.raises(NotFoundError):
        styles.collect()
    assert styles.position["records"] == 1
    rest = styles.collect()
    assert len({style["id"] for style in [first, *rest]}) == 60


def test_a_page_that_cannot_be_read_comes_again(client: BeProduct, simulator: Simulator) -> None:
    body = '{"result": [{"id": "a"}, {"id": "\\ud800"}], "total": 2}'
    simulator.faults({"path": "Headers", "action": {"status": 200, "body": body}})
    styles = client.style.list()
    for _ in range(2):
        with pytest.raises(DecodeError) as caught:
            next(styles)
        error = caught.value
        assert (error.operation, error.status, error.outcome) == ("style.attributes_list", 200, "refused")
        assert error.request_id
    (page,) = styles.pages()
    assert page.raw.decode() == body
    with pytest.raises(DecodeError):
        _ = page.records
    assert list(styles) == []
    assert simulator.count() == 1


def test_a_list_that_ends_early(client: BeProduct, simulator: Simulator) -> None:
    simulator.faults({"path": "pageNumber=1", "times": 4, "action": {"status": 200, "body": {"result": None}}})
    styles = client.style.list(page_size=30)
    received = []
    with pytest.raises(IncompleteError, match="30 of 60") as caught:
        received.extend(styles)
    assert caught.value.details == {"received": 30, "total": 60}
    # `extend` keeps what came before the error.
    assert len(received) == 30
    assert len(list(client.style.list(page_size=30, allow_incomplete=True))) == 30
    assert len(list(styles)) == 30


def test_a_list_goes_on_at_its_position(client: BeProduct) -> None:
    styles = client.style.list(page_size=25)
    assert styles.position == {"page": 0, "records": 0, "total": None}
    taken = [next(styles) for _ in range(30)]
    position = styles.position
    assert position == {"page": 1, "records": 30, "total": 60}
    rest = client.style.list(page_size=25, from_page=position["page"]).collect()
    assert len({style["id"] for style in [*taken, *rest]}) == 60


def test_pages_are_fetched_ahead(client: BeProduct, simulator: Simulator) -> None:
    simulator.reset(styles=5000)
    pages = client.style.list(page_size=50).pages()
    next(pages)
    simulator.wait(2)
