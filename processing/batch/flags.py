"""From drafts to flags: raised, revised, withdrawn. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from processing.alerts.correlate import AlertKey
from processing.batch.rows import FlagRow, HistoryRow
from processing.rules.window import FlagDraft
from schemas.clock import day_start_ms, from_micros, to_micros
from schemas.codec import decode, encode
from schemas.flag import Evidence, Flag, FlagState
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


def changes(
    drafted: Iterable[Drafted], stored: Mapping[str, FlagRow], *, now: datetime
) -> FlagChanges:
    """Return the flags that differ from the stored ones.

    `stored` holds every flag that the evaluated rules answer for: those without a draft are
    withdrawn. A flag that comes out as it is stored is left alone, with its marks.
    """
    rows: list[FlagRow] = []
    drafts = {one.flag_id: one for one in drafted}
    for key in sorted(drafts):
        row = flag_row(drafts[key], stored.get(key), now=now)
        if row is not None:
            rows.append(row)
    raised = (row for row in stored.values() if row.state == FlagState.RAISED)
    rows += [withdrawn(row, now=now) for row in raised if row.flag_id not in drafts]
    before = [stored[row.flag_id] for row in rows if row.flag_id in stored]
    now_us = to_micros(now)
    return FlagChanges(
        rows=tuple(rows),
        history=tuple(HistoryRow(ENTITY, r.flag_id, r.revision, now_us, r.body) for r in before),
        alert_ids=frozenset(row.alert_id for row in (*before, *rows) if row.alert_id),
    )


def flag_row(one: Drafted, before: FlagRow | None, *, now: datetime) -> FlagRow | None:
    """Return the flag to store, or None when it would say what is stored already."""
    flag = flag_of(one, now=now)
    if before is not None:
        same = flag.model_copy(
            update={"revision": before.revision, "retrospective": bool(before.retrospective)}
        )
        if encode(same) == before.body and before.alert_id == one.alert_id:
            return None
        flag = flag.model_copy(update={"revision": before.revision + 1})
    return _row(flag, alert_id=one.alert_id, now=now)


def withdrawn(row: FlagRow, *, now: datetime) -> FlagRow:
    """Return a flag whose evidence is gone. It keeps what it said, and its alert."""
    flag = decode(Flag, row.body).model_copy(
        update={"revision": row.revision + 1, "state": FlagState.WITHDRAWN}
    )
    return _row(flag, alert_id=row.alert_id, now=now)


def flag_of(one: Drafted, *, now: datetime) -> Flag:
    """Return a draft as the first revision of its flag.

    It is retrospective when its latest evidence is older than the rule's horizon: it then tells
    history and pages nobody.
    """
    draft, rule = one.draft, one.rule
    age = now - from_micros(draft.occurred_us)
    return Flag(
        flag_id=one.flag_id,
        flag_key=draft.flag_key(),
        rule_id=rule.rule_id,
        rule_version=rule.version,
        params_sha256=one.params_sha256,
        band=draft.band,
        priority=draft.priority,
        certainty=draft.certainty,
        unverified=draft.unverified,
        retrospective=age > timedelta(hours=rule.page_horizon_h),
        shadow=rule.shadow,
        day=draft.day,
        place_key=draft.place_key,
        place_name=draft.place_name,
        adm2=draft.adm2 or None,
        actor_class=draft.actor_class,
        lon=draft.lon,
        lat=draft.lat,
        occurred_start=from_micros(draft.occurred_us),
        level=draft.level,
        illustrative=draft.illustrative,
        numbers=draft.numbers,
        evidence=tuple(Evidence(incident_id=i, reports=r) for i, r in draft.evidence),
        excluded=draft.excluded,
        explanation=draft.explanation,
    )


def _row(flag: Flag, *, alert_id: str | None, now: datetime) -> FlagRow:
    return FlagRow(
        flag_id=flag.flag_id,
        flag_key=flag.flag_key,
        revision=flag.revision,
        rule_id=flag.rule_id,
        state=flag.state.value,
        band=int(flag.band),
        priority=flag.priority,
        retrospective=flag.retrospective,
        shadow=flag.shadow,
        day=flag.day,
        place_key=flag.place_key,
        actor_class=flag.actor_class,
        adm2=flag.adm2,
        lon=flag.lon,
        lat=flag.lat,
        level=flag.level,
        updated_at=to_micros(now),
        alert_id=alert_id,
        body=encode(flag),
    )
