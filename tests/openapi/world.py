"""A simulator that starts again for each operation, a client's token for it, and the ids that its records have."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import IO, Any

import requests

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MASTERS = ["Style", "Material", "Image", "Color", "Block"]
PATIENCE = 20
"""Seconds without an answer that count as a request that hangs."""


class World:
    def __init__(self, program: Path, errors: IO[str]) -> None:
        options = ["--styles", "20", "--materials", "10", "--images", "5", "--colors", "5", "--blocks", "5"]
        self._process = subprocess.Popen(
            [program, *options, "--table-rows", "20", "--token-lifetime", "300", "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "RUST_BACKTRACE": "1"},
        )
        assert self._process.stdout
        self.about: dict[str, str] = json.loads(self._process.stdout.readline())
        self.session = requests.Session()
        self.session.trust_env = False
        self._refresh_token = self.about["refresh_token"]
        self._token, self._expires = "", 0.0

    def stop(self) -> int:
        """Ends the simulator, and returns how it ended."""
        try:
            self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return self._process.returncode

    def is_running(self) -> bool:
        return self._process.poll() is None

    def reset(self) -> None:
        """The records of the start. Tokens that were given out are refused afterwards."""
        self.session.post(f"{self.about['control']}/reset", json={}, timeout=PATIENCE).raise_for_status()
        self._refresh_token, self._token = self.about["refresh_token"], ""

    def renew(self) -> None:
        self._token = ""

    def token(self) -> str:
        if not self._token or time.monotonic() > self._expires:
            form = {
                "grant_type": "refresh_token",
                "refresh_token": self._refresh_token,
                "client_id": self.about["client_id"],
                "client_secret": self.about["client_secret"],
            }
            answer = self.session.post(f"{self.about['identity']}/connect/token", data=form, timeout=PATIENCE)
            answer.raise_for_status()
            given = answer.json()
            self._token = given["access_token"]
            self._refresh_token = given.get("refresh_token", self._refresh_token)
            self._expires = time.monotonic() + given["expires_in"] - 30
        return self._token

    def base(self, automation: bool) -> str:
        if automation:
            return f"{self.about['automation']}/api"
        return f"{self.about['api']}/api/{self.about['company']}"

    def headers(self, automation: bool) -> dict[str, str]:
        return {"X-Authorization" if automation else "Authorization": f"Bearer {self.token()}"}

    def ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(
            method, f"{self.base(False)}/{path}", json=body, headers=self.headers(False), timeout=PATIENCE
        )

    def read(self, path: str, body: Any = None) -> Any:
        answer = self.ask("GET" if body is None else "POST", path, body)
        return answer.json() if answer.ok else None


class Known:
    """Ids of records, by the name of the member that holds them; requests with other ids are refused at once."""

    def __init__(self, world: World) -> None:
        self.headers: dict[str, list[str]] = {}
        self.apps: dict[str, list[str]] = {}
        self.folders: dict[str, list[str]] = {}
        self.by_name: dict[str, list[str]] = defaultdict(list)
        self.fields: list[str] = []
        for master in MASTERS:
            folders = world.read(f"{master}/Folders") or []
            headers = (world.read(f"{master}/Headers?pageSize=10", {"filters": []}) or {}).get("result") or []
            self.note(folders)
            self.note(headers)
            self.folders[master] = [folder["id"] for folder in folders]
            self.headers[master] = [header["id"] for header in headers]
            apps = world.read(f"{master}/Pages?headerId={headers[0]['id']}") or []
            self.note(apps)
            self.apps[master] = [app["id"] for app in apps]
            for app in self.apps[master]:
                self.note(world.read(f"{master}/Page?headerId={headers[0]['id']}&pageId={app}"))
            self.note(world.read(f"Tag/{master}/List"))
        plan, table = world.about["plan"], world.about["data_table"]
        self.by_name["planid"], self.by_name["datatableid"] = [plan], [table]
        for path, body in [
            (f"Tracking/Plan/{plan}", {}),
            (f"Tracking/Plan/{plan}/Style/Timeline", {"filters": []}),
            (f"DataTable/{table}/Schema", None),
            (f"DataTable/{table}/Data", {"filters": []}),
            ("Directory/Companies", None),
            ("Directory/Contacts", None),
            ("Users/List", None),
            ("Users/Roles", None),
            ("Inbox/Tasks/Style", {"filters": []}),
            ("LineSheet/ListLineSheets", None),
            ("LineSheet/ListLineSheetFolders", None),
            ("Report/List", None),
        ]:
            self.note(world.read(path, body))
        self.by_name["id"] += [world.about["autonumber"]]

    def note(self, answer: Any, name: str = "") -> None:
        """Keeps what looks like an id of a record or of a field."""
        if isinstance(answer, list):
            for item in answer:
                self.note(item, name)
        elif isinstance(answer, dict):
            if isinstance(answer.get("id"), str) and "value" in answer:
                self._keep(self.fields, answer["id"])
            for key, value in answer.items():
                self.note(value, key)
        elif isinstance(answer, str) and (GUID.fullmatch(answer) or spelled(name).endswith("id")):
            self._keep(self.by_name[spelled(name)], answer)
            self._keep(self.by_name["id"], answer)

    @staticmethod
    def _keep(values: list[str], value: str) -> None:
        if value and value not in values and len(values) < 400:
            values.append(value)

    def of(self, name: str, master: str) -> list[str]:
        """What may be meant by an id of this name."""
        name = spelled(name)
        if name in {"headerid", *(f"{known.lower()}id" for known in MASTERS)}:
            return self.headers[master]
        if name == "folderid":
            return self.folders[master]
        return self.by_name.get(name) or self.by_name["id"]


def spelled(name: str) -> str:
    return name.replace("_", "").lower()


def master_of(path: str) -> str:
    named = [master for master in MASTERS if master in path.split("/")[1:]]
    return named[0] if named else "Style"
