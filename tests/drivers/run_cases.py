"""Plays the behaviour cases of tests/cases through the drivers of all languages.

    run_cases.py --simulator PATH --driver NAME=COMMAND [--driver ...] [--only TEXT]

Each case begins with a fresh simulator state and a fresh client. Answers and errors are compared with what the case
expects, and the requests that the simulator received have to be the same from every driver: method, target, body and
headers, the User-Agent and the request id aside. Before anything runs, the cases have to use every operation and every
parameter of the catalogue.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import re
import shlex
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import yaml
from disk import Disk
from failures import CannotRun, Mismatch

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10, where pytest brings it along
    import tomli as tomllib

CASES = pathlib.Path(__file__).parent.parent / "cases"
CATALOGUE = pathlib.Path(__file__).parents[2] / "core" / "catalog"
SIZES = {"styles": 60, "materials": 10, "table_rows": 250}
# 2026-01-15T12:00:00Z: no case may meet midnight by chance.
NOON = 1768478400
# What differs from client to client by its nature.
OWN_HEADERS = {"user-agent", "x-request-id", "authorization", "x-authorization", "host"}
# Drivers that play at a time, each with simulators of its own.
AT_ONCE = os.cpu_count() or 1


class Simulator:
    def __init__(self, path, *options):
        command = [path, "--styles", "60", "--materials", "10", "--table-rows", "250", "--until-stdin-closes", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.trust = ssl.create_default_context(cafile=self.about["ca"]) if self.about["ca"] else None

    def control(self, path, body=None):
        request = urllib.request.Request(f"{self.about['control']}/{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30, context=self.trust) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise Mismatch(f"the simulator answered {path} with {error.code}: {error.read().decode()}") from error

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Simulators:
    """One simulator without TLS and one with it, started when the first case needs it."""

    def __init__(self, path):
        self.path = path
        self.running = {}

    def of(self, case):
        options = ("--tls",) if "tls" in case else ()
        if options not in self.running:
            self.running[options] = Simulator(self.path, *options)
        return self.running[options]

    def stop(self):
        for simulator in self.running.values():
            simulator.stop()


class DriverProcess:
    """A driver, and the answers it has given by the number of the command."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.answers = {}
        self.arrived = threading.Condition()
        self.number = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.process.stdout:
                answer = json.loads(line)
                with self.arrived:
                    self.answers[answer["id"]] = answer
                    self.arrived.notify_all()
        finally:
            # Also after a line that is no answer: nothing that comes behind it can be trusted.
            with self.arrived:
                self.answers = None
                self.arrived.notify_all()

    def send(self, command):
        self.number += 1
        try:
            self.process.stdin.write(json.dumps({"id": self.number, **command}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Mismatch("the driver has ended") from None
        return self.number

    def answer(self, number):
        with self.arrived:
            came = self.arrived.wait_for(lambda: self.answers is None or number in self.answers, timeout=60)
            if not came:
                raise Mismatch("the driver did not answer within 60 s")
            if self.answers is None:
                raise Mismatch("the driver has ended")
            return self.answers.pop(number)

    def ask(self, command):
        return self.answer(self.send(command))

    def stop(self):
        """Ends the driver as it is meant to end."""
        self.process.stdin.close()
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Mismatch("the driver did not end with its input") from None
        if code:
            raise Mismatch(f"the driver ended with {code}")

    def kill(self):
        self.process.kill()
        self.process.wait()


def fill(value, names):
    """Replaces `$name` by what the simulator or an earlier step called so, and writes `repeat` out."""
    if isinstance(value, str):
        if value.startswith("$") and value[1:] in names:
            return names[value[1:]]
        for name in sorted(names, key=len, reverse=True):
            if isinstance(names[name], str):
                value = value.replace(f"${{{name}}}", names[name])
        return value
    if isinstance(value, list):
        return [one for item in value for one in repeated(item, names)]
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items()}
    return value


def repeated(item, names):
    if isinstance(item, dict) and item.keys() == {"repeat", "of"}:
        return [fill(item["of"], names | {"number": str(number)}) for number in range(1, item["repeat"] + 1)]
    return [fill(item, names)]


def compare(expected, actual, place):
    """Members that are not expected may be there; `~text` is text that has to be contained.

    A member that is null may be missing: types of most languages know one kind of nothing.
    """
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            raise Mismatch(f"{place}: {actual!r} is no object")
        for name, value in expected.items():
            if name not in actual and value is not None:
                raise Mismatch(f"{place}: {name} is missing in {actual!r}")
            compare(value, actual.get(name), f"{place}.{name}")
    elif isinstance(expected, list):
        if not isinstance(actual, list) or len(expected) != len(actual):
            raise Mismatch(f"{place}: expected {expected!r}, got {actual!r}")
        for index, (one, other) in enumerate(zip(expected, actual)):
            compare(one, other, f"{place}[{index}]")
    elif isinstance(expected, str) and expected.startswith("~"):
        if not isinstance(actual, str) or expected[1:] not in actual:
            raise Mismatch(f"{place}: {expected[1:]!r} is not in {actual!r}")
    elif isinstance(expected, float) and isinstance(actual, (int, float)):
        if abs(expected - actual) > 1e-6:
            raise Mismatch(f"{place}: expected {expected!r}, got {actual!r}")
    elif expected != actual:
        raise Mismatch(f"{place}: expected {expected!r}, got {actual!r}")


def judge(step, answer, place, errors):
    error = answer.get("error")
    if error:
        errors.append(json.dumps(error))
    if "error" in step:
        if error is None:
            raise Mismatch(f"{place}: expected an error, got {json.dumps(answer['ok'])[:500]}")
        expected = step["error"]
        if error.get("interrupted"):
            # The language's own exception for a call that was given up, which has no fields.
            expected = {"kind": expected["kind"]}
        compare(expected, error, place)
    elif error is not None:
        raise Mismatch(f"{place}: {json.dumps(error)[:1500]}")
    elif "result" in step:
        compare(step["result"], answer["ok"], place)


def save(step, answer, names):
    for name, path in step.get("save", {}).items():
        value = answer["ok"]
        for part in path.split("."):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, TypeError):
                raise Mismatch(f"there is no {path} in {json.dumps(answer['ok'])[:500]}") from None
        names[name] = value


