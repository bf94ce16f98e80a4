"""What holds for every request and every response: headers, no cookies, no foreign forms."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, abort, request

from collector.config import Settings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
}


def protect(program: Flask, settings: Settings) -> None:
    """Refuse forms that other sites send, and put the headers on every response."""
    own = _origin(settings.collector_url)

    @program.before_request
    def refuse_other_sites() -> None:
        """Let only our own pages, and programs that are no browsers, change anything."""
        if request.method in {"GET", "HEAD"}:
            return
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            if site not in {"same-origin", "none"}:
                abort(403)
            return
        # Old browsers send "null" here, because our pages forbid them to say where they are.
        origin = request.headers.get("Origin", "null")
        if origin not in {"null", own, request.host_url.rstrip("/")}:
            abort(403)

    @program.after_request
    def set_headers(response: Response) -> Response:
        """Set what every response carries, errors included."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)  # the client has a policy of its own
        if own.startswith("https:"):
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
