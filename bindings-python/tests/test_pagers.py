"""Lists as iterators: what they yield, and how few requests they take."""

from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, ConfigError, NotFoundError, Page


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
