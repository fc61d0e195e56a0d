"""The schema `gis` for other people's tools: made when PostGIS is there, mended at each migration.

SQLite has none of it.
"""

from __future__ import annotations

from sqlalchemy import Connection, exc, inspect, text

from deploy.gis.views import NO_GEOMETRY, NO_VIEWS, SCHEMA, VIEWS, statements
from schemas.tables import gis_readers, metadata

# What can be counted on wherever the schema is; the views come last.
_IS_MADE = text("""
SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace(:schema)
    AND relname = :view AND relkind = 'v' AND pg_has_role(relowner, 'USAGE'))
""")
_POSTGIS = text("""
SELECT quote_ident(nspname) FROM pg_extension
JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'postgis'
""")
_HAS_PACKAGE = text(
    "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis')",
)
_MAY_MAKE = text("""
SELECT CASE WHEN EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema)
    THEN EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema
        AND pg_has_role(nspowner, 'USAGE'))
    ELSE has_database_privilege(current_database(), 'CREATE') END
""")
_OPEN_TABLES = text("""
SELECT quote_ident(relname) FROM pg_class
WHERE oid IN (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name)
    AND NOT relrowsecurity
""")
_LISTED_ROLES = text("SELECT role FROM gis_readers JOIN pg_roles ON rolname = role")
_NOT_THERE = "there are no views for QGIS and the like, as"


def install(connection: Connection) -> None:
    """Make what is missing, if PostGIS can be had; repeating it changes nothing.

    Every table is closed to all but its owner, with PostGIS or without: whoever is granted one by
    mistake finds no rows in it.
    """
    if not _is_postgresql(connection):
        return
    _close_tables(connection)
    if not connection.execute(_POSTGIS).scalar():
        _try_extension(connection)
    postgis = connection.execute(_POSTGIS).scalar()
    if postgis is None or not _may_make(connection):
        return
    # An index on many rows takes longer than a batch ever may.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    for statement in statements(postgis):
        connection.exec_driver_sql(statement)
    for role in connection.execute(_LISTED_ROLES).scalars().all():
        grant(connection, role)


def what_is_missing(connection: Connection) -> str | None:
    """Say in one sentence why there is no schema `gis` and what to do; None where there is one."""
    if not _is_postgresql(connection) or is_made(connection):
        return None
    database = connection.engine.url.database
    if connection.execute(_POSTGIS).scalar():
        if not _may_make(connection):
            return (
                f"{_NOT_THERE} the schema gis can't be made: let an administrator run GRANT CREATE "
                f"ON DATABASE {database} TO {connection.engine.url.username} (and rename a schema "
                "gis of somebody else), then run `tocsin migrate` again"
            )
        return f"{_NOT_THERE} the database had no PostGIS: run `tocsin migrate` again"
    if not connection.execute(_HAS_PACKAGE).scalar():
        return (
            f"{_NOT_THERE} the database's server has no PostGIS: install it there (Debian: "
            "postgresql-15-postgis-3), then run `tocsin migrate` again"
        )
    return (
        f"{_NOT_THERE} the database has no PostGIS: let an administrator run CREATE EXTENSION "
        f"postgis in {database}, then run `tocsin migrate` again"
    )


def is_made(connection: Connection) -> bool:
    """Say whether the views are there."""
    if not _is_postgresql(connection):
        return False
    return bool(connection.execute(_IS_MADE, {"schema": SCHEMA, "view": VIEWS[-1]}).scalar())


def make_way(connection: Connection) -> None:
    """Drop the views, which would keep a migration from changing the columns that they show."""
    if _is_postgresql(connection) and _may_make(connection):
        _run(connection, NO_VIEWS)


def remove(connection: Connection) -> None:
    """Drop everything that is for other people's tools, and the list of their readers."""
    if not _is_postgresql(connection):
        return
    for role in _listed(connection):
        revoke(connection, role)
    if _may_make(connection):
        _run(connection, (*NO_VIEWS, *NO_GEOMETRY))
        _drop_schema_if_empty(connection)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {gis_readers.name}")
    for name in inspect(connection).get_table_names():
        if name in metadata.tables:
            connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY")


def grant(connection: Connection, role: str) -> None:
    """Let a role read the views, which decide row by row."""
    name = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {name}")
    connection.exec_driver_sql(f"GRANT SELECT ON {_VIEWS} TO {name}")


def revoke(connection: Connection, role: str) -> None:
    """Take back what `grant` gave."""
    if not is_made(connection):
        return
    name = connection.dialect.identifier_preparer.quote(role)
    connection.exec_driver_sql(f"REVOKE ALL ON {_VIEWS} FROM {name}")
    connection.exec_driver_sql(f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {name}")


_VIEWS = ", ".join(f"{SCHEMA}.{view}" for view in VIEWS)


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _may_make(connection: Connection) -> bool:
    return bool(connection.execute(_MAY_MAKE, {"schema": SCHEMA}).scalar())


def _try_extension(connection: Connection) -> None:
    """Only an administrator of the database may; whoever is none is told by `what_is_missing`."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION postgis")
    except (exc.ProgrammingError, exc.NotSupportedError, exc.OperationalError):
        return


def _close_tables(connection: Connection) -> None:
    names = [*metadata.tables, gis_readers.name]
    for table in connection.execute(_OPEN_TABLES, {"names": names}).scalars().all():
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")


def _listed(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(gis_readers.name):
        return []
    return list(connection.execute(_LISTED_ROLES).scalars())


def _drop_schema_if_empty(connection: Connection) -> None:
    """What somebody else put there stays, and with it the schema."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA}")
    except exc.DBAPIError:
        return


def _run(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