class Play:
    """What a case that is being played has to do with."""

    def __init__(self, case, simulator, driver, names, disk):
        self.case, self.simulator, self.driver, self.names, self.disk = case, simulator, driver, names, disk
        # Errors and log lines that the driver has shown.
        self.errors, self.lines = [], []
        # Numbers of the commands that are still open, by name.
        self.background = {}

    def opening(self, changes):
        """The command that opens the client of the case, with these changes to its settings."""
        names = self.names
        settings = {
            "company_domain": names["company"],
            "client_id": names["client_id"],
            "client_secret": names["client_secret"],
            "refresh_token": names["refresh_token"],
            "api_url": names["api"],
            "automation_url": names["automation"],
            "identity_url": names["identity"],
            "ledger": "memory",
            "state_dir": names["folder"],
            "testing": {"clock": "recorded", "start": NOON, "fixed_chance": True},
        }
        if self.case.get("tls") == "trusted":
            settings["ca_certificates"] = pathlib.Path(names["ca"]).read_text()
        settings |= fill(self.case.get("settings", {}), names) | changes
        settings = {name: value for name, value in settings.items() if value is not None}
        given = {name: fill(self.case[name], names) for name in ("token_store", "stored") if name in self.case}
        return {"do": "open", "settings": settings, **given}

    def judge(self, step, answer, place):
        judge(step, answer, place, self.errors)

    def collect_logs(self, expected=None):
        """Lines may come a moment after the answer that they are about: the driver is asked until all have."""
        patience = time.monotonic() + 10
        while True:
            answer = self.driver.ask({"do": "logs"})
            self.judge({}, answer, "logs")
            lines = self.lines + answer["ok"]
            have_come = all(sum(text in line for line in lines) >= times for text, times in (expected or {}).items())
            if have_come or time.monotonic() > patience:
                break
        self.lines = lines


