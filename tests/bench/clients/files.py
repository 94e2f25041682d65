"""A file up or down: files.py CLIENT WORK FILE FOLDER. Reports the memory that it adds to the process at most.

The file is the one that the server has. An upload is compared there; of a download, what was written is compared when the
figures are taken, and of a stream a few bytes of each piece.
"""

import asyncio
import contextlib
import filecmp
import os
import ssl
import sys
import time
from pathlib import Path

from measured import API, AUTHORIZATION, SERVER, cpu, memory, report, settings, style

# What the rivals read, write and ask for at a time.
CHUNK = 256 * 1024


@contextlib.contextmanager
def transfer():
    """Reports what happens inside. Client and connection are there already."""
    resident = memory("VmRSS")
    start, before = time.perf_counter(), cpu()
    yield
    figures = {"seconds": time.perf_counter() - start, "cpu": cpu() - before}
    report(**figures, bytes=max(memory("VmHWM") - resident, 0))


class Arrived:
    """The pieces of a stream, which are dropped."""

    def __init__(self, file):
        self._file = os.open(file, os.O_RDONLY)
        self._done = 0

    def take(self, piece):
        assert os.pread(self._file, 16, self._done).startswith(piece[:16]), f"other bytes at {self._done}"
        self._done += len(piece)

    def end(self):
        assert self._done == os.fstat(self._file).st_size, f"{self._done} bytes"


class Multipart:
    """The body of an upload, read while it is sent. Its length is known, so that requests sends no chunks."""

    HEAD = b'--bench\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n\r\n'
    TAIL = b"\r\n--bench--\r\n"
    TYPE = "multipart/form-data; boundary=bench"

    def __init__(self, file):
        self._file = file

    def __len__(self):
        return len(self.HEAD) + self._file.stat().st_size + len(self.TAIL)

    def __iter__(self):
        yield self.HEAD
        with self._file.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
        yield self.TAIL


def ours_sync(work, file, target):
    from beproduct_client import BeProduct

    with BeProduct(**settings()) as client:
        client.system.version()
        arrived = Arrived(file)
        with transfer():
            if work == "upload":
                client.style.upload(style(0), file, wait_timeout=0)
            elif work == "upload_stream":
                with file.open("rb") as opened:
                    client.style.upload(style(0), opened, wait_timeout=0)
            elif work == "download":
                client.raw.download(SERVER["file"], target)
            else:
                for piece in client.raw.download_stream(SERVER["file"]):
                    arrived.take(piece)
                arrived.end()


def ours_async(work, file, target):
    from beproduct_client import BeProductAsync

    async def run():
        async with BeProductAsync(**settings()) as client:
            await client.system.version()
            arrived = Arrived(file)
            with transfer():
                if work == "upload":
                    await client.style.upload(style(0), file, wait_timeout=0)
                elif work == "upload_stream":
                    with file.open("rb") as opened:
                        await client.style.upload(style(0), opened, wait_timeout=0)
                elif work == "download":
                    await client.raw.download(SERVER["file"], target)
                else:
                    async for piece in client.raw.download_stream(SERVER["file"]):
                        arrived.take(piece)
                    arrived.end()

    asyncio.run(run())


def requests_session(work, file, target):
    import requests

    with requests.Session() as session:
        session.verify = SERVER["bundle"]
        session.headers.update(AUTHORIZATION)
        session.get(f"{API}/Info/Version", timeout=30).raise_for_status()
        arrived = Arrived(file)
        with transfer():
            if work.startswith("upload"):
                url = f"{API}/Style/Header/{style(0)}/Image/Upload"
                kind = {"Content-Type": Multipart.TYPE}
                session.post(url, data=Multipart(file), headers=kind, timeout=600).raise_for_status()
                return
            with session.get(SERVER["file"], stream=True, timeout=600) as answer:
                answer.raise_for_status()
                pieces = answer.iter_content(CHUNK)
                if work == "download":
                    with target.open("wb") as opened:
                        for piece in pieces:
                            opened.write(piece)
                else:
                    for piece in pieces:
                        arrived.take(piece)
                    arrived.end()


def aiohttp_session(work, file, target):
    import aiohttp

    async def run():
        context = ssl.create_default_context()
        context.load_verify_locations(SERVER["ca"])
        connector = aiohttp.TCPConnector(ssl=context)
        limit = aiohttp.ClientTimeout(total=600)
        async with aiohttp.ClientSession(connector=connector, headers=AUTHORIZATION, timeout=limit) as session:
            async with session.get(f"{API}/Info/Version") as answer:
                answer.raise_for_status()
                await answer.read()
            arrived = Arrived(file)
            with transfer():
                if work.startswith("upload"):
                    url = f"{API}/Style/Header/{style(0)}/Image/Upload"
                    with file.open("rb") as opened:
                        form = aiohttp.FormData()
                        form.add_field("file", opened, filename=file.name)
                        async with session.post(url, data=form) as answer:
                            answer.raise_for_status()
                    return
                async with session.get(SERVER["file"]) as answer:
                    answer.raise_for_status()
                    pieces = answer.content.iter_chunked(CHUNK)
                    if work == "download":
                        with target.open("wb") as opened:
                            async for piece in pieces:
                                opened.write(piece)
                    else:
                        async for piece in pieces:
                            arrived.take(piece)
                        arrived.end()

    asyncio.run(run())


CLIENTS = {client.__name__: client for client in (ours_sync, ours_async, requests_session, aiohttp_session)}


def main(client, work, file, folder):
    file, target = Path(file), Path(folder, "arrived.bin")
    CLIENTS[client](work, file, target)
    if work == "download":
        assert filecmp.cmp(file, target, shallow=False), "another file arrived"
        target.unlink()


if __name__ == "__main__":
    main(*sys.argv[1:])
