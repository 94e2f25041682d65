"""What programs test themselves with: answers from a table."""

from __future__ import annotations

import pytest

from beproduct_client import ConfigError, NetworkError, NotFoundError, Outcome
from beproduct_client.testing import answering, answering_async


def test_answers_come_from_a_table() -> None:
    client = answering(
        [
            {"path": "Style/Folders", "body": [{"id": "1", "name": "Spring"}], "times": 1},
            {"path": "Style/Folders", "body": []},
            {"path": "Style/Header/7", "status": 404, "body": {"message": "gone"}},
            {"method": "POST", "path": "Style/Headers?pageNumber=0", "body": {"result": [{"id": "a"}], "total": 1}},
        ]
    )
    assert [len(client.style.folders()) for _ in range(2)] == [1, 0]
    with pytest.raises(NotFoundError):
        client.style.get("7")
    assert [style["id"] for style in client.style.list()] == ["a"]
    with pytest.raises(NetworkError, match="none for GET Info/Version") as raised:
        client.system.version()
    outcome: Outcome = raised.value.outcome
    assert outcome == "not_sent"


def test_pauses_take_no_time() -> None:
    client = answering([{"path": "Info/Version", "status": 503, "times": 1}, {"path": "Info/Version", "body": "1"}])
    assert client.with_response.system.version().meta["waits"][0]["reason"] == "backoff"


def test_a_wrong_table_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown field `state`"):
        answering([{"path": "x", "state": 3}])  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ConfigError, match="no setting"):
        answering([], timout=3)  # type: ignore[call-arg]


async def test_the_same_for_asyncio() -> None:
    async with answering_async([{"path": "Info/Version", "body": "1"}], timeout=3) as client:
        assert await client.system.version() == "1"
