"""The public API of Swift, from the symbol graph that the compiler makes of the built module.

The driver's package has to be built, and with it the module.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

MODULE = "BeProductClient"
# Compiled on Apple's platforms alone, and no part of a snapshot that is the same everywhere.
APPLE = {"KeychainTokenStore"}
# What every type has.
EVERYWHERE = {"Copyable", "Escapable", "SendableMetatype"}


def public_api(root: Path) -> list[str]:
    graph = _graph(root)
    names = {symbol["identifier"]["precise"]: symbol["names"]["title"] for symbol in graph["symbols"]}
    protocols: dict[str, set[str]] = {}
    for relation in graph["relationships"]:
        if relation["kind"] in {"conformsTo", "inheritsFrom"}:
            fallback = relation.get("targetFallback", relation["target"]).removeprefix("Swift.")
            protocols.setdefault(relation["source"], set()).add(names.get(relation["target"], fallback))
    lines = set()
    for symbol in graph["symbols"]:
        if symbol["pathComponents"][0] in APPLE:
            continue
        path = ".".join(symbol["pathComponents"])
        declaration = "".join(fragment["spelling"] for fragment in symbol["declarationFragments"])
        conforms = sorted(protocols.get(symbol["identifier"]["precise"], set()) - EVERYWHERE)
        lines.add(f"{path} {' '.join(declaration.split())}{' : ' if conforms else ''}{', '.join(conforms)}")
    return sorted(lines)


def _graph(root: Path) -> Any:
    package = root / "tests/drivers/swift/package"
    module_map = root / "bindings-swift/swift/Generated/BeProductEngineFFI/module.modulemap"

    def run(*command: str) -> str:
        swift_run = [root / "bindings-swift/scripts/swift-run", "--dir", package, "--"]
        return subprocess.run([*swift_run, *command], check=True, stdout=subprocess.PIPE, text=True).stdout

    target = json.loads(run("swiftc", "-print-target-info"))["target"]["triple"]
    with tempfile.TemporaryDirectory(dir=root / "target") as folder:
        run(
            *("swift", "symbolgraph-extract", "-module-name", MODULE, "-target", target),
            *("-I", ".build/debug/Modules", "-Xcc", f"-fmodule-map-file={module_map}"),
            *("-minimum-access-level", "public", "-skip-synthesized-members", "-output-dir", folder),
        )
        return json.loads(Path(folder, f"{MODULE}.symbols.json").read_text())
