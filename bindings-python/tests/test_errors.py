"""Exceptions: their classes, what they tell, and that they survive pickling."""

import copy
import pickle
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from simulator import Simulator

import beproduct_client
from beproduct_client import (
    AuthError,
    BeProduct,
    BeProductError,
    BeProductException,
    CallTimeoutError,
    ConfigError,
    ConflictError,
    DecodeError,
    NetworkError,
    NotFoundError,
    PermissionDeniedError,
    Plan,
    QuotaExceededError,
    RateLimitedError,
    ServerError,
    ValidationError,
    _errors,
    testing,
)

CLASSES: list[type[BeProductError]] = sorted(
    (
        value
        for value in vars(beproduct_client).values()
        if isinstance(value, type) and issubclass(value, BeProductError) and value is not BeProductError
    ),
    key=lambda value: value.__name__,
)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"status": 400, "body": "The field season is wrong"}, ValidationError),
        ({"status": 401}, AuthError),
        ({"status": 403}, PermissionDeniedError),
        ({"status": 404}, NotFoundError),
        ({"status": 409}, ConflictError),
        ({"status": 429, "headers": {"Retry-After": "7"}}, RateLimitedError),
        ({"status": 429, "body": {"window": "day", "limit": 500}}, QuotaExceededError),
        ({"status": 500}, ServerError),
        ({"status": 503}, ServerError),
        ({"status": 200, "body": "<html>"}, DecodeError),
        ({"reset": "before"}, NetworkError),
    ],
    ids=str,
)
def test_each_kind_has_its_class(
    client: BeProduct, simulator: Simulator, action: dict[str, Any], expected: type[BeProductError]
) -> None:
    simulator.faults({"path": "Style/Header/", "times": 0, "action": action})
    with pytest.raises(BeProductException) as raised:
        client.style.get("1", attempts=1)
    assert type(raised.value) is expected


def test_classes_fit_into_pythons_own() -> None:
    assert issubclass(ConfigError, ValueError)
    assert issubclass(CallTimeoutError, TimeoutError)
    assert all(issubclass(one, BeProductException) for one in CLASSES)


def test_a_class_is_of_its_kind() -> None:
    for one in CLASSES:
        # What the engine hands over.
        error = _errors.from_fields({"kind": one.kind, "message": "it failed"})
        assert (type(error), error.kind, str(error)) == (one, one.kind, f"{one.kind}: it failed")


class Mine(NotFoundError):
    """What a program may derive."""


@pytest.mark.parametrize("one", [*CLASSES, Mine], ids=lambda one: one.__name__)
def test_kind_and_class_agree(one: type[BeProductError]) -> None:
    error = one("it failed")
    for made in (error, pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (type(made), made.kind, str(made)) == (one, one.kind, f"{one.kind}: it failed")
    assert Mine.kind == "not_found"
    with pytest.raises(TypeError, match="no field kind"):
        one("it failed", kind="config")


def test_errors_share_no_lists() -> None:
    one, other = ServerError("it failed"), ServerError("it failed")
    one.attempts.append({"status": 503, "error": "server", "seconds": 0.1})
    assert (other.attempts, ServerError("it failed").attempts) == ([], [])


def test_an_error_tells_what_is_known(client: BeProduct, simulator: Simulator) -> None:
    simulator.faults({"path": "Update", "action": {"status": 503, "body": "busy", "headers": {"Retry-After": "7"}}})
    with pytest.raises(ServerError) as raised:
        client.style.update("1", {"season": "Fall 2026"}, label="push")
    error = raised.value
    assert (error.kind, error.status, error.outcome, error.retryable) == ("server", 503, "unknown", False)
    assert (error.operation, error.method) == ("style.attributes_update", "POST")
    assert error.url == f"{simulator.about['api']}/api/acme/Style/Header/1/Update"
    assert (error.retry_after, error.body_excerpt) == (7, "busy")
    assert [attempt["status"] for attempt in error.attempts] == [503]
    assert error.request_id == simulator.log()[-1]["headers"]["x-request-id"]
    assert (error.code, error.details, error.waits) == (None, None, [])
    assert str(error).endswith("(style.attributes_update, status 503); it may have taken effect")
    assert repr(error).startswith("ServerError(server: ")


@pytest.fixture(params=CLASSES, ids=lambda one: one.__name__)
def error(request: pytest.FixtureRequest) -> BeProductError:
    made: BeProductError = request.param("it failed", status=418, details={"rows": [1]}, waits=[{"seconds": 1.5}])
    return made


@pytest.mark.parametrize("copied", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_every_class_survives_pickling(error: BeProductError, copied: Any) -> None:
    back = copied(error)
    assert type(back) is type(error)
    assert vars(back) == vars(error)
    assert str(back) == str(error)


def test_an_error_of_a_call_survives_pickling(client: BeProduct) -> None:
    with pytest.raises(NotFoundError) as raised:
        client.style.get("1")
    back = pickle.loads(pickle.dumps(raised.value))
    assert vars(back) == vars(raised.value)


@pytest.fixture
def unreachable() -> Iterator[str]:
    """An address that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_an_unreachable_host_costs_nothing(settings: dict[str, Any], unreachable: str) -> None:
    with testing.recorded(**{**settings, "public_api_url": unreachable}) as client:
        with pytest.raises(NetworkError, match="no connection to 127.0.0.1") as raised:
            client.system.version()
        assert client.quota.status()["used"] == 0
    error = raised.value
    assert (error.outcome, error.retryable, len(error.attempts)) == ("not_sent", True, 4)
    assert len(error.waits) == 3
    assert isinstance(error.__cause__, Exception)


def test_a_wrong_company_is_hinted_at(settings: dict[str, Any]) -> None:
    client = BeProduct(**{**settings, "company_domain": "acne"})
    with client, pytest.raises(NotFoundError, match='is the company domain "acne" right?'):
        client.style.folders()


def test_used_up_requests_are_refused_before_sending(settings: dict[str, Any], simulator: Simulator) -> None:
    with BeProduct(**settings, plan=Plan.requests_per_day(1)) as client:
        client.system.version()
        with pytest.raises(QuotaExceededError) as raised:
            client.system.version()
    assert simulator.count() == 1
    assert (raised.value.outcome, raised.value.retryable) == ("not_sent", True)
    assert raised.value.retry_after


def test_a_deadline_is_a_timeout_error(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.hold("Info/Version")
    with BeProduct(**settings) as client, pytest.raises(TimeoutError) as raised:
        client.system.version(timeout=0.05)
    assert type(raised.value) is CallTimeoutError
