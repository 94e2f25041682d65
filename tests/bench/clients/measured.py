"""What all measured clients share: where the server is, what a run costs, and how it is told.

A client is a process of its own. It reads the addresses of the server from BEPRODUCT_BENCH and prints its figures as one
JSON object.
"""

import contextlib
import json
import os
import resource
import ssl
import time
import urllib.request
from pathlib import Path

SERVER = json.loads(os.environ["BEPRODUCT_BENCH"])
COMPANY = "acme"
API = f"{SERVER['api']}/api/{COMPANY}"
AUTHORIZATION = {"Authorization": "Bearer bench"}


def settings(**more):
    """Those of our client."""
    return {
        "company_domain": COMPANY,
        "access_token": "bench",
        "api_url": SERVER["api"],
        "identity_url": SERVER["identity"],
        "ca_certificates": Path(SERVER["ca"]).read_text(),
        "ledger": "memory",
        **more,
    }


def style(number):
    """The id of a style."""
    return f"00000000-0000-4000-8000-{number:012x}"


def report(**figures):
    print(json.dumps(figures), flush=True)


def cpu():
    """Seconds that all threads of this process have computed, in user mode and in the kernel."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


@contextlib.contextmanager
def measured():
    """Reports what happens inside. What was imported before costs nothing here."""
    start, before = time.perf_counter(), cpu()
    yield
    report(seconds=time.perf_counter() - start, cpu=cpu() - before)


def memory(name):
    """Bytes of this process: VmRSS at present, VmHWM at most so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def arrivals():
    """How many requests of the API have arrived at the server."""
    context = ssl.create_default_context(cafile=SERVER["ca"])
    with urllib.request.urlopen(SERVER["arrivals"], context=context, timeout=30) as answer:
        return sum(count for kind, count in json.load(answer).items() if kind != "token")