def play(case, simulator, driver):
    """Runs one case; returns the requests that it caused."""
    names = dict(simulator.control("reset", SIZES | case.get("simulator", {})))
    if case.get("faults"):
        simulator.control("faults", fill(case["faults"], names))
    with contextlib.ExitStack() as stack:
        names["folder"] = stack.enter_context(tempfile.TemporaryDirectory())
        for name, content in case.get("files", {}).items():
            write(pathlib.Path(names["folder"], name), content)
        disk = None
        if "disk" in case:
            disk = Disk(pathlib.Path(names["folder"]), case["disk"])
            stack.callback(disk.unmount)
            names |= {"disk": str(disk.writable), "disk_read_only": str(disk.read_only)}
        playing = Play(case, simulator, driver, names, disk)
        answer = driver.ask(playing.opening({}))
        playing.judge({"error": case["open_error"]} if "open_error" in case else {}, answer, "open")
        for index, step in enumerate(case.get("steps", [])):
            run_step(fill(step, names), f"step {index + 1}", playing)
        if "open_error" not in case:
            playing.collect_logs(case.get("logged"))
            driver.ask({"do": "close"})
    log = simulator.control("log")
    write_down(driver, playing.errors + playing.lines)
    check_secrets(case, names, log, playing.errors + playing.lines)
    for text, times in case.get("logged", {}).items():
        found = sum(text in line for line in playing.lines)
        if found != times:
            raise Mismatch(f"{text!r} was logged {found} times, not {times}")
    if "requests" in case:
        sent = [f"{one['method']} {one['target']}" for one in log]
        order = sorted if case.get("unordered") else list
        compare(order(fill(case["requests"], names)), order(sent), "requests")
    if "bodies" in case:
        compare(fill(case["bodies"], names), [one["body"] for one in log if one["base"] == "api"], "bodies")
    if "counts" in case:
        compare(case["counts"], simulator.control("counts"), "counts")
    return [seen(one, names) for one in log]


def write(path, content):
    """A text, or a number of bytes, which take no room on the disk."""
    if isinstance(content, int):
        # A file that is there only becomes longer or shorter.
        with path.open("ab") as file:
            file.truncate(content)
    else:
        path.write_text(content)


def run_step(step, place, playing):
    simulator, driver, names = playing.simulator, playing.driver, playing.names
    for do in ("call", "list", "collect"):
        if do in step:
            command = {"do": do, "operation": step[do], "arguments": step.get("arguments", {})}
            command |= {"options": step.get("options", {})}
            command |= {name: step[name] for name in ("name", "limit") if name in step}
            number = driver.send(command)
            if "name" in step:
                playing.background[step["name"]] = number
                return
            answer = driver.answer(number)
            playing.judge(step, answer, place)
            save(step, answer, names)
            return
    if "await" in step:
        playing.judge(step, driver.answer(playing.background[step["await"]]), place)
    elif "open" in step:
        playing.collect_logs()
        playing.judge(step, driver.ask(playing.opening(step["open"])), place)
    elif "disk" in step:
        playing.disk.set(step["disk"])
    elif "write" in step:
        write(pathlib.Path(names["folder"], step["write"]), step["content"])
    elif "wait" in step:
        simulator.control(f"wait?base={step.get('base', 'api')}&requests={step['wait']}")
    elif "holds" in step:
        check_folder(pathlib.Path(step.get("in", names["folder"])), step["holds"], place)
    elif "faults" in step:
        simulator.control("faults", step["faults"])
    elif "release" in step:
        simulator.control("release", {})
    elif step.get("expire") == "links":
        simulator.control("links", {})
    elif "expire" in step:
        simulator.control("tokens", {"expire": step["expire"]})
    elif "clock" in step:
        simulator.control("clock", {"advance": step["clock"]})
    elif "file" in step:
        save(step, {"ok": simulator.control("files", step["file"])}, names)
    elif "counts" in step:
        compare(step["counts"], simulator.control("counts"), place)
    else:
        members = ("do", "name", "seconds", "days", "work", "plan", "body")
        command = {name: step[name] for name in members if name in step}
        if isinstance(command.get("body"), int):
            command["body"] = " " * command["body"]
        if step["do"] == "events":
            command["count"] = len(step["result"])
        playing.judge(step, driver.ask(command), place)


