"""The risks of a survey for those who answer: what is done about each, and what remains."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """
    One risk, named as on the page about privacy.

    `remains` is what has to be trusted or borne after all that the program does;
    `do` what the organisation can do about that.
    """

    name: str
    what: str
    measure: str
    remains: str
    do: str


RISKS = (
    Risk(
        name="Your device",
        what="An employer’s computer records screen or keys while somebody answers.",
        measure="A ballot can be carried to a device of one’s own; nothing is left on either.",
        remains="Whoever answers on a watched computer is seen.",
        do="Allow and announce answering on own devices, outside the company’s network.",
    ),
    Risk(
        name="The page you were given",
        what="Somebody is sent a page that tells who they are.",
        measure="The page’s address is its hash, and the manifest holds it; anybody can compare.",
        remains="A browser runs what it gets; the check comes from outside.",
        do="Let somebody run “headwater verify” from outside while the survey is open.",
    ),
    Risk(
        name="The same keys for everybody",
        what="Somebody is given a key of their own, which marks their ballot.",
        measure="One manifest for all, eight words to compare, a guardian’s signature that "
        "browsers demand.",
        remains="Without a guardian it is noticed only if people compare.",
        do="Name a guardian; hang up the notice with the eight words.",
    ),
    Risk(
        name="A live operator",
        what="Whoever runs machines or network records, while people answer, when and from where "
        "a ballot is taken and an answer arrives.",
        measure="Ballots can be taken early, carried away and sent later; no moment is stored.",
        remains="Who answers right after taking the ballot, from the same place, can be linked by "
        "somebody who records both.",
        do="Open days before the first day for answers; have somebody else run the collector.",
    ),
    Risk(
        name="The count key while a wave is open",
        what="Sealed answers are read before the closing, by group and without names.",
        measure="Answers are encrypted to a count key that is destroyed at the closing; a "
        "guardian can hold it.",
        remains="On a single host the collector holds key and sealed answers.",
        do="Let the guardian hold the count key.",
    ),
    Risk(
        name="The roster",
        what="A group is filled with invented people, so that few real ones remain.",
        measure="Everybody is told with how many people they are counted; the groups stand in the "
        "manifest.",
        remains="The program cannot know who is real.",
        do="Let the works council compare the numbers with its own.",
    ),
    Risk(
        name="Stuffing",
        what="Whoever holds the signing keys adds answers.",
        measure="Published counts bound it: never more answers than rights given out, never more "
        "than people; the guardian sees the counts of each group.",
        remains="Answers in place of people who took no ballot.",
        do="Let the guardian look at the counts after the closing.",
    ),
    Risk(
        name="Random numbers and signatures",
        what="A weakness of random numbers or of the blind signature makes ballots recognisable.",
        measure="A public standard (RFC 9474), tested against its published examples, twice.",
        remains="The random numbers of each browser.",
        do="Keep browsers up to date.",
    ),
    Risk(
        name="The note of who fetched a ballot",
        what="Who took a ballot is read in the database while the survey runs.",
        measure="It is shown on no page, holds no time, and is overwritten at the release; “I "
        "prefer not to answer” takes a ballot too.",
        remains="Whoever runs the database can read it until then, and in backups and logs of the "
        "database server until they rotate.",
        do="Limit access to the database; keep its backups briefly.",
    ),
    Risk(
        name="Code letters",
        what="A letter’s code is watched, copied or used by whoever prints the letters.",
        measure="Letters are drawn unseen; codes are printed once and stored as hashes.",
        remains="Answers by letter are sealed when they arrive, not before; whoever prints could "
        "use letters that nobody drew.",
        do="Let the works council print or watch, and count and destroy what is left.",
    ),
    Risk(
        name="Administrators",
        what="An administrator takes a role that reads results, or somebody’s account.",
        measure="Roles are declared for every page; results are groups, never people; a ballot is "
        "given once.",
        remains="Roles can be given to oneself; without a mail server the outbox shows links for "
        "setting passwords.",
        do="Set a mail server; let two people look after roles.",
    ),
    Risk(
        name="Your words",
        what="A comment gives its author away, or names somebody else.",
        measure="A warning before sending; comments apart from scores, without date, in random "
        "order, for large groups only.",
        remains="Style and detail of one’s own words.",
        do="Tell people before; do not guess authors; keep comments no longer than needed.",
    ),
    Risk(
        name="Reading an answer",
        what="Whoever reads HR’s answer to their comment, or replies, is recognised by the moment "
        "or the address from which they do.",
        measure="A code for each comment, known to its author alone; no sign-in, no cookie, no "
        "time stored; replies are fetched once a day at most, in random order.",
        remains="Whoever records the traffic of the collector sees who opens the page; style and "
        "detail of a reply.",
        do="Tell people to read on their own phone, outside the network, one code at a time.",
    ),
    Risk(
        name="Changes from wave to wave",
        what="Results before and after somebody joined or left are compared.",
        measure="Who took part is not published; a group that one or two people joined or left "
        "needs 8 answers.",
        remains="If all others answer as before, the difference says something about a newcomer.",
        do="Leave enough time between surveys.",
    ),
)
