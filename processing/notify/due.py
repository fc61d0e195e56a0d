"""What the outbox hands to the sender, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from processing.notify.verdict import Answer, Verdict

# (endpoint_id, alert_id): within one lane transitions go out in order, one at a time.
Lane = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to send, and the secret to sign with; it is never shown."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery whose time has come. Without a target it can't be sent: `refusal` says why.

    `attempts` were made before; `first_attempt_s` is Unix seconds of the first of them.
    """

    endpoint_id: str
    alert_id: str
    seq: int
    priority: int
    attempts: int
    payload: bytes
    target: Target | None
    refusal: str | None = None
    first_attempt_s: float | None = None

    @property
    def lane(self) -> Lane:
        """Return what this delivery keeps its order in."""
        return (self.endpoint_id, self.alert_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One attempt that was made at `at` (system clock), or the end of a delivery without one."""

    due: Due
    at: datetime
    answer: Answer
    verdict: Verdict
    took_ms: int = 0
    was_sent: bool = True


class Outbox(Protocol):
    """The deliveries that are still to be made, as the sender sees them."""

    def claim(self, now_s: float, wanted: Callable[[Lane], bool]) -> list[Due]:
        """Return the due deliveries of wanted lanes, one a lane, the most urgent first."""

    def mark(self, results: Sequence[Result]) -> None:
        """Store what came of some attempts, durably. May raise StorageError: try again."""

    def next_due(self, now_s: float) -> float | None:
        """Return the Unix seconds at which the next delivery becomes due; None if none will."""
