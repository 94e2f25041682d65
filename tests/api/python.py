"""The public API of Python, from the sources and stubs by griffe. Nothing is imported and no extension is needed."""

from collections.abc import Iterator
from pathlib import Path

import griffe

PACKAGE = "beproduct_client"


def public_api(root: Path) -> list[str]:
    package = griffe.load(PACKAGE, search_paths=[root / "bindings-python/python"])
    return sorted(set(_module(package)))


def _module(module: griffe.Module) -> Iterator[str]:
    for name, member in module.members.items():
        is_exported = _is_public(name) if module.exports is None else name in module.exports
        if member.is_alias:
            # An import is public where the module says so.
            if module.exports is not None and is_exported:
                yield from _object(f"{module.path}.{name}", member.final_target)
        elif member.is_module:
            if not name.startswith("_"):
                yield from _module(member)
        elif is_exported:
            yield from _object(f"{module.path}.{name}", member)


def _object(path: str, member: griffe.Object) -> Iterator[str]:
    if member.is_class:
        bases = ", ".join(str(base) for base in member.bases if not str(base).startswith("_"))
        yield f"{path} class({bases})"
        for name, inner in _members(member).items():
            yield from _object(f"{path}.{name}", inner)
    elif member.is_function:
        for variant in member.overloads or [member]:
            marks = "".join(f"{mark} " for mark in ("async", "classmethod", "staticmethod") if mark in variant.labels)
            yield f"{path} {marks}def {variant.signature(name='')}"
    else:
        annotation = f": {member.annotation}" if member.annotation else ""
        is_constant = member.value is not None and not {"property", "instance-attribute"} & member.labels
        value = f" = {member.value}" if is_constant else ""
        yield f"{path}{annotation}{value}"


def _members(cls: griffe.Class) -> dict[str, griffe.Object]:
    """The public members of a class, with those of bases that have no public name."""
    found = {}
    for base in reversed(cls.mro()):
        if base.name.startswith("_"):
            found |= base.members
    found |= cls.members
    return {name: member for name, member in found.items() if _is_public(name) and not member.is_alias}


def _is_public(name: str) -> bool:
    is_protocol = name.startswith("__") and name.endswith("__") and name not in {"__all__", "__doc__", "__slots__"}
    return is_protocol or not name.startswith("_")
