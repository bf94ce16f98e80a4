"""Forms of the account pages; they judge what was typed, services judge what is so."""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import EmailField, Field, Form, HiddenField, PasswordField, ValidationError
from wtforms.validators import InputRequired

from app.services.errors import Unusable
from app.services.passwords import LONGEST, SHORTEST, check_new_password

RULE = f"{SHORTEST} characters or more; a few plain words are fine."


def _password(label: str) -> PasswordField:
    return PasswordField(
        label,
        validators=[InputRequired("Enter the password.")],
        render_kw={"autocomplete": "current-password", "maxlength": LONGEST},
    )


def _new_password() -> PasswordField:
    return PasswordField(
        "New password",
        description=RULE,
        validators=[InputRequired("Choose a password."), _is_good],
        render_kw={"autocomplete": "new-password", "maxlength": LONGEST},
    )


def _is_good(form: Form, field: Field) -> None:
    """Ask the judge of passwords."""
    told: Any = getattr(form, "told", ())
    try:
        check_new_password(field.data, told=told)
    except Unusable as error:
        raise ValidationError(str(error)) from error


def _email() -> EmailField:
    return EmailField(
        "E-mail address",
        validators=[InputRequired("Enter your e-mail address.")],
        render_kw={"autocomplete": "username", "maxlength": 254},
    )


class SignInForm(Form):
    """Address and password."""

    email = _email()
    password = _password("Password")
    next = HiddenField()


class ForgottenForm(Form):
    """The address to which a link may go."""

    email = _email()


class NewPasswordForm(Form):
    """A first or new password, chosen by link; not one of the words told of the person."""

    def __init__(self, formdata: MultiDict[str, str], *, told: tuple[str, ...]) -> None:
        super().__init__(formdata)
        self.told = told

    password = _new_password()


class ChangePasswordForm(Form):
    """The present password and the next one; not one of the words told of the person."""

    def __init__(self, formdata: MultiDict[str, str], *, told: tuple[str, ...]) -> None:
        super().__init__(formdata)
        self.told = told

    old = _password("Present password")
    new = _new_password()
