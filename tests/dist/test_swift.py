"""The Swift package, unpacked in a fresh project."""

import tarfile
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from readme import REPOSITORY, Run, arguments, built, check, example
from simulator import Simulator

MANIFEST = """\
// swift-tools-version:6.0
import PackageDescription

let package = Package(
    name: "Example",
    dependencies: [.package(path: "BeProductClient")],
    targets: [.executableTarget(name: "Example", dependencies: ["BeProductClient"])]
)
"""
PROGRAM = """\
import Foundation

let folder = CommandLine.arguments[1]
let numbers = Array(CommandLine.arguments[2...])
let environment = ProcessInfo.processInfo.environment
let (id, secret) = (environment["BEPRODUCT_CLIENT_ID"]!, environment["BEPRODUCT_CLIENT_SECRET"]!)
let token = environment["BEPRODUCT_REFRESH_TOKEN"]!
var configuration = Configuration()
configuration.apiURL = URL(string: environment["BEPRODUCT_API_URL"]!)
configuration.identityURL = URL(string: environment["BEPRODUCT_IDENTITY_URL"]!)
"""
PLAN = "plan: .businessMax(licenses: 8)"


@pytest.mark.skipif((REPOSITORY / "target/no-swift").exists(), reason="there is no Swift here")
def test_the_example(run: Run, project: Path, simulator: Simulator) -> None:
    with tarfile.open(built("BeProductClient-*.tar.gz")) as archive:
        archive.extractall(project, filter="data")
    (project / "Package.swift").write_text(MANIFEST)
    source = project / "Sources" / "Example" / "main.swift"
    source.parent.mkdir(parents=True)
    source.write_text(PROGRAM + example("swift", {PLAN: f"{PLAN}, configuration: configuration"}))

    swift = [REPOSITORY / "bindings-swift/scripts/swift-run", "--dir", project, "--"]
    run(*swift, "swift", "build", "--quiet")
    program = project / ".build" / "debug" / "Example"
    assert str(REPOSITORY) not in runpath(program)
    check(run(*swift, program, *arguments(simulator)), simulator)


def runpath(program: Path) -> str:
    """Where a program looks for its libraries."""
    with program.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dynamic")
        return ":".join(tag.runpath for tag in section.iter_tags("DT_RUNPATH"))
