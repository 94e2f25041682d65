"""Clients in processes that fork. Each test does its forking in a fresh process, whose threads are the client's own."""

import asyncio
import contextlib
import gc
import multiprocessing
import os
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from processes import Child, in_fork
from simulator import Simulator

from beproduct_client import AuthError, BeProduct, BeProductAsync, ClientClosedError


def used(client: BeProduct) -> int:
    return client.quota.status()["used"]


def call_on_both_sides(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    client.system.version()

    def in_child() -> str:
        client.style.list().collect()
        return client.system.version()["version"] or ""

    pipe.send(in_fork(in_child))
    pipe.send(client.system.version()["version"])


def test_the_child_calls_and_so_does_the_parent(settings: dict[str, Any], simulator: Simulator) -> None:
    child = Child(call_on_both_sides, settings)
    assert (child.receive(), child.receive()) == ("simulator", "simulator")
    child.end()
    ids = [request["headers"]["x-request-id"] for request in simulator.log()]
    assert len(set(ids)) == len(ids) == 4
    assert simulator.count("token") == 1


def count_on_both_sides(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    client.system.version()

    def in_child() -> int:
        for _ in range(3):
            client.system.version()
        return used(client)

    pipe.send([in_fork(in_child), in_fork(in_child)])
    client.system.version()
    pipe.send(used(client))


@pytest.fixture
def shared_ledger(settings: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    return {**settings, "ledger": {"sqlite": str(tmp_path / "quota.sqlite")}}


def test_parent_and_children_count_in_one_ledger(shared_ledger: dict[str, Any], simulator: Simulator) -> None:
    child = Child(count_on_both_sides, shared_ledger)
    assert child.receive() == [4, 7]
    assert child.receive() == 8 == simulator.count()
    child.end()


def count_after_the_parent_let_go(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    client.system.version()
    gone, begin = multiprocessing.Pipe(duplex=False)

    def in_child() -> None:
        client.system.version()
        pipe.send("counted")
        gone.recv()
        for _ in range(3):
            client.system.version()

    def let_go() -> None:
        nonlocal client
        pipe.recv()
        del client
        gc.collect()
        begin.send(None)

    if os.fork() == 0:
        in_child()
        os._exit(0)
    let_go()
    os.wait()
    pipe.send("done")


def test_the_childs_count_survives_the_parents_client(shared_ledger: dict[str, Any], simulator: Simulator) -> None:
    child = Child(count_after_the_parent_let_go, shared_ledger)
    assert child.receive() == "counted"
    child.send("go")
    assert child.receive() == "done"
    child.end()
    with BeProduct(**shared_ledger) as client:
        assert used(client) == simulator.count() == 5


def fork_with_a_future_pending(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProductAsync(**settings)
    loop = asyncio.new_event_loop()
    task = loop.create_task(client.system.version())
    loop.run_until_complete(asyncio.sleep(0))

    def in_child() -> str:
        try:
            loop.run_until_complete(task)
        except ClientClosedError as error:
            return error.message
        return "no error"

    pipe.send("pending")
    pipe.recv()
    pipe.send(in_fork(in_child))
    pipe.recv()
    pipe.send(loop.run_until_complete(task))


def test_a_future_that_was_pending_ends_in_the_child(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.hold("Info/Version")
    child = Child(fork_with_a_future_pending, settings)
    assert child.receive() == "pending"
    simulator.wait(1)
    child.send("fork")
    assert "only the parent gets its answer" in child.receive()
    simulator.release()
    child.send("go on")
    assert child.receive()["version"] == "simulator"
    child.end()


def fork_within_a_list(pipe: Connection, settings: dict[str, Any]) -> None:
    styles = BeProduct(**settings).style.list(page_size=10)
    next(styles)

    def in_child() -> str:
        try:
            list(styles)
        except ClientClosedError as error:
            return error.message
        return "no error"

    pipe.send(in_fork(in_child))
    pipe.send(len(list(styles)))


def test_a_list_goes_on_in_the_parent_only(settings: dict[str, Any]) -> None:
    child = Child(fork_within_a_list, settings)
    assert "only the parent" in child.receive()
    assert child.receive() == 59
    child.end()


def call_in_a_pool(pipe: Connection, settings: dict[str, Any]) -> None:
    global _client
    _client = BeProduct(**settings)
    ids = [style["id"] for style in _client.style.list()]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pipe.send(pool.map(_get, ids) == ids)
    pipe.send(used(_client))


_client: BeProduct


def _get(header_id: str) -> str:
    return _client.style.get(header_id)["id"] or ""


def test_a_forked_pool(shared_ledger: dict[str, Any], simulator: Simulator) -> None:
    child = Child(call_in_a_pool, shared_ledger)
    assert child.receive() is True
    assert child.receive() == 61 == simulator.count()
    child.end()


def close_before_the_fork(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    client.close()

    def in_child() -> str:
        try:
            client.system.version()
        except ClientClosedError as error:
            return error.message
        return "no error"

    pipe.send(in_fork(in_child))


def test_a_closed_client_is_closed_in_the_child(settings: dict[str, Any]) -> None:
    child = Child(close_before_the_fork, settings)
    assert child.receive() == "the client is closed"
    child.end()


def renew_while_forking(pipe: Connection, settings: dict[str, Any]) -> None:
    client = BeProduct(**settings)
    pipe.send("ready")
    call = threading.Thread(target=client.system.version)
    call.start()
    pipe.recv()
    ended, end = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        end.close()
        # Lives on until the parent lets go of its end.
        with contextlib.suppress(EOFError):
            ended.recv()
        os._exit(0)
    pipe.send("forked")
    call.join()
    pipe.recv()
    client.system.version()
    pipe.send("renewed")
    end.close()
    os.waitpid(child, 0)


def test_a_child_does_not_keep_its_parents_lock(settings: dict[str, Any], simulator: Simulator, tmp_path: Path) -> None:
    shared = {**settings, "token_store": {"file": str(tmp_path / "tokens.json")}}
    simulator.hold("connect/token", base="identity")
    parent = Child(renew_while_forking, shared)
    parent.receive()
    simulator.wait(1, "identity")
    parent.send("fork")
    parent.receive()
    simulator.release()
    # The child is there, and both its parent and another process renew.
    simulator.expire("access")
    parent.send("renew")
    assert parent.receive() == "renewed"
    simulator.expire("access")
    with BeProduct(**shared) as client:
        client.system.version()
    parent.end()
    assert simulator.count("token") == 3


def go_on_in_child(pipe: Connection, settings: dict[str, Any], sign_out: bool) -> None:
    client = BeProduct(**settings)
    client.system.version()
    if sign_out:
        client.auth.sign_out()

    def in_child() -> str:
        try:
            return client.system.version()["version"] or ""
        except AuthError as error:
            return error.message

    pipe.send(in_fork(in_child))


@pytest.mark.parametrize(
    "changes",
    [
        {"client_credentials": True, "refresh_token": None},
        {"token_store": "memory"},
        {},
    ],
)
def test_the_child_goes_on_with_the_parents_sign_in(
    settings: dict[str, Any], simulator: Simulator, changes: dict[str, Any]
) -> None:
    simulator.reset(rotation="strict")
    child = Child(go_on_in_child, {**settings, **changes}, False)
    assert child.receive() == "simulator"
    child.end()
    assert simulator.count("token") == 1


def test_a_client_that_has_signed_out_stays_so_in_the_child(settings: dict[str, Any], simulator: Simulator) -> None:
    simulator.reset(revocation=False)
    child = Child(go_on_in_child, settings, True)
    assert "signed out" in child.receive()
    child.end()
    assert simulator.count() == 1
