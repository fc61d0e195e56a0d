"""An Apache Kafka of one or three nodes in KRaft mode, on loopback, without a container.

For development and tests: nothing is encrypted and everybody may do everything. The jars come from
`deploy/setup/kafka.sh`. A crash test may kill or stop the process of a node by its pid.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import kill
from pathlib import Path

from schemas.errors import ConfigurationError, TocsinError

FIRST_PORT = 19_092
# Where the controllers listen: so far above the brokers.
CONTROLLERS_ABOVE = 100
HEAP_MIB = 512
# After a kill a node may come back only when its session (9 s) is over; then it reads its logs.
READY_WITHIN_S = 120.0
_STOPPED_WITHIN_S = 30.0
_POLL_S = 0.05
# Any 16 bytes in base64: nodes of one cluster agree on it.
_CLUSTER = "VG9jc2luVG9jc2luVG9jcw"
_STARTED = "Kafka Server started"
_HOST = "127.0.0.1"
_IN_THE_BACKGROUND = 'log=$1; shift; "$@" >"$log" 2>&1 </dev/null & echo $!'

_PROPERTIES = """\
process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}

# What was acknowledged survives the loss of one of three nodes; nobody leads who missed a record.
default.replication.factor={replicas}
min.insync.replicas={in_sync}
unclean.leader.election.enable=false
auto.create.topics.enable=false

# Topics of its own: few partitions, so that a node starts soon.
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=3
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=3

# A small machine.
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""


class BrokerError(TocsinError):
    """A node could not be started; the message names its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node: broker and controller in one process. `pid` is None while it does not run."""

    number: int
    port: int
    folder: Path
    pid: int | None

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"{_HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "server.log"


