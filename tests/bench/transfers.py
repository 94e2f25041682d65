"""The parts of the comparison that move files: a large one, and many small ones."""

import contextlib
import tempfile
from pathlib import Path

from reporting import megabytes, seconds

LARGE, LARGE_QUICK = 1_000_000_000, 64_000_000
IMAGES, IMAGES_QUICK = 500, 20
IMAGE = 200_000
MEMORY = 64_000_000

WORKS = {
    "upload": "up from a path",
    "upload_stream": "up from a stream",
    "download": "down to a path",
    "download_stream": "down as a stream",
}


@contextlib.contextmanager
def a_file(runs, length):
    """A file as the server has it, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.bin")
        runs.write(path, length)
        yield path


def large(ours, rival, name):
    """Compares two clients, which are programs with their first arguments."""

    def measure(runs, report):
        length = LARGE_QUICK if runs.quick else LARGE
        with a_file(runs, length) as path:
            for work, what in WORKS.items():
                of = (work, path, path.parent)
                one, other = runs.alternate((*ours, *of), (*rival, *of), file=length)
                report.against(f"time, {what}: {name}", one["seconds"], other["seconds"], seconds, 1.1)
                report.against(f"CPU, {what}: {name}", one["cpu"], other["cpu"], seconds, None)
                report.within(f"memory, {what}: {name}", one["bytes"], other["bytes"], megabytes, MEMORY)

    return measure


def images(runs, report):
    count = IMAGES_QUICK if runs.quick else IMAGES
    with a_file(runs, IMAGE) as path:
        # One run of each: all but the pauses between two looks is little.
        slow, threads, at_once = (
            runs.once(("images.py", how, count, path), file=IMAGE) for how in ("one_by_one", "threads", "at_once")
        )
    for how, figures in ("asyncio", at_once), ("50 threads", threads):
        report.against(f"time, {count} images, {how}: one by one", figures["seconds"], slow["seconds"], seconds, None)


FILE = "A file of 1 GB up and down"

PARTS = {
    "files-python": (large(("files.py", "ours_sync"), ("files.py", "requests_session"), "requests"), f"{FILE}, Python"),
    "files-asyncio": (
        large(("files.py", "ours_async"), ("files.py", "aiohttp_session"), "aiohttp"),
        f"{FILE}, Python asyncio",
    ),
    "files-node": (large(("files.mjs", "ours"), ("files.mjs", "fetch"), "fetch"), f"{FILE}, Node"),
    "files-kotlin": (large(("kotlin", "ours"), ("kotlin", "rival"), "java.net.http"), f"{FILE}, Kotlin"),
    # The URLSession of Linux ends an upload from a file of this size with an error that has no name.
    "files-swift": (large(("swift",), ("files.py", "requests_session"), "requests"), f"{FILE}, Swift"),
    "images": (images, f"{IMAGES} images of 200 kB to as many styles, with the wait until they are processed"),
}
