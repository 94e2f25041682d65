"""Plays the behaviour cases of tests/cases through the drivers of all languages.

    run_cases.py --simulator PATH --driver NAME=COMMAND [--driver ...] [--only TEXT]

Each case begins with a fresh simulator state and a fresh client. Answers and errors are compared with what the case
expects, and the requests that the simulator received have to be the same from every driver: method, target, body and
headers, the User-Agent and the request id aside.
"""

import argparse
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

import yaml

CASES = pathlib.Path(__file__).parent.parent / "cases"
SIZES = {"styles": 60, "materials": 10, "table_rows": 250}
# 2026-01-15T12:00:00Z: no case may meet midnight by chance.
NOON = 1768478400
# What differs from client to client by its nature.
OWN_HEADERS = {"user-agent", "x-request-id", "authorization", "host"}


class Simulator:
    def __init__(self, path):
        command = [path, "--styles", "60", "--materials", "10", "--table-rows", "250", "--until-stdin-closes"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def control(self, path, body=None):
        request = urllib.request.Request(f"{self.about['control']}/{path}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise Mismatch(f"the simulator answered {path} with {error.code}: {error.read().decode()}") from error

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)


class DriverProcess:
    """A driver, and the answers it has given by the number of the command."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.answers = {}
        self.arrived = threading.Condition()
        self.number = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            answer = json.loads(line)
            with self.arrived:
                self.answers[answer["id"]] = answer
                self.arrived.notify_all()
        with self.arrived:
            self.answers = None
            self.arrived.notify_all()

    def send(self, command):
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, **command}) + "\n")
        self.process.stdin.flush()
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
        self.process.stdin.close()
        self.process.wait(timeout=30)


class Mismatch(Exception):
    """What a case expected and did not get."""


def fill(value, names):
    """Replaces `$name` by what the simulator or an earlier step called so."""
    if isinstance(value, str):
        if value.startswith("$") and value[1:] in names:
            return names[value[1:]]
        for name in sorted(names, key=len, reverse=True):
            if isinstance(names[name], str):
                value = value.replace(f"${{{name}}}", names[name])
        return value
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items()}
    return value


def compare(expected, actual, place):
    """Members that are not expected may be there; `~text` is text that has to be contained."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            raise Mismatch(f"{place}: {actual!r} is no object")
        for name, value in expected.items():
            if name not in actual:
                raise Mismatch(f"{place}: {name} is missing in {actual!r}")
            compare(value, actual[name], f"{place}.{name}")
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


def judge(step, answer, place, texts):
    error = answer.get("error")
    if error:
        texts.append(json.dumps(error))
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
            value = value[int(part)] if isinstance(value, list) else value[part]
        names[name] = value


def play(case, simulator, driver):
    """Runs one case; returns the requests that it caused."""
    names = dict(simulator.control("reset", SIZES | case.get("simulator", {})))
    if case.get("faults"):
        simulator.control("faults", fill(case["faults"], names))
    texts = []
    background = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "company_domain": names["company"],
            "client_id": names["client_id"],
            "client_secret": names["client_secret"],
            "refresh_token": names["refresh_token"],
            "api_url": names["api"],
            "identity_url": names["identity"],
            "ledger": "memory",
            "state_dir": folder,
            "testing": {"clock": "recorded", "start": NOON, "fixed_chance": True},
        } | fill(case.get("settings", {}), names)
        settings = {name: value for name, value in settings.items() if value is not None}
        names["folder"] = folder
        opening = {"do": "open", "settings": settings}
        opening |= {name: fill(case[name], names) for name in ("token_store", "stored") if name in case}
        answer = driver.ask(opening)
        judge({"error": case["open_error"]} if "open_error" in case else {}, answer, "open", texts)
        for index, step in enumerate(case.get("steps", [])):
            run_step(fill(step, names), f"step {index + 1}", simulator, driver, names, background, texts)
        if "open_error" not in case:
            texts.extend(driver.ask({"do": "logs"})["ok"])
            driver.ask({"do": "close"})
    log = simulator.control("log")
    check_secrets(case, names, log, texts)
    if "requests" in case:
        compare(fill(case["requests"], names), [f"{one['method']} {one['target']}" for one in log], "requests")
    if "bodies" in case:
        compare(fill(case["bodies"], names), [one["body"] for one in log if one["base"] == "api"], "bodies")
    if "counts" in case:
        compare(case["counts"], simulator.control("counts"), "counts")
    return [seen(one, names) for one in log]


