"""A PostgreSQL with PostGIS on loopback, in a folder of its own, without a container.

For development and tests: everybody on the machine may log in, and without `is_durable` a power
loss takes what was stored. The programs come from `deploy/setup/postgis.sh`. PostgreSQL refuses to
run as root, so as root its server runs as the user `postgres`; the folder must be one that this
user can reach.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from schemas.errors import ConfigurationError, TocsinError

PORT = 19_432
DATABASE = "tocsin"
ROLE = "tocsin"
# Where Debian, Fedora and Homebrew put the programs of a version; the newest is taken.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
_SERVICE_USER = "postgres"
_TEMPLATE = "template_postgis"
_HOST = "127.0.0.1"
_PORT_FILE = "port"
_WITHIN_S = "60"
_CONFIGURATION = """\
listen_addresses = '127.0.0.1'
timezone = 'UTC'
log_timezone = 'UTC'
max_connections = 80
shared_buffers = 256MB
max_wal_size = 2GB
"""
_NOT_DURABLE = """\
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 256MB
wal_level = minimal
max_wal_senders = 0
"""
# Templates that anybody may copy: to make the extension takes a superuser.
_FIRST = (
    f"CREATE ROLE {ROLE} LOGIN CREATEDB",
    f"CREATE DATABASE {_TEMPLATE}",
    f"ALTER DATABASE {_TEMPLATE} IS_TEMPLATE true",
)


class PostgresqlError(TocsinError):
    """The server could not be started; the message has the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server. `folder` holds its data, its socket and its log, and should have a short path."""

    folder: Path
    port: int = PORT
    is_durable: bool = True

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "server.log"

    def url(self, database: str = DATABASE) -> str:
        """Return the address of a database, as TOCSIN_DATABASE_URL takes it."""
        return f"postgresql://{ROLE}@{_HOST}:{self.port}/{database}"

    def is_running(self) -> bool:
        """Say whether it runs."""
        return self._data().exists() and self._run("pg_ctl", "-D", self._data(), "status") == 0

    def start(self) -> None:
        """Make what is missing and start it. Nothing if it runs. Raises PostgresqlError."""
        if self.is_running():
            return
        is_new = not (self._data() / "PG_VERSION").exists()
        if is_new:
            self._make()
        options = f"-p {self.port} -k '{self.folder}'"
        self._must("pg_ctl", "-D", self._data(), "-w", "-t", _WITHIN_S, "-l", self.log,
                   "-o", options, "start")  # fmt: skip
        if is_new:
            for statement in _FIRST:
                self._ask(statement)
            self._ask("CREATE EXTENSION postgis", database=_TEMPLATE)
            self.create(DATABASE)

    def stop(self, *, mode: str = "fast") -> None:
        """Stop it: "fast" in order, "immediate" as a crash would. Nothing if it does not run."""
        if self.is_running():
            self._must("pg_ctl", "-D", self._data(), "-w", "-m", mode, "stop")

    def clean(self) -> None:
        """Stop it and remove everything."""
        self.stop(mode="immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, database: str, *, template: str = _TEMPLATE) -> None:
        """Make a database: empty with PostGIS in it, or as another one is."""
        self._ask(f"CREATE DATABASE {database} OWNER {ROLE} TEMPLATE {template}")

    def disconnect(self, database: str = DATABASE) -> None:
        """End every connection to a database, as a network that breaks would."""
        self._ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - ours
            f"WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )

    # ------------------------------------------------------------ inside

    def _data(self) -> Path:
        return self.folder / "data"

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Where everybody may write, somebody else may have put a link for root to follow.
        if self.folder.is_symlink() or self.folder.stat().st_uid not in _ours():
            raise PostgresqlError(f"{self.folder} is not ours: remove it, or choose another folder")
        if os.geteuid() == 0:
            shutil.chown(self.folder, _SERVICE_USER, _SERVICE_USER)
        # Text compares by its bytes, as Tocsin asks for.
        self._must("initdb", "-D", self._data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        (self.folder / _PORT_FILE).write_text(f"{self.port}\n")
        with (self._data() / "postgresql.conf").open("a") as file:
            file.write(_CONFIGURATION + ("" if self.is_durable else _NOT_DURABLE))

    def _ask(self, statement: str, *, database: str = "postgres") -> None:
        self._must("psql", "-h", self.folder, "-p", str(self.port), "-U", "postgres", "-X", "-q",
                   "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement)  # fmt: skip

    def _must(self, program: str, *arguments: str | Path) -> None:
        if self._run(program, *arguments) != 0:
            said = self.log.read_text(errors="replace")[-2_000:] if self.log.exists() else ""
            who = (
                f"; the user {_SERVICE_USER} must be able to reach it" if _as_service_user() else ""
            )
            raise PostgresqlError(f"{program} failed in {self.folder}{who}\n{said}".rstrip())

    def _run(self, program: str, *arguments: str | Path) -> int:
        command = [*_as_service_user(), str(programs() / program), *map(str, arguments)]
        # In a session of its own: Ctrl-C at the terminal is not for the server.
        done = subprocess.run(  # noqa: S603 - programs of the system, arguments of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            check=False,
        )
        return done.returncode


def place_for(folder: Path) -> Path:
    """Return where a server can keep its data: in a folder, if the user that it runs as gets there.

    Else it is a folder for temporary files that is always the same for this one.
    """
    if os.geteuid() != 0 or all(_is_open(parent) for parent in folder.resolve().parents):
        return folder
    number = sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tocsin-postgresql-{number}"


def _is_open(folder: Path) -> bool:
    """Say whether everybody may go through a folder, or it is still to be made."""
    return not folder.exists() or bool(folder.stat().st_mode & stat.S_IXOTH)


def found_server(folder: Path) -> Server | None:
    """Return the server that a folder holds, None if it holds none."""
    try:
        port = int((folder / _PORT_FILE).read_text())
    except FileNotFoundError:
        return None
    return Server(folder=folder, port=port)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs. Raises ConfigurationError."""
    found = [folder for place in _PLACES for folder in Path("/").glob(place.lstrip("/"))]
    having = [folder for folder in found if (folder / "initdb").exists()]
    if having:
        return max(having, key=_version)
    on_path = shutil.which("initdb")
    if on_path is None:
        raise ConfigurationError("no PostgreSQL was found: run sh deploy/setup/postgis.sh")
    return Path(on_path).resolve().parent


def _version(folder: Path) -> int:
    digits = "".join(sign for sign in folder.parent.name if sign.isdigit())
    return int(digits or 0)


def _ours() -> set[int]:
    """Return whose a folder of ours may be."""
    if os.geteuid() != 0:
        return {os.geteuid()}
    return {0, pwd.getpwnam(_SERVICE_USER).pw_uid}


def _as_service_user() -> Sequence[str]:
    if os.geteuid() != 0:
        return ()
    pwd.getpwnam(_SERVICE_USER)
    return ("runuser", "-u", _SERVICE_USER, "--")
