"""What a flag is stored as, and when it is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.alerts.content import content_of
from processing.alerts.correlate import AlertKey
from processing.batch.flags import Drafted, Revised, body_of, changes, head_of, revised, said_of
from processing.batch.rows import FlagRow
from processing.rules.loading import default_rules
from processing.rules.window import FlagDraft
from schemas.clock import to_micros
from schemas.codec import decode, encode
from schemas.flag import Band, Certainty, Flag, FlagHead, FlagState

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


def again(one: Drafted, before: FlagRow | None, *, now: datetime) -> Revised | None:
    return revised(said_of(one, now=now), one.alert_id, before, now=now)


def stored(draft: FlagDraft = DRAFT, *, now: datetime = NOON) -> FlagRow:
    found = again(drafted(draft), None, now=now)
    assert found is not None
    assert found.is_news
    return found.row


@given(draft=DRAFTS, shadow=st.booleans())
def test_its_bytes_are_those_that_the_codec_gives(draft: FlagDraft, shadow: bool) -> None:  # noqa: FBT001
    body = body_of(said_of(drafted(draft, shadow=shadow), now=NOON))
    flag = decode(Flag, body)
    assert encode(flag) == body
    assert flag.numbers == draft.numbers
    assert [(one.incident_id, one.reports) for one in flag.evidence] == list(draft.evidence)
    assert (flag.band, flag.certainty, flag.shadow) == (draft.band, draft.certainty, shadow)


@given(draft=DRAFTS, text=st.sampled_from(("", ',"numbers":{', "}")))
def test_its_head_is_what_its_alert_reads(draft: FlagDraft, text: str) -> None:
    body = stored(replace(draft, place_name=text, explanation=text)).body
    assert decode(FlagHead, head_of(body)) == decode(FlagHead, body)


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
    assert again(drafted(), row, now=much_later) is None
    history = stored(now=much_later)
    assert history.retrospective
    assert again(drafted(), history, now=NOON) is None


@pytest.mark.parametrize(
    ("change", "is_news"),
    [
        ({"band": Band.MEDIUM}, True),
        ({"priority": 4}, True),
        ({"certainty": Certainty.POSSIBLE}, False),
        ({"unverified": True}, False),
        ({"lon": 30.6}, True),
        ({"lat": 8.6}, True),
        ({"level": 2}, True),
        ({"illustrative": True}, True),
        ({"numbers": {"ratio": 16.0, "expected": 0.1250001}}, False),
        ({"evidence": (("incident-a", (("root-a", 1), ("root-b", 3))),)}, False),
        ({"excluded": ("Nothing.",)}, False),
        ({"explanation": "Three times as many."}, False),
        ({"place_name": "Meri"}, True),
        ({"explanation": "", "occurred_us": DRAFT.occurred_us - 400 * 86_400_000_000}, True),
    ],
)
def test_whatever_it_says_anew_is_a_revision(change: dict[str, Any], is_news: bool) -> None:  # noqa: FBT001
    row = stored()
    found = again(drafted(replace(DRAFT, **change)), row, now=NOON)
    assert found is not None
    assert found.before == row
    assert found.row.revision == decode(Flag, found.row.body).revision == 2
    assert found.is_news is is_news
    asked = changes([drafted(replace(DRAFT, **change))], {row.flag_id: row}, now=NOON).alert_ids
    assert asked == ({KEY.alert_id} if is_news else set())


@given(drafts=st.lists(DRAFTS, min_size=2, max_size=3), shadow=st.booleans())
def test_an_alert_says_the_same_unless_a_flag_has_news(
    drafts: list[FlagDraft],
    shadow: bool,  # noqa: FBT001
) -> None:
    first, *later = (replace(one, variant="") for one in drafts)
    before = stored(first)
    for draft in later:
        found = again(drafted(draft, shadow=shadow), before, now=NOON)
        if found is not None and not found.is_news:
            flags = decode(Flag, before.body), decode(Flag, found.row.body)
            assert content_of(flags[:1]) == content_of(flags[1:])


def test_another_alert_is_a_revision_that_both_hear_of() -> None:
    moved = stored()._replace(alert_id="another")
    found = changes([drafted()], {moved.flag_id: moved}, now=NOON)
    assert [row.alert_id for row in found.rows] == [KEY.alert_id]
    assert found.alert_ids == {KEY.alert_id, "another"}


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
