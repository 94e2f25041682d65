"""Sends generated requests of docs/openapi.json to the simulator: none may end in a server error, a panic or silence.

Most requests name records that exist, as others are refused before anything is done. Everything follows from the seed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.core.errors import SchemathesisError
from surprises import is_documented
from world import PATIENCE, Known, World, master_of, spelled

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATORS = ["Eq", "Neq", "Gt", "Lt", "Contains", "StartsWith", "In"]
TEXTS = ["", " ", "a", "é", "0", "-1", "NaN", "2025-05-20T14:02:07Z", "9999-99-99", "#", "exm[00]", "x" * 300]
NUMBERS = [0, 1, -1, 100, 2**31, 2**63, 2**64, -(2**63), 1e308]


class Run:
    def __init__(self, world: World, document: dict[str, Any], examples: int, start: int) -> None:
        self.world, self.known, self.examples, self.start = world, Known(world), examples, start
        self.automation = {path for path, item in document["paths"].items() if "servers" in item}
        self.operations = 0
        self.statuses: Counter[int] = Counter()
        self.documented = 0
        self.failures: dict[str, str] = {}
        self.hangs = False

    def operation(self, operation: Any) -> None:
        self.operations += 1
        self.world.reset()
        apps = self._apps(operation)
        self._play(operation, GenerationMode.POSITIVE, self.examples, apps)
        self._play(operation, GenerationMode.NEGATIVE, max(self.examples // 2, 1), apps)

    def _play(self, operation: Any, mode: GenerationMode, examples: int, apps: list[str]) -> None:
        played = 0

        # Hypothesis repeats no example: the number makes a further one where a request has nothing to vary.
        @seed(self.start)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), number=st.integers(0, 2**32))
        def play(case: Case, number: int) -> None:
            nonlocal played
            played += 1
            self._send(case, random.Random(number), apps, mode)

        try:
            play()
        except (SchemathesisError, Unsatisfiable):
            # Where a request takes nothing, none can be wrong.
            if mode is GenerationMode.POSITIVE:
                raise
        if mode is GenerationMode.POSITIVE and played < examples:
            self._fail(operation, f"only {played} examples", "")

    def _apps(self, operation: Any) -> list[str]:
        """The applications that this operation knows; each has some types of them."""
        master = master_of(operation.path)
        query = [parameter.name for parameter in operation.query]
        names = [parameter.name for parameter in operation.path_parameters]
        if not any(spelled(name) in {"appid", "pageid"} for name in [*query, *names]):
            return []
        header = self.known.headers[master][0]
        found = []
        for app in self.known.apps[master]:
            values = {name: app if spelled(name) in {"appid", "pageid"} else header for name in [*query, *names]}
            path = operation.path
            for name in names:
                path = path.replace(f"{{{name}}}", values[name])
            sent = "&".join(f"{name}={values[name]}" for name in query)
            body = {"json": {}} if operation.method == "post" else {}
            if "Upload" in path:
                body = {"files": {"file": ("a.png", b"\x89PNG")}}
            answer = self.world.session.request(
                operation.method,
                f"{self.world.base(False)}{path}?{sent}",
                headers=self.world.headers(False),
                timeout=PATIENCE,
                **body,
            )
            if "Page not found" not in answer.text:
                found.append(app)
        self.world.reset()
        return found or self.known.apps[master]

    def _send(self, case: Case, chance: random.Random, apps: list[str], mode: GenerationMode) -> None:
        if self.hangs:
            return
        automation = case.operation.path in self.automation
        master = master_of(case.operation.path)
        for values in (case.path_parameters, case.query):
            for name in list(values or {}):
                values[name] = self._value(name, values[name], master, apps, chance)
        if automation and chance.random() < 0.9:
            case.query["company"] = self.world.about["company"]
        given = {}
        if case.media_type == "multipart/form-data" and mode is GenerationMode.POSITIVE:
            name = chance.choice(["a.png", "a.zip", "a", "ä b.jpg", "../a.png", ".png"])
            case.body = NOT_SET
            given["files"] = {"file": (name, chance.randbytes(chance.choice([0, 1, 1000])), "application/octet-stream")}
        else:
            case.body = self._inside(case.body, master, apps, chance)
        case.headers = {}
        try:
            answer = self._ask(case, automation, given)
            if answer.status_code == 401:
                self.world.renew()
                answer = self._ask(case, automation, given)
        except requests.Timeout:
            self.hangs = True
            self._fail(case.operation, f"no answer within {PATIENCE} s", case.as_curl_command())
        except requests.ConnectionError as error:
            self._fail(case.operation, f"the connection broke: {error}", case.as_curl_command())
        else:
            self._judge(case, answer)

    def _ask(self, case: Case, automation: bool, given: dict[str, Any]) -> requests.Response:
        sent = case.as_transport_kwargs(base_url=self.world.base(automation))
        # Wrong requests come without a token or with a text in its place: those would end there.
        unwanted = {"authorization", "x-authorization", *(["content-type"] if given else [])}
        headers = {name: text for name, text in sent["headers"].items() if name.lower() not in unwanted}
        sent |= {"headers": headers | self.world.headers(automation), "timeout": PATIENCE, "allow_redirects": False}
        if given:
            sent = {key: value for key, value in sent.items() if key not in ("data", "json")} | given
        return self.world.session.request(**sent)

    def _judge(self, case: Case, answer: requests.Response) -> None:
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            if is_documented(case.operation.method.upper(), case.operation.path, answer.text):
                self.documented += 1
            else:
                text = f"{answer.request.url}\n{str(answer.request.body)[:400]}\n{answer.text[:400]}"
                self._fail(case.operation, str(answer.status_code), text)

    def _fail(self, operation: Any, what: str, detail: str) -> None:
        self.failures.setdefault(f"{operation.method.upper()} {operation.path}: {what}", detail)

    def _value(self, name: str, value: Any, master: str, apps: list[str], chance: random.Random) -> Any:
        """The value, or one that makes the request reach further."""
        if not spelled(name).endswith("id") or not isinstance(value, str) or chance.random() < 0.1:
            return value
        if spelled(name) in {"appid", "pageid"} and apps:
            return chance.choice(apps)
        known = self.known.of(name, master)
        # The first ones go together: applications and rows were read from them.
        return chance.choice(known[:2] if chance.random() < 0.5 else known)

    def _inside(self, value: Any, master: str, apps: list[str], chance: random.Random, name: str = "") -> Any:
        if isinstance(value, dict):
            if "value" in value and isinstance(value.get("id"), str) and self.known.fields:
                value["id"] = chance.choice(self.known.fields)
            if isinstance(value.get("field"), str):
                value["field"] = chance.choice([*self.known.fields, "ModifiedAt", "Id", "id"])
                value["operator"] = chance.choice(OPERATORS)
            return {
                key: item if key == "id" and "value" in value else self._inside(item, master, apps, chance, key)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._inside(item, master, apps, chance, name.removesuffix("s")) for item in value]
        if isinstance(value, str) and spelled(name).endswith("id"):
            return self._value(name, value, master, apps, chance)
        if isinstance(value, str) and chance.random() < 0.3:
            return chance.choice(TEXTS)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and chance.random() < 0.3:
            return chance.choice(NUMBERS)
        return value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulator", type=Path, default=os.environ.get("BEPRODUCT_SIMULATOR"))
    parser.add_argument(
        "--examples", type=int, default=10, help="examples of each operation, and half as many wrong ones"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a part of the path of the operations to play")
    given = parser.parse_args()
    document = json.loads((REPOSITORY / "docs" / "openapi.json").read_text(encoding="utf-8"))
    schema = schemathesis.openapi.from_dict(document)
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as errors:
        world = World(given.simulator, errors)
        try:
            run = Run(world, document, given.examples, given.seed)
            for operation in schema.get_all_operations():
                if given.only in operation.ok().path and world.is_running() and not run.hangs:
                    run.operation(operation.ok())
        finally:
            ended = world.stop()
        errors.seek(0)
        printed = errors.read()
    if ended != 0:
        run.failures["the simulator"] = f"ended with {ended}"
    if "panicked" in printed:
        run.failures["the simulator panicked"] = printed[:4000]
    for failure, detail in run.failures.items():
        print(f"{failure}\n{detail}\n", file=sys.stderr)
    server_errors = sum(count for status, count in run.statuses.items() if status >= 500)
    print(
        f"operations: {run.operations}, examples: {run.statuses.total()}, 5xx: {server_errors - run.documented}"
        f" (and {run.documented} as the service does), by status: {dict(sorted(run.statuses.items()))},"
        f" failures: {len(run.failures)}, {time.monotonic() - began:.0f} s"
    )
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