def run_step(step, place, simulator, driver, names, background, texts):
    for do in ("call", "list", "collect"):
        if do in step:
            command = {"do": do, "operation": step[do], "arguments": step.get("arguments", {})}
            command |= {"options": step.get("options", {})}
            command |= {name: step[name] for name in ("name", "limit") if name in step}
            number = driver.send(command)
            if "name" in step:
                background[step["name"]] = number
                return
            answer = driver.answer(number)
            judge(step, answer, place, texts)
            save(step, answer, names)
            return
    if "await" in step:
        judge(step, driver.answer(background[step["await"]]), place, texts)
    elif "wait" in step:
        simulator.control(f"wait?base=api&requests={step['wait']}")
    elif "faults" in step:
        simulator.control("faults", step["faults"])
    elif "release" in step:
        simulator.control("release", {})
    elif "expire" in step:
        simulator.control("tokens", {"expire": step["expire"]})
    elif "counts" in step:
        compare(step["counts"], simulator.control("counts"), place)
    else:
        command = {name: step[name] for name in ("do", "name", "seconds") if name in step}
        judge(step, driver.ask(command), place, texts)


def check_secrets(case, names, log, texts):
    secrets = [names["client_secret"], names["refresh_token"], *case.get("forbidden", [])]
    secrets += [one["headers"]["authorization"].removeprefix("Bearer ") for one in log if "authorization" in one["headers"]]
    everything = "\n".join(texts)
    for secret in secrets:
        if secret and secret in everything:
            raise Mismatch(f"a secret stands in a log line or an error: {secret[:12]}…")


def seen(request, names):
    headers = {name: value for name, value in request["headers"].items() if name not in OWN_HEADERS}
    headers["authorization"] = "authorization" in request["headers"]
    # The simulator makes rotated tokens at random.
    body = re.sub(r"(?<=refresh_token=)[0-9a-f]{32}", "...", request["body"])
    return {"method": request["method"], "target": request["target"], "body": body, "headers": headers}


def load(only):
    cases = []
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            case["name"] = f"{path.stem}: {case['name']}"
            if not only or only in case["name"]:
                cases.append(case)
    return cases


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulator", required=True)
    parser.add_argument("--driver", action="append", required=True, metavar="NAME=COMMAND")
    parser.add_argument("--only", help="only cases whose name contains this text")
    arguments = parser.parse_args()
    cases = load(arguments.only)
    if not cases:
        sys.exit("there is no such case")
    simulator = Simulator(arguments.simulator)
    passed = failed = 0
    requests = {}
    for given in arguments.driver:
        name, command = given.split("=", 1)
        driver = DriverProcess(command)
        ok = 0
        for case in cases:
            try:
                sent = play(case, simulator, driver)
                # The first driver sets what the others are compared with; concurrent requests have no order.
                first = requests.setdefault(case["name"], (name, sent))
                key = (lambda one: json.dumps(one, sort_keys=True)) if case.get("unordered") else None
                if key:
                    compare(sorted(first[1], key=key), sorted(sent, key=key), f"requests as from {first[0]}")
                else:
                    compare(first[1], sent, f"requests as from {first[0]}")
                ok += 1
            except Mismatch as mismatch:
                failed += 1
                print(f"{name}: {case['name']}: {mismatch}", flush=True)
                if driver.answers is None:
                    driver = DriverProcess(command)
        driver.stop()
        passed += ok
        print(f"{name}: {ok} of {len(cases)} cases", flush=True)
    simulator.stop()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
