"""Log lines through `logging`."""

import logging
from typing import Any

import pytest
from log_lines import Lines
from simulator import Simulator

from beproduct_client import BeProduct, NotFoundError, Plan


def test_attempts_are_logged_without_secrets(
    settings: dict[str, Any], simulator: Simulator, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    with BeProduct(**settings) as client:
        client.style.get_many_by_number(["ST-000001"])
        with pytest.raises(NotFoundError):
            client.style.get("1")
    records = lines.until("Style not found")
    begun = next(record for record in records if "attempt 1" in record.getMessage())
    assert begun.getMessage() == f"POST {simulator.about['api']}/api/acme/Style/Headers attempt 1"
    assert (begun.levelno, begun.name) == (logging.DEBUG, "beproduct_client")
    assert vars(begun)["operation"] == "style.attributes_list"
    assert vars(begun)["request_id"] == simulator.log()[0]["headers"]["x-request-id"]
    token = simulator.log()[0]["headers"]["authorization"].removeprefix("Bearer ")
    for secret in (token, settings["client_secret"], settings["refresh_token"], "ST-000001"):
        assert secret not in caplog.text


def test_a_secret_that_the_service_repeats_is_hidden(
    settings: dict[str, Any], simulator: Simulator, lines: Lines, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.faults({"path": "Style/Header/", "action": {"status": 404, "body": settings["refresh_token"]}})
    with BeProduct(**settings) as client, pytest.raises(NotFoundError) as raised:
        client.style.get("1")
    lines.until("[REDACTED]")
    assert settings["refresh_token"] not in caplog.text + str(raised.value) + str(vars(raised.value))


def test_the_level_is_that_of_the_logger(settings: dict[str, Any], lines: Lines) -> None:
    logger = logging.getLogger("beproduct_client")
    with BeProduct(**settings) as client:
        logger.setLevel(logging.WARNING)
        client.style.folders()
        logger.setLevel(logging.DEBUG)
        client.system.version()
    assert all("Style/Folders" not in record.getMessage() for record in lines.until("Info/Version"))


def test_a_handler_that_raises_harms_nothing(
    settings: dict[str, Any], lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("the log is full")

    reported: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", reported.append)
    logger = logging.getLogger("beproduct_client")
    broken = Broken()
    logger.addHandler(broken)
    try:
        with BeProduct(**settings) as client:
            client.system.version()
            lines.until("200")
    finally:
        logger.removeHandler(broken)
    assert {str(one.exc_value) for one in reported} == {"the log is full"}


def test_what_was_measured_goes_with_a_line(settings: dict[str, Any], lines: Lines) -> None:
    with BeProduct(**settings, plan=Plan.requests_per_day(10)) as client:
        client.system.version(label="nightly")
        with pytest.raises(NotFoundError):
            client.style.get("1")
    logged = lines.until("style.attributes_get failed")
    records = {record.getMessage().split()[0]: vars(record) for record in logged if record.levelname == "INFO"}
    answered = records["system.info_version"]["attributes"]
    expected = {
        "beproduct.operation": "system.info_version",
        "beproduct.call.attempts": 1,
        "beproduct.label": "nightly",
        "beproduct.quota.cost": 1,
        "beproduct.quota.limit": 10,
        "http.response.status_code": 200,
    }
    assert {name: answered[name] for name in expected} == expected
    assert isinstance(answered["beproduct.call.duration"], float)
    failed = records["style.attributes_get"]["attributes"]
    assert (failed["http.response.status_code"], failed["error.type"]) == (400, "not_found")
    assert all(isinstance(vars(record)["attributes"], dict) for record in logged)
