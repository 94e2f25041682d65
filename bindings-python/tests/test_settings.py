"""Making a client: the official client's keywords, and what is refused."""

import inspect
import pickle
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, ConfigError, Plan

OFFICIAL = [
    "client_id",
    "client_secret",
    "refresh_token",
    "company_domain",
    "token_endpoint",
    "public_api_url",
    "automation_api_url",
    "access_token",
    "additional_headers",
]


@pytest.mark.parametrize("kind", [BeProduct, BeProductAsync])
def test_the_official_clients_parameters_in_its_order(kind: type[Any]) -> None:
    assert list(inspect.signature(kind).parameters)[: len(OFFICIAL)] == OFFICIAL


def test_settings_by_position(simulator: Simulator) -> None:
    about = simulator.about
    positional = [
        about["client_id"],
        about["client_secret"],
        about["refresh_token"],
        about["company"],
        f"{about['identity']}/connect/token",
        about["api"],
        about["api"],
        None,
        {"X-Source": "erp"},
    ]
    with BeProduct(*positional, ledger="memory") as client:
        client.system.version()
    assert simulator.log()[-1]["headers"]["x-source"] == "erp"


def test_an_access_token_is_enough(settings: dict[str, Any], simulator: Simulator, client: BeProduct) -> None:
    client.system.version()
    token = simulator.log()[-1]["headers"]["authorization"].removeprefix("Bearer ")
    some = {name: settings[name] for name in ("company_domain", "public_api_url", "ledger", "state_dir")}
    with BeProduct(access_token=token, **some) as other:
        other.system.version()
    assert simulator.count("token") == 1


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        (["company_domain"], "company_domain is missing: it is what follows the host name"),
        (["client_id"], "client_id is missing"),
        (["refresh_token"], "refresh_token is missing"),
        (["client_id", "client_secret", "refresh_token"], "credentials are missing"),
    ],
    ids=str,
)
def test_what_is_missing_is_named(settings: dict[str, Any], missing: list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        BeProduct(**{name: value for name, value in settings.items() if name not in missing})


def shown(number: Any) -> str:
    """Python writes no integer of thousands of digits."""
    return "huge" if isinstance(number, int) and number > 2**100 else repr(number)


@pytest.mark.parametrize("name", ["attempts", "concurrency", "max_answer_size", "max_page_size", "quota_lease"])
@pytest.mark.parametrize(
    "number",
    [-1, 0, 1.5, True, "4", 10**18, 2**64, -(2**64) - 1, 10**5000, 1e300, float("nan"), Decimal("1.5")],
    ids=shown,
)
def test_a_number_out_of_its_bounds_is_refused_by_its_name(settings: dict[str, Any], name: str, number: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        BeProduct(**{**settings, name: number})


def test_as_many_requests_at_once_as_no_machine_has(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="concurrency has to be a whole number from 1 to 10000, not 100000000000"):
        BeProduct(**settings, concurrency=10**11)


@pytest.mark.parametrize(
    "name", ["timeout", "turn_timeout", "idle_timeout", "connect_timeout", "max_wait", "quota_wait"]
)
@pytest.mark.parametrize(
    "seconds", [-1, 0, True, "4", 2**64, 10**5000, 1e300, float("inf"), Decimal("-0.5")], ids=shown
)
def test_seconds_out_of_their_bounds_are_refused_by_their_name(
    settings: dict[str, Any], name: str, seconds: Any
) -> None:
    with pytest.raises(ConfigError, match=name):
        BeProduct(**{**settings, name: seconds})


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"company": "acme"}, 'no setting "company"; did you mean "company_domain"'),
        ({"company_domain": "https://us.beproduct.com/acme"}, "contains a separator"),
        ({"decimals": "rough"}, 'decimals has to be "float" or "exact"'),
        ({"public_api_url": "http://example.com"}, "would send tokens unencrypted"),
        ({"timeout": -1}, "timeout has to be a positive number"),
        ({"ledger": {"mongodb": "x"}}, "ledger: it is"),
        ({"ledger": {"redis": 5}}, "ledger: redis: "),
        ({"ledger": {"redis": {"url": "x", "when_away": {"part": 5}}}}, "unknown variant `part`"),
        ({"quota_lease": 0}, "quota_lease has to be a whole number from 1 to 1000000"),
        ({"additional_headers": {"Authorization": "x"}}, "the client sets the header Authorization itself"),
        ({"plan": Plan({"edition": "gold", "licenses": 1})}, 'edition "gold" is unknown'),
        ({"ca_certificates": "no certificate"}, "there is no PEM certificate in it"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(settings: dict[str, Any], wrong: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        BeProduct(**{**settings, **wrong})


@pytest.mark.parametrize(
    ("plan", "limit"),
    [(Plan.business_max(licenses=7), 1750), (Plan.enterprise(licenses=50), 25_000), (Plan.requests_per_day(3), 3)],
    ids=repr,
)
def test_plans(settings: dict[str, Any], plan: Plan, limit: int) -> None:
    with BeProduct(**settings, plan=plan) as client:
        assert client.quota.status()["limit"] == limit


def test_no_representation_shows_a_secret(settings: dict[str, Any], tmp_path: Path) -> None:
    with BeProduct(**settings, token_store={"file": str(tmp_path / "tokens.json")}) as client:
        client.system.version()
        shown = [repr(one) for one in (client, client.style, client.quota, client.with_response, client._engine)]
    assert shown[0] == "BeProduct(company_domain='acme')"
    for secret in (settings["client_secret"], settings["refresh_token"]):
        assert not any(secret in text for text in shown)


def test_a_client_is_not_pickled_with_its_secrets(client: BeProduct) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(client)
