"""
Closing a wave, in ten steps that may each be interrupted and run again.

 1. Answers are refused from now on; how many rights were issued is noted.
 2. The answers of each group are counted; none is opened.
 3. The cells follow from these counts, by the rules of the release.
 4. Where all together are fewer than a cell needs, nothing is opened at all;
    otherwise the seals are, or the wave waits here for the guardian's count key.
 5. Answers are judged; receipts and the order of arrival are left behind.
 6. The release is computed and written down.  From here on it never changes.
 7. The closed list is made, signed and written down.
 8. The wave is closed.
 9. Keys, sealed answers, opening and client are destroyed.
10. Once the application has the release, it is deleted here.

Steps 2 to 7 read and write one thing each that the next attempt finds or makes again;
whoever runs them holds the lock of the wave.  After step 9 nothing here leads from a
receipt to an answer, and no group finer than a cell is left.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

from collector.folders import KEPT, State, WaveFolder
from collector.intake import Intake
from collector.keys import Keys
from collector.openings import Opening
from surveys.answers import read_answers
from surveys.closed import make_closed_list
from surveys.errors import BadDocument, CountKeyNeeded, SealBroken
from surveys.hierarchy import Hierarchy, partition, parts_of
from surveys.questionnaires import Questionnaire
from surveys.questions import Answer, Comment
from surveys.release import build_release
from surveys.sealing import Fields, unpad_fields, unseal
from surveys.threads import field_of, read_thread

RELEASE = "release.json"
CLOSED = "closed.json"
ISSUED = "issued.json"

WAITING = "The answers wait for the count key, which the guardian holds."

Answers = dict[str, list[dict[str, Answer]]]


def refuse_answers(
    folder: WaveFolder, opening: Opening, *, on: date, issued: Mapping[str, Any]
) -> State:
    """Step 1: take no more answers, and note how many rights were issued."""
    check_issued(issued, opening)
    state = folder.require_open()
    folder.write(ISSUED, dict(issued))
    closed_on = min(on.isoformat(), state.closes_on)
    return folder.set(state.moved_to("closing", closed_on=closed_on))


def count(
    folder: WaveFolder,
    opening: Opening,
    intake: Intake,
    *,
    receipt_key: bytes,
    count_key: bytes | None,
    rng: random.Random,
) -> State:
    """Steps 2 to 8: make release and closed list, or raise `CountKeyNeeded` and wait."""
    state = folder.state()
    accepted = {name: intake.count(group.within) for name, group in opening.groups.items()}
    # What was written before an interruption counts: the order of its comments stays.
    if not folder.file(RELEASE).exists():
        answers: Answers = {}
        if _has_cells(opening, accepted):
            if count_key is None:
                raise CountKeyNeeded(WAITING)
            answers = _opened(opening, intake, count_key=count_key, rng=rng)
        closed_on = date.fromisoformat(state.closed_on)
        folder.write(
            RELEASE, build_release(opening.document, answers, closed_on=closed_on, rng=rng)
        )
    if not folder.file(CLOSED).exists():
        closed_list = make_closed_list(
            opening.document,
            folder.read(RELEASE),
            accepted=accepted,
            issued=folder.read(ISSUED),
            receipts=_receipts(opening, intake),
            receipt_key=receipt_key,
            draw=secrets.token_bytes,
        )
        folder.write(CLOSED, closed_list)
    digest = sha256(folder.file(RELEASE).read_bytes()).hexdigest()
    return folder.set(state.moved_to("closed", release_sha256=digest))


def is_unread(folder: WaveFolder) -> bool:
    """Tell whether nothing of a wave's answers was ever written down opened."""
    closed = folder.state().name in {"closed", "acknowledged"}
    return not closed and not folder.file(RELEASE).exists()


def waits_for_guardian(folder: WaveFolder, keys: Keys) -> bool:
    """Tell whether a closed wave still needs the count key that the guardian holds."""
    if folder.state().name != "closing" or folder.file(RELEASE).exists():
        return False
    return keys.read(folder.wave).count is None


def destroy(folder: WaveFolder, keys: Keys) -> None:
    """Step 9: destroy the keys first, which makes noise of every copy of the answers."""
    keys.destroy(folder.wave)
    folder.strip(keep=KEPT | {RELEASE})


def check_issued(issued: Mapping[str, Any], opening: Opening) -> None:
    """Refuse counts of issued rights that do not fit the groups of the wave."""
    if issued.keys() != opening.groups.keys():
        raise BadDocument("The counts of issued rights do not name every group once.")
    for name, group in opening.groups.items():
        n = issued[name]
        if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= group.within.size:
            raise BadDocument(f"Group {name!r}: this many rights cannot have been issued.")
        if group.key is None and n != group.within.size:
            raise BadDocument(f"Group {name!r}: its letters were all issued, one a person.")


def _has_cells(opening: Opening, accepted: Mapping[str, int]) -> bool:
    """Tell from the counts alone whether the release will have a cell (step 3)."""
    hierarchy = Hierarchy.from_list(opening.document["hierarchy"])
    parts = parts_of(opening.document["groups"], accepted)
    return bool(partition(hierarchy, parts, k=opening.thresholds.k))


def _opened(opening: Opening, intake: Intake, *, count_key: bytes, rng: random.Random) -> Answers:
    """Steps 4 and 5: open the seals of each group and keep what is an answer."""
    found: Answers = {}
    for name, group in opening.groups.items():
        found[name] = [
            _judged(opening, sealed, receipt=receipt, count_key=count_key)
            for receipt, sealed in intake.answered(group.within)
        ]
        rng.shuffle(found[name])
    return found


def _judged(
    opening: Opening, sealed: bytes, *, receipt: bytes, count_key: bytes
) -> dict[str, Answer]:
    """Read one sealed answer; who sealed what nobody can read has left everything out."""
    try:
        fields = unpad_fields(unseal(count_key, sealed, bound_to=receipt))
    except SealBroken:
        return {}
    answers = read_answers(opening.questionnaire, fields).answers
    return answers | threads_beside(opening.questionnaire, answers, fields)


def threads_beside(
    questionnaire: Questionnaire, answers: Mapping[str, Answer], fields: Fields
) -> dict[str, Answer]:
    """Read the threads of the comments that are kept; what is no id is left out alone."""
    found = {
        field_of(question.key): read_thread(fields, question.key)
        for question in questionnaire.asked
        if isinstance(question, Comment) and question.key in answers
    }
    return {field: thread for field, thread in found.items() if thread is not None}


def _receipts(opening: Opening, intake: Intake) -> Sequence[bytes]:
    return [
        receipt
        for group in opening.groups.values()
        for receipt, _ in intake.answered(group.within)
    ]
