"""The type checkers of users and of their editors, at their strictest."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from machine import cannot_run
from simulator import PATIENCE, REPOSITORY

PYRIGHT = REPOSITORY / "tests" / "types" / "node_modules" / ".bin" / "pyright"


class Finding(NamedTuple):
    """What is wrong with a line."""

    file: str
    line: int
    message: str


Checker = Callable[..., list[Finding]]


def mypy(*paths: Path, **_rules: bool) -> list[Finding]:
    """What mypy says of these files and folders."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"]
    done = run([*command, *map(str, paths)])
    assert done.returncode in (0, 1), done.stdout + done.stderr
    findings = []
    for printed in done.stdout.splitlines():
        place, _, message = printed.partition(": error: ")
        if message:
            file, _, line = place.rpartition(":")
            findings.append(Finding(file, int(line), message))
    assert bool(findings) == bool(done.returncode), done.stdout
    return findings


def pyright(*paths: Path, **rules: bool) -> list[Finding]:
    """What pyright says of these files and folders. `rules` are its settings."""
    if not PYRIGHT.exists():
        cannot_run(f"{PYRIGHT} is not there: make setup-types")
    folders = [str(path) for path in paths if path.is_dir()]
    settings = {"typeCheckingMode": "strict", "extraPaths": folders, **rules}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "pyrightconfig.json"
        project.write_text(json.dumps(settings))
        command = [PYRIGHT, "--project", project, "--pythonpath", sys.executable, "--outputjson"]
        done = run([*map(str, command), *(str(file) for path in paths for file in sources(path))])
    assert done.returncode in (0, 1), done.stdout + done.stderr
    said: list[dict[str, Any]] = json.loads(done.stdout)["generalDiagnostics"]
    return [
        Finding(one["file"], one["range"]["start"]["line"] + 1, one["message"])
        for one in said
        if one["severity"] == "error"
    ]


def sources(path: Path) -> list[Path]:
    """The files of a folder that type checkers read: those without a stub beside them."""
    if path.is_file():
        return [path]
    return [*path.rglob("*.pyi"), *(file for file in path.rglob("*.py") if not file.with_suffix(".pyi").exists())]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Not in the repository, whose own settings are not a user's."""
    return subprocess.run(
        command, cwd=tempfile.gettempdir(), check=False, capture_output=True, text=True, timeout=5 * PATIENCE
    )


CHECKERS = [pytest.param(mypy, id="mypy"), pytest.param(pyright, id="pyright")]
