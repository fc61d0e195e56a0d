"""R05: after one attack, the risk near by is raised."""

from __future__ import annotations

from processing.rules.layers import Layers
from processing.rules.window import FlagDraft, IncidentColumns, Scope, Touched
from schemas.rule import Recurrence


def scope_of(rule: Recurrence, touched: Touched, layers: Layers) -> Scope:  # noqa: ARG001
    """Look again at nothing."""
    return Scope()


def evaluate(
    rule: Recurrence,  # noqa: ARG001
    scope: Scope,  # noqa: ARG001
    incidents: IncidentColumns,  # noqa: ARG001
    layers: Layers,  # noqa: ARG001
) -> list[FlagDraft]:
    """Return nothing."""
    return []
