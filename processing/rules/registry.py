"""The one place that knows which kind of rule is evaluated by which function.

A rule is two functions. `scope_of` names every flag whose value may have changed with some
incidents, and everything that must be read to tell; it may read incidents as they are now to find
that out. `evaluate` is pure and returns the drafts of exactly these flags; one that it does not
return is not (or no longer) raised. What is read may hold more than was asked for: a draft is the
same function of the incidents and layers all the same, whatever the cuts between batches and the
order of arrival.
"""

from __future__ import annotations

from typing import assert_never

from processing.rules import (
    attack_on_un,
    imminent_threat,
    recurrence,
    tempo_escalation,
    violence_near_site,
)
from processing.rules.layers import Layers
from processing.rules.window import (
    CubeColumns,
    FlagDraft,
    IncidentColumns,
    ReadIncidents,
    Scope,
    Touched,
)
from schemas.rule import (
    AttackOnUn,
    ImminentThreat,
    Recurrence,
    Rule,
    TempoEscalation,
    ViolenceNearSite,
)


def scope_of(rule: Rule, touched: Touched, layers: Layers, read: ReadIncidents) -> Scope:
    """Return what a rule must look at again after some incidents changed."""
    match rule:
        case ViolenceNearSite():
            return violence_near_site.scope_of(rule, touched, layers)
        case TempoEscalation():
            return tempo_escalation.scope_of(rule, touched, layers)
        case Recurrence():
            return recurrence.scope_of(rule, touched, read)
        case AttackOnUn():
            return attack_on_un.scope_of(rule, touched, layers)
        case ImminentThreat():
            return imminent_threat.scope_of(rule, touched, layers)
        case _:
            assert_never(rule)


def evaluate(
    rule: Rule, scope: Scope, incidents: IncidentColumns, cube: CubeColumns, layers: Layers
) -> list[FlagDraft]:
    """Return the drafts of the flags in scope, in order of place, actor class, day and variant.

    Rows of `incidents` are in order of (day, incident_id); both they and `cube` hold at least the
    scope's windows. A scope without flags gives no drafts.
    """
    if not scope.flags:
        return []
    match rule:
        case ViolenceNearSite():
            return violence_near_site.evaluate(rule, scope, incidents, layers)
        case TempoEscalation():
            return tempo_escalation.evaluate(rule, scope, incidents, cube, layers)
        case Recurrence():
            return recurrence.evaluate(rule, scope, incidents, layers)
        case AttackOnUn():
            return attack_on_un.evaluate(rule, scope, incidents, layers)
        case ImminentThreat():
            return imminent_threat.evaluate(rule, scope, incidents, layers)
        case _:
            assert_never(rule)
