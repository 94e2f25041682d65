"""The official client as a process: messages as JSON lines on standard input, answers on standard output.

It runs in an environment that holds the official client, unchanged. Only the interpreter's `sleep` is replaced, as the
client waits a second after a 429.
"""

import json
import sys
import time
from typing import Any

from beproduct.sdk import BeProduct

NO_RESOURCES = {"raw_api", "oauth2_client"}


def methods(client: BeProduct) -> list[str]:
    """Every public method of the resources of a client."""
    parts = {name: part for name, part in vars(client).items() if type(part).__module__.startswith("beproduct.")}
    return [
        f"{resource}.{name}"
        for resource, part in parts.items()
        if resource not in NO_RESOURCES
        for name in dir(part)
        if not name.startswith("_") and callable(getattr(part, name))
    ]


def call(client: BeProduct, message: dict[str, Any]) -> dict[str, Any]:
    """`kind` is the type of what a method returned. JSON has neither generators, nor tuples, nor types of Python."""
    method = getattr(getattr(client, message["resource"]), message["method"])
    try:
        result = method(*message["arguments"], **message["keywords"])
        kind = type(result).__name__
        return {"kind": kind, "result": list(result) if kind == "generator" else result}
    except Exception as error:  # noqa: BLE001  The test decides whether it is expected.
        return {"error": f"{type(error).__name__}: {error}"}


time.sleep = lambda seconds: None
for line in sys.stdin:
    message = json.loads(line)
    if "settings" in message:
        # Another simulator, or the same after a reset, which ends the tokens.
        client = BeProduct(**message["settings"])
    else:
        answer = methods(client) if "methods" in message else call(client, message)
        print(json.dumps(answer, default=lambda value: value.__name__), flush=True)
