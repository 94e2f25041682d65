"""What the type checker says of programs: they are checked as a user's editor does it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAD = """
from beproduct_client import BeProduct, BeProductAsync, Plan
client = BeProduct(company_domain="acme", access_token="token")
"""
REFUSED = {
    'BeProduct(company_domain="acme", timout=3)': 'Unexpected keyword argument "timout"',
    'BeProductAsync(company_domain="acme", ledger=12)': "incompatible type",
    'BeProduct(company_domain="acme", ledger={"redis": {"url": "redis://x", "when_away": "wait"}})': "incompatible type",
    "BeProduct.from_environment(quota_flor=3)": 'Unexpected keyword argument "quota_flor"',
    'client.style.get("1", timout=3)': 'Unexpected keyword argument "timout"',
    'client.style.get("1", priority="high")': "incompatible type",
    'client.call("style.get", {}, page_sise=3)': 'Unexpected keyword argument "page_sise"',
    'client.quota.estimate([{"operation": "style.list", "cont": 3}])': 'Extra key "cont"',
    "client.quota.status()['remains']": 'no key "remains"',
    "Plan.business_max(8, per_hour=3)": 'Unexpected keyword argument "per_hour"',
}
ACCEPTED = """
BeProduct(company_domain="acme", ledger={"redis": {"url": "redis://x", "when_away": {"share": 3}}}, plan=Plan.unlimited())
BeProduct.from_environment(client_id="id", on_quota_limit=lambda event: event["resets_in"], concurrency=3)
client.quota.report(3)["from"].lower()
for record in client.stream("style.list", {"folder_id": "1"}, page_size=3):
    print(record)
"""


PROGRAM = "\n".join([HEAD, *REFUSED, ACCEPTED])


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What is wrong with each line of the program."""
    program = tmp_path_factory.mktemp("types") / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context", str(program)]
    printed = subprocess.run(command, cwd=program.parent, capture_output=True, text=True, check=False).stdout
    found: dict[str, list[str]] = {}
    for line in printed.splitlines():
        place, _, message = line.partition(": error: ")
        if message:
            found.setdefault(PROGRAM.splitlines()[int(place.rpartition(":")[2]) - 1], []).append(message)
    return found


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_wrong_is_refused(said: dict[str, list[str]], line: str) -> None:
    assert any(REFUSED[line] in message for message in said.get(line, [])), said


def test_all_else_is_accepted(said: dict[str, list[str]]) -> None:
    assert said.keys() == REFUSED.keys()
