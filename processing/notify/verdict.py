"""What an attempt's answer means: delivered, again later, or the end. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.delivery import DeliveryState

# The longest wait before the 2nd, 3rd … attempt; afterwards hourly.
WAITS_S: Final = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0)
HOURLY_S: Final = 3_600.0
GIVE_UP_AFTER_S: Final = 72 * 3_600.0
# Band CRITICAL is priority 4 before anything is added to it.
CRITICAL_PRIORITY: Final = 4
# A receiver may ask a critical alert to wait so long, and any other one up to an hour.
LONGEST_CRITICAL_RETRY_AFTER_S: Final = 300.0

_TOO_MANY_REQUESTS = 429
_UNAVAILABLE = 503
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a status, or why there is none. `retry_after_s` is as the receiver asks."""

    status: int | None = None
    error: str | None = None
    retry_after_s: float | None = None

    def is_accepted(self) -> bool:
        """Say whether the receiver took it: 2xx only; a redirect is a failure."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP

    def reason(self) -> str:
        """Return why it was not taken, in a few words; never the response's body."""
        return self.error or f"status {self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt that was made: the how manieth (from 1), and when, in Unix seconds."""

    number: int
    priority: int
    first_s: float
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a delivery. `next_attempt_s` is Unix seconds while it is PENDING."""

    state: DeliveryState
    next_attempt_s: float = 0.0
    reason: str | None = None
    disables_endpoint: bool = False


def judge(answer: Answer, attempt: Attempt, *, jitter: float) -> Verdict:
    """Decide what an answer means. `jitter` in [0, 1) spreads the waits (full jitter).

    Attempts go on for 72 h after the first one.
    """
    if answer.is_accepted():
        return Verdict(state=DeliveryState.DELIVERED)
    if answer.status == _GONE:
        return Verdict(
            state=DeliveryState.FAILED,
            reason="the receiver says that it is gone",
            disables_endpoint=True,
        )
    next_s = attempt.at_s + wait_s(answer, attempt, jitter=jitter)
    if next_s - attempt.first_s > GIVE_UP_AFTER_S:
        reason = f"given up after {attempt.number} attempts in 72 h: {answer.reason()}"
        return Verdict(state=DeliveryState.FAILED, reason=reason)
    return Verdict(state=DeliveryState.PENDING, next_attempt_s=next_s, reason=answer.reason())


def wait_s(answer: Answer, attempt: Attempt, *, jitter: float) -> float:
    """Return how long to wait after a failed attempt.

    The receiver's Retry-After (429 and 503) can make it longer, never shorter: it may ask a
    critical alert to wait at most five minutes.
    """
    longest = WAITS_S[attempt.number - 1] if attempt.number <= len(WAITS_S) else HOURLY_S
    planned = longest * (0.5 + 0.5 * jitter)
    if answer.status not in {_TOO_MANY_REQUESTS, _UNAVAILABLE} or answer.retry_after_s is None:
        return planned
    is_critical = attempt.priority >= CRITICAL_PRIORITY
    bound = LONGEST_CRITICAL_RETRY_AFTER_S if is_critical else HOURLY_S
    return max(planned, min(answer.retry_after_s, bound))
