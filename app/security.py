"""Who may enter, what every response carries, and which writes are let in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from jinja2 import StrictUndefined

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
EVERYBODY = "everybody"


def public(view: View) -> View:
    """Declare that anybody may open this view without signing in."""
    view.admits = frozenset({EVERYBODY})  # type: ignore[attr-defined] - a mark on the function
    return view


def allow(*roles: str) -> Callable[[View], View]:
    """Declare which roles may open this view; objects are checked by services and queries."""

    def mark(view: View) -> View:
        view.admits = frozenset(roles)  # type: ignore[attr-defined] - a mark on the function
        return view

    return mark


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
    app.before_request(refuse_cross_site_writes)
    app.before_request(admit)
    app.after_request(add_headers)


def admit() -> ResponseReturnValue | None:
    """Let in whom the route's rule names; a route without a rule admits nobody."""
    if request.endpoint is None:
        return None
    rule = admitted_roles(request.endpoint)
    if rule is None:
        abort(403)
    if EVERYBODY in rule:
        return None
    if not current_user.is_authenticated:
        if request.method == "GET":
            return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")), 303)
        abort(401)
    if not rule & current_user.roles:
        abort(403)
    return None


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
    same = site in {"same-origin", "none"} if site else origin in {None, _own_origin()}
    if not same:
        abort(403)


def add_headers(response: Response) -> Response:
    """Add the security headers; pages are never cached, static files are."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    if current_app.config["SETTINGS"].is_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _own_origin() -> str:
    scheme, host, *_ = urlsplit(request.host_url)
    return f"{scheme}://{host}"
