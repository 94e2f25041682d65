"""Ten thousand edits of 5,000 styles against a service that does not keep one of a hundred values that it accepts, and whose lists lag
behind: what each client says of an edit, and what is stored.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from official import Official
from simulator import Simulator

from beproduct_client import BeProduct

STYLES = 5_000
WEATHER = {"styles": STYLES, "not_stored": 0.01, "lag": {"lists": 3}}


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.stop()


def styles_of(client: BeProduct) -> list[dict[str, Any]]:
    return list(client.style.list())[:STYLES]


def wanted(index: int) -> dict[str, str]:
    return {"header_name": f"Name {index}", "active": "No"}


def fields_of(style: dict[str, Any]) -> dict[str, Any]:
    return {field["id"]: field["value"] for field in style["headerData"]["fields"]}


def wrong(client: BeProduct, said: dict[str, list[tuple[str, str]]], ids: list[str]) -> tuple[int, int]:
    """Edits that are said to be done and are not stored, and the other way around."""
    # Lists that lag behind are read until they do not.
    for _ in range(4):
        stored = {style["id"]: fields_of(style) for style in client.style.list()}
    values = {id: wanted(index) for index, id in enumerate(ids)}

    def is_stored(id: str, field: str) -> bool:
        return bool(stored[id][field] == values[id][field])

    done = sum(not is_stored(*edit) for edit in said["done"])
    return done, sum(is_stored(*edit) for edit in said["not_stored"])


def test_what_is_said_to_be_done(
    simulator: Simulator, interpreter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator.reset(**WEATHER)
    settings = {
        **simulator.settings(),
        "state_dir": str(tmp_path),
        "testing": {"clock": "recorded", "fixed_chance": True},
    }
    with BeProduct(**settings) as client:
        styles = styles_of(client)
        ids = [style["id"] for style in styles]
        edits = [
            {"kind": "update", "resource": "style", "record": {"id": id}, "fields": {field: value}}
            for index, id in enumerate(ids)
            for field, value in wanted(index).items()
        ]
        preview = client.changes.preview(edits)
        report = client.changes.apply(preview)
        said: dict[str, list[tuple[str, str]]] = {"done": [], "not_stored": []}
        for edit, outcome in zip(edits, report["edits"], strict=True):
            field = next(iter(edit["fields"]))
            # The edits of a record are one request, and one that is not stored says which field it is.
            is_stored = all(stored["id"] != field for stored in outcome["fields"])
            said["done" if is_stored or outcome["outcome"] == "done" else "not_stored"].append(
                (edit["record"]["id"], field)
            )
        ours = wrong(client, said, ids)
    counts = {outcome: len(list_) for outcome, list_ in said.items()}

    official = Official(simulator, interpreter)
    official.reset()
    simulator.reset(**WEATHER)
    try:
        for index, id in enumerate(ids):
            official.call("style.attributes_update", id, wanted(index))
    finally:
        official.stop()
    said = {"done": [(id, field) for id in ids for field in wanted(0)], "not_stored": []}
    with BeProduct(**simulator.settings(), state_dir=str(tmp_path / "other")) as client:
        theirs = wrong(client, said, ids)
    with capsys.disabled():
        print(
            f"\nof {len(edits)} edits, done and not stored, not stored and stored: {ours}, {counts}; official client {theirs}"
        )
    assert ours == (0, 0)
    assert counts["not_stored"] > 0
