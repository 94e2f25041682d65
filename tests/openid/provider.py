"""The OpenID provider (provider.mjs) as a process, and its control interface."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from simulator import PATIENCE

FOLDER = Path(__file__).parent

REDIRECT_URI = "http://127.0.0.1/callback"
SIGNED_OUT_URI = "http://127.0.0.1/signed-out"


class Provider:
    """A provider that runs until it is stopped."""

    def __init__(self) -> None:
        if not (FOLDER / "node_modules" / "oidc-provider").exists():
            raise FileNotFoundError(f"{FOLDER} has no packages: make setup-openid installs them")
        self._process = subprocess.Popen(
            ["node", FOLDER / "provider.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.about: dict[str, Any] = json.loads(self._process.stdout.readline())
        self.identity: str = self.about["identity"]

    def stop(self) -> None:
        self._process.communicate(timeout=PATIENCE)

    def settings(self, client: str = "public") -> dict[str, str]:
        """Settings of this client for a sign-in, and for what needs one."""
        settings = {"client_id": client, "identity_url": self.identity}
        return {**settings, "client_secret": self.about["client_secret"]} if client == "confidential" else settings

    def counts(self) -> dict[str, int]:
        """Requests so far, by what follows the identity address."""
        mount = urllib.parse.urlsplit(self.identity).path + "/"
        return {path.removeprefix(mount): count for path, count in self._control("counts").items()}

    def count(self, path: str) -> int:
        return self.counts().get(path, 0)

    def rotate_keys(self) -> None:
        self._control("rotate", {})

    def fail(self, *paths: str) -> None:
        """These fail until the next call."""
        mount = urllib.parse.urlsplit(self.identity).path
        self._control("fail", [f"{mount}/{path}" for path in paths])

    def ask_for_tokens(self, **form: str) -> dict[str, Any]:
        """What the token endpoint answers to this form, be it tokens or an error."""
        body = urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(f"{self.identity}/connect/token", body)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return json.loads(error.read())

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.about['control']}/{path}", data)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())
