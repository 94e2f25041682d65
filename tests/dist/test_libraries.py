"""What the native libraries ask of a machine."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from readme import REPOSITORY, built

OLDEST = (2, 17)
# All of glibc, and the unwinder of GCC.
NEEDED = {f"{name}.so.{version}" for name, version in [("libc", 6), ("libm", 6), ("libpthread", 0), ("libdl", 2)]}
NEEDED |= {"librt.so.1", "libutil.so.1", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}


def of_zip(pattern: str, ending: str) -> bytes:
    with zipfile.ZipFile(built(pattern)) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(ending)]
        return archive.read(name)


def of_tar(pattern: str, ending: str) -> bytes:
    with tarfile.open(built(pattern)) as archive:
        (name,) = [name for name in archive.getnames() if name.endswith(ending)]
        file = archive.extractfile(name)
        assert file
        return file.read()


LIBRARIES: dict[str, Callable[[], bytes]] = {
    "python": lambda: of_zip("*.whl", ".so"),
    "node": lambda: of_tar("beproduct-client-linux-x64-gnu-*.tgz", ".node"),
    "kotlin": lambda: of_zip("maven/beproduct/beproduct-client/*/*.jar", "linux-x86-64/libbeproduct_mobile.so"),
    "swift": lambda: of_tar("BeProductClient-*.tar.gz", "/libbeproduct_mobile.so"),
}


@pytest.mark.parametrize("language", LIBRARIES)
def test_the_library_needs_an_old_glibc_and_nothing_else(language: str) -> None:
    if Path(REPOSITORY, f"target/no-{language}").exists() and language == "kotlin":
        pytest.skip("there is no Kotlin here")
    library = ELFFile(io.BytesIO(LIBRARIES[language]()))
    needed = {tag.needed for tag in library.get_section_by_name(".dynamic").iter_tags("DT_NEEDED")}
    assert "libc.so.6" in needed
    assert needed <= NEEDED
    versions = {
        symbols.name
        for _, asked in library.get_section_by_name(".gnu.version_r").iter_versions()
        for symbols in asked
        if symbols.name.startswith("GLIBC_")
    }
    assert versions
    assert [name for name in versions if tuple(map(int, name.removeprefix("GLIBC_").split("."))) > OLDEST] == []


def test_the_wheel_says_so() -> None:
    wheel = built("*.whl")
    tags = ["cp310-abi3-manylinux2014_x86_64", "cp310-abi3-manylinux_2_17_x86_64"]
    *_, python, abi, platforms = wheel.stem.split("-")
    assert sorted(f"{python}-{abi}-{platform}" for platform in platforms.split(".")) == tags
    assert sorted(message_from_bytes(of_zip("*.whl", ".dist-info/WHEEL")).get_all("Tag", [])) == tags
