"""What HR promises about a wave, and the data-protection pack of any wave."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.database import get_session
from app.manage.promise_forms import PromiseForm
from app.protection.archive import pack_of
from app.protection.facts import facts_of
from app.security import allow
from app.services import promises, waves

bp = Blueprint("promises", __name__, url_prefix="/waves")


@bp.route("/<int:wave_id>/promise", methods=["GET", "POST"])
@allow("hr")
def edit(wave_id: int) -> ResponseReturnValue:
    """Write the promise of a draft; it begins with the one that was written last."""
    session = get_session()
    wave = waves.find(session, wave_id)
    waves.require_draft(wave)
    is_taken_over = wave.promise is None and promises.last_promise(session) is not None
    form = PromiseForm(request.form, data=promises.begun(session, wave))
    if request.method == "POST" and form.validate():
        promises.write_promise(wave, form.promise())
        session.commit()
        return redirect(url_for("waves.show", wave_id=wave_id, notice="promise-written"), 303)
    return render_template("waves/promise.html", form=form, wave=wave, is_taken_over=is_taken_over)


@bp.get("/<int:wave_id>/pack.zip")
@allow("hr", "administrator")
def pack(wave_id: int) -> ResponseReturnValue:
    """Hand out the data-protection pack, of a draft too, so that it can be talked about."""
    wave = waves.find(get_session(), wave_id)
    content = pack_of(facts_of(wave, settings=current_app.config["SETTINGS"]))
    name = f"data-protection-{wave.key}.zip"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype="application/zip", headers=disposition)
