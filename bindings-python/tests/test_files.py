"""Files that go up and come down, in the forms that Python has for them."""

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from simulator import Simulator

from beproduct_client import BeProduct, BeProductAsync, BeProductError, ConfigError
from beproduct_client.types import FileInput

PICTURE = b"a picture"


@pytest.fixture
def settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Pauses between the looks at an upload return at once."""
    return {**settings, "testing": {"clock": "recorded", "fixed_chance": True}}


def sent(simulator: Simulator) -> str:
    """The body of the upload that came last."""
    bodies = [one["body"] for one in simulator.log() if "Image/Upload" in one["target"]]
    return str(bodies[-1])


def style(client: BeProduct) -> str:
    return str(next(client.style.list())["id"])


def link(client: BeProduct, header_id: str) -> str:
    return str(client.style.get(header_id)["headerData"]["frontImage"]["origin"])  # type: ignore[index]


def chunks() -> Iterator[bytes]:
    yield PICTURE[:4]
    yield b""
    yield PICTURE[4:]


async def async_chunks() -> AsyncIterator[bytes]:
    for chunk in chunks():
        await asyncio.sleep(0)
        yield chunk


class Again:
    """Chunks that can be read again."""

    def __iter__(self) -> Iterator[bytes]:
        return chunks()


def forms(folder: Path) -> list[tuple[FileInput, str]]:
    path = folder / "front ü.png"
    path.write_bytes(PICTURE)
    return [
        (path, "front ü.png"),
        (str(path), "front ü.png"),
        (path.open("rb"), "front ü.png"),
        (("a.png", PICTURE), "a.png"),
        (("b.png", bytearray(PICTURE)), "b.png"),
        (("c.png", memoryview(PICTURE)), "c.png"),
        (("d.png", io.BytesIO(PICTURE)), "d.png"),
        (("e.png", chunks()), "e.png"),
        (("f.png", Again()), "f.png"),
        (("g.png", [PICTURE]), "g.png"),
    ]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_every_form_of_a_file_is_sent(client: BeProduct, simulator: Simulator, tmp_path: Path) -> None:
    header_id = style(client)
    for file, name in forms(tmp_path):
        assert client.style.upload(header_id, file, wait_timeout=0)["imageId"]
        body = sent(simulator)
        assert f'filename="{name}"' in body, body
        assert f"\r\n\r\n{PICTURE.decode()}\r\n--" in body, (name, body)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_the_same_from_an_event_loop(async_client: BeProductAsync, simulator: Simulator, tmp_path: Path) -> None:
    header_id = str((await anext(async_client.style.list()))["id"])
    for file, name in [*forms(tmp_path), (("h.png", async_chunks()), "h.png")]:
        assert (await async_client.style.upload(header_id, file, wait_timeout=0))["imageId"]
        body = sent(simulator)
        assert f'filename="{name}"' in body and f"\r\n\r\n{PICTURE.decode()}\r\n--" in body, (name, body)


def test_what_can_be_read_again_is_sent_again(client: BeProduct, simulator: Simulator) -> None:
    header_id = style(client)
    opened = io.BytesIO(b"skipped" + PICTURE)
    opened.seek(7)
    again: list[FileInput] = [("a.png", PICTURE), ("b.png", opened), ("c.png", Again())]
    for file in again:
        simulator.faults({"path": "Image/Upload", "action": {"status": 401}})
        client.style.upload(header_id, file, wait_timeout=0)
        assert f"\r\n\r\n{PICTURE.decode()}\r\n--" in sent(simulator)
    simulator.faults({"path": "Image/Upload", "action": {"status": 401}})
    with pytest.raises(BeProductError) as raised:
        client.style.upload(header_id, ("d.png", chunks()), wait_timeout=0)
    assert raised.value.status == 401


def broken() -> Iterator[bytes]:
    yield PICTURE
    raise OSError("the camera is gone")


def closed() -> io.BytesIO:
    opened = io.BytesIO(PICTURE)
    opened.close()
    return opened


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (PICTURE, "without a name"),
        (("a.png", b""), "is empty"),
        (("a.png", iter(())), "is empty"),
        (("a.png", io.StringIO("text")), "binary mode"),
        (("a.png", ["text"]), "has to give bytes, not str"),
        (("a.png", broken()), "the camera is gone"),
        (("a/b.png", PICTURE), "cannot be the name"),
        (io.BytesIO(PICTURE), "needs a name"),
        ({"url": "http://127.0.0.1:9/x.png"}, "is not an https URL"),
        ({"url": "https://127.0.0.1:9/x.png"}, "is a private address"),
        ({"url": "no url"}, "is not valid"),
        (7, "has to be a path"),
        (("a.png", "text"), "has to be bytes, a file object or an iterable of bytes, not str"),
        (("a.png", Path("a.png")), "has to be bytes, a file object or an iterable of bytes, not PosixPath"),
        (("a.png", async_chunks()), "is for BeProductAsync"),
        (closed(), "the file object cannot be read: I/O operation on closed file"),
        ("https://127.0.0.1:9/x.png?sig=hidden", "https://127.0.0.1:9/x.png is a URL and no path"),
        (["https://127.0.0.1:9/x.png?sig=hidden"], "not a list of 1"),
    ],
)
def test_a_file_that_cannot_be_sent(client: BeProduct, file: Any, says: str) -> None:
    with pytest.raises(BeProductError, match=re.escape(says)) as raised:
        client.style.upload("1", file)
    assert "hidden" not in repr(raised.value) + str(raised.value)
    if "camera" in says:
        assert raised.value.kind == "callback"
        assert isinstance(raised.value.__cause__, OSError)


def test_a_file_object_that_was_read_is_no_empty_file(client: BeProduct) -> None:
    opened = io.BytesIO(PICTURE)
    opened.read()
    with pytest.raises(ConfigError, match="is empty"):
        client.style.upload("1", ("a.png", opened))


def test_a_generator_ends_with_its_call(client: BeProduct, simulator: Simulator) -> None:
    ended: list[str] = []

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield PICTURE
        finally:
            ended.append("closed")

    source = endless()
    simulator.faults({"path": "Image/Upload", "action": {"early": True, "status": 413}})
    with pytest.raises(BeProductError) as raised:
        client.style.upload("1", ("a.png", source))
    assert (raised.value.status, ended) == (413, ["closed"])


def test_the_end_of_a_program_in_the_middle_of_its_file(client: BeProduct) -> None:
    def interrupted() -> Iterator[bytes]:
        yield PICTURE
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        client.style.upload("1", ("a.png", interrupted()))
    assert isinstance(raised.value.__cause__, BeProductError)
    assert raised.value.__cause__.kind == "cancelled"


async def test_a_file_whose_own_source_was_cancelled_is_no_cancelled_call(async_client: BeProductAsync) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield PICTURE
        camera = asyncio.get_running_loop().create_future()
        camera.cancel()
        await camera

    with pytest.raises(BeProductError) as raised:
        await asyncio.wait_for(async_client.style.upload("1", ("a.png", source())), 60)
    assert raised.value.kind == "callback"
    assert isinstance(raised.value.__cause__, asyncio.CancelledError)


async def test_an_upload_that_is_cancelled_reads_no_further(async_client: BeProductAsync) -> None:
    begun, closed = asyncio.Event(), asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            begun.set()
            yield PICTURE
            await asyncio.Event().wait()
        finally:
            closed.set()

    task = asyncio.create_task(async_client.style.upload("1", ("a.png", endless())))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(closed.wait(), 10)


def test_the_progress_of_a_file(client: BeProduct, simulator: Simulator) -> None:
    header_id = style(client)
    seen: list[tuple[int, int | None]] = []
    done = client.with_response.style.upload(
        header_id, ("a.png", PICTURE), wait_timeout=0, progress=lambda one: seen.append((one["done"], one["total"]))
    )
    assert done.meta["cost"] == 1
    client.close()
    assert seen == [(len(PICTURE), len(PICTURE))]


def test_a_file_from_a_url(settings: dict[str, Any], simulator: Simulator) -> None:
    with BeProduct(**settings, allow_private_sources=True) as client:
        header_id = style(client)
        client.style.upload(header_id, ("a.png", PICTURE))
        url = link(client, header_id)
        client.style.upload(header_id, {"url": url, "name": "b.png"}, wait_timeout=0)
        assert 'filename="b.png"' in sent(simulator) and PICTURE.decode() in sent(simulator)
        with pytest.raises(ConfigError, match="answers with status 404"):
            client.style.upload(header_id, {"url": f"{settings['public_api_url']}/files/x/nothing.png"})


def test_a_file_is_downloaded_as_a_stream(client: BeProduct, tmp_path: Path) -> None:
    header_id = style(client)
    client.style.upload(header_id, ("a.png", PICTURE))
    url = link(client, header_id)
    with client.style.download_stream(header_id, f"{url}x") as stream:
        assert stream.size is None
        assert b"".join(stream) == PICTURE
        assert "9 of" in repr(stream)
        assert next(stream, None) is None
        with pytest.raises(ConfigError, match="read to its end already"):
            list(stream)
    with client.raw.download_stream(f"{url}x") as stream, pytest.raises(BeProductError, match="read the record again"):
        next(stream)
    assert client.with_response.raw.download(url).raw == PICTURE
    assert client.raw.download(url, tmp_path / "copy.png")["size"] == len(PICTURE)
    outcomes = client.style.download_many([{"link": url, "file": str(tmp_path / "many.png"), "record": header_id}])
    assert outcomes == [{"file": str(tmp_path / "many.png"), "size": len(PICTURE)}]


def test_a_stream_that_is_closed_ends(client: BeProduct, simulator: Simulator) -> None:
    header_id = style(client)
    client.style.upload(header_id, ("a.png", PICTURE))
    simulator.faults({"base": "storage", "action": {"trickle": True}})
    with client.raw.download_stream(link(client, header_id)) as stream:
        assert next(stream) == PICTURE[:1]
    for _ in range(2):
        with pytest.raises(BeProductError) as raised:
            next(stream)
        assert raised.value.kind == "cancelled"


async def test_the_same_stream_from_an_event_loop(async_client: BeProductAsync) -> None:
    header_id = str((await anext(async_client.style.list()))["id"])
    await async_client.style.upload(header_id, ("a.png", PICTURE))
    record: Any = await async_client.style.get(header_id)
    url = record["headerData"]["frontImage"]["origin"]
    async with async_client.raw.download_stream(url) as stream:
        assert b"".join([chunk async for chunk in stream]) == PICTURE
        with pytest.raises(ConfigError, match="read to its end already"):
            aiter(stream)


class Piece(bytes):
    """A piece of a stream that counts how many of its kind are kept."""

    kept = 0
    most = 0

    def __init__(self, _length: int) -> None:
        Piece.kept += 1
        Piece.most = max(Piece.most, Piece.kept)

    def __del__(self) -> None:
        Piece.kept -= 1


def test_the_pieces_of_a_stream_are_not_kept(client: BeProduct) -> None:
    client.style.upload(style(client), ("a.png", (Piece(1 << 16) for _ in range(256))), wait_timeout=0)
    assert 0 < Piece.most < 64
    assert Piece.kept < Piece.most
