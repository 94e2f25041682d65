"""The requests that methods send, against the addresses of the catalogue, which are in `docs/openapi.json`."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

from simulator import REPOSITORY

SENDS = {
    # Several methods have the same request.
    "attributes_get_by_number": {"attributes_list"},
    "attributes_image_version_upload": {"attributes_upload"},
    "attributes_upload": {"attributes_upload_position"},
    "app_artboard_version_upload": {"attributes_upload"},
    "app_imagegrid_upload": {"app_imageform_upload"},
    "app_3d_material_upload": {"app_3d_material_asset_upload"},
    # An application that is named by its title is looked up in the list.
    "app_get": {"app_list"},
    "get_folder_schema": {"folder_schema"},
    # What is posted to any address of the automation host; the tests post to that of numbers.
    "automation.get": {"autonumber_list"},
    "automation.post": {"autonumber_create"},
    "automation.delete": {"lock_release"},
}
"""Methods that send the request of an operation with another name."""

SEVERAL = {"app_get": 2}
"""Methods that may send several requests."""


class Address:
    """A method and a path with placeholders, and the operations that share them."""

    def __init__(self, verb: str, path: str, operations: list[str]) -> None:
        self.verb = verb.upper()
        self.path = path
        self.operations = [operation.split(".") for operation in operations]
        parts = [part if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path)]
        # The official client writes `color/` in some paths, which the service reads like `Color/`.
        self._pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", "".join(parts)), re.IGNORECASE)
        self.named = sum(not part.startswith("{") for part in path.split("/"))

    def fits(self, verb: str, path: str) -> bool:
        return verb == self.verb and self._pattern.fullmatch(path) is not None


def addresses() -> list[Address]:
    document = json.loads((REPOSITORY / "docs" / "openapi.json").read_text())
    return [
        Address(verb, path, [one["id"] for one in operation["x-operations"]])
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if "operationId" in operation
    ]


ADDRESSES = addresses()
MASTER_FOLDERS = ("Style/", "Material/", "Image/", "Color/", "Block/")


def check(method: str, kind: str, requests: list[dict[str, Any]]) -> None:
    """The requests of a call are those of its operation: one, unless it returned a generator, which reads pages."""
    most = len(requests) if kind == "generator" else SEVERAL.get(method.split(".")[1], 1)
    assert 1 <= len(requests) <= most, f"{method} sent {len(requests)} requests"
    for request in requests:
        path = "/" + urlsplit(request["target"]).path.split("/", 3)[-1]
        fitting = [address for address in ADDRESSES if address.fits(request["method"], path)]
        assert fitting, f"{method} sent {request['method']} {path}, which the catalogue does not have"
        address = max(fitting, key=lambda address: address.named)
        check_operation(method, address)


def check_operation(method: str, address: Address) -> None:
    resource, name = method.split(".")
    names = {name} | SENDS.get(name, set()) | SENDS.get(method, set())
    assert names & {its_name for _, its_name in address.operations}, f"{method} sent that of {address.operations}"
    # Addresses without a master folder belong to all of them, and status of uploads is under Style for everything.
    if address.path.startswith(tuple(f"/{master}" for master in MASTER_FOLDERS)) and name != "upload_status":
        resources = {its_resource for its_resource, _ in address.operations}
        assert resource in resources | {"schema"}, f"{method} sent that of {resources}"
