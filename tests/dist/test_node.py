"""The two npm archives in a fresh project, as ES modules and as CommonJS."""

import json
from pathlib import Path

import pytest
from readme import REPOSITORY, Run, arguments, blocks, built, check, example
from simulator import Simulator

GIVEN = """\
const [folderId, ...numbers] = process.argv.slice(2);
const {
  BEPRODUCT_CLIENT_ID: clientId,
  BEPRODUCT_CLIENT_SECRET: clientSecret,
  BEPRODUCT_REFRESH_TOKEN: refreshToken,
  BEPRODUCT_API_URL: apiUrl,
  BEPRODUCT_IDENTITY_URL: identityUrl,
} = process.env;
const signal = AbortSignal.timeout(60_000);
"""
DECLARED = """\
declare const clientId: string, clientSecret: string, refreshToken: string, folderId: string;
declare const numbers: string[], signal: AbortSignal;
"""
ADDRESSES = "companyDomain: 'acme', apiUrl, identityUrl"
IMPORT = "import { BeProduct, Plan } from 'beproduct-client';"
REQUIRE = "const { BeProduct, Plan } = require('beproduct-client');"


@pytest.fixture
def installed(run: Run, project: Path) -> Path:
    (project / "package.json").write_text(json.dumps({"name": "example", "version": "1.0.0", "private": True}))
    archives = [built("beproduct-client-linux-x64-gnu-*.tgz"), built("beproduct-client-[0-9]*.tgz")]
    run("npm", "install", "--silent", "--no-fund", "--no-audit", *archives)
    lock = json.loads((project / "package-lock.json").read_text())["packages"]
    ours = {name: package["resolved"] for name, package in lock.items() if "beproduct-client" in name}
    assert len(ours) == 2
    assert all(address.startswith("file:") for address in ours.values()), ours
    return project


def test_the_examples_as_modules(installed: Path, run: Run, simulator: Simulator) -> None:
    (installed / "example.mjs").write_text(GIVEN + example("ts", {"companyDomain: 'acme'": ADDRESSES}))
    check(run("node", "example.mjs", *arguments(simulator)), simulator)

    (installed / "three_lines.mjs").write_text(blocks("js")[0])
    assert simulator.about["style_folder"] in run("node", "three_lines.mjs")

    assert "2000" in run("npx", "--no-install", "beproduct", "quota", "--requests-per-day", "2000")


def test_the_example_as_commonjs(installed: Path, run: Run, simulator: Simulator) -> None:
    code = example("ts", {"companyDomain: 'acme'": ADDRESSES, IMPORT: ""})
    (installed / "example.cjs").write_text(f"{REQUIRE}\n{GIVEN}(async () => {{\n{code}\n}})();\n")
    check(run("node", "example.cjs", *arguments(simulator)), simulator)


def test_the_declarations(installed: Path, run: Run) -> None:
    modules = REPOSITORY / "bindings-node" / "node_modules"
    (installed / "example.mts").write_text(DECLARED + blocks("ts")[0])
    (installed / "example.cts").write_text(f"{IMPORT}\n{DECLARED}void BeProduct.fromEnvironment, Plan;\n")
    run(
        modules / ".bin" / "tsc",
        *("--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"),
        *("--typeRoots", modules / "@types", "--types", "node"),
        *("example.mts", "example.cts"),
    )
