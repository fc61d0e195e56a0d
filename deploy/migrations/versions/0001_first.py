"""The first schema."""

import sqlalchemy as sa
from alembic import op

from schemas import column_types as types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_transitions",
        sa.Column("alert_id", types.Id(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", types.UtcMicros(), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "seq", name=op.f("pk_alert_transitions")),
    )
    op.create_table(
        "alerts",
        sa.Column("alert_id", types.Id(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("place_key", sa.String(length=64), nullable=False),
        sa.Column("actor_class", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("retrospective", sa.Boolean(), nullable=False),
        sa.Column("updated_at", types.UtcMicros(), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    op.create_index("uq_alerts_number", "alerts", ["number"], unique=True)
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", types.UtcMicros(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
    )
    op.create_table(
        "changes",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("entity", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", types.UtcMicros(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes")),
    )
    op.create_table(
        "cube",
        sa.Column("adm2", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cell5", sa.BigInteger(), nullable=False),
        sa.Column("event_class", sa.String(length=32), nullable=False),
        sa.Column("actor_class", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("incidents", sa.BigInteger(), nullable=False),
        sa.Column("deaths", sa.BigInteger(), nullable=False),
        sa.Column("civilian_deaths", sa.BigInteger(), nullable=False),
        sa.Column("weight_milli", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "adm2", "day", "cell5", "event_class", "actor_class", "level", name=op.f("pk_cube")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dead_letters",
        sa.Column("partition", sa.String(length=128), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("at", types.UtcMicros(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("root_id", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("partition", "position", name=op.f("pk_dead_letters")),
    )
    op.create_table(
        "deliveries",
        sa.Column("endpoint_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", types.Id(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.Double(), nullable=False),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_error", sa.String(length=400), nullable=True),
        sa.Column("created_at", types.UtcMicros(), nullable=False),
        sa.Column("delivered_at", types.UtcMicros(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", "alert_id", "seq", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state = 'PENDING'"),
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("endpoint_id", sa.String(length=64), nullable=False),
        sa.Column("alert_id", types.Id(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", types.UtcMicros(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=400), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "endpoint_id", "alert_id", "seq", "attempt", name=op.f("pk_delivery_attempts")
        ),
    )
    op.create_table(
        "device_keys",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("max_level", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("issued_at", types.UtcMicros(), nullable=False),
        sa.Column("expires_at", types.UtcMicros(), nullable=True),
        sa.Column("revoked_at", types.UtcMicros(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_device_keys")),
    )
    op.create_table(
        "endpoints",
        sa.Column("endpoint_id", sa.String(length=64), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.UtcMicros(), nullable=False),
        sa.Column("disabled_at", types.UtcMicros(), nullable=True),
        sa.Column("disabled_reason", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_endpoints")),
    )
    op.create_table(
        "flags",
        sa.Column("flag_id", types.Id(length=36), nullable=False),
        sa.Column("flag_key", sa.String(length=300), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("retrospective", sa.Boolean(), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("place_key", sa.String(length=64), nullable=False),
        sa.Column("actor_class", sa.String(length=32), nullable=False),
        sa.Column("adm2", sa.String(length=32), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("updated_at", types.UtcMicros(), nullable=False),
        sa.Column("alert_id", types.Id(length=36), nullable=True),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.PrimaryKeyConstraint("flag_id", name=op.f("pk_flags")),
    )
    op.create_index("ix_flags_alert_id", "flags", ["alert_id"], unique=False)
    op.create_index(
        "ix_flags_rule_id_place_key_day", "flags", ["rule_id", "place_key", "day"], unique=False
    )
    op.create_table(
        "history",
        sa.Column("entity", sa.String(length=16), nullable=False),
        sa.Column("entity_id", types.Id(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("superseded_at", types.UtcMicros(), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.PrimaryKeyConstraint("entity", "entity_id", "revision", name=op.f("pk_history")),
    )
    op.create_table(
        "incidents",
        sa.Column("incident_id", types.Id(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("occurred_start", types.UtcMicros(), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("event_class", sa.String(length=32), nullable=False),
        sa.Column("actor_class", sa.String(length=32), nullable=False),
        sa.Column("actor_key", sa.String(length=400), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("cell4", sa.BigInteger(), nullable=False),
        sa.Column("cell5", sa.BigInteger(), nullable=False),
        sa.Column("adm1", sa.String(length=32), nullable=True),
        sa.Column("adm2", sa.String(length=32), nullable=True),
        sa.Column("min_level", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("updated_at", types.UtcMicros(), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.Column("views", types.JsonBytes(), nullable=True),
        sa.PrimaryKeyConstraint("incident_id", name=op.f("pk_incidents")),
    )
    op.create_index("ix_incidents_cell4_day", "incidents", ["cell4", "day"], unique=False)
    op.create_table(
        "layer_features",
        sa.Column("layer", sa.String(length=64), nullable=False),
        sa.Column("feature_id", sa.String(length=128), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.PrimaryKeyConstraint("layer", "feature_id", name=op.f("pk_layer_features")),
    )
    op.create_table(
        "layers",
        sa.Column("layer", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=400), nullable=False),
        sa.Column("features", sa.Integer(), nullable=False),
        sa.Column("loaded_at", types.UtcMicros(), nullable=False),
        sa.PrimaryKeyConstraint("layer", name=op.f("pk_layers")),
    )
    op.create_table(
        "mission",
        sa.Column("mission_id", sa.String(length=64), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.Column("updated_at", types.UtcMicros(), nullable=False),
        sa.PrimaryKeyConstraint("mission_id", name=op.f("pk_mission")),
    )
    op.create_table(
        "positions",
        sa.Column("partition", sa.String(length=128), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_positions")),
    )
    op.create_table(
        "redirects",
        sa.Column("old_id", types.Id(length=36), nullable=False),
        sa.Column("new_id", types.Id(length=36), nullable=True),
        sa.Column("entity", sa.String(length=16), nullable=False),
        sa.Column("at", types.UtcMicros(), nullable=False),
        sa.PrimaryKeyConstraint("old_id", name=op.f("pk_redirects")),
    )
    op.create_table(
        "reports",
        sa.Column("report_id", types.Id(length=36), nullable=False),
        sa.Column("root_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("received_at", types.UtcMicros(), nullable=False),
        sa.Column("occurred_start", types.UtcMicros(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("event_type", sa.String(length=64), nullable=False),
        sa.Column("event_class", sa.String(length=32), nullable=False),
        sa.Column("record_kind", sa.String(length=32), nullable=False),
        sa.Column("fusible", sa.Boolean(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("radius_m", sa.Double(), nullable=True),
        sa.Column("place_from", sa.String(length=32), nullable=True),
        sa.Column("cell4", sa.BigInteger(), nullable=False),
        sa.Column("adm1", sa.String(length=32), nullable=True),
        sa.Column("adm2", sa.String(length=32), nullable=True),
        sa.Column("adm2_candidates", sa.String(length=400), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("exercise", sa.Boolean(), nullable=False),
        sa.Column("incident_id", types.Id(length=36), nullable=True),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_day_cell4", "reports", ["day", "cell4"], unique=False)
    op.create_index("uq_reports_root_id_revision", "reports", ["root_id", "revision"], unique=True)
    op.create_table(
        "rules",
        sa.Column("rule_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.Column("loaded_at", types.UtcMicros(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_rules")),
    )
    op.create_table(
        "units",
        sa.Column("unit_id", sa.String(length=64), nullable=False),
        sa.Column("body", types.JsonBytes(), nullable=False),
        sa.Column("updated_at", types.UtcMicros(), nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_units")),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.Column("level", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("areas", sa.String(length=2000), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", types.UtcMicros(), nullable=False),
        sa.Column("disabled_at", types.UtcMicros(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
    )
    op.create_table(
        "sessions",
        sa.Column("session_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", types.UtcMicros(), nullable=False),
        sa.Column("expires_at", types.UtcMicros(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("session_sha256", name=op.f("pk_sessions")),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", types.UtcMicros(), nullable=False),
        sa.Column("used_at", types.UtcMicros(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_sign_in_links_user_id")
        ),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in_links")),
    )


def downgrade() -> None:
    op.drop_table("sign_in_links")
    op.drop_table("sessions")
    op.drop_table("users")
    op.drop_table("units")
    op.drop_table("rules")
    op.drop_index("uq_reports_root_id_revision", table_name="reports")
    op.drop_index("ix_reports_day_cell4", table_name="reports")
    op.drop_table("reports")
    op.drop_table("redirects")
    op.drop_table("positions")
    op.drop_table("mission")
    op.drop_table("layers")
    op.drop_table("layer_features")
    op.drop_index("ix_incidents_cell4_day", table_name="incidents")
    op.drop_table("incidents")
    op.drop_table("history")
    op.drop_index("ix_flags_rule_id_place_key_day", table_name="flags")
    op.drop_index("ix_flags_alert_id", table_name="flags")
    op.drop_table("flags")
    op.drop_table("endpoints")
    op.drop_table("device_keys")
    op.drop_table("delivery_attempts")
    op.drop_index(
        "ix_deliveries_due",
        table_name="deliveries",
        sqlite_where=sa.text("state = 'PENDING'"),
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.drop_table("deliveries")
    op.drop_table("dead_letters")
    op.drop_table("cube")
    op.drop_table("changes")
    op.drop_table("audit")
    op.drop_index("uq_alerts_number", table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("alert_transitions")
