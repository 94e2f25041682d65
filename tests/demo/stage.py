"""What the parts of the demo share: the simulator, the person at the browser, and what is printed."""

import json
import pathlib
import ssl
import subprocess
import urllib.request
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from beproduct_client import AuthorizationSession

console = Console()


@contextmanager
def simulator(path, folder, *options):
    command = [path, "--tls", *options, "--rotation", "strict", "--state-dir", folder, "--until-stdin-closes"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def control(about, path, body=None):
    """A request to the simulator itself: it plays the person at the browser, and says what it has counted."""
    request = urllib.request.Request(f"{about['control']}/{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    trust = ssl.create_default_context(cafile=about["ca"])
    with urllib.request.urlopen(request, context=trust) as answer:
        return json.load(answer)


def sign_in(about, settings):
    session = AuthorizationSession(
        client_id=about["client_id"],
        client_secret=about["client_secret"],
        redirect_uri=about["redirect_uri"],
        **settings,
    )
    console.print(f"[bold]Sign-in[/] at {session.url.split('?')[0]} by authorization code with PKCE")
    redirected = control(about, "authorize", {"url": session.url})["redirect"]
    return session.finish(redirected)


def settings_of(about, folder):
    """Those of a client that has signed in, and keeps all that it keeps in this folder."""
    connection = {"identity_url": about["identity"], "ca_certificates": pathlib.Path(about["ca"]).read_text()}
    tokens = sign_in(about, connection)
    return {
        **connection,
        "company_domain": about["company"],
        "client_id": about["client_id"],
        "client_secret": about["client_secret"],
        "refresh_token": tokens["refresh_token"],
        "public_api_url": about["api"],
        "state_dir": str(folder / "state"),
        "token_store": {"file": str(folder / "tokens.json")},
    }


def bar(title, total):
    columns = TextColumn(f"[bold]{title}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    progress = Progress(*columns, console=console)
    return progress, progress.add_task(title, total=total)