def jars_folder() -> Path:
    """Return where `deploy/setup/kafka.sh` puts the jars: inside the environment."""
    return Path(sys.prefix) / "share" / "kafka"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The nodes in a folder. Its size and its ports stay as they were at the first start."""

    folder: Path
    jars: Path
    size: int = 1
    first_port: int = FIRST_PORT
    heap_mib: int = HEAP_MIB
    # More lines of its properties, which win over those above them, and options of the format.
    more: str = ""
    formatting: Sequence[str] = ()

    @property
    def bootstrap(self) -> str:
        """The addresses that a client begins with, comma-separated."""
        return ",".join(node.address for node in self.nodes())

    def nodes(self) -> list[Node]:
        """Return the nodes as they are now."""
        return [self._node(number) for number in range(1, self.size + 1)]

    def start(self) -> list[Node]:
        """Start what does not run, and return when all can serve.

        Raises ConfigurationError when there is no Java or no jar, BrokerError when a node ends or
        is not ready within two minutes.
        """
        self._require()
        for node in self.nodes():
            if node.pid is None:
                self._configure(node)
                self._launch(node)
        deadline = time.monotonic() + READY_WITHIN_S
        for node in self.nodes():
            self._await(node, deadline)
        return self.nodes()

    def stop(self) -> None:
        """Stop all nodes; their data stays."""
        running = [node for node in self.nodes() if node.pid is not None]
        for node in running:
            _signal(node, signal.SIGCONT)
            _signal(node, signal.SIGTERM)
        deadline = time.monotonic() + _STOPPED_WITHIN_S
        for node in running:
            while self._node(node.number).pid is not None:
                if time.monotonic() > deadline:
                    _signal(node, signal.SIGKILL)
                time.sleep(_POLL_S)

    def clean(self) -> None:
        """Stop all nodes and delete their data."""
        self.stop()
        for node in self.nodes():
            shutil.rmtree(node.folder, ignore_errors=True)

    def _node(self, number: int) -> Node:
        folder = self.folder / f"node-{number}"
        return Node(
            number=number,
            port=self.first_port + number - 1,
            folder=folder,
            pid=_running(folder),
        )

    def _require(self) -> None:
        if shutil.which("java") is None or not any(self.jars.glob("kafka_*.jar")):
            raise ConfigurationError(
                "Apache Kafka or Java is missing: run `sh deploy/setup/kafka.sh`, which installs "
                "them or says how"
            )

    def _configure(self, node: Node) -> None:
        """Write the properties of a node and format its storage, once."""
        done = node.folder / "formatted"
        if done.exists():
            return
        shutil.rmtree(node.folder, ignore_errors=True)
        node.folder.mkdir(parents=True)
        above = self.first_port + CONTROLLERS_ABOVE - 1
        voters = (f"{n}@{_HOST}:{above + n}" for n in range(1, self.size + 1))
        _properties(node.folder).write_text(
            _PROPERTIES.format(
                number=node.number,
                voters=",".join(voters),
                host=_HOST,
                port=node.port,
                controller_port=above + node.number,
                data=node.folder / "data",
                replicas=self.size,
                in_sync=min(2, self.size),
            )
            + self.more
        )
        tool = ("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c")
        made = subprocess.run(  # noqa: S603 - arguments of ours
            [*self._java(128), *tool, str(_properties(node.folder)), *self.formatting],
            capture_output=True,
            check=False,
            text=True,
        )
        if made.returncode != 0:
            raise BrokerError(f"storage of node {node.number} not formatted: {made.stderr}")
        done.touch()

    def _launch(self, node: Node) -> None:
        command = [*self._java(self.heap_mib), "kafka.Kafka", str(_properties(node.folder))]
        # By way of a shell that ends at once: the node outlives whoever starts it.
        started = subprocess.run(  # noqa: S603 - arguments of ours
            ["/bin/sh", "-c", _IN_THE_BACKGROUND, "sh", str(node.log), *command],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
            start_new_session=True,
        )
        _pid_file(node.folder).write_text(started.stdout)

    def _await(self, node: Node, deadline: float) -> None:
        while _STARTED not in node.log.read_text(errors="replace"):
            if self._node(node.number).pid is None:
                raise BrokerError(f"node {node.number} ended: see {node.log}")
            if time.monotonic() > deadline:
                raise BrokerError(f"node {node.number} is not ready: see {node.log}")
            time.sleep(_POLL_S)

    def _java(self, heap_mib: int) -> Sequence[str]:
        return (
            shutil.which("java") or "java",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:TieredStopAtLevel=1" if heap_mib < HEAP_MIB else "-XX:TieredStopAtLevel=4",
            f"-Xmx{heap_mib}m",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
            "-cp",
            f"{self.jars}/*",
        )


def found_cluster(folder: Path, jars: Path) -> Cluster | None:
    """Return the cluster that was started in a folder before, None if there is none."""
    numbers = sorted(int(one.parent.name.removeprefix("node-")) for one in _formatted(folder))
    if not numbers:
        return None
    first = dict(
        line.split("=", 1)
        for line in _properties(folder / f"node-{numbers[0]}").read_text().splitlines()
        if "=" in line
    )
    voters = first["controller.quorum.voters"].split(",")
    port = int(first["advertised.listeners"].rpartition(":")[2])
    return Cluster(folder=folder, jars=jars, size=len(voters), first_port=port - numbers[0] + 1)


def _formatted(folder: Path) -> Iterator[Path]:
    return folder.glob("node-*/formatted")


def _properties(folder: Path) -> Path:
    return folder / "server.properties"


def _pid_file(folder: Path) -> Path:
    return folder / "pid"


def _running(folder: Path) -> int | None:
    """Return the pid of a node, if it is that of a live process which is this very node."""
    try:
        pid = int(_pid_file(folder).read_text())
    except (FileNotFoundError, ValueError):
        return None
    try:
        # Whoever started it may not have waited for it yet.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return None
    is_ours = str(_properties(folder)).encode() in command.split(b"\0")
    return pid if is_ours and state != "Z" else None


def _signal(node: Node, number: signal.Signals) -> None:
    try:
        kill(node.pid or 0, number)
    except ProcessLookupError:
        return
