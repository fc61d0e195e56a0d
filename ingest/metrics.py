"""What the door tells Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeMetrics:
    """Verdicts by reason, and warnings by code, in one registry."""

    registry: CollectorRegistry
    verdicts: Counter
    warnings: Counter

    @classmethod
    def of(cls, registry: CollectorRegistry) -> Self:
        """Register the metrics. Once a registry."""
        return cls(
            registry=registry,
            verdicts=Counter(
                "tocsin_intake_verdicts",
                "Reports and requests answered, by outcome and reason",
                ("outcome", "reason"),
                registry=registry,
            ),
            warnings=Counter(
                "tocsin_intake_warnings", "Warnings given, by code", ("code",), registry=registry
            ),
        )

    @classmethod
    def unpublished(cls) -> Self:
        """Return metrics in a registry of their own."""
        return cls.of(CollectorRegistry())