def check_folder(folder, expected, place):
    """Compares the files of a folder, of which none may be left over."""
    # What a cancelled call leaves is removed a moment after its error.
    patience = time.monotonic() + 10
    while True:
        found = {path.name: path.read_text(errors="replace") for path in folder.iterdir() if path.is_file()}
        if found == expected or time.monotonic() > patience:
            break
        time.sleep(0.01)
    if found != expected:
        raise Mismatch(f"{place}: {folder} holds {found!r:.500}, not {expected!r}")


def write_down(driver, texts):
    """Keeps what a driver has shown, for the search for secrets over all suites (tests/secrets)."""
    folder = os.environ.get("BEPRODUCT_TRANSCRIPTS")
    if folder:
        with pathlib.Path(folder, f"cases-{driver.name}.txt").open("a") as transcript:
            transcript.write("".join(f"{text}\n" for text in texts))


def check_secrets(case, names, log, texts):
    secrets = [names["client_secret"], names["refresh_token"], *case.get("forbidden", [])]
    secrets += [
        one["headers"][name].removeprefix("Bearer ")
        for one in log
        for name in ("authorization", "x-authorization")
        if name in one["headers"]
    ]
    everything = "\n".join(texts)
    for secret in secrets:
        if secret and secret in everything:
            raise Mismatch(f"a secret stands in a log line or an error: {secret[:12]}…")


def seen(request, names):
    headers = {name: value for name, value in request["headers"].items() if name not in OWN_HEADERS}
    for name in ("authorization", "x-authorization"):
        headers[name] = name in request["headers"]
    # The simulator makes rotated tokens at random.
    body = re.sub(r"(?<=refresh_token=)[0-9a-f]{32}", "...", request["body"])
    # The simulator signs a link for the time at which it is read.
    target = re.sub(r"(?<=[?&])(se|sig)=[^&]*", r"\1=...", request["target"])
    return {"method": request["method"], "target": target, "body": body, "headers": headers}


def load(only):
    cases = []
    for path in sorted(CASES.glob("*.yaml")):
        written = yaml.safe_load(path.read_text())
        for case in itertools.chain.from_iterable(map(for_each, written)):
            case["name"] = f"{path.stem}: {case['name']}"
            if not only or only in case["name"]:
                cases.append(case)
    return cases


def for_each(case):
    """The case for each of its resources, whose names replace `{resource}` and `{Resource}` in all texts."""
    if "for" not in case:
        return [case]
    rest = {name: value for name, value in case.items() if name != "for"}
    rest["name"] += " ({resource})"
    return [replaced(rest, placeholders({"resource": resource})) for resource in case["for"]]


def placeholders(names):
    """What the placeholders of the catalogue and the cases stand for: `{kind}` and `{Kind}`."""
    pascal = {name.title().replace("_", ""): text.title().replace("_", "") for name, text in names.items()}
    return {f"{{{name}}}": text for name, text in (names | pascal).items()}


def replaced(value, texts):
    if isinstance(value, str):
        for placeholder, text in texts.items():
            value = value.replace(placeholder, text)
        return value
    if isinstance(value, list):
        return [replaced(item, texts) for item in value]
    if isinstance(value, dict):
        return {replaced(key, texts): replaced(item, texts) for key, item in value.items()}
    return value


