"""The sheet for the works council: what is processed, what cannot be, how to check it."""

from __future__ import annotations

from app.protection.facts import Facts
from app.protection.papers import Blank, Code, Lines, Paper, Part, Points, Table, Words
from app.protection.papers import Facts as Rows

RIGHTS = {"ballot": "Ballot", "letter": "Code letter"}


def works_council_sheet(facts: Facts) -> Paper:
    """Fill in the sheet for a wave."""
    return Paper(
        name="2-works-council-sheet",
        title="Sheet for the works council",
        lede=f"Employee survey “{facts.title}”, {facts.organisation}. What is processed, what "
        "cannot be found out, and how anybody can check it.",
        parts=(
            Part(heading="The promise", blocks=(Rows(tuple(
                (section.heading, section.lines) for section in facts.promised)),)),
            _cannot(facts),
            _fingerprint(facts),
            _checking(facts),
            _rights(facts),
            _doing(facts),
            _groups(facts),
            Part(heading="What is asked", blocks=(
                Lines((f"Questionnaire: {facts.questionnaire}.",)), Points(facts.questions))),
        ),
    )  # fmt: skip


def _cannot(facts: Facts) -> Part:
    lines = [
        "Whose answer is whose: not in reports, and after the closing not with all disks, "
        "databases, logs and backups of both programs. The information is not there.",
        "What a person answered, by combining figures: no combination of everything ever shown "
        "about the survey settles it, also if a colleague tells what they answered "
        + (
            "(in every group)."
            if facts.thresholds.profile == "strict"
            else "(in groups where 8 or more answered)."
        ),
        "Who answered: there are no counts while the survey is open, and no list of it ever.",
        "Who was reminded: such mail is listed and counted nowhere.",
        "Results by age, gender, length of service or anything else but teams: there are no "
        "filters.",
        "The performance or behaviour of a single person: the smallest thing shown is a group of "
        f"{facts.thresholds.k} answers.",
    ]
    return Part(
        heading="What cannot be found out",
        blocks=(
            Points(tuple(lines)),
            Lines((
                "This rests on some things that have to be trusted, such as the device on which "
                "somebody answers and whoever runs the machines while people answer. Paper 3 "
                "lists all of them, with what is done about each.",
            )),
        ),
    )  # fmt: skip


def _fingerprint(facts: Facts) -> Part:
    if not facts.fingerprint:
        why = (
            "The count key is still missing, which the guardian fills in by signing."
            if facts.manifest
            else "The survey is a draft: groups, keys and fingerprint follow when it is prepared. "
            "Ask for this pack again then."
        )
        return Part(heading="The fingerprint", blocks=(Lines((why,)),))
    return Part(
        heading="The fingerprint",
        blocks=(
            Lines((
                Code(" ".join(facts.fingerprint)),
                "These eight words stand for the manifest: all groups and keys, the thresholds, "
                "the questions, the page itself and the promise above. Everybody who answers by "
                "ballot reads the same ones above the questions. If somebody reads others, stop "
                "the survey and keep a picture of the page.",
            )),
        ),
    )  # fmt: skip


def _checking(facts: Facts) -> Part:
    if not facts.manifest:
        line = "The manifest, and the address at which anybody can verify, follow then as well."
        return Part(heading="How to check it", blocks=(Lines((line,)),))
    lines: list[Words] = [
        "Before it opens, look at groups, thresholds, keys and promise of the manifest in this "
        "pack:",
        Code("headwater guardian check manifest.json"),
        "While it runs and when it is over, from any computer:",
        Code(f"headwater verify {facts.address}"),
        "When it is over, a public list shows for each group how many were eligible, how many "
        "rights were given out and how many answers were counted; everybody can look up their "
        "receipt there:",
        Code(f"{facts.collector}/anon/closed/{facts.key}"),
    ]
    return Part(heading="How to check it", blocks=(Lines(tuple(lines)),))


def _rights(facts: Facts) -> Part:
    return Part(
        heading="Rights of employees",
        blocks=(
            Points((
                "Taking part is voluntary, and every question can be left out. “I prefer not to "
                "answer” takes a ballot too, so having one does not mean having answered.",
                "Whoever wants to know what is stored about them gets it: account, team, being on "
                "the list of this survey, having taken a ballot while it runs.",
                "A single answer cannot be shown, corrected or deleted for anybody once it was "
                "sent, because nobody can tell whose it is. It is said before sending.",
                "Questions and complaints: " + facts.promise.contact.replace("\n", "; "),
                Blank("supervisory authority to which people can complain"),
            )),
        ),
    )  # fmt: skip


def _doing(facts: Facts) -> Part:
    guardian = (
        f"{facts.guardian} is the guardian of this survey: it opens only with the guardian’s "
        "signature" + (", and is counted only with the guardian’s key."
                       if facts.guardian_holds_key else ".")
        if facts.guardian
        else "Become the guardian: then a survey opens only with your signature, browsers refuse "
        "any other list of keys, and you can hold the key to the answers. This survey has none."
    )  # fmt: skip
    lines = [
        guardian,
        "Compare the number of people in each group with what you know: invented people would "
        "make a group smaller than it looks.",
        "Hang up the notice with the eight words and let people compare.",
    ]
    if facts.has_letters:
        lines.append(
            "If there are code letters: print them or watch, let people draw unseen, count what "
            "is left in each box at the end and destroy it."
        )
    return Part(
        heading="What the works council can do",
        blocks=(Points((*lines, Blank("works agreement on surveys, if there is one"))),),
    )


def _groups(facts: Facts) -> Part:
    if not facts.groups:
        line = f"Not frozen yet. None will have fewer than {facts.thresholds.k_group} people."
        return Part(heading="Counting groups", blocks=(Lines((line,)),))
    rows = tuple((group.label, f"{group.n:,}", RIGHTS[group.right]) for group in facts.groups)
    return Part(
        heading=f"Counting groups: {facts.n_eligible:,} people",
        blocks=(Table(("Group", "People", "Answer by"), rows),),
    )
