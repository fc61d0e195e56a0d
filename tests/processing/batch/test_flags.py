"""What a flag is stored as, and when it is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.alerts.correlate import AlertKey
from processing.batch.flags import Drafted, body_of, changes, flag_row, said_of
from processing.batch.rows import FlagRow
from processing.rules.loading import default_rules
from processing.rules.window import FlagDraft
from schemas.codec import decode, encode
from schemas.column_types import to_micros
from schemas.flag import Band, Certainty, Flag, FlagState

NOON = datetime(2013, 12, 16, 12, tzinfo=UTC)
DAY = 16_055
RULE = next(rule for rule in default_rules().rules if rule.rule_id == "R05")
KEY = AlertKey(place_key="SS0101", actor_class="ARMED_GROUP", day=DAY)
DRAFT = FlagDraft(
    rule_id="R05",
    place_key="cell:1",
    place_name="Karo",
    actor_class="ARMED_GROUP",
    day=DAY,
    band=Band.HIGH,
    priority=3,
    certainty=Certainty.CERTAIN,
    unverified=False,
    adm1="SS01",
    adm2="SS0101",
    lon=30.5,
    lat=8.5,
    occurred_us=to_micros(NOON - timedelta(hours=1)),
    level=1,
    illustrative=False,
    numbers={"ratio": 16.0, "expected": 0.125},
    evidence=(("incident-a", (("root-a", 1), ("root-b", 2))),),
    explanation="Twice as many.",
)

FLOATS = st.floats(-180, 180, allow_subnormal=False)
DRAFTS = st.builds(
    replace,
    st.just(DRAFT),
    variant=st.sampled_from(("", "deaths")),
    band=st.sampled_from(Band),
    priority=st.integers(1, 5),
    certainty=st.sampled_from(Certainty),
    unverified=st.booleans(),
    adm2=st.sampled_from(("", "SS0101")),
    lon=st.none() | FLOATS,
    lat=st.none() | st.floats(-90, 90, allow_subnormal=False),
    occurred_us=st.integers(0, 10**16),
    level=st.integers(0, 2),
    illustrative=st.booleans(),
    numbers=st.dictionaries(
        st.text("ab_", max_size=3), st.none() | st.booleans() | st.integers(0, 99) | FLOATS
    ),
    excluded=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    place_name=st.text(max_size=5),
)


def drafted(draft: FlagDraft = DRAFT, **more: Any) -> Drafted:  # noqa: ANN401
    return Drafted(draft, RULE.model_copy(update=more), "0" * 64, KEY)


def stored(draft: FlagDraft = DRAFT, *, now: datetime = NOON) -> FlagRow:
    row = flag_row(drafted(draft), None, now=now)
    assert row is not None
    return row


@given(draft=DRAFTS, shadow=st.booleans())
def test_its_bytes_are_those_that_the_codec_gives(draft: FlagDraft, shadow: bool) -> None:  # noqa: FBT001
    body = body_of(said_of(drafted(draft, shadow=shadow), now=NOON))
    flag = decode(Flag, body)
    assert encode(flag) == body
    assert flag.numbers == draft.numbers
    assert [(one.incident_id, one.reports) for one in flag.evidence] == list(draft.evidence)
    assert (flag.band, flag.certainty, flag.shadow) == (draft.band, draft.certainty, shadow)


@given(draft=DRAFTS)
def test_its_columns_say_what_its_bytes_say(draft: FlagDraft) -> None:
    row = stored(draft)
    flag = decode(Flag, row.body)
    for name in FlagRow._fields:
        if name not in {"updated_at", "alert_id", "body"}:
            assert getattr(row, name) == getattr(flag, name), name


def test_what_is_stored_already_is_left_alone_though_it_became_history() -> None:
    row = stored()
    much_later = NOON + timedelta(days=400)
    assert not row.retrospective
    assert flag_row(drafted(), row, now=much_later) is None
    history = stored(now=much_later)
    assert history.retrospective
    assert flag_row(drafted(), history, now=NOON) is None


@pytest.mark.parametrize(
    "change",
    [
        {"band": Band.MEDIUM},
        {"priority": 4},
        {"certainty": Certainty.POSSIBLE},
        {"unverified": True},
        {"lon": 30.6},
        {"level": 2},
        {"illustrative": True},
        {"numbers": {"ratio": 16.0, "expected": 0.1250001}},
        {"evidence": (("incident-a", (("root-a", 1), ("root-b", 3))),)},
        {"excluded": ("Nothing.",)},
        {"explanation": "Three times as many."},
        {"place_name": "Meri"},
    ],
)
def test_whatever_it_says_anew_is_a_revision(change: dict[str, Any]) -> None:
    row = flag_row(drafted(replace(DRAFT, **change)), stored(), now=NOON)
    assert row is not None
    assert row.revision == decode(Flag, row.body).revision == 2


def test_another_alert_is_a_revision() -> None:
    moved = stored()._replace(alert_id="another")
    row = flag_row(drafted(), moved, now=NOON)
    assert row is not None
    assert row.alert_id == KEY.alert_id


def test_without_a_draft_it_is_withdrawn_and_keeps_what_it_said() -> None:
    row = stored()
    found = changes([], {row.flag_id: row}, now=NOON)
    (gone,) = found.rows
    assert found.alert_ids == {KEY.alert_id}
    assert [one.revision for one in found.history] == [1]
    was, is_now = decode(Flag, row.body), decode(Flag, gone.body)
    assert is_now == was.model_copy(update={"revision": 2, "state": FlagState.WITHDRAWN})
    assert (gone.revision, gone.state) == (2, "WITHDRAWN")
    assert not changes([], {gone.flag_id: gone}, now=NOON).rows
    (again,) = changes([drafted()], {gone.flag_id: gone}, now=NOON).rows
    assert (again.revision, again.state) == (3, "RAISED")
