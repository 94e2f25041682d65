"""Python's values as JSON."""

import enum
import json
from collections import OrderedDict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, ConfigError

ID = "0190a3f0-0000-7000-8000-000000000001"


class Size(str, enum.Enum):
    SMALL = "S"


class Grade(enum.IntEnum):
    SECOND = 2


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("Überwurf ■", "Überwurf ■"),
        (7, 7),
        (10.0, 10),
        (0.1, 0.1),
        (2**70, 2**70),
        (Decimal("12.50"), Decimal("12.5")),
        (Decimal("1E+3"), 1000),
        (UUID(ID), ID),
        (date(2026, 1, 15), "2026-01-15T00:00:00Z"),
        (datetime(2026, 1, 15, 12, 30, 0, 123999, tzinfo=timezone.utc), "2026-01-15T12:30:00.123Z"),
        (datetime(2026, 1, 15, 12, 30, 0, 999, tzinfo=timezone.utc), "2026-01-15T12:30:00Z"),
        (Size.SMALL, "S"),
        (Grade.SECOND, 2),
        (["a", None], ["a", None]),
        (("a", "b"), ["a", "b"]),
        ((letter for letter in "ab"), ["a", "b"]),
    ],
    ids=repr,
)
def test_values_on_the_wire(client: BeProduct, simulator: Simulator, given: Any, sent: Any) -> None:
    simulator.faults({"path": "Update", "action": {"status": 200, "body": {}}})
    client.style.update(ID, {"field": given})
    body = json.loads(simulator.log()[-1]["body"], parse_float=type(sent))
    assert body["fields"] == [{"id": "field", "value": sent}]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (True, True),
        ({"code": 1}, {"code": 1}),
        (OrderedDict(code=1), {"code": 1}),
        (MappingProxyType({"code": 1}), {"code": 1}),
    ],
    ids=repr,
)
def test_values_of_a_raw_body(client: BeProduct, simulator: Simulator, given: Any, sent: Any) -> None:
    simulator.faults({"path": "Echo", "action": {"status": 200, "body": "null"}})
    client.raw.post("Echo", {"value": given})
    assert json.loads(simulator.log()[-1]["body"]) == {"value": sent}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2026-01-15T12:30:00+00:00", "2026-01-15T12:30:00Z"),
        ("2026-01-15T12:30:00.250+00:00", "2026-01-15T12:30:00.250Z"),
        ("2026-01-15T12:30:00.007+00:00", "2026-01-15T12:30:00.007Z"),
        ("2026-01-15T01:00:00+05:30", "2026-01-14T19:30:00Z"),
        ("1969-12-31T23:59:59.999+00:00", "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00Z"),
    ],
)
def test_times_are_sent_as_other_languages_send_them(
    client: BeProduct, simulator: Simulator, given: str, sent: str
) -> None:
    simulator.faults({"path": "Echo", "action": {"status": 200, "body": "null"}})
    client.raw.post("Echo", datetime.fromisoformat(given))
    assert simulator.log()[-1]["body"] == f'"{sent}"'


PARIS = timezone(timedelta(hours=2))


def test_a_time_in_a_zone_is_a_point_in_time_or_refused_as_a_day(client: BeProduct, simulator: Simulator) -> None:
    folder = simulator.about["style_folder"]
    midnight = datetime(2026, 5, 1, tzinfo=PARIS)
    # Without a schema its form is not known.
    with pytest.raises(ConfigError, match="depends on the type of its field"):
        client.style.create(folder, {"header_number": "T-1", "launch_date": midnight})
    client.style.folder_schema(folder)
    for field in ("cutoff_date", "launch_date"):
        sent = simulator.count()
        fields = {"header_number": "T-1", "header_name": "Coat", field: midnight}
        if field == "cutoff_date":
            with pytest.raises(ConfigError, match=r'the day of "2026-05-01T00:00:00\+02:00" depends on the zone'):
                client.style.create(folder, fields)
            edit = {"folder_id": folder, "fields": fields}
            preview = client.changes.preview([{"kind": "create", "resource": "style", **edit}])
            assert [edit["action"] for edit in preview["edits"]] == ["refused"]
            assert simulator.count() == sent + 1
        else:
            client.style.create(folder, fields)
            assert '{"id":"launch_date","value":"2026-04-30T22:00:00Z"}' in simulator.log()[-1]["body"]
    row = {"rowId": ID, "rowFields": [{"id": "due", "value": midnight}]}
    with pytest.raises(ConfigError, match=r"give the time in UTC, 2026-04-30T22:00:00Z, or the day"):
        client.style.app_bom_update(ID, ID, [{"materialUpdate": row}])


