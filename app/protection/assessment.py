"""The impact assessment of Article 35 GDPR: a template, filled in as far as the program knows."""

from __future__ import annotations

from app.protection.facts import Facts
from app.protection.papers import Blank, Lines, Paper, Part, Points, Table, Words
from app.protection.papers import Facts as Rows
from app.protection.risks import RISKS
from surveys.promise_texts import said


def impact_assessment(facts: Facts) -> Paper:
    """Fill in the assessment of a wave."""
    return Paper(
        name="3-impact-assessment",
        title="Data protection impact assessment",
        lede=f"Employee survey “{facts.title}”, {facts.organisation}. A template along Article 35 "
        "(7) of the General Data Protection Regulation. The program filled in what it knows; the "
        "judgement is the controller’s.",
        parts=(_description(facts), _necessity(facts), _risks(facts), _remaining(facts),
               _consulted(facts)),
    )  # fmt: skip


def _description(facts: Facts) -> Part:
    people = f"{facts.n_eligible:,} people in {len(facts.groups)} counting groups"
    key = f"the guardian ({facts.guardian})" if facts.guardian_holds_key else "the collector"
    way = (
        "Whoever has an account signs in at the application and has one ballot signed blindly; "
        "the browser seals the answers and hands them in at the collector with the ballot, "
        "without cookie or name."
        if facts.has_ballots
        else "Everybody draws a code letter and answers at the collector with its code."
    )
    if facts.has_ballots and any(group.right == "letter" for group in facts.groups):
        way += " Groups without accounts draw code letters and answer with these."
    return Part(
        heading="1. Description of the processing and its purposes",
        blocks=(
            Rows((
                ("Purposes", tuple(facts.promise.purposes.split("\n"))),
                ("Who is asked", (people if facts.groups else "Employees; the groups are not "
                                  "frozen yet",)),
                ("When", (f"{said(facts.opens_on)} to {said(facts.closes_on)}",)),
                ("Questions", (f"{len(facts.questions)}, of which {facts.n_comments} for free "
                               "text; all are in paper 2",)),
                ("Means", (f"Application: {facts.application}", f"Collector: {facts.collector}",
                           f"Database of the application: {facts.database}")),
                ("Course", (way, f"At the closing answers are opened with a count key that {key} "
                            "holds, counted once, and destroyed together with all keys. Only "
                            "counts of groups, and comments apart from them, go to the "
                            "application.")),
                ("Who reads", tuple(facts.promise.readers.split("\n"))),
                ("Deletion", ("As in paper 1.",)),
                ("Why an assessment", (Blank("own criteria or list of the authority; often: "
                                             "employees are asked, and by new means"),)),
            )),
        ),
    )  # fmt: skip


def _necessity(facts: Facts) -> Part:
    k = facts.thresholds
    return Part(
        heading="2. Necessity and proportionality",
        blocks=(
            Points((
                "Only what the purposes need is asked and shown: figures of groups. Nobody needs "
                "single answers, so nobody gets them.",
                "The collector stores no name, address, time or order, so that answers cannot be "
                "put to another use later.",
                f"Figures need {k.k} answers, comments {k.k_comment}, a counting group "
                f"{k.k_group} people. The program does not go below these floors.",
                "Purposes, readers and spans were fixed before the first answer and are shown to "
                "everybody before the first question; they cannot be changed for this survey.",
                "Taking part is voluntary, and no list says who did. That everybody in a group "
                "did can sometimes be worked out from its figures.",
                Blank("legal basis, and why it holds between employer and employees"),
                Blank("milder means that were considered, such as asking a sample or less often"),
            )),
        ),
    )  # fmt: skip


def _risks(facts: Facts) -> Part:
    rows: tuple[tuple[Words, ...], ...] = tuple(
        (risk.name, risk.what, risk.measure, Blank("likely? severe?"))
        for risk in RISKS
        if facts.has_letters or risk.name != "Code letters"
    )
    return Part(
        heading="3. Risks for those who answer, and measures",
        blocks=(
            Lines((
                "The harm to be feared is that an answer, or not having answered, is held against "
                "somebody. These are the ways to it.",
            )),
            Table(("Risk", "What could happen", "What the program does", "Rated"), rows),
        ),
    )  # fmt: skip


def _remaining(facts: Facts) -> Part:
    rows: list[tuple[Words, ...]] = []
    for risk in RISKS:
        if risk.name == "Code letters" and not facts.has_letters:
            continue
        done = _settled(risk.name, facts)
        rows.append((risk.name, risk.remains, done or risk.do, Blank("done? by whom?")))
    return Part(
        heading="4. What remains, and what the organisation can do",
        blocks=(Table(("Risk", "Remains", "Advice", "Decision"), tuple(rows)),),
    )


def _settled(name: str, facts: Facts) -> str:
    """Say what of the advice is so already, by the settings of this wave."""
    if name == "The count key while a wave is open" and facts.guardian_holds_key:
        return f"So it is: the guardian ({facts.guardian}) holds the count key."
    if name == "The same keys for everybody" and facts.guardian:
        return f"{facts.guardian} is the guardian. Hang up the notice with the eight words."
    if name == "Administrators" and facts.has_mail_server:
        return "A mail server is set. Let two people look after roles."
    return ""


def _consulted(facts: Facts) -> Part:
    return Part(
        heading="5. Who was heard, and what was decided",
        blocks=(
            Rows((
                ("Data protection officer", (Blank("advice, day (Article 35 (2))"),)),
                ("Employees or works council", (Blank("views, day (Article 35 (9))"),)),
                ("Guardian", (facts.guardian or "none is named",)),
                ("Result", (Blank("acceptable, or which further measures; prior consultation "
                                  "under Article 36?"),)),
                ("Reviewed again", (Blank("day, and what would bring it forward"),)),
                ("Responsible", (Blank("name, day, signature"),)),
            )),
        ),
    )  # fmt: skip
