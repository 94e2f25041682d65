"""Code of the program that the client calls: what it may be, what it may do, and how long it is kept."""

import asyncio
import gc
import json
import logging
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from os import PathLike
from typing import Any

import pytest
from simulator import PATIENCE, Simulator

from beproduct_client import BeProduct, BeProductAsync, CallbackError, CallCancelledError, ConfigError, Plan, Tokens


class Store:
    """A token store that holds nothing."""

    def load(self) -> Tokens | None:
        return None

    def save(self, tokens: Tokens) -> None:
        pass


class Locked(Store):
    """A store that several processes use."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.unlocked = 0

    def try_lock(self) -> Any:
        return self.answer

    def unlock(self) -> None:
        self.unlocked += 1


@pytest.mark.parametrize("name", ["load", "save", "try_lock", "unlock"])
@pytest.mark.parametrize("kind", [BeProduct, BeProductAsync])
def test_a_store_of_coroutine_functions_is_refused(
    settings: dict[str, Any], name: str, kind: type[BeProduct] | type[BeProductAsync]
) -> None:
    async def coroutine(self: Any, tokens: Any = None) -> None:
        raise AssertionError

    store = type("Async", (Locked,), {name: coroutine})(True)
    with pytest.raises(ConfigError, match=rf"token_store\.{name} has to be a plain function"):
        kind(**settings, token_store=store)


def test_a_store_that_returns_a_coroutine_is_refused(settings: dict[str, Any], simulator: Simulator) -> None:
    async def kept(tokens: Tokens) -> None:
        raise AssertionError

    class Hidden(Store):
        def save(self, tokens: Tokens) -> Any:
            return kept(tokens)

    with BeProduct(**settings, token_store=Hidden()) as client, pytest.raises(CallbackError) as raised:
        client.system.version()
    assert "save has to be a plain function" in raised.value.message
    assert isinstance(raised.value.__cause__, TypeError)
    assert simulator.count() == 0


@pytest.mark.parametrize("answer", [None, 1, "yes", [True]], ids=repr)
def test_a_lock_is_true_or_false(settings: dict[str, Any], simulator: Simulator, answer: Any) -> None:
    store = Locked(answer)
    with BeProduct(**settings, token_store=store) as client, pytest.raises(CallbackError) as raised:
        client.system.version()
    assert "try_lock has to give true or false" in raised.value.message
    assert (store.unlocked, simulator.count("identity")) == (0, 0)


def test_a_slow_log_delays_no_token_store(settings: dict[str, Any]) -> None:
    """A handler that waits for the store: one thread for both would never end."""
    loaded = threading.Event()

    class Announcing(Store):
        def load(self) -> Tokens | None:
            loaded.set()
            return None

    class Waiting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            waited.append(loaded.wait(PATIENCE))

    waited: list[bool] = []
    logger, handler = logging.getLogger("beproduct_client"), Waiting()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with BeProduct(**settings, plan=Plan.requests_per_day(9), token_store=Announcing()) as client:
            client.system.version()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert waited and all(waited)


def test_a_log_handler_that_raises_gets_the_next_line_too(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            messages.append(record.getMessage())
            raise OSError("the disk is full")

    messages: list[str] = []
    unraisable: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    logger, handler = logging.getLogger("beproduct_client"), Failing()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        with BeProduct(**settings) as client:
            client.system.version()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert len(messages) > 1
    assert [str(one.exc_value) for one in unraisable] == ["the disk is full"] * len(messages)


class Program:
    """A program whose callbacks know the client."""

    def __init__(self, settings: dict[str, Any], kind: Any) -> None:
        self.client = kind(
            **settings, token_store=KnowingStore(self), on_quota_limit=self.decide, on_quota_event=self.decide
        )

    def decide(self, event: Any) -> None:
        raise AssertionError(self.client)


class KnowingStore(Store):
    def __init__(self, program: Program) -> None:
        self.program = program


@pytest.mark.parametrize("kind", [BeProduct, BeProductAsync])
def test_callbacks_that_know_their_client_keep_nothing_alive(settings: dict[str, Any], kind: Any) -> None:
    programs = [Program(settings, kind) for _ in range(50)]
    alive = [weakref.ref(program) for program in programs]
    engines = [weakref.ref(program.client._engine) for program in programs]
    del programs
    gc.collect()
    assert [ref() for ref in alive if ref()] == []
    assert [ref() for ref in engines if ref()] == []


def test_a_client_that_is_closed_lets_go_of_its_callbacks(settings: dict[str, Any]) -> None:
    program = Program(settings, BeProduct)
    alive, client = weakref.ref(program), program.client
    client.close()
    gc.disable()
    try:
        del program
        assert alive() is None
    finally:
        gc.enable()
    client.close()


async def test_so_does_one_for_asyncio(settings: dict[str, Any]) -> None:
    program = Program(settings, BeProductAsync)
    alive, client = weakref.ref(program), program.client
    await client.close()
    gc.disable()
    try:
        del program
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("rotation", ["strict", "reuse"])
def test_closing_during_a_renewal_loses_no_tokens(
    settings: dict[str, Any], simulator: Simulator, rotation: str
) -> None:
    class Keeping(Store):
        def save(self, tokens: Tokens) -> None:
            saved.append(tokens)

    def call() -> None:
        with suppress(CallCancelledError):
            client.system.version()

    simulator.reset(rotation=rotation)
    simulator.hold("connect/token", base="identity")
    saved: list[Tokens] = []
    client = BeProduct(**settings, token_store=Keeping())
    calling, closing = threading.Thread(target=call), threading.Thread(target=client.close)
    calling.start()
    simulator.wait(1, "identity")
    closing.start()
    # The call ends at once, the renewal behind it does not.
    calling.join(PATIENCE)
    simulator.release()
    closing.join(PATIENCE)
    assert [bool(tokens["access_token"]) for tokens in saved] == [True]


MANY = """
import json, os, sys
from beproduct_client import BeProduct, Plan

