"""What the spool tells Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# From a fast disk's fsync to one that is about to fail.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolMetrics:
    """The spool's counters and gauges, in one registry."""

    appended: Counter
    failures: Counter
    commit_seconds: Histogram
    queued_bytes: Gauge
    end: Gauge

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register the metrics. Once a registry."""
        return cls(
            appended=Counter("tocsin_spool_appended", "Reports stored", registry=registry),
            failures=Counter("tocsin_spool_failures", "Commits that failed", registry=registry),
            commit_seconds=Histogram(
                "tocsin_spool_commit_seconds",
                "Time of one commit with its fsync",
                buckets=_SECONDS,
                registry=registry,
            ),
            queued_bytes=Gauge(
                "tocsin_spool_queued_bytes", "What waits for the disk", registry=registry
            ),
            end=Gauge("tocsin_spool_end", "Position of the next report", registry=registry),
        )

    @classmethod
    def unpublished(cls) -> Self:
        """Return metrics that nobody reads."""
        return cls.of(CollectorRegistry())
