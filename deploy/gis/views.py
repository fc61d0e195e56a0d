"""What the schema `gis` consists of, in PostgreSQL's words.

The views run with the rights of their owner, so that a reader needs none on any table: what a
column list leaves out (bodies, sources, units, names, narrative) can't be asked for. They are
security barriers: a reader's own condition sees only rows that the reader may see. The clauses
repeat `api.access` in the database; a test compares the two.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = "gis"
# What readers are granted; `gis.reader`, which the others ask who is reading, is not among them.
VIEWS: Final = ("layers", "incidents", "alerts", "flags")
_POINTS: Final = ("incidents", "alerts", "flags")

# The point as the API gives it: six decimals. The indexes have the same words: else they are of no
# use. Where a seventh decimal is a 5, the API may round the other way (0.1 m).
_POINT = (
    "{postgis}.ST_SetSRID({postgis}.ST_MakePoint("
    "round(lon * 1e6) / 1e6, round(lat * 1e6) / 1e6), 4326)::{postgis}.geometry(Point, 4326)"
)

_LEVEL = "{row}.level <= (SELECT r.level FROM gis.reader r)"
_EVERYWHERE = "(SELECT r.everywhere FROM gis.reader r)"
_OWN = "ANY ((SELECT r.areas FROM gis.reader r)::text[])"

_FUNCTIONS = (
    # In standard form: names are bound when it is made, whoever calls it with whatever path.
    """
CREATE OR REPLACE FUNCTION gis.facts(body bytea) RETURNS jsonb
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN convert_from(body, 'UTF8')::jsonb
""",
    """
CREATE OR REPLACE FUNCTION gis.shape(body bytea) RETURNS {postgis}.geometry
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN {postgis}.ST_SetSRID({postgis}.ST_Force2D(coalesce(
        {postgis}.ST_GeomFromGeoJSON(nullif(gis.facts(body) -> 'geometry', 'null'::jsonb)),
        {postgis}.ST_MakePoint(
            (gis.facts(body) ->> 'lon')::float8, (gis.facts(body) ->> 'lat')::float8
        )
    )), 4326)
""",
)

_COLUMNS = (
    """
ALTER TABLE layer_features
    ADD COLUMN IF NOT EXISTS shape {postgis}.geometry(Geometry, 4326)
        GENERATED ALWAYS AS (gis.shape(body)) STORED,
    ADD COLUMN IF NOT EXISTS facts jsonb
        GENERATED ALWAYS AS (gis.facts(body) - 'geometry' - 'properties') STORED
""",
)

_INDEXES = (
    "CREATE INDEX IF NOT EXISTS ix_layer_features_gis ON layer_features USING gist (shape)",
    *(
        f"CREATE INDEX IF NOT EXISTS ix_{table}_gis ON {table} USING gist (({_POINT}))"
        for table in _POINTS
    ),
)

# One row for a reader who is listed, none for anybody else. The areas name the counties of each of
# their states too, as `api.shelf` widens them.
_READER = """
CREATE OR REPLACE VIEW gis.reader AS
SELECT listed.level, listed.areas = '' AS everywhere, own.areas || ARRAY(
        SELECT county.feature_id::text FROM layer_features county
        WHERE county.layer = 'adm2' AND county.facts ->> 'parent_id' = ANY (own.areas)
    ) AS areas
FROM gis_readers listed, LATERAL (SELECT string_to_array(listed.areas, ',') AS areas) own
WHERE listed.role = current_user::text
"""

# The geography is the same for every reader: no barrier, which would keep the index from use.
_LAYERS = """
CREATE OR REPLACE VIEW gis.layers AS
SELECT layer, feature_id, facts ->> 'kind' AS kind, facts ->> 'name' AS name,
    facts ->> 'parent_id' AS parent_id, (facts ->> 'population')::integer AS population,
    coalesce((facts ->> 'radius_m')::float8, 0) AS radius_m,
    (facts ->> 'valid_from')::date AS valid_from, (facts ->> 'valid_to')::date AS valid_to,
    shape AS geometry
