"""The official client as a process: calls as JSON lines on standard input, results on standard output.

It runs in an environment that holds the official client, unchanged. Only the interpreter's `sleep` is replaced, as the
client waits a second after a 429.
"""

import json
import sys
import time

from beproduct.sdk import BeProduct

time.sleep = lambda seconds: None
client = BeProduct(**json.loads(sys.stdin.readline()))
for line in sys.stdin:
    call = json.loads(line)
    method = getattr(getattr(client, call["resource"]), call["method"])
    try:
        result = method(*call["arguments"], **call["keywords"])
        answer = {"result": list(result) if hasattr(result, "__next__") else result}
    except Exception as error:  # noqa: BLE001  The test fails with it.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
