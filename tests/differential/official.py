"""The official Python client, unchanged, in a process of its own."""

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from simulator import PATIENCE, Simulator


class Side:
    """A client with a simulator of its own."""

    simulator: Simulator

    def settings(self) -> dict[str, Any]:
        """By the official client's names."""
        about = self.simulator.about
        return {
            "client_id": about["client_id"],
            "client_secret": about["client_secret"],
            "refresh_token": about["refresh_token"],
            "company_domain": about["company"],
            "token_endpoint": f"{about['identity']}/connect/token",
            "public_api_url": about["api"],
        }

    def requests(self) -> list[dict[str, Any]]:
        return [normal(request) for request in self.simulator.log()]


class Official(Side):
    """The official client in its own process, which serves many tests: each begins with `reset`."""

    def __init__(self, simulator: Simulator, interpreter: Path) -> None:
        self.simulator = simulator
        self._process = subprocess.Popen(
            [interpreter, Path(__file__).with_name("official_client.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def reset(self) -> None:
        """The simulator as it was at the start, and a client object that has seen nothing of it."""
        self.simulator.reset()
        settings = self.settings() | {"automation_api_url": self.simulator.about["automation"]}
        self._write({"settings": settings})

    def methods(self) -> list[str]:
        """Every public method of its resources, such as `style.app_get`."""
        return self._ask({"methods": True})

    def call(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        return self.answer(operation, *arguments, **keywords)[1]

    def answer(self, operation: str, *arguments: Any, **keywords: Any) -> tuple[str, Any]:
        """The type of what the method returned, and what it returned; a generator as a list."""
        answer = self.outcome(operation, *arguments, **keywords)
        assert "result" in answer, answer["error"]
        return answer["kind"], answer["result"]

    def outcome(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        """The answer, or the error with its type."""
        resource, method = operation.split(".")
        return self._ask({"resource": resource, "method": method, "arguments": arguments, "keywords": keywords})

    def stop(self) -> None:
        self._process.communicate(timeout=PATIENCE)

    def _ask(self, message: Any) -> Any:
        self._write(message)
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def _write(self, message: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()


def normal(request: dict[str, Any]) -> dict[str, Any]:
    """A request without what may differ."""
    target = urlsplit(request["target"])
    query = dict(parse_qsl(target.query, keep_blank_values=True))
    query.pop("pageSize", None)
    if query.get("preserveVersion") == "false":
        del query["preserveVersion"]
    body = json.loads(request["body"]) if request["body"] else None
    return {
        "method": request["method"],
        "path": target.path,
        "query": query,
        "body": body,
    }
