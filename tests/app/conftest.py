"""A running application for one test, and a browser that refuses unlawful pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from app import create_app
from app.config import Settings
from app.key_folder import KeyFolder
from app.models import Person
from app.services import sign_ins
from tests.app.ticking import postbox, run

# Fixtures of their own module, for the tests of the tick and of the reminders.
__all__ = ["postbox", "run"]


@pytest.fixture
def settings(database_url, tmp_path) -> Settings:
    """Settings of one test's application."""
    return Settings(
        secret_key="a secret key for nothing but tests",
        database_url=database_url,
        organisation="Tidewater",
        collector_token="an installation token for tests",
        key_folder=str(tmp_path / "application keys"),
    )


@pytest.fixture
def keys(settings) -> KeyFolder:
    """The folder of the keys that sign ballots."""
    return KeyFolder(Path(settings.key_folder))


@pytest.fixture
def app(settings) -> Iterator[Flask]:
    """The application on the test's own database."""
    app = create_app(settings)
    app.testing = True
    yield app
    app.extensions["sessions"].kw["bind"].dispose()


@pytest.fixture
def session(app) -> Iterator[Session]:
    """
    A database session of the test's own.

    The visitor commits it before each request, so factories need not, and what
    is read afterwards is what the request left behind.
    """
    with app.extensions["sessions"]() as session:
        yield session


@pytest.fixture
def new_visitor(app, session) -> Callable[[], Visitor]:
    """Make as many browsers as a test needs."""
    return lambda: Visitor(app, session)


@pytest.fixture
def visitor(new_visitor) -> Visitor:
    """One browser."""
    return new_visitor()


class Visitor:
    """A browser that refuses pages which break the house rules."""

    def __init__(self, app: Flask, session: Session) -> None:
        self.client = app.test_client()
        self._session = session

    def sign_in(self, person: Person) -> Visitor:
        """Carry a living sign-in of this person from now on."""
        self._session.flush()
        token = sign_ins.start(self._session, person, now=datetime.now(UTC), browser="Test")
        self.client.set_cookie("headwater", token, domain="localhost")
        return self

    def get(self, path: str, status: int = 200) -> BeautifulSoup:
        """Fetch a page."""
        return self._page(self.fetch(path, status))

    def post(self, path: str, data: dict | None = None, status: int = 303) -> BeautifulSoup:
        """Send a form; file fields are (stream, name) pairs."""
        return self._page(self.send(path, data, status))

    def follow(self, path: str, data: dict | None = None) -> BeautifulSoup:
        """Send a form and go where it leads."""
        return self.get(self.send(path, data).location)

    def fetch(self, path: str, status: int = 200) -> TestResponse:
        """Fetch anything, a file for instance."""
        self._session.commit()
        return self._checked(self.client.get(path), status)

    def send(self, path: str, data: dict | None = None, status: int = 303) -> TestResponse:
        """Send a form and return the bare response."""
        self._session.commit()
        data = data or {}
        if not any(isinstance(value, tuple) for value in data.values()):
            return self._checked(self.client.post(path, data=data), status)
        # Left to itself the client would open a temporary file and never close it.
        boundary, body = encode_multipart({k: _field(v) for k, v in data.items()})
        content_type = f"multipart/form-data; boundary={boundary}"
        response = self.client.post(path, data=body, content_type=content_type)
        return self._checked(response, status)

    def _checked(self, response: TestResponse, status: int) -> TestResponse:
        assert response.status_code == status, response.text[:3000]
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        return response

    def _page(self, response: TestResponse) -> BeautifulSoup:
        page = BeautifulSoup(response.text, "html5lib")
        if response.status_code < 300 or response.status_code >= 400:
            check_page(page)
        return page


def check_html(response: TestResponse) -> None:
    """Check a response that is a page; files and redirects have no page to check."""
    if response.mimetype == "text/html" and not 300 <= response.status_code < 400:
        check_page(BeautifulSoup(response.text, "html5lib"))


def check_page(page: BeautifulSoup) -> None:
    """One heading named in the title, unique ids, labelled controls, nothing inline."""
    (h1,) = page.select("h1")
    assert _plain(page.title.text).startswith(_plain(h1.text)), page.title
    elements = page.find_all(True)
    ids = Counter(e["id"] for e in elements if "id" in e.attrs)
    assert set(ids.values()) <= {1}, f"repeated ids: {[i for i, n in ids.items() if n > 1]}"
    labelled = {e["for"] for e in elements if e.name == "label" and "for" in e.attrs}
    for element in elements:
        assert not is_control(element) or element.get("id") in labelled, f"no label: {element}"
        for pointer in ("aria-describedby", "aria-labelledby", "aria-controls"):
            for name in element.get(pointer, "").split():
                assert name in ids, f"{pointer} points nowhere: {element}"
        assert not is_inline(element), f"inline: {element}"
    assert page.html.get("lang"), "no language"
    assert page.main is not None
    # Apart, so that a word at the end of an element stays a word.
    text = page.main.get_text(" ")
    assert not re.search(r"\{\{|\}\}|\bNone\b", text), text


def is_control(element: Tag) -> bool:
    """Tell whether people fill this in, so that it needs a label."""
    hidden = element.name == "input" and element.get("type", "").lower() == "hidden"
    return element.name in {"input", "select", "textarea"} and not hidden


def is_inline(element: Tag) -> bool:
    """Tell whether this is style or script that the policy would refuse."""
    if element.name == "style" or (element.name == "script" and "src" not in element.attrs):
        return True
    return any(name == "style" or name.startswith("on") for name in element.attrs)


def _field(value: object) -> object:
    return FileStorage(*value) if isinstance(value, tuple) else value


def _plain(text: str) -> str:
    return " ".join(text.split())
