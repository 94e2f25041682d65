"""HTTPS with a certificate that nobody on this machine trusts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, NetworkError, testing


@pytest.fixture(scope="module")
def secure() -> Iterator[Simulator]:
    simulator = Simulator("--tls")
    yield simulator
    simulator.stop()


@pytest.fixture
def settings(secure: Simulator, tmp_path: Path) -> dict[str, Any]:
    secure.reset()
    return {**secure.settings(), "state_dir": str(tmp_path)}


def test_an_unknown_authority_is_refused(settings: dict[str, Any], secure: Simulator) -> None:
    with testing.recorded(**settings) as client, pytest.raises(NetworkError, match="ca_certificates") as raised:
        client.system.version()
    assert raised.value.outcome == "not_sent"
    assert (secure.count(), secure.count("token")) == (0, 0)


def test_an_authority_that_was_given_is_trusted(settings: dict[str, Any], secure: Simulator) -> None:
    authority = Path(secure.about["ca"]).read_text()
    with BeProduct(**settings, ca_certificates=authority) as client:
        assert client.system.version()["version"] == "simulator"
        assert len(client.style.list().collect()) == 60
