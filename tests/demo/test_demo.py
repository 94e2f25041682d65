"""The demo, with few records."""

import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
BUILT = FOLDER.parents[1] / "target" / "ci" / "beproduct-simulator"


def test_the_ledger_counts_what_the_simulator_counts() -> None:
    simulator = os.environ.get("BEPRODUCT_SIMULATOR", BUILT)
    command = [sys.executable, FOLDER / "demo.py", "--simulator", simulator, "--styles", "600", "--rows", "500"]
    # So few that all of them are stored.
    command += ["--edits", "40"]
    # Wide enough that no line is wrapped.
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env={**os.environ, "COLUMNS": "200"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {
        what: int(number)
        for what, number in re.findall(r"(requests sent|used today|simulator counted):? (\d+)", done.stdout)
    }
    assert set(counts) == {"requests sent", "used today", "simulator counted"}, done.stdout
    assert len(set(counts.values())) == 1, done.stdout
    assert "600 asked, 600 found" in done.stdout
    assert "500 rewritten in 5 requests" in done.stdout
    assert "QuotaExceededError" in done.stdout
    assert "{'done': 40}" in done.stdout
    assert "updates sent: 40 of 40 styles" in done.stdout
