"""The notice for the board: where to answer, and eight words that everybody can compare."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.installation import Installation
from app.models import Wave
from app.said import Said, said_to_everybody
from app.services.errors import NotFound
from app.services.letters import answer_address
from app.services.wave_mails import ballot_address, promise_address, whom_to_tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with a text, and with an address where there is one."""

    heading: str
    text: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One thing that came of the last answers, as it reads aloud."""

    said: str
    lead: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardNotice:
    """
    The notice of one wave, as a page shows it and a PDF sets it.

    There are words to compare where somebody answers by ballot: a letter needs no key.
    What came of the last answers stands on a sheet of its own, if there is anything to tell.
    """

    title: str
    lede: str
    ways: tuple[Section, ...]
    words: tuple[str, ...]
    comparing: str
    promises: tuple[str, ...]
    checking: str
    decided: tuple[Decided, ...]
    more: str


def board_notice(session: Session, wave: Wave, *, installation: Installation) -> BoardNotice:
    """Write the notice of a wave that is open or over."""
    if wave.opened_at is None or not wave.fingerprint:
        raise NotFound("There is a notice once the wave is open.")
    return BoardNotice(
        title=wave.title,
        lede=(
            f"{installation.organisation}: please answer from {wave.opens_on:%-d %B} to "
            f"{wave.closes_on:%-d %B %Y}. It takes less than two minutes, and you can leave out "
            "any question."
        ),
        ways=_ways(wave, installation=installation),
        words=wave.fingerprint if _has_ballots(wave) else (),
        comparing=_comparing(wave),
        promises=(
            f"Nobody sees single answers: figures need {wave.k} answers or more, comments are "
            f"read in lists for {wave.k_comment} answers or more.",
            "Nobody can see whether you have answered."
            + (
                " Taking a ballot is noted until the wave is over, so that nobody gets two; what "
                "becomes of it is not."
                if _has_ballots(wave)
                else ""
            ),
            "What the survey is for, how long what is kept and whom to ask: "
            f"{promise_address(wave, application=installation.application)}",
        ),
        checking=(
            "Anybody can check this, now and when the wave is over: headwater verify "
            f"{answer_address(wave.key, collector_url=installation.collector)}"
        ),
        decided=tuple(_decided(entry) for entry in said_to_everybody(session)),
        more=f"All that was decided: {installation.application}/actions/",
    )


def _decided(entry: Said) -> Decided:
    text = entry.title
    if entry.decision == "will_not":
        text += f", because: {entry.because}"
    elif entry.decision == "will_do" and entry.due_on is not None:
        text += f", by {entry.due_on:%-d %B %Y}"
    of_team = f" ({entry.team})" if entry.team else ""
    return Decided(said=f"You said: “{entry.said}”{of_team}", lead=entry.lead, text=text)


def _has_ballots(wave: Wave) -> bool:
    return any(group.right == "ballot" for group in wave.groups)


def _ways(wave: Wave, *, installation: Installation) -> tuple[Section, ...]:
    rights = {group.right for group in wave.groups}
    ballot = Section(
        heading="With a ballot",
        text="Sign in here and take your ballot. It is signed without being seen, and shows that "
        "somebody of your group answers, not who.",
        address=ballot_address(wave, application=installation.application),
    )
    letter = Section(
        heading="With a letter",
        text=(
            "Groups without accounts draw a code letter from the box of their group."
            if "ballot" in rights
            else "Draw a code letter from the box of your group."
        )
        + " Nobody notes who draws which.",
        address=answer_address(wave.key, collector_url=installation.collector),
    )
    return tuple(
        section for right, section in (("ballot", ballot), ("letter", letter)) if right in rights
    )


def _comparing(wave: Wave) -> str:
    guardian = (wave.opening or {}).get("guardian")
    text = (
        "The page with the questions shows the same words to everybody who answers with a ballot. "
        f"If you read other ones there, do not answer, and tell {whom_to_tell(wave)}."
    )
    if guardian:
        text += f" The guardian ({guardian['name']}) has signed what stands behind them."
    return text
