"""When a correction moves evidence to another alert, the new one takes over what people did.

An alert whose evidence is gone and a new one that rests on the same reports are one matter: the
clerk who corrected a county must not make a commander acknowledge twice, nor lose who owns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from processing.alerts.correlate import Decision, Reason
from schemas.alert import OPEN_STATES, Alert, AlertState, TransitionKind
from schemas.flag import Flag


def roots_of(flags: Iterable[Flag]) -> frozenset[str]:
    """Return the root_ids of the reports that some flags rest on."""
    return frozenset(
        root_id for flag in flags for one in flag.evidence for root_id, _ in one.reports
    )


def succeed(
    decisions: Sequence[Decision],
    *,
    previous: Mapping[str, Alert],
    roots: Mapping[str, frozenset[str]],
) -> list[Decision]:
    """Let new alerts take over from those that lost their evidence to them, in the same order.

    `previous` are the alerts as they stood, by id; `roots` the reports of each alert: for one that
    lost its evidence those that it had before. Each old alert goes to the new one that shares most
    reports with it, ties by id; a new one takes over from one old alert only.
    """
    found = {one.alert.alert_id: one for one in decisions if one.alert is not None}
    heirs = _heirs(found, roots)
    for old_id, new_id in heirs.items():
        old, new = found[old_id], found[new_id]
        found[new_id] = _taken_over(new, previous[old_id])
        found[old_id] = _replaced(old, new_id)
    return [found[one.alert.alert_id] if one.alert is not None else one for one in decisions]


def _heirs(found: Mapping[str, Decision], roots: Mapping[str, frozenset[str]]) -> dict[str, str]:
    gone = [i for i, one in found.items() if one.reason is Reason.EVIDENCE_GONE]
    fresh = [i for i, one in found.items() if _is_fresh(one)]
    shared = [
        (-len(roots.get(old, frozenset()) & roots.get(new, frozenset())), old, new)
        for old in gone
        for new in fresh
    ]
    heirs: dict[str, str] = {}
    for missing, old, new in sorted(shared):
        if missing < 0 and old not in heirs and new not in heirs.values():
            heirs[old] = new
    return heirs


def _is_fresh(one: Decision) -> bool:
    if one.transition is None:
        return False
    return one.transition.from_state is None or one.reason is Reason.CAME_BACK


def _taken_over(new: Decision, old: Alert) -> Decision:
    """Return a new alert with the human state of the one that it replaces.

    It rings only when its band is above what people were rung for; then what they closed is open
    again. While it is open, those who never heard of the matter are told: it may be their area
    now. Of an owner of the day before and one of the old alert, the old alert's counts.
    """
    alert, transition = new.alert, new.transition
    if alert is None or transition is None:
        return new
    told = [band for band in (old.paged_band, alert.paged_band) if band is not None]
    page = new.page and (old.paged_band is None or max(told) > old.paged_band)
    reopened = page and old.state not in OPEN_STATES
    taken = alert.model_copy(
        update={
            "state": AlertState.RAISED if reopened else old.state,
            "owner": old.owner or alert.owner,
            "acknowledged_at": None if reopened else old.acknowledged_at,
            "acknowledged_by": None if reopened else old.acknowledged_by,
            "ack_due_at": alert.ack_due_at if page else old.ack_due_at,
            "paged": page or old.paged,
            "paged_band": max(told, default=None),
            "replaces": old.alert_id,
        }
    )
    step = transition.model_copy(update={"to_state": taken.state})
    newcomers = new.page and not page and taken.state in OPEN_STATES
    return replace(new, alert=taken, transition=step, page=page, newcomers=newcomers)


def _replaced(old: Decision, new_id: str) -> Decision:
    """Return the old alert, pointing on to the new one; people keep what they closed."""
    alert, transition = old.alert, old.transition
    if alert is None or transition is None:
        return old
    kind = TransitionKind.REPLACED if alert.state is AlertState.WITHDRAWN else transition.kind
    return replace(
        old,
        alert=alert.model_copy(update={"replaced_by": new_id}),
        transition=transition.model_copy(update={"kind": kind}),
    )
