"""Files that go with a call: bytes, and what is read while it is sent."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Any, BinaryIO, TypeAlias, TypedDict, cast

from beproduct_client.client.errors import ConfigError

CHUNK = 1024 * 1024
"""Bytes that are read of a file object at a time. Each piece costs an event loop two changes of the thread."""


class FileUrl(TypedDict, total=False):
    """A file that is fetched while it is sent: at most 200 MB in 15 minutes, without the access token, by https and not from
    addresses inside a network, unless `allow_private_sources` says so. Its name is the last segment of the URL, or `name`."""

    url: str
    name: str


FileContent: TypeAlias = bytes | bytearray | memoryview | BinaryIO | Iterable[bytes] | AsyncIterable[bytes]
"""The content of a file. Only what can be read again is sent a second time after a 401 or a 429: bytes, a file object that can
seek, and what is no iterator itself."""

FileInput: TypeAlias = str | os.PathLike[str] | BinaryIO | tuple[str, FileContent] | FileUrl
"""A file to upload: a path; a file object that is open in binary mode, with its own name; a name with content; or a URL.

>>> client.style.upload(header_id, ("front.png", image_bytes))
>>> client.style.upload(header_id, {"url": "https://images.example/front.png"})
"""


class Source:
    """Content that is read while it is sent."""

    length: int | None = None
    replayable = False

    def next(self, start: bool) -> bytes | None:
        """The next bytes, from the beginning if that is said, and None at the end."""
        raise NotImplementedError

    async def anext(self, start: bool) -> bytes | None:
        return self.next(start)

    def close(self) -> None:
        """Ends an iterator that was begun and of which nothing more is wanted. A file object is its owner's."""

    async def aclose(self) -> None:
        self.close()


class _Opened(Source):
    """A file object. It begins where it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._begin = 0
        if getattr(file, "seekable", bool)():
            self._begin = file.tell()
            self.length = max(file.seek(0, os.SEEK_END) - self._begin, 0)
            file.seek(self._begin)
            self.replayable = True

    def next(self, start: bool) -> bytes | None:
        if start and self.replayable:
            self._file.seek(self._begin)
        return _bytes(self._file.read(CHUNK)) or None

    async def anext(self, start: bool) -> bytes | None:
        # A disk, or a pipe, may let the event loop wait.
        return await asyncio.to_thread(self.next, start)


class _Iterated(Source):
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._present: Iterator[bytes] = iter(())
        self.replayable = not isinstance(chunks, Iterator)

    def next(self, start: bool) -> bytes | None:
        if start:
            self._present = iter(self._chunks)
        for chunk in self._present:
            return _bytes(chunk)
        return None

    def close(self) -> None:
        if inspect.isgenerator(self._present):
            self._present.close()


class _AsyncIterated(Source):
    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        self._chunks = chunks
        self._present: AsyncIterator[bytes] | None = None
        self.replayable = not isinstance(chunks, AsyncIterator)

    async def anext(self, start: bool) -> bytes | None:
        if start or self._present is None:
            self._present = aiter(self._chunks)
        async for chunk in self._present:
            return _bytes(chunk)
        return None

    async def aclose(self) -> None:
        present: object = self._present
        if inspect.isasyncgen(present):
            await present.aclose()


def attached(arguments: dict[str, Any], in_loop: bool = False) -> tuple[dict[str, Any], bytes | Source | None]:
    """The arguments as JSON, and the content of a file among them. `in_loop`: an event loop reads it."""
    for name, value in arguments.items():
        found = _file_of(name, value)
        if found is not None:
            file_name, content = found
            if isinstance(content, _AsyncIterated) and not in_loop:
                raise ConfigError(
                    f"{name}: an asynchronous iterator is for BeProductAsync; give bytes, a file object or an iterator"
                )
            length = content.length if isinstance(content, Source) else None
            return {**arguments, name: {"attached": 0, "name": file_name, "length": length}}, content
    return arguments, None


def _file_of(argument: str, value: Any) -> tuple[str | None, bytes | Source] | None:
    """The name and the content of a file, if this is one."""
    if value is None or isinstance(value, (str, int, float, list, Mapping)):
        return None
    if isinstance(value, tuple):
        pair = cast(Any, value)
        if len(pair) != 2 or not isinstance(pair[0], str):
            return None
        content = None if isinstance(pair[1], (str, Mapping)) else _content(argument, pair[1])
        if content is None:
            # Two texts are a list of texts, where an argument takes one.
            if argument != "file":
                return None
            given = type(pair[1]).__name__
            raise ConfigError(
                f"{argument}: the content has to be bytes, a file object or an iterable of bytes, not {given}"
            )
        return pair[0], content
    if isinstance(value, (bytes, bytearray, memoryview)):
        raise ConfigError(f'{argument}: the service refuses a file without a name; give ("front.png", content)')
    if not hasattr(value, "read"):
        return None
    content = _content(argument, value)
    name = getattr(value, "name", None)
    named = os.path.basename(os.fsdecode(name)) if isinstance(name, (str, bytes)) else None
    return None if content is None else (named, content)


def _content(argument: str, value: Any) -> bytes | Source | None:
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(cast(Any, value))
    if hasattr(value, "read"):
        if hasattr(value, "encoding"):
            raise ConfigError(f'{argument}: the file is open as text; open it in binary mode, with "rb"')
        try:
            return _Opened(value)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{argument}: the file object cannot be read: {error}") from error
    if isinstance(value, AsyncIterable):
        return _AsyncIterated(cast(Any, value))
    return _Iterated(cast(Any, value)) if isinstance(value, Iterable) else None


def _bytes(chunk: Any) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, (bytearray, memoryview)):
        return bytes(cast(Any, chunk))
    raise TypeError(f"the source of a file has to give bytes, not {type(chunk).__name__}")
