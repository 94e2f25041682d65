"""The driver of the behaviour cases for Python: see tests/drivers/README.md.

`driver.py` uses the plain client, `driver.py --async` the asynchronous one.
"""

import asyncio
import json
import logging
import queue
import signal
import sys
import threading
import time
import traceback

from beproduct_client import BeProduct, BeProductAsync, BeProductError, Plan, parse_event
from beproduct_client.testing import advance

FIELDS = (
    "kind",
    "message",
    "status",
    "code",
    "retryable",
    "retry_after",
    "outcome",
    "request_id",
    "operation",
    "method",
    "url",
    "attempts",
    "waits",
    "body_excerpt",
    "details",
)


class Logs(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


class HostStore:
    def __init__(self, tokens):
        self.tokens = tokens

    def load(self):
        return self.tokens

    def save(self, tokens):
        self.tokens = tokens


class Sized:
    """A file object that says how many bytes it has, and may have others."""

    def __init__(self, file):
        self.name = file["name"]
        self.chunks = [chunk.encode() for chunk in file["chunks"]]
        self.length = file["length"]

    def seekable(self):
        return True

    def tell(self):
        return 0

    def seek(self, _offset, whence=0):
        return self.length if whence else 0

    def read(self, _size):
        return self.chunks.pop(0) if self.chunks else b""


class Listener:
    """Keeps events of the quota, and answers at its limits as the case says."""

    def __init__(self, answer):
        self.answer = answer
        self.events = []
        self.arrived = threading.Condition()

    def on_event(self, event):
        with self.arrived:
            self.events.append(event)
            self.arrived.notify_all()

    def at_limit(self, event):
        self.on_event(event)
        if self.answer == "fail":
            raise RuntimeError("no answer at the limit")
        return self.answer

    def taken(self, count):
        """All events so far, once there are so many. They come by a thread of their own."""
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.events) >= count, timeout=10)
            events, self.events = self.events, []
            return events


logs = Logs()
logger = logging.getLogger("beproduct_client")
logger.addHandler(logs)
logger.setLevel(logging.DEBUG)


def days(command):
    """The argument of a report, if there is one."""
    return {name: command[name] for name in ("days",) if name in command}


def error_fields(error):
    text = "".join(traceback.format_exception_only(error)) + repr(error) + str(error) + str(error.__cause__)
    return {name: getattr(error, name) for name in FIELDS} | {"text": text}


class Driver:
    """What both kinds of client have in common."""

    client_class = BeProduct

    def __init__(self):
        self.client = None
        self.store = None
        self.listener = Listener(None)
        # Names of calls that were cancelled, perhaps before they began.
        self.given_up = set()

    def open(self, command):
        settings = dict(command["settings"])
        logs.lines.clear()
        self.given_up.clear()
        self.listener = Listener(None)
        if command.get("token_store") == "host":
            self.store = HostStore(command.get("stored"))
            settings["token_store"] = self.store
        if isinstance(settings.get("plan"), dict):
            settings["plan"] = Plan(settings["plan"])
        listens = settings.pop("quota_listener", None)
        if listens is not None:
            self.listener = Listener(listens["at_limit"])
            settings["on_quota_event"] = self.listener.on_event
            settings["on_quota_limit"] = self.listener.at_limit
        self.client = self.client_class(**settings)
        return True

    def method(self, command, detailed=False):
        resource, name = command["operation"].split(".")
        client = self.client.with_response if detailed else self.client
        return getattr(getattr(client, resource), name)

    def is_own(self, command):
        """Whether it is a method of the client itself, whose answer is all that there is."""
        return not hasattr(self.client.with_response, command["operation"].split(".")[0])

    def keywords(self, command):
        arguments = {name: self.value(value) for name, value in command.get("arguments", {}).items()}
        return {**arguments, **command.get("options", {})}

    def value(self, value):
        """An argument in the form that Python has for it."""
        if isinstance(value, dict) and "chunks" in value:
            return Sized(value) if "length" in value else (value["name"], self.stream(value))
        return value

    @staticmethod
    def stream(file):
        for chunk in file["chunks"]:
            yield chunk.encode()
        if "fails" in file:
            raise OSError(file["fails"])
        while "waits" in file:
            time.sleep(0.01)

    def simple(self, command):
        match command["do"]:
            case "open":
                return self.open(command)
            case "advance":
                advance(self.client, command["seconds"])
                return True
            case "event":
                return parse_event(command["body"])
            case "logs":
                return logs.lines
            case "stored":
                return self.store.tokens
        raise ValueError(command["do"])


