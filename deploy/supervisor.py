"""Keep child processes alive: start, restart with back-off, stop together.

Children hold the read end of a pipe as standard input: when the supervisor dies, however it dies,
they see the end of it and stop by themselves.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from schemas.clock import Monotonic

log = structlog.get_logger(__name__)

# A child that lived this long is healthy: its next crash starts the back-off anew.
_HEALTHY_AFTER_S = 30.0
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 10.0
_POLL_S = 0.1
_STDIN = 0
# A child that refuses to start again and again is not going to: exit status 78 (EX_CONFIG) says so.
EXIT_CONFIG = 78


@dataclass(slots=True)
class _Child:
    name: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_s: float = _FIRST_DELAY_S
    start_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Runs named commands until it is told to stop. `own` is what one has in its environment."""

    commands: Mapping[str, Sequence[str]]
    environment: Mapping[str, str]
    monotonic: Monotonic
    stop_s: float
    on_tick: Callable[[], None] = lambda: None
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Start all children, restart those that die; return an exit status once stopped."""
        children = [_Child(name=name, argv=argv) for name, argv in self.commands.items()]
        status = 0
        try:
            while not self.stopping.is_set() and status == 0:
                status = max(self._tend(child) for child in children)
                self.on_tick()
                self.stopping.wait(_POLL_S)
        finally:
            self._stop(children)
        return status

    def _tend(self, child: _Child) -> int:
        now = self.monotonic()
        if child.process is None:
            if now >= child.start_at:
                self._start(child, now)
            return 0
        code = child.process.poll()
        if code is None:
            return 0
        if code == EXIT_CONFIG:
            return EXIT_CONFIG
        if now - child.started_at > _HEALTHY_AFTER_S:
            child.delay_s = _FIRST_DELAY_S
        log.warning("process ended, starting again", name=child.name, code=code)
        let_go(child.process)
        child.process = None
        child.start_at = now + child.delay_s
        child.delay_s = min(child.delay_s * 2, _LONGEST_DELAY_S)
        return 0

    def _start(self, child: _Child, now: float) -> None:
        child.process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            child.argv,
            stdin=subprocess.PIPE,
            start_new_session=True,
            env={**self.environment, **self.own.get(child.name, {})},
        )
        child.started_at = now
        log.info("process started", name=child.name, pid=child.process.pid)

    def _stop(self, children: Sequence[_Child]) -> None:
        alive = [child.process for child in children if child.process is not None]
        for process in alive:
            process.terminate()
        deadline = self.monotonic() + self.stop_s
        for process in alive:
            try:
                process.wait(timeout=max(0.1, deadline - self.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            let_go(process)


def let_go(process: subprocess.Popen[bytes]) -> None:
    """Close our end of a child's standard input; one that still runs stops then."""
    if process.stdin is not None:
        process.stdin.close()


def stop_on_signals(stopping: threading.Event) -> None:
    """Set an event at SIGTERM and SIGINT."""

    def handle(_number: int, _frame: object) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def stop_with_parent(stopping: threading.Event) -> None:
    """Set an event when the supervisor's pipe on standard input ends. For supervised children."""

    def watch() -> None:
        # Not through sys.stdin: its lock, held by a thread that waits, breaks a clean exit.
        while os.read(_STDIN, 1):
            pass
        stopping.set()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
