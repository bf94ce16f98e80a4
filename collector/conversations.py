"""
Conversations about comments: what HR answered, and the replies that wait for HR.

Two files in the folder of a wave that is over.  Nothing in them says when anything
came: the replies stand in the order of their names, which follow from their words, and
each change writes the file anew, so its bytes depend on the replies that wait and on
nothing else.  No code is ever written down; whoever brings one is known by its digest.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from collector import files
from collector.folders import WaveFolder, folders_in, refuse_finished
from surveys.errors import RepliesWait, UnknownThread, WrongState
from surveys.threads import check_threads, name_reply

THREADS = "threads.json"
REPLIES = "replies.json"
MANIFEST = "manifest.json"

MOST_WAITING = 20  # replies of one thread that HR has not fetched yet

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One comment's answers and replies, as its author sees them; `waiting` in no order."""

    title: str
    organisation: str
    messages: tuple[Table, ...]
    waiting: tuple[str, ...]


class Conversations:
    """The conversations of all waves of a store; whoever changes any holds the wave's lock."""

    def __init__(self, root: Path) -> None:
        self._root = root

    # What the application asks for.

    def take(self, wave: str, document: Table) -> None:
        """Keep these conversations instead of all former ones; none at all destroys the rest."""
        check_threads(document)
        folder = WaveFolder(self._root, wave)
        with folder.held():
            _require_closed(folder)
            if document["threads"]:
                threads = sorted(document["threads"], key=lambda thread: str(thread["thread"]))
                _put(folder, THREADS, threads)
            else:
                for path in files_in(folder):
                    files.destroy(path)

    def exchange(self, wave: str, stored: Collection[str]) -> list[dict[str, str]]:
        """Delete the replies that are stored elsewhere now, and give the others, shuffled."""
        folder = WaveFolder(self._root, wave)
        with folder.held():
            _require_closed(folder)
            waiting = _replies(folder)
            left = {name: reply for name, reply in waiting.items() if name not in stored}
            if left != waiting:
                _put_replies(folder, left)
        found = [{"reply": name, **reply} for name, reply in left.items()]
        secrets.SystemRandom().shuffle(found)
        return found

    # What an author asks for.

    def find(self, thread: str) -> Conversation:
        """Find the conversation of a thread, or raise `UnknownThread` while there is none."""
        folder, messages = self._found(thread)
        manifest = json.loads(folder.read(MANIFEST)["manifest"])
        return Conversation(
            title=manifest["title"],
            organisation=manifest["organisation"],
            messages=messages,
            waiting=tuple(r["text"] for r in _replies(folder).values() if r["thread"] == thread),
        )

    def reply(self, thread: str, text: str) -> None:
        """Keep a reply durably; the same again changes nothing, until HR has written again."""
        folder, _ = self._found(thread)
        with folder.held():
            messages = _messages(folder, thread)  # it may have been taken away meanwhile
            since = takewhile(lambda message: message["from"] == "author", reversed(messages))
            if any(message["text"] == text for message in since):
                return
            waiting = _replies(folder)
            name = name_reply(thread, text)
            if name in waiting:
                return
            if sum(reply["thread"] == thread for reply in waiting.values()) >= MOST_WAITING:
                raise RepliesWait(
                    f"{MOST_WAITING} of your replies wait until HR fetches them. This one was not "
                    "kept; send it another day."
                )
            _put_replies(folder, {**waiting, name: {"thread": thread, "text": text}})

    def _found(self, thread: str) -> tuple[WaveFolder, tuple[Table, ...]]:
        for folder in folders_in(self._root):
            with suppress(UnknownThread):
                return folder, _messages(folder, thread)
        raise UnknownThread("There is no answer to read with this code.")


def files_in(folder: WaveFolder) -> Iterator[Path]:
    """List the files of a wave's conversations."""
    for name in (THREADS, REPLIES):
        path = folder.file(name)
        if path.exists():
            yield path


def _require_closed(folder: WaveFolder) -> None:
    state = folder.state()
    if state.name == "cancelled":
        refuse_finished(state)
    if state.name not in {"closed", "acknowledged"}:
        raise WrongState("This survey is not closed yet, so nobody can have read a comment.")


def _messages(folder: WaveFolder, thread: str) -> tuple[Table, ...]:
    with suppress(FileNotFoundError):
        for kept in folder.read(THREADS):
            if kept["thread"] == thread:
                return tuple(kept["messages"])
    raise UnknownThread("There is no answer to read with this code.")


def _replies(folder: WaveFolder) -> dict[str, dict[str, str]]:
    """Read the replies that wait, by name."""
    try:
        replies: dict[str, dict[str, str]] = folder.read(REPLIES)
    except FileNotFoundError:
        return {}
    return replies


def _put_replies(folder: WaveFolder, replies: Mapping[str, Table]) -> None:
    if replies:
        _put(folder, REPLIES, replies)
    else:
        files.destroy(folder.file(REPLIES))
        files.forget_times(folder.path)


def _put(folder: WaveFolder, name: str, document: Any) -> None:  # noqa: ANN401 any JSON value
    """Write a file anew and overwrite what was there before; times say nothing."""
    path = folder.file(name)
    with files.erased_after(path):
        folder.write(name, document)
    files.forget_times(path, folder.path)
