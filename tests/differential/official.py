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
    """The official client in its own process."""

    def __init__(self, simulator: Simulator, interpreter: Path) -> None:
        self.simulator = simulator
        self._process = subprocess.Popen(
            [interpreter, Path(__file__).with_name("official_client.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._write(self.settings())

    def call(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        resource, method = operation.split(".")
        self._write(
            {
                "resource": resource,
                "method": method,
                "arguments": arguments,
                "keywords": keywords,
            }
        )
        assert self._process.stdout
        answer = json.loads(self._process.stdout.readline())
        assert "result" in answer, answer["error"]
        return answer["result"]

    def stop(self) -> None:
        self._process.communicate(timeout=PATIENCE)

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
