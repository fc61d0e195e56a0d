"""A running box for tests: the product's own processes in a folder of their own, on loopback."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import psycopg

from deploy.demo.prepare import Prepared, prepare
from deploy.embedded import command_of
from deploy.settings import Settings
from deploy.supervisor import let_go

READY_WITHIN_S = 60.0
_POLL_S = 0.02
# A record comes out of Kafka once or more, and in another order than it lies in the spool.
_STORED = """
SELECT count(*) FROM (
    SELECT node, position FROM reports UNION SELECT partition, position FROM dead_letters
) AS stored
"""


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class RunningBox:
    """The sample mission in a folder, with door and desk as processes of the test."""

    settings: Settings
    prepared: Prepared
    log: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    # Of workers beside the desk ("process-1"): where each tells of itself.
    ports: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.settings.url

    def start(self, *names: str, crash_at: Mapping[str, str] | None = None) -> None:
        """Start services ("door", "desk", "process-1") and wait until they are ready.

        "process-N", "watch-N" and "notify-N" are beside or instead of the desk, each with a port
        of its own; "ingest" is a door without the api, "api" one without the intake. "ingest-N" is
        a node of its own: its own port, spool and name. `crash_at` maps a service to NAME:COUNT,
        where it kills itself.
        """
        for name in names:
            environment, command = self.settings.as_environment(), command_of(name)
            service, _, number = name.partition("-")
            if number:
                environment |= self._alone(name, service)
            if number or service in {"ingest", "api"}:
                command = [sys.executable, "-m", "deploy.cli", service]
            if crash_at and name in crash_at:
                environment["TOCSIN_CRASH_AT"] = crash_at[name]
            with self.log.open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    command,
                    env=environment,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                )
        for name in names:
            self.wait_ready(name)

    def _alone(self, name: str, service: str) -> dict[str, str]:
        """Return what one of several has for itself."""
        port = str(self.ports.setdefault(name, free_port()))
        if service != "ingest":
            return {"TOCSIN_DESK_PORT": port, "TOCSIN_KAFKA_INSTANCE": name}
        folder = self.settings.data_dir.parent / name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            for shared in (self.settings.key_path, self.settings.clock_path):
                (folder / shared.name).symlink_to(shared)
        return {"TOCSIN_PORT": port, "TOCSIN_NODE": name, "TOCSIN_DATA_DIR": str(folder)}

    def url_of(self, name: str) -> str:
        """Return where one of several is reached."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def metric(self, name: str, metric: str) -> float:
        """Return the sum of a metric over its labels, as one of several tells it; 0 if it doesn't.

        Raises OSError when it does not answer.
        """
        with urlopen(f"{self.url_of(name)}/metrics", timeout=10) as page:  # noqa: S310 - ours
            lines = page.read().decode().splitlines()
        found = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return sum(float(value) for key, _, value in found if key.partition("{")[0] == metric)

    def wait_ready(self, name: str) -> None:
        doors = {"door", "ingest", "api"}
        port = self.settings.port if name in doors else self.settings.health_port
        port = self.ports.get(name, port)
        process = self.processes[name]
        deadline = time.monotonic() + READY_WITHIN_S
        while not is_ready(port):
            # One that was told to crash may be gone before it was ready.
            if process.poll() == -signal.SIGKILL:
                return
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{name} did not become ready:\n{self.tail()}")
            time.sleep(_POLL_S)

    def kill(self, *names: str) -> None:
        """Kill services as a power cut of their process would, and reap them."""
        for name in names:
            self.processes[name].kill()
        for name in names:
            self.processes[name].wait()
            let_go(self.processes[name])

    def end(self, name: str) -> int:
        """Ask a service to stop, as an upgrade does; return its exit status."""
        self.processes[name].terminate()
        code = self.processes[name].wait(timeout=60)
        let_go(self.processes[name])
        return code

    def is_dead(self, name: str) -> bool:
        return self.processes[name].poll() is not None

    def stop(self) -> None:
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            let_go(process)

    def spooled(self) -> int:
        """Return the number of the last record in the spool."""
        with closing(self._open("spool.db")) as database:
            query = "SELECT coalesce(max(position), 0) FROM spool"
            return int(database.execute(query).fetchone()[0])

    def processed(self) -> int:
        """Return the number of the last record that is stored; on Kafka, how many are."""
        if self.settings.kafka_bootstrap is not None:
            return self._concluded(_STORED)
        return max(0, self._concluded("SELECT coalesce(max(position), 1) FROM positions") - 1)

    def undelivered(self) -> int:
        return self._concluded("SELECT count(*) FROM deliveries WHERE state = 'PENDING'")

    def rows(self, query: str) -> list[tuple[object, ...]]:
        if self.settings.database_url is not None:
            url = self.settings.database_url.get_secret_value()
            with psycopg.connect(url) as connection:
                return connection.execute(query).fetchall()
        with closing(self._open("tocsin.db")) as database:
            return list(database.execute(query))

    def settle(self, *, within_s: float = 120.0) -> None:
        """Wait until everything in the spool is stored and everyone who must be told was."""
        deadline = time.monotonic() + within_s
        while self.spooled() != self.processed() or self.undelivered():
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not settled: spool {self.spooled()}, stored {self.processed()}, "
                    f"undelivered {self.undelivered()}\n{self.tail()}"
                )
            time.sleep(_POLL_S)

    def tail(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-60:])

    def _concluded(self, query: str) -> int:
        return int(str(self.rows(query)[0][0]))

    def _open(self, name: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{self.settings.data_dir / name}?mode=ro", uri=True, timeout=10
        )


def make_box(
    folder: Path, *, receiver_url: str, webhook_secret: str | None = None, **values: object
) -> RunningBox:
    """Prepare the sample mission in a folder; nothing runs yet."""
    port = free_port()
    allowed = receiver_url.removeprefix("http://").partition("/")[0]
    settings = Settings(
        data_dir=folder / "box",
        port=port,
        desk_port=free_port(),
        webhook_allow=(allowed,),
        **values,  # type: ignore[arg-type] # pydantic checks the values
    )
    prepared = prepare(
        settings, receiver_url=receiver_url, say=lambda _line: None, webhook_secret=webhook_secret
    )
    return RunningBox(settings=settings, prepared=prepared, log=folder / "box.log")


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def wait_for(what: Callable[[], bool], *, within_s: float, saying: str) -> None:
    """Wait until something is true, or fail with a sentence."""
    deadline = time.monotonic() + within_s
    while not what():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s:g} s: {saying}")
        time.sleep(_POLL_S)


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    os.killpg(process.pid, number)
