"""Our client against the official Python client, on the wire.

The official client, unchanged, works against the simulator; and where ours has the same operation, the same call by the
official name sends the same requests and returns the same. Each has a simulator of its own, with the same data.

What may differ is listed here and nowhere else:

- page size: 30 there, 200 here;
- `preserveVersion=false`, the service's default, is sent there and not here;
- spelling: encoding of the query, order of the members of a JSON object;
- headers;
- in answers, `error: false`, as ours raises where it is true; and the moment of a write.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from official import Official, Side
from simulator import Simulator

from beproduct_client import BeProduct


class Ours(Side):
    """Our client, called as the official one is."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._client = BeProduct(**self.settings(), ledger="memory", check_filters=False)

    def call(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        resource, method = operation.split(".")
        result = getattr(getattr(self._client, resource), method)(*arguments, **keywords)
        return list(result) if hasattr(result, "__next__") else result

    def stop(self) -> None:
        self._client.close()


def timeless(answer: Any) -> Any:
    """An answer without what may differ."""
    if isinstance(answer, list):
        return [timeless(item) for item in answer]
    if isinstance(answer, dict):
        differing = {"createdAt", "modifiedAt"} | ({"error"} if answer.get("error") is False else set())
        return {name: timeless(value) for name, value in answer.items() if name not in differing}
    # Who wrote a record last, and when: `sample.designer @ 05/20/2025 14:02:07`.
    return answer.split(" @ ")[0] if isinstance(answer, str) else answer


@pytest.fixture(scope="session")
def simulators() -> Iterator[tuple[Simulator, Simulator]]:
    both = Simulator(), Simulator()
    yield both
    for simulator in both:
        simulator.stop()


@pytest.fixture(scope="module")
def process(simulators: tuple[Simulator, Simulator], interpreter: Path) -> Iterator[Official]:
    official = Official(simulators[0], interpreter)
    yield official
    official.stop()


@pytest.fixture
def official(process: Official) -> Official:
    process.reset()
    return process


@pytest.fixture
def ours(simulators: tuple[Simulator, Simulator]) -> Iterator[Ours]:
    simulators[1].reset()
    ours = Ours(simulators[1])
    yield ours
    ours.stop()


STYLE = "7a70b68f-7cee-42ce-af34-981260917a61"
STYLE_FOLDER = "008a2719-5f6b-4eda-9f38-b653984195bf"
MATERIAL = "5ce71d8c-4687-4b8a-81c7-6fd81a0c579b"
MATERIAL_FOLDER = "85b9ce8b-56da-47d4-8368-32e41cd75b9e"
TABLE = "0badc1d1-b94e-49ee-96fc-d7a2c95d83e3"
ROW = "bfe338cd-c581-411d-9e81-892406e96b50"

TWO_STYLES = {"field": "header_number", "operator": "Eq", "value": ["ST-000001", "ST-000002"]}
ONE_COLOR = {"field": "color_number", "operator": "Eq", "value": "C-01"}
HARD_TO_SPELL = {"field": "header_name", "operator": "Contains", "value": "Ä & b=c#"}
COLORWAY = {
    "id": None,
    "fields": {"color_number": "C-01", "color_name": "Moss", "primary": "56684a", "secondary": ""},
}
SIZE = {"name": "M", "price": 12.5, "currency": "USD", "unitOfMeasure": "inch", "comments": "", "isSampleSize": True}

CALLS: list[tuple[Any, ...]] = [
    ("style.folders",),
    ("style.folder_schema", STYLE_FOLDER),
    ("style.folder_search_schema", STYLE_FOLDER),
    ("style.attributes_list", STYLE_FOLDER, [TWO_STYLES]),
    ("style.attributes_list", STYLE_FOLDER, [HARD_TO_SPELL], [ONE_COLOR]),
    ("style.attributes_get", STYLE),
    ("style.attributes_get_by_number", "ST-000002"),
    ("style.attributes_create", STYLE_FOLDER, {"header_number": "EX-1", "header_name": "Parka", "target_price": 9.5}),
    ("style.attributes_create", STYLE_FOLDER, {"header_number": "EX-2", "header_name": "Vest"}, [COLORWAY], [SIZE]),
    ("style.attributes_update", STYLE, {"season": "Fall 2026", "channels": ["Web"], "care_notes": None}),
    ("style.attributes_delete", STYLE),
    ("material.folders",),
    ("material.attributes_list",),
    ("material.attributes_get", MATERIAL),
    ("material.attributes_get_by_number", "MT-000001"),
    ("material.attributes_create", MATERIAL_FOLDER, {"header_number": "EX-3", "header_name": "Twill"}),
    ("material.attributes_update", MATERIAL, {"header_name": "Twill"}),
    ("material.attributes_delete", MATERIAL),
    ("data_tables.list",),
    ("data_tables.schema", TABLE),
    ("data_tables.data", TABLE, [{"field": "code", "operator": "Eq", "value": "C00001"}]),
    ("data_tables.reset", TABLE),
    ("raw_api.get", "Info/Version"),
    ("raw_api.post", "DataTable/List", {"filters": []}),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_the_same_call_sends_and_returns_the_same(official: Official, ours: Ours, call: tuple[Any, ...]) -> None:
    expected, result = official.call(*call), ours.call(*call)
    assert ours.requests() == official.requests()
    assert len(official.requests()) == 1
    assert timeless(result) == timeless(expected)


def test_all_pages(official: Official, ours: Ours) -> None:
    expected, result = official.call("style.attributes_list"), ours.call("style.attributes_list")
    assert len(result) == 60
    assert result == expected
    assert [request["query"]["pageNumber"] for request in official.requests()] == ["0", "1"]
    assert ours.requests() == official.requests()[:1]


def test_rows_of_a_table(official: Official, ours: Ours) -> None:
    rows = [
        {"rowId": ROW, "rowFields": [{"id": "label", "value": "Combed 7"}]},
        {"rowId": None, "rowFields": [{"id": "code", "value": "C99999"}]},
    ]
    answer = official.call("data_tables.update", TABLE, rows)
    report = ours.call("data_tables.update", TABLE, rows)
    assert ours.requests() == official.requests()
    # Ours tells what became of each row.
    assert answer["updated"] + answer["added"] == [row["rowId"] for row in report["rows"]]
    assert {row["outcome"] for row in report["rows"]} == {"applied"}
    assert timeless(ours.call("data_tables.data", TABLE)) == timeless(official.call("data_tables.data", TABLE))


def test_a_429_is_waited_for(official: Official, ours: Ours) -> None:
    for side in (official, ours):
        side.simulator.faults({"path": "Info/Version", "action": {"status": 429, "headers": {"Retry-After": "0"}}})
    assert ours.call("raw_api.get", "Info/Version") == official.call("raw_api.get", "Info/Version")
    assert [request["status"] for request in official.simulator.log()] == [429, 200]
    assert ours.requests() == official.requests()
