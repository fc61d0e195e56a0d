"""Bring a database to the newest schema, and tell which schema it has."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from deploy.gis import schema as gis
from deploy.revision import current_revision
from schemas.tables import metadata

Begin = Callable[[], AbstractContextManager[Connection]]


def upgrade(begin: Begin) -> str:
    """Run what is missing in one write transaction; return the revision that it is at now."""
    with begin() as connection:
        if current_revision(connection) != head():
            gis.make_way(connection)
        command.upgrade(config_on(connection), "head")
        gis.install(connection)
        return current_revision(connection) or ""


def remove(begin: Begin) -> None:
    """Drop every table that a migration made, with what is in it."""
    with begin() as connection:
        gis.remove(connection)
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")


def head() -> str:
    """Return the newest revision that this version of Tocsin knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def config_on(connection: Connection) -> Config:
    """Return what Alembic needs to work inside of a transaction."""
    config = _config()
    config.attributes["connection"] = connection
    return config


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("deploy").joinpath("migrations")))
    config.set_main_option("path_separator", "os")
    return config
