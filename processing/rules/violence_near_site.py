"""R01: violence near a place where civilians are."""

from __future__ import annotations

from processing.rules.layers import Layers
from processing.rules.window import FlagDraft, IncidentColumns, Scope, Touched
from schemas.rule import ViolenceNearSite


def scope_of(rule: ViolenceNearSite, touched: Touched, layers: Layers) -> Scope:  # noqa: ARG001
    """Look again at nothing."""
    return Scope()


def evaluate(
    rule: ViolenceNearSite,  # noqa: ARG001
    scope: Scope,  # noqa: ARG001
    incidents: IncidentColumns,  # noqa: ARG001
    layers: Layers,  # noqa: ARG001
) -> list[FlagDraft]:
    """Return nothing."""
    return []
