"""What is promised about a wave, to be read and taken along without signing in."""

from __future__ import annotations

from collections import OrderedDict

from flask import Blueprint, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from app.config import Settings
from app.database import get_session
from app.models import Wave
from app.protection.archive import pack_of
from app.protection.facts import facts_of
from app.security import public
from app.services import promises
from surveys.documents import canonical

bp = Blueprint("promise", __name__, url_prefix="/promise")

MOST_PACKS = 8  # kept ready, so that nobody can keep the program busy by asking again


@bp.get("/<wave_key>")
@public
def show(wave_key: str) -> ResponseReturnValue:
    """Show the promise of a wave that is prepared, open or over."""
    wave = promises.find_promised(get_session(), wave_key)
    plan = wave.opening or {}
    return render_template(
        "promise/show.html",
        wave=wave,
        promised=promises.promised(wave),
        guardian=plan.get("guardian"),
        organisation=plan.get("organisation", _settings().organisation),
        address=f"{_settings().collector_url.rstrip('/')}/w/{wave.key}",
    )


@bp.get("/<wave_key>/manifest.json")
@public
def manifest(wave_key: str) -> ResponseReturnValue:
    """Hand out the manifest with its signature, as the programs that check it read them."""
    wave = promises.find_promised(get_session(), wave_key)
    signed = {"manifest": wave.manifest, "signature": wave.manifest_signature}
    return _file(canonical(signed), name=f"manifest-{wave.key}.json", kind="application/json")


@bp.get("/<wave_key>/pack.zip")
@public
def pack(wave_key: str) -> ResponseReturnValue:
    """Hand out the data-protection pack."""
    wave = promises.find_promised(get_session(), wave_key)
    name = f"data-protection-{wave.key}.zip"
    return _file(_ready_pack(wave), name=name, kind="application/zip")


def _ready_pack(wave: Wave) -> bytes:
    """Make the pack of a wave as it stands, or take the one made before."""
    ready: OrderedDict[tuple[object, ...], bytes] = current_app.extensions.setdefault(
        "packs", OrderedDict()
    )
    stands = (wave.key, wave.manifest_sha256, wave.manifest_signature, wave.closes_on)
    content = ready.get(stands)
    if content is None:
        content = ready[stands] = pack_of(facts_of(wave, settings=_settings()))
        while len(ready) > MOST_PACKS:
            ready.popitem(last=False)
    return content


def _file(content: bytes, *, name: str, kind: str) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, mimetype=kind, headers=disposition)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
