"""What `parse_event` takes, besides the cases of `tests/cases/webhooks.yaml`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from beproduct_client import BeProduct, ConfigError, parse_event

BODY = {"eventType": "OnChange", "headerId": "h1", "folderName": "Style", "data": {"after": {"price": {"value": 12.5}}}}


@pytest.mark.parametrize(
    "form", [str, str.encode, lambda text: bytearray(text, "utf-8"), lambda text: memoryview(text.encode())]
)
def test_an_event_is_text_or_bytes(form: Any) -> None:
    event = parse_event(form(json.dumps(BODY)))
    assert (event["kind"], event["header_id"], event["before"]) == ("change", "h1", None)
    assert event["after"] == {"price": {"value": 12.5}}


@pytest.mark.parametrize("body", [BODY, None, 7, [b"{}"]])
def test_anything_else_is_refused(body: Any) -> None:
    with pytest.raises(ConfigError, match=f"body has to be bytes or str as it came, not {type(body).__name__}"):
        parse_event(body)


def test_the_call_of_an_event_reads_its_record(client: BeProduct) -> None:
    style = next(iter(client.style.list()))
    event = parse_event(json.dumps({**BODY, "headerId": style["id"]}))
    assert event["read"]
    assert client.call(event["read"]["operation"], event["read"]["arguments"])["id"] == style["id"]
