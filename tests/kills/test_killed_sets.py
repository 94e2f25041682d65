"""A process that carries a set of changes out is killed with SIGKILL at any moment, and the one that resumes may be, too. What is there
afterwards is what a run without kills leaves: nothing is lost, and nothing is there twice.
"""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, testing, values_of

KILLS = int(os.environ.get("BEPRODUCT_CHANGES_KILLS", "3"))
"""`make soak` asks for more of them."""
EDITS = int(os.environ.get("BEPRODUCT_CHANGES_EDITS", "300"))
SEED = 20261129

RUN = """
import json, os, sys
from beproduct_client import testing
settings, preview, journal = json.load(sys.stdin)
with testing.recorded(**settings) as client:
    if os.path.exists(journal):
        client.changes.resume(journal)
    else:
        client.changes.apply(preview, journal=journal)
"""


class Set:
    """Updates of styles, new styles, and new rows of a table and of a grid."""

    def __init__(self, client: BeProduct, simulator: Simulator) -> None:
        about = simulator.about
        styles = [style["id"] for style in client.style.list(folder_id=about["style_folder"])]
        grid = next(app["id"] for app in client.style.app_list(styles[0]) if app["title"] == "Process Steps")
        self.styles, self.table, self.grid, self.folder = styles, about["data_table"], grid, about["style_folder"]
        self.edits = [self.edit(index) for index in range(EDITS)]

    def edit(self, index: int) -> dict[str, Any]:
        text = f"text {index}"
        record = {"id": self.styles[index % len(self.styles)]}
        match index % 10:
            case 0:
                fields = {"header_number": f"N-{index}", "header_name": text}
                return {"kind": "create", "resource": "style", "folder_id": self.folder, "fields": fields}
            case 1:
                return {
                    "kind": "create",
                    "resource": "data_tables",
                    "record": {"id": self.table},
                    "fields": {"label": text},
                }
            case 2 | 3 | 4:
                return {
                    "kind": "create",
                    "resource": "style",
                    "record": record,
                    "app_id": self.grid,
                    "fields": {"step": text},
                }
        record = {"id": self.styles[index]}
        return {"kind": "update", "resource": "style", "record": record, "fields": {"header_name": text}}

    def state(self, client: BeProduct) -> Counter[str]:
        """How often each text is there."""
        texts: list[Any] = [values_of(row).get("label") for row in client.data_tables.data(self.table)]
        # Lists lag behind a write for three more of them.
        for _ in range(4):
            styles = [style["headerName"] for style in client.style.list(folder_id=self.folder)]
        texts += styles
        for style in {edit["record"]["id"] for edit in self.edits if edit.get("app_id")}:
            rows = client.style.app_get(style, self.grid)["data"]["gridData"]
            texts += [values_of(row).get("step") for row in rows]
        return Counter(text for text in texts if isinstance(text, str) and text.startswith("text "))


def kill_one(simulator: Simulator, settings: dict[str, Any], preview: Any, journal: Path, requests: int) -> bool:
    """Runs a process until the service has received so many requests of it, or it has come to its end. Whether it was killed."""
    wanted = simulator.count() + requests
    process = subprocess.Popen([sys.executable, "-c", RUN], stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(json.dumps([settings, preview, str(journal)]))
    process.stdin.close()
    simulator.until(lambda: process.poll() is not None or simulator.count() >= wanted)
    process.kill()
    ended = process.wait()
    assert ended in (0, -signal.SIGKILL), ended
    return ended != 0


def test_nothing_is_lost_and_nothing_is_there_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    simulator = Simulator()
    unknown = killed = 0
    try:
        for number in range(KILLS):
            simulator.reset(styles=4 * EDITS, lag={"lists": chance.choice([0, 3])})
            folder = tmp_path / str(number)
            folder.mkdir()
            settings = {
                **simulator.settings(),
                "state_dir": str(folder),
                "token_store": {"file": str(folder / "tokens")},
            }
            journal = folder / "journal"
            with testing.recorded(**settings) as client:
                work = Set(client, simulator)
                preview = client.changes.preview(work.edits)
            for _ in range(chance.choice([1, 1, 2])):
                killed += kill_one(simulator, settings, preview, journal, chance.randrange(EDITS))
            with testing.recorded(**settings) as client:
                if journal.exists():
                    report = client.changes.resume(str(journal))
                else:
                    # It was killed before it began, and may have left its mark.
                    report = client.changes.apply(client.changes.preview(work.edits), journal=str(journal))
                state = work.state(client)
            assert report["end"] == "complete", report["end"]
            outcomes = {edit["index"]: edit["outcome"] for edit in report["edits"]}
            twice = {text: count for text, count in state.items() if count > 1}
            assert not twice
            for index, edit in enumerate(work.edits):
                is_there = f"text {index}" in state
                if outcomes[index] == "unknown":
                    # A record or a row whose id the service makes, of which only the word is known.
                    assert index % 10 in (0, 1), edit
                    unknown += 1
                else:
                    assert (outcomes[index], is_there) == ("done", True), edit
    finally:
        simulator.stop()
    assert killed > 0
    with capsys.disabled():
        print(
            f"\n{killed} of {KILLS} sets of {EDITS} edits met SIGKILL; {unknown} edits unknown, all others done, none twice"
        )
