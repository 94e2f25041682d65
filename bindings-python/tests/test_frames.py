"""Rows of sets of changes from data frames."""

from __future__ import annotations

import sys
from collections import ChainMap
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas
import polars
import pyarrow
import pytest

from beproduct_client import BeProduct, ConfigError

COLUMNS: dict[str, list[Any]] = {
    "header_number": ["ST-000001", "ST-000002", "ST-000003"],
    "header_name": ["One", None, "Three"],
    "target_price": [9.5, 10.0, None],
}


def records() -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)]


def one_by_one() -> Iterator[ChainMap[str, Any]]:
    return (ChainMap(record) for record in records())


@pytest.mark.parametrize(
    "made",
    [
        lambda: pandas.DataFrame(COLUMNS),
        lambda: polars.DataFrame(COLUMNS),
        lambda: pyarrow.table(COLUMNS),
        lambda: pyarrow.table(COLUMNS).to_batches()[0],
        records,
        one_by_one,
    ],
    ids=["pandas", "polars", "arrow", "batch", "dicts", "mappings"],
)
def test_rows_of_any_origin_are_the_same(client: BeProduct, made: Callable[[], Any]) -> None:
    preview = client.changes.preview(rows=made(), to="style", key="header_number")
    changes = [{field["id"]: field["new"] for field in edit["fields"]} for edit in preview["edits"]]
    assert changes == [{"header_name": "One", "target_price": 9.5}, {"target_price": 10}, {"header_name": "Three"}]


def test_what_says_its_rows_in_arrow(client: BeProduct) -> None:
    class Relation:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pyarrow.table(COLUMNS).__arrow_c_stream__(requested_schema)

    preview = client.changes.preview(rows=Relation(), to="style", key="header_number")
    assert len(preview["edits"]) == 3


def test_without_pyarrow_it_says_what_is_missing(client: BeProduct, monkeypatch: pytest.MonkeyPatch) -> None:
    class Relation:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            raise AssertionError(requested_schema)

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="rows is data in Arrow, which pyarrow reads: install pyarrow"):
        client.changes.preview(rows=Relation(), to="style", key="header_number")


def one_row(columns: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: values[0] for name, values in columns.items()}]


@pytest.mark.parametrize(
    "made", [pandas.DataFrame, polars.DataFrame, pyarrow.table, one_row], ids=["pandas", "polars", "arrow", "mapping"]
)
def test_times_and_days_of_rows(client: BeProduct, made: Callable[[dict[str, Any]], Any]) -> None:
    def change(field: str, time: datetime) -> dict[str, Any]:
        rows = made({"header_number": ["ST-000001"], field: [time]})
        [edit] = client.changes.preview(rows=rows, to="style", key="header_number", zone="Europe/Lisbon")["edits"]
        return edit

    lisbon = ZoneInfo("Europe/Lisbon")
    for time in (datetime(2026, 7, 1, 8, 30), datetime(2026, 7, 1, 8, 30, tzinfo=lisbon)):
        assert change("launch_date", time)["fields"][0]["new"] == "2026-07-01T07:30:00Z"
    assert change("cutoff_date", datetime(2026, 7, 1))["fields"][0]["new"] == "2026-07-01T00:00:00Z"
    refused = change("cutoff_date", datetime(2026, 7, 1, tzinfo=lisbon))
    assert (refused["action"], "is a day, and the day of" in refused["reason"]) == ("refused", True)


def test_numbers_that_are_none_are_refused(client: BeProduct) -> None:
    frame = polars.DataFrame({"header_number": ["ST-000001"], "target_price": [float("nan")]})
    with pytest.raises(ConfigError, match=r"rows\[0\].target_price is not finite"):
        client.changes.preview(rows=frame, to="style", key="header_number")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (
            pandas.DataFrame([["ST-000001", "a", "b"]], columns=["header_number", "x", "x"]),
            'the column "x" stands twice',
        ),
        (
            pyarrow.table([["ST-000001"], ["a"], ["b"]], names=["header_number", "x", "x"]),
            'the column "x" stands twice',
        ),
        (polars.DataFrame(COLUMNS).lazy(), "call collect\\(\\)"),
        (pandas.Series(["ST-000001"]), "rows"),
        ([{"header_number": "ST-000001", "launch_date": pandas.NaT}], "is no time"),
    ],
    ids=["pandas", "arrow", "lazy", "series", "no time"],
)
def test_data_that_is_no_rows(client: BeProduct, rows: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        client.changes.preview(rows=rows, to="style", key="header_number")


def test_ctrl_c_while_a_frame_is_read(client: BeProduct) -> None:
    class Large:
        def to_dicts(self) -> list[dict[str, Any]]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.changes.preview(rows=Large(), to="style", key="header_number")
