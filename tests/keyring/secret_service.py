"""A session bus of its own, and GNOME's keyring daemon on it."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from machine import cannot_run
from simulator import PATIENCE

PASSWORD = "the password of the keyring"
"""Not empty: the daemon would not encrypt the keyring then."""

# Nothing is started by it: what is there, a test has started.
_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={folder}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class SecretService:
    """The bus, from the beginning to the end of the `with`. The daemon comes and goes as it is told."""

    def __init__(self, folder: Path) -> None:
        for program in ("dbus-daemon", "dbus-send", "gnome-keyring-daemon"):
            if not shutil.which(program):
                cannot_run(f"{program} is not installed: .ci/setup keyring")
        configuration = folder / "bus.conf"
        configuration.write_text(_BUS.format(folder=folder))
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--print-address"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._bus.stdout
        self.address = self._bus.stdout.readline().strip()
        self._daemon: subprocess.Popen[str] | None = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_daemon()
        self._bus.terminate()
        self._bus.communicate(timeout=PATIENCE)

    def start_daemon(self, *, locked: bool = False) -> None:
        """Starts the daemon. Nobody is there whom it could ask for the password of a locked keyring."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        if not locked:
            command.append("--unlock")
        self._daemon = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert self._daemon.stdin
        self._daemon.stdin.write("" if locked else PASSWORD)
        self._daemon.stdin.close()
        deadline = time.monotonic() + PATIENCE
        while not self._is_there():
            assert time.monotonic() < deadline and self._daemon.poll() is None, "the daemon does not come"

    def stop_daemon(self) -> None:
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(timeout=PATIENCE)
            self._daemon = None

    def entries(self, name: str) -> int:
        """How many entries of the client the keyring has under this name, as the daemon itself tells it."""
        found = self._ask(
            "org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.SearchItems",
            f"dict:string:string:service,beproduct-client,username,{name}",
        )
        return found.count("object path")

    def _is_there(self) -> bool:
        name = "org.freedesktop.DBus"
        return "true" in self._ask(name, "/", f"{name}.NameHasOwner", "string:org.freedesktop.secrets")

    def _ask(self, name: str, path: str, method: str, argument: str) -> str:
        command = ["dbus-send", f"--bus={self.address}", "--print-reply", f"--dest={name}", path, method, argument]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
