"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "deleted_rows",
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("token", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("table_name", name=op.f("pk_deleted_rows")),
    )
    op.create_table(
        "outbox_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dedup_key", sa.String(length=120), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_unlisted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("n_attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mails")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_outbox_mails_dedup_key")),
    )
    with op.batch_alter_table("outbox_mails", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_mails_due", ["sent_at", "due_at"], unique=False)

    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("erased_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "erased_on IS NULL OR (name = 'A former colleague' AND email IS NULL AND password_hash IS NULL AND ended_on IS NOT NULL)",
            name=op.f("ck_people_erased_is_nobody"),
        ),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_people_name_not_blank")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_table(
        "reports",
        sa.Column("inputs_sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('wave', 'linkage', 'customers')", name=op.f("ck_reports_known_kind")
        ),
        sa.PrimaryKeyConstraint("inputs_sha256", name=op.f("pk_reports")),
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index("ix_reports_kind_subject", ["kind", "subject"], unique=False)

    op.create_table(
        "retention_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "finished_at IS NULL OR finished_at >= began_at",
            name=op.f("ck_retention_runs_ends_after_start"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_runs")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("n_failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name=op.f("pk_sign_in_failures")),
    )
    op.create_table(
        "survey_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "audience IN ('employees', 'customers')",
            name=op.f("ck_survey_versions_known_audience"),
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_survey_versions_version_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_versions")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_survey_versions_key_version")),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "closed_on IS NULL OR closed_on >= opened_on",
            name=op.f("ck_teams_closed_after_opened"),
        ),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_teams_name_not_blank")),
        sa.ForeignKeyConstraint(["parent_id"], ["teams.id"], name=op.f("fk_teams_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("key", name=op.f("uq_teams_key")),
    )
    with op.batch_alter_table("teams", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_teams_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "touchpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "stage IN ('attraction', 'discovery', 'purchase', 'use', 'service', 'renewal')",
            name=op.f("ck_touchpoints_known_stage"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touchpoints")),
        sa.UniqueConstraint("name", name=op.f("uq_touchpoints_name")),
    )
    op.create_table(
        "account_links",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('invitation', 'reset')", name=op.f("ck_account_links_known_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_account_links_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_account_links")),
    )
    with op.batch_alter_table("account_links", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_account_links_person_id"), ["person_id"], unique=False
        )

    op.create_table(
        "customer_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("touchpoint_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("survey_version_id", sa.Integer(), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('link', 'email', 'qr', 'kiosk', 'widget', 'import')",
            name=op.f("ck_customer_links_known_channel"),
        ),
        sa.ForeignKeyConstraint(
            ["survey_version_id"],
            ["survey_versions.id"],
            name=op.f("fk_customer_links_survey_version_id"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_customer_links_team_id")),
        sa.ForeignKeyConstraint(
            ["touchpoint_id"], ["touchpoints.id"], name=op.f("fk_customer_links_touchpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_links")),
        sa.UniqueConstraint("token", name=op.f("uq_customer_links_token")),
    )
    with op.batch_alter_table("customer_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_links_team_id"), ["team_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_customer_links_touchpoint_id"), ["touchpoint_id"], unique=False
        )

    op.create_table(
        "customer_roll_ups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("team_key", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("touchpoint_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=12), nullable=False),
        sa.Column("item", sa.String(length=60), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("total_squares", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_customer_roll_ups_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["touchpoint_id"], ["touchpoints.id"], name=op.f("fk_customer_roll_ups_touchpoint_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_roll_ups")),
        sa.UniqueConstraint(
            "team_key",
            "day",
            "touchpoint_id",
            "channel",
            "item",
            name=op.f("uq_customer_roll_ups_team_key_day_touchpoint_id_channel_item"),
        ),
    )
    with op.batch_alter_table("customer_roll_ups", schema=None) as batch_op:
        batch_op.create_index("ix_customer_roll_ups_day", ["day"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "until_on IS NULL OR until_on > from_on", name=op.f("ck_memberships_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_memberships_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_memberships_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("person_id", "from_on", name=op.f("uq_memberships_person_id_from_on")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memberships_team_id"), ["team_id"], unique=False)
        batch_op.create_index(
            "uq_memberships_current",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("until_on IS NULL"),
            postgresql_where=sa.text("until_on IS NULL"),
        )

    op.create_table(
        "role_grants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(role = 'manager') = (team_id IS NOT NULL)",
            name=op.f("ck_role_grants_only_managers_have_a_team"),
        ),
        sa.CheckConstraint(
            "role IN ('employee', 'manager', 'hr', 'executive', 'cx_manager', 'administrator')",
            name=op.f("ck_role_grants_known_role"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_role_grants_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_role_grants_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
        sa.UniqueConstraint(
            "person_id", "role", "team_id", name=op.f("uq_role_grants_person_id_role_team_id")
        ),
    )
    with op.batch_alter_table("role_grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_grants_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_role_grants_person_role",
            ["person_id", "role"],
            unique=True,
            sqlite_where=sa.text("team_id IS NULL"),
            postgresql_where=sa.text("team_id IS NULL"),
        )

    op.create_table(
        "sign_ins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("browser", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_sign_ins_token_digest")),
    )
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_ins_person_id"), ["person_id"], unique=False)

    op.create_table(
        "team_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("second_name", sa.String(length=120), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("refused", sa.String(length=400), nullable=False),
        sa.CheckConstraint(
            "done_on IS NULL OR refused = ''", name=op.f("ck_team_changes_done_or_refused")
        ),
        sa.CheckConstraint(
            "kind IN ('split', 'merge', 'move', 'rename', 'close')",
            name=op.f("ck_team_changes_known_kind"),
        ),
        sa.CheckConstraint(
            "done_on IS NULL OR done_on >= starts_on",
            name=op.f("ck_team_changes_done_after_start"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["teams.id"], name=op.f("fk_team_changes_parent_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_changes")),
    )
    op.create_table(
        "waves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("survey_version_id", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("profile", sa.String(length=12), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("k_group", sa.Integer(), nullable=False),
        sa.Column("k_comment", sa.Integer(), nullable=False),
        sa.Column("rights", sa.String(length=8), nullable=False),
        sa.Column("promise", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issuing_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("last_day_told_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opening", sa.JSON(), nullable=True),
        sa.Column("opening_sha256", sa.String(length=64), nullable=True),
        sa.Column("manifest", sa.Text(), nullable=True),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=True),
        sa.Column("manifest_signature", sa.String(length=86), nullable=True),
        sa.CheckConstraint("profile <> 'strict' OR k >= 8", name=op.f("ck_waves_k_floor_strict")),
        sa.CheckConstraint(
            "profile IN ('default', 'strict')", name=op.f("ck_waves_known_profile")
        ),
        sa.CheckConstraint("rights IN ('ballots', 'letters')", name=op.f("ck_waves_known_rights")),
        sa.CheckConstraint(
            "(manifest IS NULL) = (manifest_sha256 IS NULL)",
            name=op.f("ck_waves_manifest_with_its_hash"),
        ),
        sa.CheckConstraint(
            "cancelled_at IS NULL OR released_at IS NULL",
            name=op.f("ck_waves_cancelled_or_released"),
        ),
        sa.CheckConstraint(
            "closed_at IS NULL OR opened_at IS NOT NULL",
            name=op.f("ck_waves_closed_only_if_opened"),
        ),
        sa.CheckConstraint("closes_on >= opens_on", name=op.f("ck_waves_closes_after_opening")),
        sa.CheckConstraint(
            "issuing_ended_at IS NULL OR opened_at IS NOT NULL",
            name=op.f("ck_waves_issued_only_if_opened"),
        ),
        sa.CheckConstraint("k >= 5", name=op.f("ck_waves_k_floor")),
        sa.CheckConstraint("k_comment >= 10", name=op.f("ck_waves_k_comment_floor")),
        sa.CheckConstraint("k_group >= k", name=op.f("ck_waves_k_group_floor")),
        sa.CheckConstraint(
            "manifest IS NULL OR promise IS NOT NULL",
            name=op.f("ck_waves_manifest_with_a_promise"),
        ),
        sa.CheckConstraint(
            "manifest_signature IS NULL OR manifest IS NOT NULL",
            name=op.f("ck_waves_only_manifests_are_signed"),
        ),
        sa.CheckConstraint(
            "released_at IS NULL OR closed_at IS NOT NULL",
            name=op.f("ck_waves_released_only_if_closed"),
        ),
        sa.ForeignKeyConstraint(
            ["survey_version_id"], ["survey_versions.id"], name=op.f("fk_waves_survey_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waves")),
        sa.UniqueConstraint("key", name=op.f("uq_waves_key")),
    )
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("about_kind", sa.String(length=10), nullable=False),
        sa.Column("about_key", sa.String(length=120), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("is_for_all", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("tag", sa.String(length=12), nullable=False),
        sa.Column("competency", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("follow_ups", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "about_kind IN ('item', 'construct', 'comments')", name=op.f("ck_actions_known_about")
        ),
        sa.CheckConstraint(
            "competency IN ('customer_centric_culture', 'adoption_and_accountability', 'strategy', 'measurement', 'design_and_innovation', 'voice_of_the_customer')",
            name=op.f("ck_actions_known_competency"),
        ),
        sa.CheckConstraint(
            "status IN ('planned', 'under_way', 'done', 'dropped', 'declined')",
            name=op.f("ck_actions_known_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('dropped', 'declined') OR length(trim(because)) > 0",
            name=op.f("ck_actions_says_why_not"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('planned', 'under_way') OR due_on IS NOT NULL",
            name=op.f("ck_actions_due_if_promised"),
        ),
        sa.CheckConstraint(
            "tag IN ('people', 'technology', 'process')", name=op.f("ck_actions_known_tag")
        ),
        sa.CheckConstraint("length(trim(about_key)) > 0", name=op.f("ck_actions_about_not_blank")),
        sa.CheckConstraint("length(trim(said)) > 0", name=op.f("ck_actions_said_not_blank")),
        sa.CheckConstraint("length(trim(title)) > 0", name=op.f("ck_actions_title_not_blank")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["people.id"], name=op.f("fk_actions_owner_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_actions_team_id")),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_actions_wave_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
    )
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_actions_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index("ix_actions_team_id_status", ["team_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_actions_wave_id"), ["wave_id"], unique=False)

    op.create_table(
        "answer_drafts",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("thread", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_answer_drafts_wave_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"],
            ["people.id"],
            name=op.f("fk_answer_drafts_written_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("wave_id", "thread", name=op.f("pk_answer_drafts")),
    )
    with op.batch_alter_table("answer_drafts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_answer_drafts_written_by_id"), ["written_by_id"], unique=False
        )

    op.create_table(
        "changed_people",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["team_changes.id"],
            name=op.f("fk_changed_people_change_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_changed_people_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("change_id", "person_id", name=op.f("pk_changed_people")),
    )
    op.create_table(
        "changed_teams",
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.CheckConstraint(
            "side IN ('before', 'after')", name=op.f("ck_changed_teams_known_side")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"],
            ["team_changes.id"],
            name=op.f("fk_changed_teams_change_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_changed_teams_team_id")),
        sa.PrimaryKeyConstraint("change_id", "team_id", name=op.f("pk_changed_teams")),
    )
    op.create_table(
        "comment_tags",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tag", sa.String(length=40), nullable=False),
        sa.CheckConstraint("length(trim(tag)) > 0", name=op.f("ck_comment_tags_tag_not_blank")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_comment_tags_numbered_from_one")),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_comment_tags_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", "number", "tag", name=op.f("pk_comment_tags")),
    )
    with op.batch_alter_table("comment_tags", schema=None) as batch_op:
        batch_op.create_index("ix_comment_tags_tag", ["tag"], unique=False)

    op.create_table(
        "counting_groups",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=12), nullable=False),
        sa.Column("label", sa.String(length=400), nullable=False),
        sa.Column("n_eligible", sa.Integer(), nullable=False),
        sa.Column("right", sa.String(length=6), nullable=False),
        sa.Column("n_issued", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "\"right\" IN ('ballot', 'letter')", name=op.f("ck_counting_groups_known_right")
        ),
        sa.CheckConstraint(
            "n_issued BETWEEN 0 AND n_eligible",
            name=op.f("ck_counting_groups_no_more_issued_than_eligible"),
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_counting_groups_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", "key", name=op.f("pk_counting_groups")),
    )
    op.create_table(
        "customer_responses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("is_rolled_up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["customer_links.id"], name=op.f("fk_customer_responses_link_id")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name=op.f("fk_customer_responses_team_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_responses")),
        sa.UniqueConstraint("submission", name=op.f("uq_customer_responses_submission")),
    )
    with op.batch_alter_table("customer_responses", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_responses_waiting",
            ["id"],
            unique=False,
            sqlite_where=sa.text("NOT is_rolled_up"),
            postgresql_where=sa.text("NOT is_rolled_up"),
        )

    op.create_table(
        "issuances",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("blinded_sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("length(blinded_sha256) = 64", name=op.f("ck_issuances_hash_length")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_issuances_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_issuances_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", "person_id", name=op.f("pk_issuances")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "releases",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_releases_hash_length")),
        sa.ForeignKeyConstraint(["wave_id"], ["waves.id"], name=op.f("fk_releases_wave_id")),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_releases")),
        sa.UniqueConstraint("sha256", name=op.f("uq_releases_sha256")),
    )
    op.create_table(
        "thread_exchanges",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("told_sha256", sa.String(length=64), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "told_sha256 IS NULL OR length(told_sha256) = 64",
            name=op.f("ck_thread_exchanges_hash_length"),
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_thread_exchanges_wave_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("wave_id", name=op.f("pk_thread_exchanges")),
    )
    op.create_table(
        "thread_messages",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("thread", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sender", sa.String(length=6), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("reply", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "sender = 'author' OR reply IS NULL",
            name=op.f("ck_thread_messages_only_authors_reply"),
        ),
        sa.CheckConstraint(
            "sender = 'hr' OR written_by_id IS NULL",
            name=op.f("ck_thread_messages_authors_are_nobody"),
        ),
        sa.CheckConstraint(
            "sender IN ('hr', 'author')", name=op.f("ck_thread_messages_known_sender")
        ),
        sa.CheckConstraint("length(month) = 7", name=op.f("ck_thread_messages_month_and_no_day")),
        sa.CheckConstraint("length(thread) = 64", name=op.f("ck_thread_messages_thread_length")),
        sa.CheckConstraint(
            "length(trim(text)) > 0", name=op.f("ck_thread_messages_text_not_blank")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"], ["waves.id"], name=op.f("fk_thread_messages_wave_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"],
            ["people.id"],
            name=op.f("fk_thread_messages_written_by_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("wave_id", "thread", "number", name=op.f("pk_thread_messages")),
        sa.UniqueConstraint("wave_id", "reply", name=op.f("uq_thread_messages_wave_id_reply")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("thread_messages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_thread_messages_written_by_id"), ["written_by_id"], unique=False
        )

    op.create_table(
        "action_moves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('planned', 'under_way', 'done', 'dropped', 'declined')",
            name=op.f("ck_action_moves_known_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('dropped', 'declined') OR length(trim(because)) > 0",
            name=op.f("ck_action_moves_says_why_not"),
        ),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["actions.id"],
            name=op.f("fk_action_moves_action_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_action_moves_person_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_moves")),
    )
    with op.batch_alter_table("action_moves", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_action_moves_action_id"), ["action_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_action_moves_person_id"), ["person_id"], unique=False)

    op.create_table(
        "roster_entries",
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("group_key", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_roster_entries_person_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_roster_entries_team_id")),
        sa.ForeignKeyConstraint(
            ["wave_id", "group_key"],
            ["counting_groups.wave_id", "counting_groups.key"],
            name=op.f("fk_roster_entries_wave_id_group_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("wave_id", "person_id", name=op.f("pk_roster_entries")),
    )


def downgrade() -> None:
    op.drop_table("roster_entries")
    with op.batch_alter_table("action_moves", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_action_moves_person_id"))
        batch_op.drop_index(batch_op.f("ix_action_moves_action_id"))

    op.drop_table("action_moves")
    with op.batch_alter_table("thread_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thread_messages_written_by_id"))

    op.drop_table("thread_messages")
    op.drop_table("thread_exchanges")
    op.drop_table("releases")
    op.drop_table("issuances")
    with op.batch_alter_table("customer_responses", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_customer_responses_waiting",
            sqlite_where=sa.text("NOT is_rolled_up"),
            postgresql_where=sa.text("NOT is_rolled_up"),
        )

    op.drop_table("customer_responses")
    op.drop_table("counting_groups")
    with op.batch_alter_table("comment_tags", schema=None) as batch_op:
        batch_op.drop_index("ix_comment_tags_tag")

    op.drop_table("comment_tags")
    op.drop_table("changed_teams")
    op.drop_table("changed_people")
    with op.batch_alter_table("answer_drafts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answer_drafts_written_by_id"))

    op.drop_table("answer_drafts")
    with op.batch_alter_table("actions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_actions_wave_id"))
        batch_op.drop_index("ix_actions_team_id_status")
        batch_op.drop_index(batch_op.f("ix_actions_owner_id"))

    op.drop_table("actions")
    op.drop_table("waves")
    op.drop_table("team_changes")
    with op.batch_alter_table("sign_ins", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_ins_person_id"))

    op.drop_table("sign_ins")
    with op.batch_alter_table("role_grants", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_role_grants_person_role",
            sqlite_where=sa.text("team_id IS NULL"),
            postgresql_where=sa.text("team_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_role_grants_person_id"))

    op.drop_table("role_grants")
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_memberships_current",
            sqlite_where=sa.text("until_on IS NULL"),
            postgresql_where=sa.text("until_on IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_memberships_team_id"))

    op.drop_table("memberships")
    with op.batch_alter_table("customer_roll_ups", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_roll_ups_day")

    op.drop_table("customer_roll_ups")
    with op.batch_alter_table("customer_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_links_touchpoint_id"))
        batch_op.drop_index(batch_op.f("ix_customer_links_team_id"))

    op.drop_table("customer_links")
    with op.batch_alter_table("account_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_links_person_id"))

    op.drop_table("account_links")
    op.drop_table("touchpoints")
    with op.batch_alter_table("teams", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_teams_parent_id"))

    op.drop_table("teams")
    op.drop_table("survey_versions")
    op.drop_table("sign_in_failures")
    op.drop_table("retention_runs")
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index("ix_reports_kind_subject")

    op.drop_table("reports")
    op.drop_table("people")
    with op.batch_alter_table("outbox_mails", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_mails_due")

    op.drop_table("outbox_mails")
    op.drop_table("deleted_rows")
