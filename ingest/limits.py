"""The bounds of what the door takes in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """Bounds of one request. A body beyond `max_…_bytes` or `max_items` is refused whole (413).

    `max_depth` counts nested objects and arrays; `max_gzip_ratio` holds for bodies that unpack
    to more than 1 MiB (small similar reports pack well); `body_timeout_s` is for the slowest
    satellite link. A report keeps at most `max_warnings` warnings: the last says how many more.
    """

    max_report_bytes: int = 1024**2
    max_batch_bytes: int = 8 * 1024**2
    max_items: int = 1_000
    max_depth: int = 32
    max_gzip_ratio: int = 20
    max_warnings: int = 40
    body_timeout_s: float = 120.0
    # A larger batch is admitted on a thread: 256 KiB take about 10 ms, twice what a thread would
    # hold the interpreter for anyway.
    inline_bytes: int = 256 * 1024
