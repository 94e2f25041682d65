"""What the type checkers say of programs: they are checked as a user's editor does it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from checkers import CHECKERS, Checker


class Said(NamedTuple):
    """What a checker found, by line."""

    checker: int
    found: dict[str, list[str]]


HEAD = """
from beproduct_client import BeProduct, BeProductAsync, Plan
client = BeProduct(company_domain="acme", access_token="token")
"""
# What each checker says of them: mypy, and pyright.
REFUSED = {
    'BeProduct(company_domain="acme", timout=3)': (
        'Unexpected keyword argument "timout"',
        'No parameter named "timout"',
    ),
    'BeProductAsync(company_domain="acme", ledger=12)': (
        "incompatible type",
        'cannot be assigned to parameter "ledger"',
    ),
    'BeProduct(company_domain="acme", ledger={"redis": {"url": "redis://x", "when_away": "wait"}})': (
        "incompatible type",
        'cannot be assigned to parameter "ledger"',
    ),
    "BeProduct.from_environment(quota_flor=3)": (
        'Unexpected keyword argument "quota_flor"',
        'No parameter named "quota_flor"',
    ),
    'client.style.get("1", timout=3)': ('Unexpected keyword argument "timout"', 'No parameter named "timout"'),
    'client.style.get("1", priority="high")': ("incompatible type", 'cannot be assigned to parameter "priority"'),
    'client.call("style.get", {}, page_sise=3)': (
        'Unexpected keyword argument "page_sise"',
        'No parameter named "page_sise"',
    ),
    'client.quota.estimate([{"operation": "style.list", "cont": 3}])': (
        'Extra key "cont"',
        '"cont" is an undefined item',
    ),
    "client.quota.status()['remains']": ('no key "remains"', '"remains" is not a defined key'),
    "Plan.business_max(8, per_hour=3)": ('Unexpected keyword argument "per_hour"', 'No parameter named "per_hour"'),
}
ACCEPTED = """
BeProduct(company_domain="acme", ledger={"redis": {"url": "redis://x", "when_away": {"share": 3}}}, plan=Plan.unlimited())
BeProduct.from_environment(client_id="id", on_quota_limit=lambda event: event["resets_in"], concurrency=3)
client.quota.report(3)["from"].lower()
for record in client.stream("style.list", {"folder_id": "1"}, page_size=3):
    print(record)
"""


PROGRAM = "\n".join([HEAD, *REFUSED, ACCEPTED])


@pytest.fixture(scope="module", params=CHECKERS)
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What is wrong with each line of the program."""
    program = tmp_path_factory.mktemp("types") / "program.py"
    program.write_text(PROGRAM)
    check: Checker = request.param
    found: dict[str, list[str]] = {}
    for finding in check(program):
        found.setdefault(PROGRAM.splitlines()[finding.line - 1], []).append(finding.message)
    return Said(["mypy", "pyright"].index(check.__name__), found)


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_wrong_is_refused(said: Said, line: str) -> None:
    assert any(REFUSED[line][said.checker] in message for message in said.found.get(line, [])), said


def test_all_else_is_accepted(said: Said) -> None:
    assert said.found.keys() == REFUSED.keys()