def catalogue():
    """Parameters of every operation and method of the client, by its official id; and the ids by all names."""
    parameters, ids = {}, {}
    for path in sorted(CATALOGUE.glob("client/methods/*.toml")):
        group = tomllib.loads(path.read_text())
        for method in group["method"]:
            name = f"{group['name']}.{method['name']}"
            ids[name] = name
            parameters[name] = {parameter["name"] for parameter in method.get("parameter", [])}
    for path in sorted(CATALOGUE.glob("service/*.toml")):
        for entry in tomllib.loads(path.read_text())["operation"]:
            for resource, variant in itertools.product(entry["resources"], entry.get("variants", [{}])):
                operation = replaced(entry, placeholders({"resource": resource} | variant))
                official = f"{resource}.{operation['id']}"
                ids[official] = ids[f"{resource}.{operation.get('name', operation['id'])}"] = official
                parameters[official] = {
                    parameter["name"]
                    for parameter in operation.get("parameter", [])
                    if resource in parameter.get("only", [resource])
                }
    return parameters, ids


def unused(cases):
    """Operations and parameters that no step sends. A step that has to fail may have sent nothing."""
    missing, ids = catalogue()
    missing = {operation: {"", *parameters} for operation, parameters in missing.items()}
    for step in (step for case in cases for step in case.get("steps", []) if not {"error", "name"} & step.keys()):
        for operation in (ids[step[do]] for do in ("call", "list", "collect") if do in step):
            missing[operation] -= {"", *step.get("arguments", {})}
    # The empty name stands for the operation itself.
    return [f"{operation} {name}".strip() for operation in missing for name in sorted(missing[operation])]


def run(name, command, cases, simulators, requests):
    """Plays the cases through one driver; returns how many passed, failed and could not be run."""
    driver = DriverProcess(name, command)
    passed = failed = not_run = 0
    cases = [case for case in cases if name in case.get("drivers", [name])]
    for case in cases:
        try:
            sent = play(case, simulators.of(case), driver)
            # The first driver sets what the others are compared with; concurrent requests have no order.
            first = requests.setdefault(case["name"], (name, sent))
            if case.get("unordered"):
                expected, sent = (
                    sorted(one, key=lambda one: json.dumps(one, sort_keys=True)) for one in (first[1], sent)
                )
            else:
                expected = first[1]
            if not case.get("broken_off"):
                compare(expected, sent, f"requests as from {first[0]}")
            passed += 1
        except CannotRun as reason:
            print(f"{name}: {case['name']}: not run: {reason}", flush=True)
            # Where all tests have to run, what cannot run has failed.
            if os.environ.get("CI") == "true":
                failed += 1
            else:
                not_run += 1
        except Mismatch as mismatch:
            failed += 1
            print(f"{name}: {case['name']}: {mismatch}", flush=True)
            # Calls of this case may still be open.
            driver.kill()
            driver = DriverProcess(name, command)
    try:
        driver.stop()
    except Mismatch as mismatch:
        failed += 1
        print(f"{name}: {mismatch}", flush=True)
    rest = f", {not_run} not run" if not_run else ""
    print(f"{name}: {passed} of {len(cases)} cases{rest}", flush=True)
    if passed + failed + not_run < len(cases):
        raise AssertionError(f"{name}: a case has no result")
    return passed, failed, not_run


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--driver", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--only", help="only cases whose name contains this text")
    arguments = parser.parse_args()
    cases = load(arguments.only)
    if not cases:
        sys.exit("there is no such case")
    if not arguments.only and (missing := unused(cases)):
        sys.exit(f"no case uses {', '.join(missing)}")
    requests = {}

    def run_one(given):
        simulators = Simulators(arguments.simulator)
        try:
            return run(*given.split("=", 1), cases, simulators, requests)
        finally:
            simulators.stop()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        totals = list(pool.map(run_one, arguments.driver))
    passed, failed, not_run = map(sum, zip(*totals))
    print(f"{passed} passed, {failed} failed" + (f", {not_run} not run" if not_run else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
