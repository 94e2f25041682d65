"""Reading the events that the service sends to webhooks."""

from __future__ import annotations

from typing import cast

from beproduct_client import _native
from beproduct_client.client.errors import ConfigError
from beproduct_client.client.webhooks import WebhookEvent


def parse_event(body: str | bytes | bytearray | memoryview) -> WebhookEvent:
    """Reads the body that the service has sent to a webhook, without sending anything.

    An event tells that something happened to a record, and `read` is the call that tells what. Nothing of it is proven, as
    it has no signature: give the webhook an address that nobody guesses, and compare `company` where it is there. Answer
    the service first and work afterwards, drop events whose `repeat_key` you have seen, and poll from time to time, as
    nobody knows what the service does with events that were not taken (docs/service/webhooks.md).

    >>> event = parse_event(request.body)
    >>> read = event["read"]
    >>> if read and event["subject"] == "plan_row":
    ...     rows = list(client.stream(read["operation"], read["arguments"]))
    ... elif read:
    ...     record = client.call(read["operation"], read["arguments"])

    :param body: The body as it came: bytes or text, 4 MiB at most.
    :raises ConfigError: when the body is empty, longer, cut off, no JSON or no event, or the event of an unknown kind. It is
        a `ValueError`.
    """
    if isinstance(body, str):
        content = body.encode(errors="surrogatepass")
    else:
        try:
            content = bytes(memoryview(body))
        except TypeError:
            raise ConfigError(f"body has to be bytes or str as it came, not {type(body).__name__}") from None
    return cast("WebhookEvent", _native.parse_event(content))