class SyncDriver(Driver):
    """Runs named calls in the main thread, where a signal ends them as Ctrl-C does."""

    def run(self, command):
        match command["do"]:
            case "call":
                if self.is_own(command):
                    return {"body": self.client.call(command["operation"], command.get("arguments"))}
                response = self.method(command, detailed=True)(**self.keywords(command))
                return {"body": response.body, "meta": response.meta, "raw": response.raw.decode()}
            case "list":
                ids = []
                for record in self.method(command)(**self.keywords(command)):
                    ids.append(record.get("id"))
                    if len(ids) == command.get("limit"):
                        break
                return {"count": len(ids), "ids": ids}
            case "collect":
                ids = [record.get("id") for record in self.method(command)(**self.keywords(command)).collect()]
                return {"count": len(ids), "ids": ids}
            case "cancel":
                self.interrupt(command["name"])
                return True
            case "quota":
                return self.client.quota.status()
            case "report":
                return self.client.quota.report(**days(command))
            case "estimate":
                return self.client.quota.estimate(command["work"])
            case "change_plan":
                self.client.quota.change_plan(Plan(command["plan"]))
                return True
            case "events":
                return self.listener.taken(command.get("count", 0))
            case "close":
                self.client.close()
                return True
        return self.simple(command)

    def __init__(self):
        super().__init__()
        self.running = None

    def interrupt(self, name):
        self.given_up.add(name)
        if self.running == name:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def answer(self, command):
        try:
            return {"ok": self.run(command)}
        except BeProductError as error:
            return {"error": error_fields(error)}
        except KeyboardInterrupt:
            return {"error": {"kind": "cancelled", "interrupted": True, "text": ""}}
        except Exception as error:  # noqa: BLE001 - whatever it is, the runner has to hear of it
            return {"error": {"kind": "driver", "message": repr(error), "text": ""}}

    def main(self):
        named = queue.Queue()
        output = threading.Lock()

        def say(command, answer):
            with output:
                print(json.dumps({"id": command["id"], **answer}, default=str), flush=True)

        def read():
            for line in sys.stdin:
                command = json.loads(line)
                if command.get("name") and command["do"] != "cancel":
                    named.put(command)
                else:
                    threading.Thread(target=lambda c=command: say(c, self.answer(c)), daemon=True).start()
            named.put(None)

        threading.Thread(target=read, daemon=True).start()
        while (command := next_command(named)) is not None:
            name = command["name"]
            if name in self.given_up:
                answer = {"error": {"kind": "cancelled", "interrupted": True, "text": ""}}
            else:
                self.running = name
                answer = self.answer(command)
            self.running = None
            say(command, answer)


def next_command(named):
    """The next named call. A wait without a limit would not notice signals on every platform."""
    while True:
        try:
            return named.get(timeout=1)
        except queue.Empty:
            continue


class AsyncDriver(Driver):
    client_class = BeProductAsync

    @staticmethod
    async def stream(file):
        for chunk in file["chunks"]:
            yield chunk.encode()
        if "fails" in file:
            raise OSError(file["fails"])
        if "waits" in file:
            await asyncio.Event().wait()

    def __init__(self):
        super().__init__()
        self.tasks = {}

    async def run(self, command):
        match command["do"]:
            case "call":
                if self.is_own(command):
                    return {"body": await self.client.call(command["operation"], command.get("arguments"))}
                response = await self.method(command, detailed=True)(**self.keywords(command))
                return {"body": response.body, "meta": response.meta, "raw": response.raw.decode()}
            case "list":
                ids = []
                async for record in self.method(command)(**self.keywords(command)):
                    ids.append(record.get("id"))
                    if len(ids) == command.get("limit"):
                        break
                return {"count": len(ids), "ids": ids}
            case "collect":
                records = await self.method(command)(**self.keywords(command)).collect()
                return {"count": len(records), "ids": [record.get("id") for record in records]}
            case "cancel":
                task = self.tasks.get(command["name"])
                self.given_up.add(command["name"])
                if task:
                    task.cancel()
                return True
            case "quota":
                return await self.client.quota.status()
            case "report":
                return await self.client.quota.report(**days(command))
            case "estimate":
                return await self.client.quota.estimate(command["work"])
            case "change_plan":
                await self.client.quota.change_plan(Plan(command["plan"]))
                return True
            case "events":
                return await asyncio.to_thread(self.listener.taken, command.get("count", 0))
            case "close":
                await self.client.close()
                return True
        return self.simple(command)

    async def answer(self, command):
        name = command.get("name")
        try:
            if name and name in self.given_up and command["do"] != "cancel":
                raise asyncio.CancelledError
            return {"ok": await self.run(command)}
        except BeProductError as error:
            return {"error": error_fields(error)}
        except asyncio.CancelledError as cancelled:
            # What became of the call stands in the cause, unless it never began.
            if isinstance(cancelled.__cause__, BeProductError):
                return {"error": error_fields(cancelled.__cause__)}
            return {"error": {"kind": "cancelled", "interrupted": True, "text": ""}}
        except Exception as error:  # noqa: BLE001 - whatever it is, the runner has to hear of it
            return {"error": {"kind": "driver", "message": repr(error), "text": ""}}

    async def say(self, command):
        answer = await self.answer(command)
        print(json.dumps({"id": command["id"], **answer}, default=str), flush=True)

    async def main(self):
        loop = asyncio.get_running_loop()
        tasks = set()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command = json.loads(line)
            task = loop.create_task(self.say(command))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if command.get("name") and command["do"] != "cancel":
                self.tasks[command["name"]] = task


if __name__ == "__main__":
    # A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "--async" in sys.argv[1:]:
        asyncio.run(AsyncDriver().main())
    else:
        SyncDriver().main()
