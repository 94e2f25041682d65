"""The console script."""

import json
import subprocess
import sysconfig
from importlib.metadata import version
from pathlib import Path

from simulator import Simulator

from beproduct_client import BeProduct

COMMAND = Path(sysconfig.get_path("scripts")) / "beproduct"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], check=False, capture_output=True, text=True)


def test_the_quota_of_what_python_sent(simulator: Simulator, tmp_path: Path) -> None:
    ledger = tmp_path / "quota.sqlite"
    settings = {**simulator.settings(), "ledger": {"sqlite": str(ledger)}}
    with BeProduct(**settings) as client:
        client.style.folders(label="tree")
    about = simulator.about
    account = ["--company-domain", about["company"], "--api-url", about["api"]]
    account += ["--ledger", str(ledger), "--requests-per-day", "10"]
    shown = run("quota", *account, "--json")
    assert shown.returncode == 0, shown.stderr
    status = json.loads(shown.stdout)
    assert (status["used"], status["remaining"]) == (1, 9)
    assert status["usage"] == [{"operation": "style.folders", "label": "tree", "requests": 1}]
    assert "9 of 10 requests left" in run("quota", *account).stdout


def test_wrong_arguments_are_refused() -> None:
    shown = run("quota")
    assert (shown.returncode, shown.stdout) == (64, "")
    assert "--company-domain" in shown.stderr
    assert run("--version").stdout == f"beproduct {version('beproduct-client')}\n"
