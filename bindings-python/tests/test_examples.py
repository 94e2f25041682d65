"""The examples of the package, and that its types hold."""

import csv
import importlib.util
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from machine import cannot_run
from simulator import REPOSITORY, Simulator

from beproduct_client import BeProduct, BeProductAsync

EXAMPLES = REPOSITORY / "bindings-python" / "examples"
PACKAGE = REPOSITORY / "bindings-python" / "python"


def example(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nightly_export(client: BeProduct, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "styles.ndjson"
    assert example("nightly_export").export(client, target) == 60
    styles = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert len({style["id"] for style in styles}) == 60
    assert capsys.readouterr().err == "60 of 60 styles\n"
    newest = max(style["modifiedAt"] for style in styles)
    since = datetime.fromisoformat(newest.replace("Z", "+00:00"))
    assert example("nightly_export").export(client, target, since) == 0


def test_push_attributes(client: BeProduct, simulator: Simulator, tmp_path: Path) -> None:
    changes, report = tmp_path / "changes.csv", tmp_path / "report.csv"
    changes.write_text("header_number,season\nST-000001,Fall 2026\nNO-SUCH,Fall 2026\nST-000002,Fall 2026\n")
    simulator.faults({"path": "Update", "skip": 1, "action": {"status": 503, "apply": True}})
    assert example("push_attributes").push(client, changes, report) == 2
    with report.open(newline="") as file:
        rows = [(row["header_number"], row["outcome"]) for row in csv.DictReader(file)]
    assert rows == [("ST-000001", "applied"), ("NO-SUCH", "not_sent"), ("ST-000002", "unknown")]
    assert simulator.count() == 3


async def test_async_lookup(async_client: BeProductAsync) -> None:
    names = await example("async_lookup").look_up(async_client, ["ST-000001", "MT-000001", "NO-SUCH"])
    assert list(names) == ["ST-000001", "MT-000001"]


def test_mypy_finds_nothing() -> None:
    check([sys.executable, "-m", "mypy", "--strict", EXAMPLES, PACKAGE])


def test_pyright_finds_nothing() -> None:
    paths = [*EXAMPLES.glob("*.py"), *PACKAGE.rglob("*.pyi")]
    check([sys.executable, "-m", "pyright", "--pythonpath", sys.executable, *paths])


def check(command: list[Any]) -> None:
    if importlib.util.find_spec(command[2]) is None:
        cannot_run(f"{command[2]} is not installed")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
