"""The record of processing: the fields of Article 30 (1) GDPR for one wave."""

from __future__ import annotations

from app.protection.facts import Facts
from app.protection.papers import Blank, Lines, Paper, Part, Table, Words
from app.protection.papers import Facts as Rows
from surveys.promise_texts import counted, said


def record_of_processing(facts: Facts) -> Paper:
    """Fill in the record for a wave."""
    return Paper(
        name="1-record-of-processing",
        title="Record of processing",
        lede=f"Employee survey “{facts.title}”, {facts.organisation}. "
        "The fields are those of Article 30 (1) of the General Data Protection Regulation.",
        parts=(_who(facts), _what(facts), _data(facts), _recipients(facts), _spans(facts),
               _measures(facts)),
    )  # fmt: skip


def _who(facts: Facts) -> Part:
    return Part(
        heading="Who is responsible",
        blocks=(
            Rows((
                ("Controller", (facts.organisation, Blank("legal form, address, contact"))),
                ("Joint controllers", (Blank("none, or who and by which arrangement"),)),
                ("Representative in the Union", (Blank("only for controllers outside it"),)),
                ("Data protection officer", (Blank("name and contact, if appointed"),)),
                ("Whom employees can ask", tuple(facts.promise.contact.split("\n"))),
            )),
        ),
    )  # fmt: skip


def _what(facts: Facts) -> Part:
    return Part(
        heading="Processing and purposes",
        blocks=(
            Rows((
                ("Name", (f"Employee survey “{facts.title}”, carried out with Headwater",)),
                ("Days", (f"Answers are taken from {said(facts.opens_on)} to "
                          f"{said(facts.closes_on)}.",)),
                ("Purposes", tuple(facts.promise.purposes.split("\n"))),
                ("Legal basis", (Blank("decided by the controller; works agreement, if any"),)),
                ("Taking part", ("Is voluntary. No list says who has answered. That "
                                 "everybody in a group did can sometimes be worked out from its "
                                 "figures.",)),
            )),
        ),
    )  # fmt: skip


def _data(facts: Facts) -> Part:
    people = f"{facts.n_eligible:,} employees" if facts.n_eligible else "Employees"
    rows: list[tuple[Words, ...]] = [
        ("People and accounts", f"{people} of {facts.organisation}",
         "Name, e-mail address where there is one, team, days of joining and leaving, roles, "
         "password as a hash, running sign-ins", "application"),
        ("Who is eligible", people, "Person, team and counting group, frozen when the survey is "
         "prepared", "application"),
    ]  # fmt: skip
    if facts.has_ballots:
        rows.append(
            ("Who took a ballot", "Those who took one", "Person, hash of the blinded ballot; "
             "no time. It does not say that somebody answered", "application")
        )  # fmt: skip
    rows += [
        ("Answers", "Those who answer", "Sealed answers, counting group, receipt. No name, no "
         "address, no time, no order", "collector"),
        ("Results", "Nobody in particular", "Counts and means of groups; comments apart from "
         "them, with what HR and their unknown authors write about them", "application"),
        ("Mail", "Those with an address", "Recipient, subject, day; the text until it was sent",
         "application"),
    ]  # fmt: skip
    return Part(
        heading="Categories of people and of data",
        blocks=(
            Table(("Data", "Whose", "What", "Where"), tuple(rows)),
            Lines((
                "Comments are free text and may contain what people write into them."
                if facts.n_comments
                else "There is no question for free text.",
                Blank("whether a question asks for special categories of data (Article 9); the "
                      "questions are in paper 2"),
            )),
        ),
    )  # fmt: skip


def _recipients(facts: Facts) -> Part:
    mail = (
        "The organisation’s mail server receives the mails."
        if facts.has_mail_server
        else "No mail server is set; mails stay in the application’s outbox."
    )
    return Part(
        heading="Recipients and transfers",
        blocks=(
            Rows((
                ("Who reads results", tuple(facts.promise.readers.split("\n"))),
                ("Who reads single answers", ("Nobody.",)),
                ("Mail", (mail,)),
                ("Who runs the application", (facts.application, Blank("who, where; contract "
                                              "under Article 28 if it is a processor"))),
                ("Who runs the collector", (facts.collector, Blank("who, where; contract under "
                                            "Article 28 if it is a processor"))),
                ("Third countries", ("The programs fetch nothing from and send nothing to other "
                                     "parties.", Blank("none, if both are run in the Union"))),
            )),
        ),
    )  # fmt: skip


def _spans(facts: Facts) -> Part:
    promise = facts.promise
    rows: list[tuple[Words, ...]] = [
        ("Sealed answers and all keys of the survey", "when the survey closes, before its results "
         "leave the collector"),
        *([("Who took a ballot", "when the results are released")] if facts.has_ballots else []),
        ("Who was eligible", f"{counted(promise.keep_rosters_days, 'day')} after the closing"),
        ("Results and comments",
         f"{counted(promise.keep_results_months, 'month')} after the closing"),
        ("Sign-ins", "after 30 minutes without use, 12 hours at most"),
        ("People and accounts",
         f"{counted(facts.keep_former_people_days, 'day')} after somebody left"),
        ("Mail", f"its text when it was sent, the rest {counted(facts.keep_mail_days, 'day')} "
         "after it was written"),
        ("Backups, logs of the database server", Blank("spans; shorter than those above")),
    ]  # fmt: skip
    return Part(heading="When it is deleted", blocks=(Table(("Data", "Deleted"), tuple(rows)),))


def _measures(facts: Facts) -> Part:
    key = (
        f"the guardian ({facts.guardian}) holds until then"
        if facts.guardian_holds_key
        else "the collector keeps until then"
    )
    rows: list[tuple[str, tuple[Words, ...]]] = [
        ("Two programs", (f"The application ({facts.application}) knows people and never an "
                          f"answer; the collector ({facts.collector}) takes answers and never "
                          "learns who anybody is.",)),
        ("Rights to answer", (
            "Blind-signed ballots (RFC 9474): the signature does not tell whose ballot it was."
            if facts.has_ballots
            else "Code letters, drawn from a box; codes are stored as hashes.",)),
        ("Sealing", ("Answers are encrypted (AES-256-GCM, key agreed on P-256) to a key that "
                     f"{key}.",)),
        ("Release", (f"Figures from {facts.thresholds.k} answers on, comments from "
                     f"{facts.thresholds.k_comment}, one fixed partition, bounds where nearly "
                     f"all agree (profile “{facts.thresholds.profile}”).",)),
        ("Access", ("Roles checked on every page; passwords hashed with Argon2id; sign-ins end "
                    "by themselves; strict content-security policy.",)),
        ("Evidence", ("Manifest with fingerprint, list of receipts, “headwater verify”; attacks "
                      "that run as tests.",)),
        ("Database", (facts.database, Blank("encryption of disks, backups, who has access"))),
    ]  # fmt: skip
    return Part(heading="Technical and organisational measures", blocks=(Rows(tuple(rows)),))
