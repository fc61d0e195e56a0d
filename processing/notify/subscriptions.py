"""Which endpoints are rung for a transition of an alert."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from schemas.alert import Alert, Transition
from schemas.delivery import Endpoint


def match(
    endpoints: Iterable[Endpoint],
    alert: Alert,
    transition: Transition,
    *,
    adm1: str | None,
    told: Collection[str] = (),
) -> list[str]:
    """Return the ids of the endpoints to ring, in the order of `endpoints`.

    `adm1` is the state in which the alert's place lies, None where it is unresolved. An area
    matches the county or its state; an alert that is placed in a state only does not ring an
    endpoint of one county of it. `told` are the endpoints that had an earlier transition of this
    alert: they hear how it goes on even if its place, kinds or priority no longer match, so that
    nobody is left with an alert that was withdrawn. Sensitivity is never waived.
    """
    return [
        endpoint.endpoint_id
        for endpoint in endpoints
        if _may_hear(endpoint, alert, transition)
        and (endpoint.endpoint_id in told or _cares(endpoint, alert, transition, adm1))
    ]


def _may_hear(endpoint: Endpoint, alert: Alert, transition: Transition) -> bool:
    if not endpoint.active or alert.level > endpoint.max_level:
        return False
    return not endpoint.events or transition.kind in endpoint.events


def _cares(endpoint: Endpoint, alert: Alert, transition: Transition, adm1: str | None) -> bool:
    if transition.priority < endpoint.min_priority:
        return False
    if endpoint.kinds and not set(endpoint.kinds) & set(alert.kinds):
        return False
    return not endpoint.areas or alert.place_key in endpoint.areas or adm1 in endpoint.areas
