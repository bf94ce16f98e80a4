"""The pages on which whoever wrote a comment reads the answer and replies, by its code alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from collector.conversations import Conversation, Conversations
from surveys import codes
from surveys.errors import InvalidAnswer, MalformedCode, RepliesWait, UnknownThread
from surveys.threads import read_reply, thread_of

SOURCE = "note"  # where people have the code of a comment

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

Fields = Mapping[str, Sequence[str]]


def blueprint(conversations: Conversations) -> Blueprint:
    """Build the routes; a code comes in the body of a request and never in an address."""
    bp = Blueprint("threads", __name__)

    @bp.get("/threads")
    def ask() -> ResponseReturnValue:
        """Ask for the code of a comment."""
        return _page()

    @bp.post("/threads")
    def read() -> ResponseReturnValue:
        """Show the answers to a comment, and a place to reply."""
        typed = _typed("code", _form())
        try:
            code = codes.normalise(typed, source=SOURCE)
        except MalformedCode as error:
            return _page(code=typed, error=str(error)), HTTPStatus.UNPROCESSABLE_ENTITY
        try:
            return _page(code=code, found=conversations.find(thread_of(code)))
        except UnknownThread:
            return _page(code=code, is_unanswered=True)

    @bp.post("/threads/reply")
    def reply() -> ResponseReturnValue:
        """Keep a reply, and show it among those that wait to be read."""
        fields = _form()
        typed, text = _typed("code", fields), _typed("reply", fields)
        try:
            code = codes.normalise(typed, source=SOURCE)
        except MalformedCode as error:
            page = _page(code=typed, error=str(error), unsent=text)
            return page, HTTPStatus.UNPROCESSABLE_ENTITY
        thread, refusal, status = thread_of(code), "", HTTPStatus.UNPROCESSABLE_ENTITY
        try:
            found = conversations.find(thread)
            if plain := read_reply([text]):
                conversations.reply(thread, plain)
                return _page(code=code, found=conversations.find(thread), is_sent=True)
            refusal = "Write your reply first. Nothing was sent."
        except UnknownThread:
            return _page(code=code, is_unanswered=True, unsent=text)
        except RepliesWait as error:
            refusal, status = str(error), HTTPStatus.CONFLICT
        except InvalidAnswer as error:
            refusal = str(error)
        return _page(code=code, found=found, unsent=text, refusal=refusal), status

    return bp


def spelled(month: str) -> str:
    """Write a month as people do."""
    year, number = month.split("-")
    return f"{MONTHS[int(number) - 1]} {year}"


def _form() -> dict[str, list[str]]:
    if request.mimetype != "application/x-www-form-urlencoded":
        abort(415)
    return request.form.to_dict(flat=False)


def _typed(name: str, fields: Fields) -> str:
    return " ".join(fields.get(name, []))


def _page(
    *,
    code: str = "",
    error: str = "",
    found: Conversation | None = None,
    is_unanswered: bool = False,
    is_sent: bool = False,
    unsent: str = "",
    refusal: str = "",
) -> Response:
    about: dict[str, Any] = {"organisation": found.organisation} if found else {}
    page = render_template(
        "collector/threads.html",
        code=code,
        error=error,
        found=found,
        messages=[
            {"is_own": m["from"] == "author", "month": spelled(m["month"]), "text": m["text"]}
            for m in (found.messages if found else ())
        ],
        is_unanswered=is_unanswered,
        is_sent=is_sent,
        unsent=unsent,
        refusal=refusal,
        **about,
    )
    return Response(page, headers={"Clear-Site-Data": '"cache"'} if code else None)
