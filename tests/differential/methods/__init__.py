"""The official client calls every method that it has. A function beside this file calls a few of them, which `calls` names, and
reads what they changed; `forms` says what each returns, `requests` which request it sends."""

import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from official import Official
from simulator import PATIENCE

from .forms import FORMS
from .requests import check

MASTERS = ["style", "material", "image", "color", "block"]
SEWN = ["style", "material"]

MOSS = {"color_number": "EX-03", "color_name": "Moss", "primary": "56684a", "secondary": ""}
ONE_SIZE = {
    "name": "M",
    "price": 12.5,
    "currency": "USD",
    "unitOfMeasure": "inch",
    "comments": "",
    "isSampleSize": True,
}
CLASS = {
    "name": "Regular",
    "notes": "base class",
    "active": True,
    "sizes": [{"name": "M", "isSampleSize": True, "hideSize": False, "comments": ""}],
}
PARTS: dict[str, list[Any]] = {
    "style": [[{"id": None, "fields": MOSS}], [ONE_SIZE]],
    "material": [
        [{"id": None, "fields": MOSS}],
        [ONE_SIZE],
        [{"Name": "New Mill", "SupplierType": "VENDOR"}],
    ],
    "image": [],
    "color": [[{"colorNumber": "EX-03", "colorName": "Moss", "hex": "56684a"}]],
    "block": [[CLASS]],
}
"""What a new record has beside its fields."""


class World:
    """The official client and what its calls need. Every call is checked for the form of its answer and for its requests."""

    def __init__(self, official: Official, folder: Path) -> None:
        self.official = official
        self.simulator = official.simulator
        self.called: set[str] = set()
        self._folder_of_files = folder
        self._seen = {"api": 0, "automation": 0}

    def call(self, method: str, *arguments: Any, **keywords: Any) -> Any:
        kind, result = self.official.answer(method, *arguments, **keywords)
        self.called.add(method)
        FORMS[method](kind, result)
        check(method, kind, self._sent())
        return result

    def _sent(self) -> list[dict[str, Any]]:
        """What was sent since the last time."""
        sent = []
        for base, seen in self._seen.items():
            log = self.simulator.log(base)
            sent += log[seen:]
            self._seen[base] = len(log)
        return sent

    def folder(self, master: str) -> str:
        return self.simulator.about[f"{master}_folder"]

    def new(self, master: str) -> dict[str, Any]:
        fields = {"header_number": f"EX-{master}", "header_name": "Example"}
        return self.call(f"{master}.attributes_create", self.folder(master), fields, *PARTS[master])

    def get(self, master: str, header: dict[str, Any]) -> dict[str, Any]:
        return self.call(f"{master}.attributes_get", header["id"])

    def app(self, master: str, header: dict[str, Any], of_type: str, *, of_samples: bool = False) -> str:
        """The first application of a type."""
        apps = self.call(f"{master}.app_list", header["id"])
        return next(app["id"] for app in apps if (app["type"], app["isSampleApp"]) == (of_type, of_samples))

    def page(self, master: str, header: dict[str, Any], app: str) -> Any:
        """What a record has in an application."""
        page = self.call(f"{master}.app_get", header["id"], app)
        assert (page["id"], page["headerId"]) == (app, header["id"])
        return page["data"]

    def file(self, name: str, content: str) -> str:
        path = self._folder_of_files / name
        path.write_text(content)
        return str(path)

    def processed(self, master: str, upload: str) -> None:
        while True:
            finished, failed, message = self.call(f"{master}.upload_status", upload)
            assert (failed, message or "") == (False, "")
            if finished:
                return

    def download(self, link: str) -> str:
        with urllib.request.urlopen(link, timeout=PATIENCE) as answer:
            return answer.read().decode()


Call = Callable[[World, str], None]
FUNCTIONS: dict[Call, dict[str, set[str]]] = {}
"""The functions that call, and for each resource the methods that they call of it."""


def calls(*methods: str, of: list[str] = MASTERS) -> Callable[[Call], Call]:
    """The methods of these resources that a function calls."""

    def note(function: Call) -> Call:
        for resource in of:
            named = FUNCTIONS.setdefault(function, {}).setdefault(resource, set())
            named.update(f"{resource}.{method}" for method in methods)
        return function

    return note


def called() -> set[str]:
    """All methods that functions call."""
    return {method for resources in FUNCTIONS.values() for methods in resources.values() for method in methods}
