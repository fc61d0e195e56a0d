"""From drafts to flags: raised, revised, withdrawn. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from processing.alerts.correlate import AlertKey
from processing.batch.rows import FlagRow, HistoryRow
from processing.rules.window import FlagDraft
from schemas.clock import day_start_ms, from_micros, to_micros
from schemas.codec import decode, encode
from schemas.flag import Flag, FlagState
from schemas.identity import flag_id
from schemas.rule import Rule

ENTITY = "flag"


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft with the rule that made it and the alert that it belongs to."""

    draft: FlagDraft
    rule: Rule
    params_sha256: str
    alert_key: AlertKey

    @property
    def alert_id(self) -> str:
        """The id of the alert."""
        return self.alert_key.alert_id

    @property
    def flag_id(self) -> str:
        """The id of the flag, from its stable key."""
        return flag_id(day_start_ms(self.draft.day), self.draft.flag_key())


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagChanges:
    """What a batch does to the flags. `alert_ids` are the alerts that must be looked at again."""

    rows: tuple[FlagRow, ...]
    history: tuple[HistoryRow, ...]
    alert_ids: frozenset[str]


class Revised(NamedTuple):
    """A flag to store, what it was before, and whether it says anything new to its alert."""

    row: FlagRow
    before: FlagRow | None
    is_news: bool


def changes(
    drafted: Iterable[Drafted], stored: Mapping[str, FlagRow], *, now: datetime
) -> FlagChanges:
    """Return the flags that differ from the stored ones.

    `stored` holds every flag that the evaluated rules answer for: those without a draft are
    withdrawn. A flag that comes out as it is stored is left alone, with its marks.
    """
    told = [(said_of(one, now=now), one.alert_id) for one in drafted]
    drafts = {said["flag_id"]: (said, alert_id) for said, alert_id in told}
    found = (revised(*drafts[key], stored.get(key), now=now) for key in sorted(drafts))
    rows = [one for one in found if one is not None]
    rows += [
        Revised(withdrawn(row, now=now), row, is_news=True)
        for row in stored.values()
        if row.state == FlagState.RAISED and row.flag_id not in drafts
    ]
    before = [one.before for one in rows if one.before is not None]
    news = [row for one in rows if one.is_news for row in (one.before, one.row)]
    now_us = to_micros(now)
    return FlagChanges(
        rows=tuple(one.row for one in rows),
        history=tuple(HistoryRow(ENTITY, r.flag_id, r.revision, now_us, r.body) for r in before),
        alert_ids=frozenset(row.alert_id for row in news if row and row.alert_id),
    )


def revised(
    said: Mapping[str, Any], alert_id: str, before: FlagRow | None, *, now: datetime
) -> Revised | None:
    """Return the flag to store, or None when it would say what is stored already."""
    if before is None:
        return Revised(_row(said, alert_id=alert_id, now=now), None, is_news=True)
    is_moved = before.alert_id != alert_id
    if not is_moved and _is_said(said, before):
        return None
    row = _row({**said, "revision": before.revision + 1}, alert_id=alert_id, now=now)
    is_news = is_moved or _to_alert(said) != _to_alert(orjson.loads(head_of(before.body)))
    return Revised(row, before, is_news=is_news)


def withdrawn(row: FlagRow, *, now: datetime) -> FlagRow:
    """Return a flag whose evidence is gone. It keeps what it said, and its alert."""
    flag = decode(Flag, row.body).model_copy(
        update={"revision": row.revision + 1, "state": FlagState.WITHDRAWN}
    )
    return row._replace(
        revision=flag.revision,
        state=flag.state.value,
        updated_at=to_micros(now),
        body=encode(flag),
    )


def said_of(one: Drafted, *, now: datetime) -> dict[str, Any]:
    """Return a draft as the first revision of its flag: the fields of `Flag`, in its order.

    It is retrospective when its latest evidence is older than the rule's horizon: it then tells
    history and pages nobody.
    """
    draft, rule = one.draft, one.rule
    occurred = from_micros(draft.occurred_us)
    return {
        "flag_id": one.flag_id,
        "flag_key": draft.flag_key(),
        "revision": 1,
        "rule_id": rule.rule_id,
        "rule_version": rule.version,
        "params_sha256": one.params_sha256,
        "state": FlagState.RAISED,
        "band": draft.band,
        "priority": draft.priority,
        "certainty": draft.certainty,
        "unverified": draft.unverified,
        "retrospective": now - occurred > timedelta(hours=rule.page_horizon_h),
        "shadow": rule.shadow,
        "day": draft.day,
        "place_key": draft.place_key,
        "place_name": draft.place_name,
        "adm2": draft.adm2 or None,
        "actor_class": draft.actor_class,
        "lon": draft.lon,
        "lat": draft.lat,
        "occurred_start": occurred,
        "level": draft.level,
        "illustrative": draft.illustrative,
        "numbers": draft.numbers,
        "evidence": [{"incident_id": one, "reports": reports} for one, reports in draft.evidence],
        "excluded": draft.excluded,
        "explanation": draft.explanation,
    }


def body_of(said: Mapping[str, Any]) -> bytes:
    """Return what `encode` gives of a flag: JSON without the fields at their default."""
    return orjson.dumps(
        {name: value for name, value in said.items() if value != _DEFAULTS[name]},
        option=orjson.OPT_UTC_Z,
    )


def head_of(body: bytes) -> bytes:
    """Return the fields of `FlagHead` alone, from the bytes of a flag: most of these is evidence.

    They stand before its numbers. Within a text no quotation mark stands unescaped.
    """
    return body[: body.index(b',"numbers":')] + b"}"


# A required field has none, and nothing equals that.
_DEFAULTS = {name: field.default for name, field in Flag.model_fields.items()}


# Its alert follows from these fields of each of its flags (`processing.alerts.content`).
_TOLD = (
    "state",
    "band",
    "priority",
    "retrospective",
    "shadow",
    "place_name",
    "lon",
    "lat",
    "level",
    "illustrative",
)


def _to_alert(said: Mapping[str, Any]) -> list[object]:
    return [said.get(name, _DEFAULTS[name]) for name in _TOLD]


def _is_said(said: Mapping[str, Any], before: FlagRow) -> bool:
    """Say whether a stored flag says the same, its revision and its mark of history aside."""
    if said["band"] != before.band or said["priority"] != before.priority:
        return False
    same = {"revision": before.revision, "retrospective": bool(before.retrospective)}
    return body_of({**said, **same}) == before.body


def _row(said: Mapping[str, Any], *, alert_id: str | None, now: datetime) -> FlagRow:
    return FlagRow(
        flag_id=said["flag_id"],
        flag_key=said["flag_key"],
        revision=said["revision"],
        rule_id=said["rule_id"],
        state=said["state"].value,
        band=int(said["band"]),
        priority=said["priority"],
        retrospective=said["retrospective"],
        shadow=said["shadow"],
        day=said["day"],
        place_key=said["place_key"],
        actor_class=said["actor_class"],
        adm2=said["adm2"],
        lon=said["lon"],
        lat=said["lat"],
        level=said["level"],
        updated_at=to_micros(now),
        alert_id=alert_id,
        body=body_of(said),
    )
