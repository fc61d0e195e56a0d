"""The tables, for SQLite and PostgreSQL from one definition. No engine and no query here.

Keys are made from data and sorted by event time; secondary indexes are few on purpose, since
each costs more than the row (`docs/performance.md`). Times are microseconds since 1970 (UTC),
`day` the mission-local day since 1970-01-01, `body` the canonical JSON of the message.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from schemas.column_types import Id, JsonBytes, UtcMicros

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# ---------------------------------------------------------------- what is configured

mission = Table(
    "mission",
    metadata,
    Column("mission_id", String(64), primary_key=True),
    Column("body", JsonBytes, nullable=False),
    Column("updated_at", UtcMicros, nullable=False),
)

units = Table(
    "units",
    metadata,
    Column("unit_id", String(64), primary_key=True),
    Column("body", JsonBytes, nullable=False),
    Column("updated_at", UtcMicros, nullable=False),
)

device_keys = Table(
    "device_keys",
    metadata,
    Column("key_id", String(32), primary_key=True),
    Column("unit_id", String(64), nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("max_level", Integer, nullable=False, server_default=text("1")),
    Column("issued_at", UtcMicros, nullable=False),
    Column("expires_at", UtcMicros),
    Column("revoked_at", UtcMicros),
)

users = Table(
    "users",
    metadata,
    Column("user_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("password_hash", String(200)),
    Column("roles", String(200), nullable=False),
    Column("level", Integer, nullable=False, server_default=text("0")),
    Column("areas", String(2_000), nullable=False, server_default=text("''")),
    Column("created_at", UtcMicros, nullable=False),
    Column("disabled_at", UtcMicros),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_sha256", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.user_id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", UtcMicros, nullable=False),
    Column("expires_at", UtcMicros, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("user_id", String(64), ForeignKey("users.user_id"), nullable=False),
    Column("expires_at", UtcMicros, nullable=False),
    Column("used_at", UtcMicros),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("endpoint_id", String(64), primary_key=True),
    Column("body", JsonBytes, nullable=False),
    Column("secret_sealed", LargeBinary, nullable=False),
    Column("created_at", UtcMicros, nullable=False),
    Column("disabled_at", UtcMicros),
    Column("disabled_reason", String(200)),
)

rules = Table(
    "rules",
    metadata,
    Column("rule_id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", JsonBytes, nullable=False),
    Column("loaded_at", UtcMicros, nullable=False),
    Column("active", Boolean, nullable=False),
    PrimaryKeyConstraint("rule_id", "version"),
)

layers = Table(
    "layers",
    metadata,
    Column("layer", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("source", String(400), nullable=False),
    Column("features", Integer, nullable=False),
    Column("loaded_at", UtcMicros, nullable=False),
)

layer_features = Table(
    "layer_features",
    metadata,
    Column("layer", String(64), nullable=False),
    Column("feature_id", String(128), nullable=False),
    Column("body", JsonBytes, nullable=False),
    PrimaryKeyConstraint("layer", "feature_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcMicros, nullable=False),
    Column("who", String(64), nullable=False),
    Column("what", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Text, nullable=False),
)

# ---------------------------------------------------------------- what the log brought

positions = Table(
    "positions",
    metadata,
    Column("partition", String(128), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("report_id", Id, primary_key=True),
    Column("root_id", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("current", Boolean, nullable=False),
    Column("node", String(64), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("unit_id", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("received_at", UtcMicros, nullable=False),
    Column("occurred_start", UtcMicros, nullable=False),
    Column("day", Integer, nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("event_class", String(32), nullable=False),
    Column("record_kind", String(32), nullable=False),
    Column("fusible", Boolean, nullable=False),
    Column("lon", Double),
    Column("lat", Double),
    Column("radius_m", Double),
    Column("place_from", String(32)),
    # H3 cell at resolution 4 as a signed 64-bit integer; 0 where the place is unresolved.
    Column("cell4", BigInteger, nullable=False),
    Column("adm1", String(32)),
    Column("adm2", String(32)),
    Column("adm2_candidates", String(400)),
    Column("level", Integer, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("incident_id", Id),
    Column("body", JsonBytes, nullable=False),
)
Index("uq_reports_root_id_revision", reports.c.root_id, reports.c.revision, unique=True)
Index("ix_reports_day_cell4", reports.c.day, reports.c.cell4)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("partition", String(128), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("reason", String(400), nullable=False),
    Column("at", UtcMicros, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("root_id", String(64)),
    Column("revision", Integer),
    PrimaryKeyConstraint("partition", "position"),
)

# ---------------------------------------------------------------- what was concluded

incidents = Table(
    "incidents",
    metadata,
    Column("incident_id", Id, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("occurred_start", UtcMicros, nullable=False),
    Column("event_type", String(64), nullable=False),
    Column("event_class", String(32), nullable=False),
    Column("actor_class", String(32), nullable=False),
    # The named parties, sorted and joined by "+"; empty when nobody is named.
    Column("actor_key", String(400), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("lon", Double),
    Column("lat", Double),
    Column("radius_m", Double),
    Column("cell4", BigInteger, nullable=False),
    Column("cell5", BigInteger, nullable=False),
    Column("adm1", String(32)),
    Column("adm2", String(32)),
    Column("min_level", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("retracted", Boolean, nullable=False),
    Column("updated_at", UtcMicros, nullable=False),
    Column("body", JsonBytes, nullable=False),
    # Views of lower levels, as JSON {level: Incident}; NULL when every member is at one level.
    Column("views", JsonBytes),
)
Index("ix_incidents_cell4_day", incidents.c.cell4, incidents.c.day)

# An old incident or alert id that was told to someone, and the id that it points on to.
redirects = Table(
    "redirects",
    metadata,
    Column("old_id", Id, primary_key=True),
    Column("new_id", Id),
    Column("entity", String(16), nullable=False),
    Column("at", UtcMicros, nullable=False),
)

history = Table(
    "history",
    metadata,
    Column("entity", String(16), nullable=False),
    Column("entity_id", Id, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("superseded_at", UtcMicros, nullable=False),
    Column("body", JsonBytes, nullable=False),
    PrimaryKeyConstraint("entity", "entity_id", "revision"),
)

# The activity cube. A row at a level holds what that level adds to the levels below, so a viewer
# sums the rows at or below their own level.
cube = Table(
    "cube",
    metadata,
    Column("adm2", String(32), nullable=False),
    Column("day", Integer, nullable=False),
    Column("cell5", BigInteger, nullable=False),
    Column("event_class", String(32), nullable=False),
    Column("actor_class", String(32), nullable=False),
    Column("level", Integer, nullable=False),
    Column("incidents", BigInteger, nullable=False),
    Column("deaths", BigInteger, nullable=False),
    Column("civilian_deaths", BigInteger, nullable=False),
    Column("weight_milli", BigInteger, nullable=False),
    PrimaryKeyConstraint("adm2", "day", "cell5", "event_class", "actor_class", "level"),
    # The key is most of the row: one tree instead of two, and a county's days lie side by side.
    sqlite_with_rowid=False,
)

flags = Table(
    "flags",
    metadata,
    Column("flag_id", Id, primary_key=True),
    Column("flag_key", String(300), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("rule_id", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("band", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("retrospective", Boolean, nullable=False),
    Column("shadow", Boolean, nullable=False),
    Column("day", Integer, nullable=False),
    Column("place_key", String(64), nullable=False),
    Column("actor_class", String(32), nullable=False),
    Column("adm2", String(32)),
    Column("lon", Double),
    Column("lat", Double),
    Column("level", Integer, nullable=False),
    Column("updated_at", UtcMicros, nullable=False),
    Column("alert_id", Id),
    Column("body", JsonBytes, nullable=False),
)
Index("ix_flags_alert_id", flags.c.alert_id)
Index("ix_flags_rule_id_place_key_day", flags.c.rule_id, flags.c.place_key, flags.c.day)

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Id, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("place_key", String(64), nullable=False),
    Column("actor_class", String(32), nullable=False),
    Column("day", Integer, nullable=False),
    Column("state", String(32), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("lon", Double),
    Column("lat", Double),
    Column("level", Integer, nullable=False),
    Column("retrospective", Boolean, nullable=False),
    Column("updated_at", UtcMicros, nullable=False),
    Column("body", JsonBytes, nullable=False),
)
Index("uq_alerts_number", alerts.c.number, unique=True)

alert_transitions = Table(
    "alert_transitions",
    metadata,
    Column("alert_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", UtcMicros, nullable=False),
    Column("body", JsonBytes, nullable=False),
    PrimaryKeyConstraint("alert_id", "seq"),
)

# ---------------------------------------------------------------- who must be told

deliveries = Table(
    "deliveries",
    metadata,
    Column("endpoint_id", String(64), nullable=False),
    Column("alert_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    # Unix seconds of the system clock at which the next attempt is due.
    Column("next_attempt_at", Double, nullable=False),
    Column("last_status", Integer),
    Column("last_error", String(400)),
    Column("created_at", UtcMicros, nullable=False),
    Column("delivered_at", UtcMicros),
    # The thin body, made when the transition was committed; the same bytes in every attempt.
    Column("payload", LargeBinary, nullable=False),
    PrimaryKeyConstraint("endpoint_id", "alert_id", "seq"),
)
Index(
    "ix_deliveries_due",
    deliveries.c.next_attempt_at,
    sqlite_where=deliveries.c.state == "PENDING",
    postgresql_where=deliveries.c.state == "PENDING",
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    Column("endpoint_id", String(64), nullable=False),
    Column("alert_id", Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("at", UtcMicros, nullable=False),
    Column("status", Integer),
    Column("error", String(400)),
    Column("took_ms", Integer, nullable=False),
    PrimaryKeyConstraint("endpoint_id", "alert_id", "seq", "attempt"),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("entity", String(16), nullable=False),
    Column("entity_id", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", UtcMicros, nullable=False),
)

# Who of several does what only one may. `beats` grows while the holder lives; `position` is how far
# it has come with what it does.
leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(128)),
    Column("epoch", BigInteger, nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

# ---------------------------------------------------------------- on PostgreSQL only

gis_metadata = MetaData(naming_convention=metadata.naming_convention)

# The roles of PostgreSQL that other people's tools log in with, as `users` has it for people.
gis_readers = Table(
    "gis_readers",
    gis_metadata,
    Column("role", String(63), primary_key=True),
    Column("level", Integer, nullable=False),
    Column("areas", String(2_000), nullable=False, server_default=text("''")),
    Column("added_at", UtcMicros, nullable=False),
)

# ---------------------------------------------------------------- the spool (a database of its own)

spool_metadata = MetaData(naming_convention=metadata.naming_convention)

# (root_id, revision) is unique: `ingest.spool_keys` sees to it, for less than an index costs.
spool = Table(
    "spool",
    spool_metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("root_id", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("value", LargeBinary, nullable=False),
)