def owned():
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))

settings = json.loads(sys.argv[1])
def client():
    made = BeProduct(**settings, plan=Plan.requests_per_day(1000), on_quota_limit=lambda event: None)
    made.quota.status()
    made.system.version()
    return made

clients = [client()]
one = owned()
clients += [client() for _ in range(199)]
all = owned()
print(json.dumps([all[0] - one[0], all[1] - one[1]]))
"""


def test_many_clients_share_threads_and_files(settings: dict[str, Any]) -> None:
    del settings["ledger"]
    done = subprocess.run(
        [sys.executable, "-c", MANY, json.dumps(settings)],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 3,
    )
    assert done.returncode == 0, done.stderr
    threads, files = json.loads(done.stdout)
    assert threads <= 8
    assert files <= 40


AT_EXIT = """
import asyncio, atexit, json, sys

def last():
    async def call():
        async with BeProductAsync(**settings) as client:
            return await client.system.version()

    try:
        print("answered", asyncio.run(call())["version"])
    except BaseException as error:
        print("failed", repr(error))

atexit.register(last)
from beproduct_client import BeProductAsync
settings = json.loads(sys.argv[1])
"""


def test_a_call_at_the_end_of_the_program_ends(settings: dict[str, Any]) -> None:
    """Its handler was registered before the import, so it runs after the client's own."""
    done = subprocess.run(
        [sys.executable, "-c", AT_EXIT, json.dumps(settings)],
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("answered simulator", "failed")), done.stdout


async def test_a_coroutine_that_is_closed_ends_its_request(async_client: BeProductAsync, simulator: Simulator) -> None:
    simulator.hold("Update")
    call = async_client.style.update("1", {"season": "Fall 2026"})
    call.send(None)
    await asyncio.to_thread(simulator.wait, 1)
    call.close()
    simulator.until(lambda: simulator.log()[-1]["closed_by_client"])


class Shop(BeProduct):
    """A client with attributes of its own."""

    def __init__(self, name: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.name = name


def test_a_subclass_that_acts_for_another_user_keeps_its_attributes(settings: dict[str, Any]) -> None:
    with Shop("north", **settings) as shop:
        acting = shop.acting_as("user", client_id="app", client_secret="secret")
        assert isinstance(acting, Shop)
        assert (acting.name, acting is shop, acting._engine is shop._engine) == ("north", False, False)
        assert acting.style._connection.engine is acting._engine


class Changing(PathLike):  # type: ignore[type-arg]
    """Adds to the dict that it is in when it is read."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __fspath__(self) -> str:
        self.fields["year"] = "2026"
        return "Fall 2026"


def test_a_dict_that_changes_while_it_is_read(client: BeProduct, simulator: Simulator) -> None:
    [style, *_] = client.style.list().collect()
    fields: dict[str, Any] = {}
    fields["season"] = Changing(fields)
    client.style.update(style["id"], fields)
    assert json.loads(simulator.log()[-1]["body"])["fields"] == [{"id": "season", "value": "Fall 2026"}]
