"""A kernel of Jupyter, whose cells run inside an event loop."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from jupyter_client import KernelManager
from simulator import PATIENCE, Simulator


class Notebook:
    """A kernel with a client for the simulator."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.manager = KernelManager()
        # The kernelspec of this environment, wherever another one is installed.
        self.manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)
        self.run(f"from beproduct_client import *\nsettings = {settings!r}\nclient = BeProduct(**settings)")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def begin(self, cell: str) -> None:
        self.cell = self.client.execute(cell)

    def end(self) -> str:
        """What the cell printed, or the name of what it raised."""
        printed = ""
        while True:
            message = self.client.get_iopub_msg(timeout=PATIENCE)
            # The kernel also tells of what came before, such as whether it is ready.
            if message["parent_header"].get("msg_id") != self.cell:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind == "error":
                printed += content["ename"]
            elif kind == "status" and content["execution_state"] == "idle":
                while self.client.get_shell_msg(timeout=PATIENCE)["parent_header"].get("msg_id") != self.cell:
                    pass
                return printed.strip()

    def run(self, cell: str) -> str:
        self.begin(cell)
        return self.end()


@pytest.fixture
def notebook(simulator: Simulator) -> Iterator[Notebook]:
    with closing(Notebook(simulator.settings())) as notebook:
        yield notebook


def test_cells_call_and_await(notebook: Notebook) -> None:
    assert notebook.run("print(len(client.style.folders()))") == "4"
    assert notebook.run("print(len(client.style.list().collect()))") == "60"
    assert notebook.run("print(len(await BeProductAsync(**settings).style.folders()))") == "4"
    listed = "numbers = [style['headerNumber'] async for style in BeProductAsync(**settings).style.list()]"
    assert notebook.run(f"{listed}\nprint(len(numbers))") == "60"
    assert notebook.run("client.style.get('a/b')") == "ConfigError"


def test_the_stop_button_ends_a_call(simulator: Simulator, notebook: Notebook) -> None:
    simulator.hold("Style/Folders")
    notebook.begin("client.style.folders()")
    simulator.wait(1)
    notebook.manager.interrupt_kernel()
    assert notebook.end() == "KeyboardInterrupt"
    simulator.release()
    assert notebook.run("print(len(client.style.folders()))") == "4"
