"""Rights to answer once: a ballot is verified, a letter's code looked up and its answer sealed."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.intake import Range
from collector.keys import WaveKeys
from collector.openings import Opening
from surveys import ballots, codes, threads
from surveys.answers import read_answers
from surveys.documents import canonical
from surveys.errors import ForgedBallot, InvalidAnswer, MalformedBallot, UnknownCode
from surveys.questionnaires import Questionnaire
from surveys.questions import Answer, Comment, MultipleChoice, Question, YesNo
from surveys.sealing import derive_private_key, pad_fields, seal

Codes = tuple[tuple[str, str], ...]  # of comments: the item, and its code


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    An answer with a right to be kept: where, under which receipt, and sealed.

    `codes` are those of the comments in it, where they are made here.
    """

    within: Range
    receipt: bytes
    sealed: bytes
    codes: Codes = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """
    What somebody whose answer was stored takes away: its id, and a signature over it.

    With a letter also the codes of the comments; with a ballot the browser makes them.
    """

    receipt: bytes
    acknowledgement: bytes
    codes: Codes


def enter_ballot(
    opening: Opening, group: str, *, prepared: bytes, signature: bytes, sealed: bytes
) -> Entry:
    """Verify a ballot, what costs least first; a forgery costs no look at the disk."""
    own = opening.groups.get(group)
    if own is None or own.key is None:
        raise MalformedBallot("This survey has no ballots of that group.")
    if len(sealed) != opening.sealed_length:
        raise MalformedBallot("These answers are not sealed at the length of this survey.")
    if not ballots.is_prepared_for(prepared, opening.manifest_sha256):
        raise ForgedBallot("This ballot belongs to another survey.")
    if not ballots.is_signed(own.key, prepared, signature):
        raise ForgedBallot("This ballot is not signed with the key of its group.")
    return Entry(within=own.within, receipt=ballots.receipt_of(prepared), sealed=sealed)


def enter_letter(
    opening: Opening, code: str, *, fields: Mapping[str, Sequence[str]], keys: WaveKeys
) -> Entry:
    """
    Look a code up and seal the fields of its form, so that all answers look alike.

    Without the letter key, which dies with the wave, nobody can compute receipt or
    seal from a code: neither whoever kept the printed codes, nor whoever guesses.
    The same fields under the same code give the same bytes.
    """
    digest = bytes.fromhex(codes.digest(opening.wave, code))
    own = opening.codes.get(digest)
    if own is None:  # a guess costs no look at the disk
        raise UnknownCode("This code does not belong to this survey.")
    reading = read_answers(opening.questionnaire, fields)
    if reading.errors:
        raise InvalidAnswer(next(iter(reading.errors.values())))
    written = comment_codes(opening.questionnaire, reading.answers, digest=digest, keys=keys)
    cleaned = fields_of(opening.questionnaire, reading.answers) | {
        threads.field_of(item): [threads.thread_of(own_code)] for item, own_code in written
    }
    receipt = hmac.digest(keys.letter, b"headwater letter v1" + digest, "sha256")
    sealed = seal(
        opening.count_key,
        pad_fields(cleaned, pad=opening.pad),
        bound_to=receipt,
        ephemeral=derive_private_key(
            keys.letter + receipt + canonical(cleaned), b"headwater letter seal v1"
        ),
    )
    return Entry(within=own.within, receipt=receipt, sealed=sealed, codes=written)


def comment_codes(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], *, digest: bytes, keys: WaveKeys
) -> Codes:
    """Derive the code of each comment that came with a letter."""
    return tuple(
        (question.key, threads.letter_code(keys.letter, digest=digest, item=question.key))
        for question in questionnaire.asked
        if isinstance(question, Comment) and question.key in answers
    )


def fields_of(questionnaire: Questionnaire, answers: Mapping[str, Answer]) -> dict[str, list[str]]:
    """Write answers as a form would send them, cleaned of all that is not an answer."""
    return {
        question.key: _texts(question, answers[question.key])
        for question in questionnaire.asked
        if question.key in answers
    }


def _texts(question: Question, answer: Answer) -> list[str]:
    if isinstance(question, MultipleChoice) and isinstance(answer, tuple):
        return list(answer)
    if isinstance(question, YesNo):
        return ["yes" if answer else "no"]
    return [str(answer)]
