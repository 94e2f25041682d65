"""A disk that can be full."""

import errno
import subprocess

from failures import CannotRun, Mismatch


class Disk:
    """A small disk of its own, which can be full, and a folder through which it cannot be written."""

    SIZE = 512 * 1024

    def __init__(self, folder, state):
        self.writable, self.read_only = folder / "disk", folder / "disk-read-only"
        self.rest = self.writable / "rest"
        self.mounted = []
        try:
            self.mount(self.writable, "-t", "tmpfs", "-o", f"size={self.SIZE}", "tmpfs")
            self.mount(self.read_only, "--bind", self.writable)
            # Not `remount` alone: that is refused while a file on the disk is open for writing.
            subprocess.run(["mount", "-o", "remount,bind,ro", self.read_only], check=True)
            self.set(state)
        except BaseException:
            self.unmount()
            raise

    def mount(self, folder, *options):
        folder.mkdir()
        done = subprocess.run(["mount", *options, folder], check=False, capture_output=True, text=True)
        if done.returncode:
            raise CannotRun(f"it needs the right to mount a disk: {done.stderr.strip()}")
        self.mounted.append(folder)

    def set(self, state):
        if state == "full":
            with self.rest.open("wb", buffering=0) as rest:
                while not full(rest):
                    pass
        elif state == "free":
            self.rest.unlink(missing_ok=True)
        else:
            raise Mismatch(f"a disk cannot be {state}")

    def unmount(self):
        while self.mounted:
            # A client that was closed may still hold its file.
            subprocess.run(["umount", "--lazy", self.mounted.pop()], check=True)


def full(file):
    """Writes a page unless there is no room for it."""
    try:
        file.write(bytes(4096))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return True
    return False
