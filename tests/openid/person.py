"""A person in front of a browser: cookies, redirects, and the forms of the provider's pages."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from typing import IO

from simulator import PATIENCE


class Person:
    """Someone with a browser of their own, who fills in every form as who they are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[str] = []
        """Headings of the pages so far."""
        self._browser = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar()), _NoRedirects
        )

    def visit(self, url: str, back_at: str, *, cancel: bool = False) -> str:
        """Opens the address and sends the forms, until a redirect leads to one that begins with `back_at`.

        :param cancel: Follows the link of the first page by which a person calls it off.
        :returns: The address that it leads to, which is not opened.
        """
        form = None
        while not url.startswith(back_at):
            location, text = self._open(url, form)
            form = None
            if location:
                url = urllib.parse.urljoin(url, location)
                continue
            page = _Page(text)
            self.seen.append(page.heading)
            if cancel:
                url = urllib.parse.urljoin(url, page.links["[ Cancel ]"])
            else:
                url, form = urllib.parse.urljoin(url, page.action), page.filled(login=self.name, password="any")
        return url

    def read(self, url: str) -> tuple[int, str]:
        """Status and text of a page."""
        try:
            with self._browser.open(url, timeout=PATIENCE) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def _open(self, url: str, form: dict[str, str] | None) -> tuple[str | None, str]:
        data = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with self._browser.open(url, data, timeout=PATIENCE) as answer:
                return None, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                location = error.headers["location"]
                assert location, f"status {error.code}: {error.read().decode()}"
                return location, ""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves them to the person, as the last one leads to where nobody listens."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class _Page(HTMLParser):
    """A page with one form."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.heading = ""
        self.action = ""
        self.links: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        self._within: tuple[str, dict[str, str]] = ("", {})
        self.feed(text)

    def filled(self, **given: str) -> dict[str, str]:
        """What the form sends. What is given goes into the fields that are there."""
        return {name: given.get(name, value) for name, value in self._fields.items()}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        members = {name: value or "" for name, value in attrs}
        self._within = tag, members
        if tag == "form":
            self.action = members["action"]
        elif tag in ("input", "button") and "name" in members:
            self._fields[members["name"]] = members.get("value", "")

    def handle_data(self, data: str) -> None:
        tag, members = self._within
        if tag == "h1":
            self.heading += data.strip()
        elif tag == "a" and data.strip():
            self.links[data.strip()] = members["href"]
