"""From nothing to the first call, in a real browser."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from command import COMMAND, Home, Login
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from simulator import PATIENCE, Simulator

NODE_PACKAGE = Path(__file__).parents[2] / "bindings-node" / "dist" / "esm" / "index.js"

WAYS = {
    "code": ("public_client_id", []),
    # Browsers look the name up themselves.
    "code to localhost": ("public_client_id", ["--redirect-uri", "http://localhost/callback"]),
    "id_token token": ("legacy_client_id", ["--response-type", "id-token-token"]),
}
"""Ways to sign in: the client, and the arguments for it."""

ways = pytest.mark.parametrize("way", list(WAYS))


class Person:
    """Somebody in front of Chromium."""

    def __init__(self, chromium: Chrome, simulator: Simulator) -> None:
        self.chromium = chromium
        self._about = simulator.about

    def opens(self, url: str) -> None:
        self.chromium.get(url)

    def signs_in(self) -> None:
        self._types("username", self._about["username"])
        self._types("password", self._about["password"])
        self.presses("allow")

    def presses(self, button: str) -> None:
        self.chromium.find_element(By.ID, button).click()

    def sees(self, heading: str) -> str:
        """Waits for a page with this heading. Its text."""
        self.chromium.find_element(By.XPATH, f"//h1[.='{heading}']")
        return self.chromium.find_element(By.TAG_NAME, "body").text

    def _types(self, field: str, text: str) -> None:
        self.chromium.find_element(By.ID, field).send_keys(text)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert program and driver, "chromium or chromedriver is missing: make setup-browser installs them"
    options = ChromeOptions()
    options.binary_location = program
    for argument in (
        "--headless=new",
        # It does without where it runs as root.
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-proxy-server",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With a path there is nothing that Selenium would have to fetch.
    chromium = Chrome(options, ChromeService(driver))
    # Looked for until it is there. Within the browser, which is not the test's time.
    chromium.implicitly_wait(PATIENCE)
    chromium.set_page_load_timeout(PATIENCE)
    yield chromium
    chromium.quit()


@pytest.fixture
def person(chromium: Chrome, simulator: Simulator) -> Person:
    chromium.get("about:blank")
    chromium.get_log("browser")
    return Person(chromium, simulator)


@ways
def test_signing_in_and_the_first_call(
    person: Person, simulator: Simulator, home: Home, login: Login, way: str
) -> None:
    client, arguments = WAYS[way]
    command = login(client, "--free-port", *arguments)
    url = home.opened()
    person.opens(url)
    person.signs_in()
    assert "close this page" in person.sees("You are signed in")
    status, out, _ = command.end()
    lasting = "not renewed" if way == "id_token token" else "renewed by itself"
    assert (status, f'Signed in as profile "default", {lasting}' in out) == (0, True)

    # Neither a code nor a token stays behind in the history, and the page kept to its own policy.
    back_at = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    assert person.chromium.current_url == back_at
    assert [entry for entry in person.chromium.get_log("browser") if back_at in entry["message"]] == []

    shown = home.run(COMMAND, "whoami")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert ["user", simulator.about["username"]] in [line.split() for line in shown.stdout.splitlines()]
    make_first_call(simulator, home, sys.executable, "-c", PYTHON)


PYTHON = """
from beproduct_client import BeProduct
with BeProduct.from_environment() as client:
    print(*(folder["id"] for folder in client.style.folders()))
"""

NODE = f"""
import {{ BeProduct }} from {json.dumps(NODE_PACKAGE.as_uri())};
const client = BeProduct.fromEnvironment();
console.log(...(await client.style.folders()).map((folder) => folder.id));
"""


def make_first_call(simulator: Simulator, home: Home, *program: str) -> None:
    before = simulator.count()
    shown = home.run(*program)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert simulator.about["style_folder"] in shown.stdout.split()
    calls = simulator.log()[before:]
    assert [call["user"] for call in calls] == [simulator.about["username"]]


def test_the_first_call_from_node(person: Person, simulator: Simulator, home: Home, login: Login) -> None:
    assert NODE_PACKAGE.exists(), "the npm package is not built: make node"
    command = login("public_client_id", "--free-port")
    person.opens(home.opened())
    person.signs_in()
    assert command.end()[0] == 0
    make_first_call(simulator, home, "node", "--input-type=module", "-e", NODE)


@ways
def test_consent_that_is_denied(person: Person, home: Home, login: Login, way: str) -> None:
    client, arguments = WAYS[way]
    command = login(client, "--free-port", *arguments)
    person.opens(home.opened())
    person.presses("deny")
    assert "the sign-in was denied" in person.sees("You are not signed in")
    status, out, told = command.end()
    assert (status, out) == (1, "")
    assert "beproduct: the sign-in was denied" in told
    assert not home.credentials.exists()
    shown = home.run(COMMAND, "whoami")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "beproduct login" in shown.stderr


@ways
def test_the_address_of_another_sign_in(person: Person, home: Home, login: Login, way: str) -> None:
    client, arguments = WAYS[way]
    command = login(client, "--free-port", *arguments)
    url = home.opened()
    back_at = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    mark = "#" if way == "id_token token" else "?"
    person.opens(f"{back_at}{mark}code=guessed&access_token=guessed&id_token=guessed&state=guessed")
    assert "belongs to another sign-in" in person.sees("You are not signed in")
    person.opens(url)
    person.signs_in()
    person.sees("You are signed in")
    assert command.end()[0] == 0


def test_signing_out_in_the_browser(person: Person, simulator: Simulator, home: Home, login: Login) -> None:
    command = login("public_client_id", "--free-port")
    person.opens(home.opened())
    person.signs_in()
    assert command.end()[0] == 0
    out = home.run(COMMAND, "logout", "--end-session")
    assert (out.returncode, out.stderr) == (0, "")
    assert "the refresh token is revoked" in out.stdout
    person.opens(home.opened())
    person.sees("You are signed out")
    assert simulator.count("sign_outs") == 1
    shown = home.run(COMMAND, "whoami")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "Sign in first (beproduct login)" in shown.stderr
    # What the profile knows is enough for the next one.
    command = home.start("login", "--free-port")
    person.opens(home.opened())
    person.signs_in()
    assert command.end()[0] == 0
