"""The outbox page: which mail waits, which has left."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.database import get_session
from app.queries import outbox as queries
from app.security import allow
from app.services import outbox

bp = Blueprint("outbox", __name__, url_prefix="/outbox")
administrators = allow("administrator")


@bp.get("")
@administrators
def index() -> ResponseReturnValue:
    """List mail, the newest first."""
    page = queries.outbox_page(get_session(), number=request.args.get("page", 1, int))
    return render_template("outbox/index.html", page=page, is_read_here=_is_read_here())


@bp.get("/<int:mail_id>")
@administrators
def show(mail_id: int) -> ResponseReturnValue:
    """Show one mail; its text only where no mail server would bring it to its reader."""
    mail = queries.find_mail(get_session(), mail_id)
    return render_template("outbox/show.html", mail=mail, is_read_here=_is_read_here())


@bp.post("/<int:mail_id>/try-again")
@administrators
def try_again(mail_id: int) -> ResponseReturnValue:
    """Make a mail due at once."""
    session = get_session()
    outbox.try_again(session, mail_id, now=datetime.now(UTC))
    session.commit()
    return redirect(url_for("outbox.show", mail_id=mail_id, notice="mail-due"), 303)


def _is_read_here() -> bool:
    """Tell whether there is no mail server: then this page is where mail is read."""
    return not current_app.config["SETTINGS"].smtp_url
