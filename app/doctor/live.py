"""The running collector: what its answers show of what stands in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message

from app.doctor.findings import Finding, breaks, fine, unseen, weakens
from app.verify import Collector, NoAnswer

# Headers that only something between browser and collector puts in.
BETWEEN = (
    "Via", "Age", "X-Cache", "X-Cache-Hits", "X-Served-By", "X-Varnish", "CF-Ray",
    "CF-Cache-Status", "X-Amz-Cf-Id", "X-Amz-Cf-Pop", "X-Azure-Ref", "X-Akamai-Request-Id",
    "X-Iinfo", "X-Sucuri-ID", "X-CDN", "Fastly-Debug-Digest",
)  # fmt: skip
NETWORKS = ("cloudflare", "akamai", "cloudfront", "fastly", "varnish", "imperva", "sucuri", "ecs ")


def look(collector_url: str) -> Iterator[Finding]:
    """Ask the collector whether it runs, and look at the headers of its answer."""
    try:
        status, headers, _ = Collector(collector_url.rstrip("/")).ask("/healthz")
    except NoAnswer as error:
        yield unseen(str(error), remedy="Run the doctor where people reach the collector.")
        return
    if status != 200:
        yield unseen(
            f"{collector_url}/healthz is answered with the status {status}.",
            remedy="See that this is the collector's address.",
        )
    yield from _judge(headers, collector_url)


def _judge(headers: Message, collector_url: str) -> Iterator[Finding]:
    if "Set-Cookie" in headers:
        yield breaks(
            f"{collector_url} sets a cookie.",
            why="A cookie tells that two requests come from one browser.",
            remedy="Find out what sets it; the collector itself never does.",
        )
    server = headers.get("Server", "")
    between = [name for name in BETWEEN if name in headers]
    between += [f"Server: {server}"] if any(n in server.lower() for n in NETWORKS) else []
    if between:
        yield weakens(
            f"Something stands in front of {collector_url}: {', '.join(between)}.",
            why="A cache or a delivery network sees every address, moment and answer.",
            remedy="Lead the collector's host name straight to its own proxy.",
        )
    elif "Set-Cookie" not in headers:
        yield fine(f"{collector_url} answers without a cookie and without traces of a cache.")