def test_the_day_of_a_milestone_is_a_day(client: BeProduct, simulator: Simulator) -> None:
    def update(day: Any) -> None:
        milestone = {"id": ID, "rev": {"value": day}, "final": {"value": None}}
        client.tracking.style_timeline_update(ID, [{"id": ID, "timelines": [milestone]}])

    simulator.faults({"path": "Timelines/Edit", "action": {"status": 200, "body": {}}, "times": 2})
    for day in (date(2026, 5, 1), "2026-05-01"):
        update(day)
        entry = f'{{"id":"{ID}","rev":{{"value":"2026-05-01T00:00:00Z"}},"final":{{"value":null}}}}'
        assert simulator.log()[-1]["body"] == f'[{{"id":"{ID}","timelines":[{entry}]}}]'
    for day in (datetime(2026, 5, 1, tzinfo=PARIS), "1/5/2026", 5):
        with pytest.raises(ConfigError, match=r"timelines\[0\]\.timelines\[0\]\.rev\.value (is|has to be) a day"):
            update(day)
    assert simulator.count() == 2


def endless() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (float("nan"), "is not finite"),
        (float("-inf"), "is not finite"),
        (Decimal("NaN"), "is not finite"),
        (b"bytes", "is bytes; decode it first"),
        (bytearray(b"bytes"), "is bytes; decode it first"),
        (memoryview(b"bytes"), "is bytes; decode it first"),
        (datetime(2026, 1, 15), "is a time without a zone"),
        (object(), "is of type object, which cannot be sent"),
        (timedelta(1), "is of type timedelta, which cannot be sent"),
        ({1: "a"}, "has a key that is no text"),
        ("\ud800", "holds half of a surrogate pair"),
        ({"\ud800": 1}, "holds half of a surrogate pair"),
        (endless(), "is nested too deeply"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place(
    client: BeProduct, simulator: Simulator, given: Any, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as raised:
        client.style.update(ID, {"field": [given]})
    place = raised.value.message.removeprefix("arguments.")
    assert place.startswith("fields.field[0]"), raised.value.message[:80]
    assert simulator.count() == 0


def test_an_exception_of_the_callers_own_generator_comes_through(client: BeProduct) -> None:
    with pytest.raises(ZeroDivisionError):
        client.style.get_many_by_number(str(1 // number) for number in (1, 0))


def test_generators_and_ids_as_arguments(client: BeProduct, simulator: Simulator) -> None:
    styles = [style for style, _ in zip(client.style.list(), range(3))]
    found = client.style.get_many_by_number(style["headerNumber"] or "" for style in styles)
    assert len(found["found"]) == 3
    two = tuple(style["headerNumber"] or "" for style in styles[:2])
    assert len(client.style.get_many_by_number(two)["found"]) == 2
    assert client.style.get(UUID(styles[0]["id"]))["id"] == styles[0]["id"]
    assert list(client.style.list(folder_id=UUID(simulator.about["style_folder"])))


def test_paths_as_settings(settings: dict[str, Any], tmp_path: Path) -> None:
    ledger: Any = {"sqlite": tmp_path / "quota.sqlite"}
    with BeProduct(**{**settings, "ledger": ledger, "state_dir": tmp_path}) as client:
        assert client.quota.status()["store"] == "sqlite"
    assert (tmp_path / "quota.sqlite").exists()


def test_none_stands_for_what_was_not_given(client: BeProduct, simulator: Simulator) -> None:
    next(client.style.list(folder_id=None, page_size=None))
    assert simulator.log()[-1]["target"].endswith("/Style/Headers?folderId=&pageSize=200&pageNumber=0")


def test_unknown_arguments_are_refused(client: BeProduct, simulator: Simulator) -> None:
    with pytest.raises(ConfigError, match="folder.*arguments of style.list are folder_id"):
        client.style.list(folder="x")
    with pytest.raises(ConfigError, match="there is no option"):
        client.style.get(ID, time_out=3)
    assert simulator.count() == 0
