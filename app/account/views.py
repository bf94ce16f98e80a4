"""Signing in and out, and what belongs to one's own account."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms import Form

from app.account.browsers import name_browser
from app.account.forms import ChangePasswordForm, ForgottenForm, NewPasswordForm, SignInForm
from app.database import get_session
from app.models import Person
from app.security import door, drop_sign_in_cookie, public, safe_next, sign_in_cookie, signed_in
from app.services import accounts, sign_ins, throttle

bp = Blueprint("account", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Ask for address and password, and let in who has both."""
    if current_user.is_authenticated and request.method == "GET":
        return redirect(safe_next(request.args.get("next")), 303)
    form = SignInForm(request.form, next=request.args.get("next", ""))
    if request.method == "POST" and form.validate():
        session, now = get_session(), datetime.now(UTC)
        person = accounts.check_sign_in(
            session,
            email=form.email.data or "",
            password=form.password.data or "",
            network=throttle.network_of(request.remote_addr),
            door=door(),
            now=now,
        )
        if person is not None:
            _end_present(session)
            browser = name_browser(request.user_agent.string)
            token = sign_ins.start(session, person, now=now, browser=browser)
            session.commit()
            return sign_in_cookie(make_response(redirect(safe_next(form.next.data), 303)), token)
        session.commit()
        form.form_errors = ["No open account has this address and password."]
    return render_template("account/sign_in.html", form=form), _status(form)


@bp.post("/sign-out")
@signed_in
def sign_out() -> ResponseReturnValue:
    """End this browser's sign-in."""
    session = get_session()
    sign_ins.end(session, current_user.sign_in_id, person_id=current_user.id)
    session.commit()
    return _back_to_the_door("signed-out")


@bp.get("/account")
@signed_in
def index() -> ResponseReturnValue:
    """Show one's own account and where it is signed in."""
    living = sign_ins.of_person(get_session(), current_user.id, now=datetime.now(UTC))
    return render_template("account/index.html", sign_ins=living)


@bp.post("/account/sign-ins/<int:sign_in_id>/end")
@signed_in
def end_sign_in(sign_in_id: int) -> ResponseReturnValue:
    """End one of one's own sign-ins."""
    session = get_session()
    sign_ins.end(session, sign_in_id, person_id=current_user.id)
    session.commit()
    if sign_in_id == current_user.sign_in_id:
        return _back_to_the_door("signed-out")
    return redirect(url_for("account.index", notice="sign-in-ended"), 303)


@bp.post("/account/sign-out-everywhere")
@signed_in
def sign_out_everywhere() -> ResponseReturnValue:
    """End all of one's own sign-ins, this one too."""
    session = get_session()
    sign_ins.end_all(session, current_user.id)
    session.commit()
    return _back_to_the_door("signed-out-everywhere")


@bp.route("/account/password", methods=["GET", "POST"])
@signed_in
def change_password() -> ResponseReturnValue:
    """Change one's own password."""
    session = get_session()
    person = session.get_one(Person, current_user.id)
    form = ChangePasswordForm(request.form, told=accounts.known_words(person))
    if request.method == "POST" and form.validate():
        is_changed = accounts.change_password(
            session,
            person,
            old=form.old.data or "",
            new=form.new.data or "",
            keep=current_user.sign_in_id,
            door=door(),
            now=datetime.now(UTC),
        )
        session.commit()
        if is_changed:
            return redirect(url_for("account.index", notice="password-changed"), 303)
        form.old.errors = ["That is not your present password."]
    return render_template("account/change_password.html", form=form), _status(form)


@bp.route("/account/forgotten", methods=["GET", "POST"])
@public
def forgotten() -> ResponseReturnValue:
    """Send a link to set a new password; the answer is the same whoever asks."""
    form = ForgottenForm(request.form)
    if request.method == "POST" and form.validate():
        session = get_session()
        accounts.ask_for_reset(
            session,
            email=form.email.data or "",
            network=throttle.network_of(request.remote_addr),
            door=door(),
            now=datetime.now(UTC),
        )
        session.commit()
        return redirect(url_for("account.link_sent"), 303)
    return render_template("account/forgotten.html", form=form), _status(form)


@bp.get("/account/forgotten/sent")
@public
def link_sent() -> ResponseReturnValue:
    """Say what happens next, without saying whether there is an account."""
    return render_template("account/link_sent.html")


@bp.route("/account/links/<token>", methods=["GET", "POST"])
@public
def set_password(token: str) -> ResponseReturnValue:
    """Take a password from whoever holds an invitation or a reset link."""
    session, now = get_session(), datetime.now(UTC)
    person = accounts.person_of_link(session, token, now=now)
    form = NewPasswordForm(request.form, told=accounts.known_words(person))
    if request.method == "POST" and form.validate():
        password = form.password.data or ""
        accounts.set_password_by_link(session, token, password=password, door=door(), now=now)
        session.commit()
        return redirect(url_for("account.sign_in", notice="password-set"), 303)
    return render_template("account/set_password.html", form=form, person=person), _status(form)


def _status(form: Form) -> int:
    return 422 if form.errors else 200


def _end_present(session: Session) -> None:
    """End the sign-in this browser came with: a new one never continues an old one."""
    if current_user.is_authenticated:
        sign_ins.end(session, current_user.sign_in_id, person_id=current_user.id)


def _back_to_the_door(notice: str) -> ResponseReturnValue:
    response = make_response(redirect(url_for("account.sign_in", notice=notice), 303))
    return drop_sign_in_cookie(response)
