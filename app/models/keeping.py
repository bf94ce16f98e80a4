"""What every table tells of people and how long it is kept: the one list of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import MetaData

# Each rule by which something goes.  All but the last two are tasks of `services.retention`.
RULES = {
    "rosters": "after the days that the promise of the wave names",
    "issuances": "when the wave is released or cancelled",
    "results": "after the months that the promise of the wave names",
    "people": "a set time after the person has left",
    "mail": "a set time after it was written",
    "sign_ins": "when it no longer works",
    "customers": "after a set time, if one is set",
    "actions": "stays; who has left is a former colleague in it",
    "nobody": "stays; tells nothing of anybody",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """
    How long a table is kept, and which of its columns tell something of somebody.

    Columns are listed by name, separated by spaces.  What is `personal` is gone, or empty,
    once the time of the rule has passed.
    """

    rule: str
    personal: str = ""
    plain: str = ""

    @property
    def columns(self) -> set[str]:
        """The names of all columns."""
        return {*self.personal.split(), *self.plain.split()}


KEPT: dict[str, Kept] = {
    "account_links": Kept(
        rule="sign_ins", personal="token_digest person_id purpose expires_at used_at"
    ),
    "action_moves": Kept(
        rule="actions", personal="person_id", plain="id action_id moved_at status because"
    ),
    "actions": Kept(
        rule="actions",
        personal="owner_id",
        plain=(
            "id title said wave_id about_kind about_key team_id is_for_all due_on tag competency"
            " status because follow_ups created_at moved_at"
        ),
    ),
    "answer_drafts": Kept(rule="results", personal="wave_id thread text written_by_id"),
    "comment_tags": Kept(rule="results", personal="wave_id number tag"),
    "changed_people": Kept(rule="people", personal="change_id person_id"),
    "changed_teams": Kept(rule="nobody", plain="change_id team_id side name"),
    "counting_groups": Kept(
        rule="issuances", personal="n_issued", plain="wave_id key label n_eligible right"
    ),
    "customer_links": Kept(
        rule="nobody",
        plain="id token touchpoint_id channel team_id survey_version_id created_on is_retired",
    ),
    "customer_responses": Kept(
        rule="customers",
        personal="id submission link_id team_id answered_on answers is_rolled_up",
    ),
    "customer_roll_ups": Kept(
        rule="nobody",
        plain="id team_id team_key day touchpoint_id channel item n total total_squares counts",
    ),
    "deleted_rows": Kept(rule="nobody", plain="table_name token"),
    "issuances": Kept(rule="issuances", personal="wave_id person_id blinded_sha256"),
    "memberships": Kept(rule="people", personal="id person_id team_id from_on until_on"),
    "outbox_mails": Kept(
        rule="mail",
        personal=(
            "id dedup_key recipient subject body is_unlisted created_at due_at claimed_until"
            " n_attempts sent_at last_error"
        ),
    ),
    # Of somebody who is still spoken of, a row without name and address is left.
    "people": Kept(
        rule="people",
        personal="email name locale started_on ended_on password_hash is_disabled",
        plain="id erased_on",
    ),
    "releases": Kept(rule="results", personal="wave_id sha256 released_on document"),
    "reports": Kept(rule="results", personal="inputs_sha256 kind subject made_at document"),
    "retention_runs": Kept(rule="nobody", plain="id began_at finished_at removed"),
    "role_grants": Kept(rule="people", personal="id person_id role team_id"),
    "roster_entries": Kept(rule="rosters", personal="wave_id person_id team_id group_key"),
    "sign_in_failures": Kept(rule="sign_ins", personal="key_digest n_failures last_failed_at"),
    "sign_ins": Kept(
        rule="sign_ins", personal="id token_digest person_id created_at last_seen_at browser"
    ),
    "survey_versions": Kept(
        rule="nobody",
        plain="id key version title audience definition created_at frozen_at is_retired",
    ),
    "team_changes": Kept(
        rule="nobody",
        plain="id kind starts_on name second_name parent_id planned_at done_on refused",
    ),
    "teams": Kept(rule="nobody", plain="id key name parent_id opened_on closed_on"),
    "thread_exchanges": Kept(rule="nobody", plain="wave_id told_sha256 asked_on"),
    "thread_messages": Kept(
        rule="results",
        personal="wave_id thread number sender month text written_by_id reply",
    ),
    "touchpoints": Kept(rule="nobody", plain="id name stage is_retired"),
    "waves": Kept(
        rule="nobody",
        plain=(
            "id key title survey_version_id opens_on closes_on profile k k_group k_comment rights"
            " promise created_at prepared_at opened_at invited_at issuing_ended_at reminded_on"
            " last_day_told_on closed_at released_at cancelled_at opening opening_sha256 manifest"
            " manifest_sha256 manifest_signature"
        ),
    ),
}


def undeclared(metadata: MetaData) -> Iterator[str]:
    """List the tables and columns of which nobody has said how long they are kept."""
    for name, table in metadata.tables.items():
        if name not in KEPT:
            yield name
            continue
        kept = KEPT[name]
        for column in table.columns:
            if column.name not in kept.columns:
                yield f"{name}.{column.name}"
            elif column.name not in kept.personal.split() and any(
                key.column.table.name == "people" for key in column.foreign_keys
            ):
                yield f"{name}.{column.name} leads to a person"
