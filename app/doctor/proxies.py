"""nginx in front of the collector: what it notes, adds and passes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from app.doctor.findings import Finding, breaks, fine, unseen, weakens
from app.formats.errors import BadInput
from app.formats.nginx import Context, read_nginx

ADDRESSES = {
    "forwarded", "x-forwarded-for", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip",
    "x-forwarded", "forwarded-for", "cf-connecting-ip", "x-cluster-client-ip", "remote-addr",
}  # fmt: skip
PASSING = ("proxy_pass", "uwsgi_pass", "fastcgi_pass", "grpc_pass", "scgi_pass")


def look(files: list[Path], *, collector_url: str) -> Iterator[Finding]:
    """Look at the server blocks of the collector in configuration files."""
    host = urlsplit(collector_url).hostname or ""
    for path in files:
        try:
            servers = [c for _, c in read_nginx(path).within("server") if _serves(c, host)]
        except BadInput as error:
            yield unseen(str(error), remedy="Give a file that nginx itself accepts (nginx -t).")
            continue
        if not servers:
            yield unseen(
                f"{path} has no server block for {host}.",
                remedy="Give the file in which its server_name stands.",
            )
        elif not any(_passing(server) for server in servers):
            yield unseen(
                f"{path} has no proxy_pass in the server block for {host}.",
                remedy="Give the file in which nginx is told where the collector is.",
            )
        for server in servers:
            yield from _server(server, where=f"{path}, server {host}")


def _serves(server: Context, host: str) -> bool:
    names = {word.lower() for words in server.nearest("server_name") for word in words}
    wildcards = {f"*{host[at:]}" for at, c in enumerate(host) if c == "."}
    return bool(names & {host, f".{host}", "_", *wildcards})


def _places(server: Context) -> list[Context]:
    return [server, *(c for name in ("location", "if") for _, c in server.within(name))]


def _passing(server: Context) -> list[Context]:
    return [place for place in _places(server) if any(place.uses(name) for name in PASSING)]


def _server(server: Context, *, where: str) -> Iterator[Finding]:
    places, passing = _places(server), _passing(server)
    found = [
        *_logs(places, where),
        *_addresses(passing, where),
        *_cookies(passing, where),
        *_copies(places, where),
        *_unread(places, where),
    ]
    yield from found
    if not found:
        yield fine(f"{where}: notes nothing, adds no address and passes no cookie on.")


def _logs(places: list[Context], where: str) -> Iterator[Finding]:
    if any(place.nearest("access_log") != [("off",)] for place in places):
        yield breaks(
            f"{where}: requests are written to an access log.",
            why="Address and moment of each answer, beside the moments of signing in, tell most"
            " answers of a small group.",
            remedy="access_log off; in the server block and in no location anything else.",
        )
    if any(_first(place.nearest("error_log")) != "/dev/null" for place in places):
        yield weakens(
            f"{where}: errors are written to a log.",
            why="While the collector restarts, the log notes who asked, and when.",
            remedy="error_log /dev/null crit;",
        )


def _addresses(passing: list[Context], where: str) -> Iterator[Finding]:
    added = {
        name
        for place in passing
        for name, value in _headers(place).items()
        if name in ADDRESSES and value
    }
    if added:
        yield breaks(
            f"{where}: the collector is told who asks, in {', '.join(sorted(added))}.",
            why="A changed collector, or anything that listens to it, could keep the addresses.",
            remedy='proxy_set_header X-Forwarded-For ""; and the same for each of them.',
        )


def _cookies(passing: list[Context], where: str) -> Iterator[Finding]:
    if any(_headers(place).get("cookie", "$http_cookie") for place in passing):
        yield weakens(
            f"{where}: cookies are passed on.",
            why="The collector asks for none, and one of a parent domain would name somebody.",
            remedy='proxy_set_header Cookie "";',
        )


def _copies(places: list[Context], where: str) -> Iterator[Finding]:
    for name, what in (("mirror", "requests are copied"), ("post_action", "requests are told")):
        if any(place.nearest(name) not in ([], [("off",)]) for place in places):
            yield breaks(
                f"{where}: {what} to another server ({name}).",
                why="What another server sees can be kept there.",
                remedy=f"Take {name} out.",
            )


def _unread(places: list[Context], where: str) -> Iterator[Finding]:
    names = {w[0] for place in places if place.uses("include") for w in place.nearest("include")}
    if names:
        yield unseen(
            f"{where}: the included {', '.join(sorted(names))} could not be found.",
            remedy="Run the doctor where the file can be read.",
        )


def _headers(place: Context) -> dict[str, str]:
    """Give the headers that nginx sets here: those of the innermost block that sets any."""
    return {
        words[0].lower(): words[1] if len(words) > 1 else ""
        for words in place.nearest("proxy_set_header")
        if words
    }


def _first(found: list[tuple[str, ...]]) -> str:
    return found[0][0] if found and found[0] else ""
