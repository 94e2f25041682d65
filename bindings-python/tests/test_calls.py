"""Calls, plain and asynchronous: what comes back, and what it cost."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, ClientClosedError, ConfigError, Plan, Response, values_of


def test_a_record_comes_as_a_dict(client: BeProduct) -> None:
    listed = next(client.style.list())
    style = client.style.get(listed["id"])
    assert style["headerNumber"] == listed["headerNumber"] == "ST-000001"
    assert list(style)[:3] == ["id", "headerNumber", "headerName"]


async def test_the_same_from_an_event_loop(async_client: BeProductAsync) -> None:
    listed = await anext(async_client.style.list())
    style = await async_client.style.get(listed["id"])
    assert style["headerNumber"] == listed["headerNumber"]


def test_a_record_is_made_changed_and_deleted(client: BeProduct, simulator: Simulator) -> None:
    folder = simulator.about["style_folder"]
    made = client.style.create(folder, {"header_number": "EX-1", "header_name": "Parka", "target_price": 9.5})
    changed = client.style.update(made["id"], {"target_price": 10.0})
    assert (values_of(made)["target_price"], values_of(changed)["target_price"]) == (9.5, 10)
    client.style.delete(made["id"])
    assert made["id"] not in [style["id"] for style in client.style.list(folder_id=folder)]


def test_names_of_the_official_client_are_the_same_methods(client: BeProduct) -> None:
    style = next(client.style.attributes_list())
    assert client.style.attributes_get(style["id"]) == client.style.get(style["id"])
    assert client.style.attributes_get_by_number(style["headerNumber"])["id"] == style["id"]
    assert client.raw_api.get("Info/Version") == client.system.info_version()


def test_an_operation_is_called_by_its_name(client: BeProduct) -> None:
    style = next(client.stream("style.list", {"filters": []}, page_size=1))
    assert client.call("style.attributes_get", {"header_id": style["id"]}) == style
    assert client.call("quota.report", {"days": 1})["by_operation"] == client.quota.report(1)["by_operation"]
    with pytest.raises(ConfigError, match="header_id"):
        client.call("style.get", {"id": style["id"]})


async def test_the_same_by_name_from_an_event_loop(async_client: BeProductAsync) -> None:
    style = await anext(async_client.stream("style.list"))
    assert await async_client.call("style.get", {"header_id": style["id"]}) == style


def test_what_was_read_can_be_written(client: BeProduct) -> None:
    style = next(client.style.list())
    values = values_of(style)
    assert values["header_number"] == style["headerNumber"]
    changed = values_of(client.style.update(style["id"], {"season": values["season"], "header_name": "Parka"}))
    assert changed["season"] == values["season"]
    assert changed["header_name"] == "Parka"
    for colorway in style["colorways"] or []:
        assert values_of(colorway)["color_number"] == colorway["colorNumber"]
    with pytest.raises(ValueError, match="the record has no fields: give a style"):
        values_of(client.style.folders()[0])


def test_values_are_read_by_the_types_of_their_fields() -> None:
    fields = [
        {"id": "active", "value": "Yes", "type": "TrueFalse"},
        {"id": "due", "value": "8/1/2021 12:00:00 AM", "type": "Date"},
        {"id": "price", "value": "12.50", "type": "Decimal"},
        {"id": "channels", "value": '["Shop"]', "type": "MultiSelect"},
        {"id": "note", "value": None, "type": "Memo"},
    ]
    values = values_of({"headerData": {"fields": fields}})
    assert list(values) == ["active", "due", "price", "channels", "note"]
    assert values == {
        "active": True,
        "due": "2021-08-01T00:00:00Z",
        "price": 12.5,
        "channels": ["Shop"],
        "note": None,
    }
    exact = values_of({"fields": fields}, decimals="exact")["price"]
    assert repr(exact) == "Decimal('12.50')"
    by_record = values_of({"fields": [*fields, {"id": "cost", "value": Decimal("1.10"), "type": "Currency"}]})
    assert repr(by_record["price"]) == "Decimal('12.50')"
    colorway = {"colorNumber": "01", "primaryColor": "56684A", "fields": {"marketing_name": "Moss"}}
    assert values_of(colorway) == {"color_number": "01", "primary": "56684a", "marketing_name": "Moss"}
    assert values_of({"headerData": None}) == {}


def test_a_raw_call_is_sent_as_given(client: BeProduct, simulator: Simulator) -> None:
    folders = client.raw.get("Style/Folders")
    assert [folder["name"] for folder in folders] == [folder["name"] for folder in client.style.folders()]
    client.raw.post("Style/Headers", {"filters": []}, query={"pageSize": 1, "pageNumber": 0})
    assert simulator.log()[-1]["target"] == "/api/acme/Style/Headers?pageSize=1&pageNumber=0"


def test_with_response_tells_how_the_answer_came_about(client: BeProduct, simulator: Simulator) -> None:
    simulator.faults(
        {"path": "Info/Version", "action": {"status": 503}},
        {"path": "Info/Version", "action": {"headers": {"X-RateLimit-Limit": "120", "X-RateLimit-Remaining": "7"}}},
    )
    response = client.with_response.system.version()
    assert isinstance(response, Response)
    assert response.body == json.loads(response.raw) == client.system.version()
    meta = response.meta
    assert (meta["status"], meta["cost"]) == (200, 2)
    assert [attempt["status"] for attempt in meta["attempts"]] == [503, 200]
    assert [wait["reason"] for wait in meta["waits"]] == ["backoff"]
    assert (meta["rate"]["limit"], meta["rate"]["remaining"]) == (120, 7)
    assert ["x-ratelimit-limit", "120"] in meta["headers"]
    assert simulator.log()[0]["headers"]["x-request-id"] == meta["request_id"]


async def test_with_response_from_an_event_loop(async_client: BeProductAsync) -> None:
    response = await async_client.with_response.system.version()
    assert (response.meta["status"], response.meta["cost"]) == (200, 1)


def test_with_response_has_all_resources(client: BeProduct) -> None:
    own = {"_company", "_connection", "_engine", "auth", "quota"}
    assert vars(client.with_response).keys() == vars(client).keys() - own
    assert client.with_response.raw_api.get("Info/Version").body == client.system.version()
    assert len(client.with_response.style.list().collect()) == 60


def test_the_quota_counts_by_operation_and_label(settings: dict[str, Any], simulator: Simulator) -> None:
    with BeProduct(**settings, plan=Plan.business_max(licenses=7)) as client:
        client.system.version(label="nightly")
        client.system.version(label="nightly")
        client.style.folders()
        status = client.quota.status()
    assert (status["store"], status["limit"], status["used"], status["remaining"]) == ("memory", 1750, 3, 1747)
    assert status["usage"][0] == {"operation": "system.info_version", "label": "nightly", "requests": 2}
    assert status["resets_at"].endswith("T00:00:00Z")
    assert status["used"] == simulator.count()


async def test_the_quota_from_an_event_loop(async_client: BeProductAsync) -> None:
    await async_client.system.version(label="nightly")
    status, again = await asyncio.gather(async_client.quota.status(), async_client.quota.status())
    assert status == again
    assert (status["store"], status["used"], status["usage"][0]["label"]) == ("memory", 1, "nightly")


def test_decimals_are_floats_unless_they_have_to_be_exact(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.faults(
        {"path": "Info/Version", "times": 0, "action": {"status": 200, "body": '{"price": 0.10, "number": 10}'}}
    )
    with BeProduct(**settings) as client:
        assert client.system.version() == {"price": 0.1, "number": 10}
    with BeProduct(**settings, decimals="exact") as client:
        version: Any = client.system.version()
    assert (repr(version["price"]), version["number"]) == ("Decimal('0.10')", 10)


def test_exact_decimals_stay_so_on_the_way_back(settings: dict[str, Any], simulator: Simulator) -> None:
    with BeProduct(**settings, decimals="exact") as client:
        style = next(client.style.list())
        price = values_of(style)["target_price"]
        assert isinstance(price, Decimal)
        client.style.update(style["id"], {"target_price": price})
    sent = json.loads(simulator.log()[-1]["body"], parse_float=Decimal)
    assert sent["fields"] == [{"id": "target_price", "value": price}]


def test_a_client_is_a_context(settings: dict[str, Any]) -> None:
    with BeProduct(**settings) as client:
        client.system.version()
    with pytest.raises(ClientClosedError, match="closed"):
        client.system.version()
    with pytest.raises(ClientClosedError):
        next(client.style.list())
    client.close()


async def test_an_async_client_is_a_context(settings: dict[str, Any]) -> None:
    async with BeProductAsync(**settings) as client:
        await client.system.version()
    with pytest.raises(ClientClosedError):
        await client.system.version()
    await client.close()


async def test_many_calls_at_a_time_each_get_their_own_answer(async_client: BeProductAsync) -> None:
    styles = await async_client.style.list().collect()
    got = await asyncio.gather(*(async_client.style.get(style["id"]) for style in styles))
    assert [style["id"] for style in got] == [style["id"] for style in styles]
