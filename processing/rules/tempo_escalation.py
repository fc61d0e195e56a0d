"""R03: more incidents or deaths in a county than its own past explains."""

from __future__ import annotations

from processing.rules.layers import Layers
from processing.rules.window import CubeColumns, FlagDraft, IncidentColumns, Scope, Touched
from schemas.rule import TempoEscalation


def scope_of(rule: TempoEscalation, touched: Touched, layers: Layers) -> Scope:  # noqa: ARG001
    """Look again at nothing."""
    return Scope()


def evaluate(
    rule: TempoEscalation,  # noqa: ARG001
    scope: Scope,  # noqa: ARG001
    incidents: IncidentColumns,  # noqa: ARG001
    cube: CubeColumns,  # noqa: ARG001
    layers: Layers,  # noqa: ARG001
) -> list[FlagDraft]:
    """Return nothing."""
    return []