FROM layer_features
WHERE (SELECT true FROM gis.reader)
"""

_SAID = "CROSS JOIN LATERAL (SELECT gis.facts({row}.body) AS said OFFSET 0) AS of_body"
_COUNTY = (
    "LEFT JOIN layer_features county ON county.layer = 'adm2' AND county.feature_id = {row}.adm2"
)


def _time(column: str) -> str:
    return f"timestamptz 'epoch' + {column} * interval '1 microsecond'"


_INCIDENTS = f"""
CREATE OR REPLACE VIEW gis.incidents WITH (security_barrier) AS
SELECT i.incident_id, i.revision, i.event_type, i.event_class,
    {_time("i.occurred_start")} AS occurred_start, date '1970-01-01' + i.day AS day,
    i.severity, i.radius_m, coalesce(said ->> 'precision', 'P7') AS precision,
    i.adm1, i.adm2, county.facts ->> 'name' AS adm2_name, i.actor_class,
    coalesce((said ->> 'n_reports')::integer, 1) AS n_reports,
    coalesce((said ->> 'n_independent')::integer, 1) AS n_independent,
    coalesce((said #>> '{{{{victims,killed_best}}}}')::integer, 0) AS killed_best,
    coalesce((said #>> '{{{{victims,civilians_killed_best}}}}')::integer, 0)
        AS civilians_killed_best,
    i.level, i.exercise, coalesce((said ->> 'illustrative')::boolean, false) AS illustrative,
    {_time("i.updated_at")} AS updated_at, {_POINT.replace("(l", "(i.l")} AS geometry
FROM incidents i {_COUNTY.format(row="i")} {_SAID.format(row="i")}
WHERE NOT i.retracted AND {_LEVEL.format(row="i")}
    AND ({_EVERYWHERE} OR i.adm2 = {_OWN} OR i.adm1 = {_OWN})
"""

_ALERTS = f"""
CREATE OR REPLACE VIEW gis.alerts WITH (security_barrier) AS
SELECT a.alert_id, a.number, a.seq, a.state, a.priority, (said ->> 'band')::integer AS band,
    a.place_key, said ->> 'place_name' AS place_name, a.actor_class,
    date '1970-01-01' + a.day AS day, a.level, a.retrospective,
    coalesce((said ->> 'illustrative')::boolean, false) AS illustrative,
    (said ->> 'raised_at')::timestamptz AS raised_at, {_time("a.updated_at")} AS updated_at,
    {_POINT.replace("(l", "(a.l")} AS geometry
FROM alerts a {_SAID.format(row="a")}
WHERE {_LEVEL.format(row="a")} AND ({_EVERYWHERE} OR a.place_key = {_OWN})
"""

# A flag near an uncertain county goes with its alert, which may name a state.
_FLAGS = f"""
CREATE OR REPLACE VIEW gis.flags WITH (security_barrier) AS
SELECT f.flag_id, f.revision, f.rule_id, f.state, f.band, f.priority,
    coalesce(said ->> 'certainty', 'CERTAIN') AS certainty,
    coalesce((said ->> 'unverified')::boolean, false) AS unverified,
    f.retrospective, f.shadow, (said ->> 'occurred_start')::timestamptz AS occurred_start,
    date '1970-01-01' + f.day AS day, f.place_key, said ->> 'place_name' AS place_name,
    f.adm2, county.facts ->> 'name' AS adm2_name, f.actor_class, f.level,
    coalesce((said ->> 'illustrative')::boolean, false) AS illustrative,
    {_time("f.updated_at")} AS updated_at, f.alert_id, {_POINT.replace("(l", "(f.l")} AS geometry
FROM flags f {_COUNTY.format(row="f")} {_SAID.format(row="f")}
WHERE {_LEVEL.format(row="f")} AND ({_EVERYWHERE} OR f.adm2 = {_OWN}
    OR f.alert_id IN (SELECT a.alert_id FROM gis.alerts a))
"""


def statements(postgis: str) -> list[str]:
    """Return what makes everything, in order. Repeating it changes nothing.

    `postgis` is the schema that the extension lies in, quoted.
    """
    made = (*_FUNCTIONS, *_COLUMNS, *_INDEXES, _READER, _LAYERS, _INCIDENTS, _ALERTS, _FLAGS)
    return [one.format(postgis=postgis) for one in made]


# Names of ours only, and never CASCADE: what others built on them is for them to remove.
NO_VIEWS: Final = (
    *(f"DROP VIEW IF EXISTS gis.{view}" for view in reversed(VIEWS)),
    "DROP VIEW IF EXISTS gis.reader",
)
NO_GEOMETRY: Final = (
    *(f"DROP INDEX IF EXISTS ix_{table}_gis" for table in _POINTS),
    "ALTER TABLE IF EXISTS layer_features DROP COLUMN IF EXISTS shape, DROP COLUMN IF EXISTS facts",
    "DROP FUNCTION IF EXISTS gis.shape(bytea)",
    "DROP FUNCTION IF EXISTS gis.facts(bytea)",
)
