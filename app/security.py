"""Who may enter, what every response carries, and which writes are let in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user
from jinja2 import StrictUndefined

from app.database import get_session
from app.models import SignIn
from app.services import sign_ins
from app.services.accounts import Door

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    # Not "no-referrer": under it browsers write "Origin: null" even on our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
EVERYBODY = "everybody"
SIGNED_IN = "signed in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """
    Whoever is signed in, as views and templates see them (`current_user`).

    `managed_team_ids` are the teams named in manager's grants, without their subtrees.
    """

    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    id: int
    name: str
    email: str | None
    roles: frozenset[str]
    managed_team_ids: frozenset[int]
    sign_in_id: int

    def get_id(self) -> str:
        """Give the name Flask-Login knows the viewer by."""
        return str(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """Somebody who is not signed in."""

    is_authenticated: ClassVar[bool] = False
    is_active: ClassVar[bool] = False
    is_anonymous: ClassVar[bool] = True

    id: None = None
    name: str = ""
    email: str | None = None
    roles: frozenset[str] = frozenset()
    managed_team_ids: frozenset[int] = frozenset()
    sign_in_id: None = None

    def __bool__(self) -> bool:
        return False

    def get_id(self) -> None:
        """Have no name."""


def public(view: View) -> View:
    """Declare that anybody may open this view without signing in."""
    view.admits = frozenset({EVERYBODY})  # type: ignore[attr-defined]  # a mark on the function
    return view


def allow(*roles: str) -> Callable[[View], View]:
    """Declare which roles may open this view; objects are checked by services and queries."""

    def mark(view: View) -> View:
        view.admits = frozenset(roles)  # type: ignore[attr-defined]  # a mark on the function
        return view

    return mark


def signed_in(view: View) -> View:
    """Declare that everybody who is signed in may open this view, whatever their roles."""
    view.admits = frozenset({SIGNED_IN})  # type: ignore[attr-defined]  # a mark on the function
    return view


def admitted_roles(endpoint: str) -> frozenset[str] | None:
    """Read a route's declared rule; None when it has none."""
    if endpoint == "static":
        return frozenset({EVERYBODY})
    view: Any = current_app.view_functions[endpoint]
    rule: frozenset[str] | None = getattr(view, "admits", None)
    return rule


def init_app(app: Flask) -> None:
    """Install the checks."""
    app.jinja_env.undefined = StrictUndefined
    manager = LoginManager(app)
    manager.anonymous_user = Stranger
    manager.session_protection = None
    manager.request_loader(_viewer_of)
    app.before_request(refuse_cross_site_writes)
    app.before_request(admit)
    app.after_request(add_headers)


def admit() -> ResponseReturnValue | None:
    """Let in whom the route's rule names; a route without a rule admits nobody."""
    if request.endpoint is None:
        return None
    if may_open(request.endpoint):
        return None
    if current_user.is_authenticated or not admitted_roles(request.endpoint):
        abort(403)
    if request.method in {"GET", "HEAD"}:
        return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")), 303)
    abort(401)


def may_open(endpoint: str) -> bool:
    """Tell whether the route's rule admits whoever is asking."""
    rule = admitted_roles(endpoint) or frozenset()
    if EVERYBODY in rule:
        return True
    if not current_user.is_authenticated:
        return False
    return SIGNED_IN in rule or bool(rule & current_user.roles)


def refuse_cross_site_writes() -> None:
    """
    Turn away writes that a browser sent from another site.

    Browsers say where a write comes from, so no token and no cookie is needed;
    clients that say nothing are not browsers and carry no one's cookie.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    own = {None, _own_origin(), current_app.config["SETTINGS"].public_url.rstrip("/")}
    same = site in {"same-origin", "none"} if site else origin in own
    if not same:
        abort(403)


def add_headers(response: Response) -> Response:
    """Add the security headers; pages are never cached, static files are."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    elif "v" in request.args and response.status_code == 200:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    if current_app.config["SETTINGS"].is_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _own_origin() -> str:
    scheme, host, *_ = urlsplit(request.host_url)
    return f"{scheme}://{host}"


def sign_in_cookie(response: Response, token: str) -> Response:
    """Hand the browser its sign-in token, out of reach of scripts and of other sites."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(sign_ins.ABSOLUTE.total_seconds()),
        secure=_is_https(),
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return response


def drop_sign_in_cookie(response: Response) -> Response:
    """Tell the browser to forget its sign-in token."""
    response.delete_cookie(
        cookie_name(), secure=_is_https(), httponly=True, samesite="Lax", path="/"
    )
    return response


def cookie_name() -> str:
    """Name the cookie; over TLS the prefix ties it to this very host."""
    return "__Host-headwater" if _is_https() else "headwater"


def door() -> Door:
    """Say how this installation is reached, for services that write links into mail."""
    settings = current_app.config["SETTINGS"]
    return Door(
        secret=settings.secret_key,
        public_url=settings.public_url,
        organisation=settings.organisation,
    )


def safe_next(target: str | None) -> str:
    """Keep a path on this host to go on to; anything else becomes the home page."""
    home = url_for("home.index")
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return home
    if any(ord(char) < 33 or char == "\\" for char in target):
        return home
    parts = urlsplit(target)
    return home if parts.scheme or parts.netloc else target


def _viewer_of(request: Request) -> Viewer | None:
    """Find the viewer behind the cookie, as Flask-Login asks for each request once."""
    token = request.cookies.get(cookie_name())
    if not token:
        return None
    session = get_session()
    found = sign_ins.resume(session, token, now=datetime.now(UTC))
    if found is None:
        return None
    viewer = _viewer(found)
    session.commit()
    return viewer


def _viewer(sign_in: SignIn) -> Viewer:
    grants = sign_in.person.grants
    return Viewer(
        id=sign_in.person_id,
        name=sign_in.person.name,
        email=sign_in.person.email,
        roles=frozenset(grant.role for grant in grants),
        managed_team_ids=frozenset(grant.team_id for grant in grants if grant.team_id is not None),
        sign_in_id=sign_in.id,
    )


def _is_https() -> bool:
    is_https: bool = current_app.config["SETTINGS"].is_https
    return is_https
