from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from processing.adapters.sql.alert_desk import SqlAlertDesk
from schemas.access import Level, Principal, Role
from schemas.alert import AlertAction, AlertState
from schemas.delivery import Endpoint
from schemas.errors import NotFoundError, RefusedError
from tests.processing.building import (
    NOON,
    Database,
    add_endpoint,
    admitted,
    ask,
    count,
    link,
    process,
    report,
)

DUTY = Principal(user_id="duty-1", name="Duty officer", roles=(Role.COMMANDER,))
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def ringing(made: Database) -> Database:
    """A mission with one endpoint that was rung for alerts about an attack."""
    add_endpoint(made, Endpoint(endpoint_id="hook-1", url="https://joc.example/hook"))
    killed = [{"harm": "KILLED", "best": 7, "population": "CIVILIANS"}]
    process(made, [admitted(report("root-1", event_type="VC_KILLING", victims=killed))])
    return made


def one(made: Database, query: str, *parameters: str) -> tuple[object, ...]:
    with made.read() as connection:
        return tuple(ask(connection, query, *parameters).one())


def first_alert(made: Database) -> str:
    return str(one(made, "SELECT alert_id FROM alerts ORDER BY number LIMIT 1")[0])


def test_an_acknowledgement_is_stored_and_told_in_one_step(ringing: Database) -> None:
    announced: list[bool] = []
    desk = SqlAlertDesk(ringing.begin, link=link, announce=lambda: announced.append(True))
    alert_id = first_alert(ringing)
    action = AlertAction(to_state=AlertState.ACKNOWLEDGED, seq=1, note="on it")

    alert = desk.act(alert_id, action, by=DUTY, now=LATER)

    assert (alert.state, alert.seq, alert.owner) == (AlertState.ACKNOWLEDGED, 2, "duty-1")
    stored = one(ringing, "SELECT state, seq FROM alerts WHERE alert_id = ?", alert_id)
    assert stored == ("ACKNOWLEDGED", 2)
    step = "SELECT kind FROM alert_transitions WHERE alert_id = ? AND seq = 2"
    assert one(ringing, step, alert_id) == ("acknowledged",)
    told = "SELECT payload FROM deliveries WHERE alert_id = ? AND seq = 2"
    (payload,) = one(ringing, told, alert_id)
    assert isinstance(payload, bytes)
    assert orjson.loads(payload)["type"] == "alert.acknowledged"
    last = one(ringing, "SELECT entity, revision FROM changes ORDER BY seq DESC LIMIT 1")
    assert last == ("alert", 2)
    assert announced == [True]


@pytest.mark.parametrize(
    ("action", "pointer"),
    [
        (AlertAction(to_state=AlertState.ACKNOWLEDGED, seq=7), None),
        (AlertAction(to_state=AlertState.WITHDRAWN, seq=1), None),
        (AlertAction(to_state=AlertState.CANNOT_RESPOND, seq=1), "#/reason"),
    ],
)
def test_a_refused_action_changes_nothing(
    ringing: Database, action: AlertAction, pointer: str | None
) -> None:
    with ringing.read() as connection:
        before = count(connection, "changes")
    desk = SqlAlertDesk(ringing.begin, link=link)
    with pytest.raises(RefusedError) as caught:
        desk.act(first_alert(ringing), action, by=DUTY, now=LATER)
    assert caught.value.pointer == pointer
    with ringing.read() as connection:
        assert count(connection, "changes") == before


def test_of_two_people_who_saw_the_same_only_the_first_acts(ringing: Database) -> None:
    desk = SqlAlertDesk(ringing.begin, link=link)
    action = AlertAction(to_state=AlertState.ACKNOWLEDGED, seq=1)
    desk.act(first_alert(ringing), action, by=DUTY, now=LATER)
    with pytest.raises(RefusedError):
        desk.act(first_alert(ringing), action, by=DUTY, now=LATER)


@pytest.mark.parametrize("is_hidden", [True, False])
def test_a_hidden_alert_and_a_missing_one_are_the_same(
    ringing: Database, *, is_hidden: bool
) -> None:
    alert_id = first_alert(ringing)
    with ringing.begin() as connection:
        secret = int(Level.CONFIDENTIAL)
        ask(connection, "UPDATE alerts SET level = ?", secret)
    desk = SqlAlertDesk(ringing.begin, link=link)
    action = AlertAction(to_state=AlertState.ACKNOWLEDGED, seq=1)
    with pytest.raises(NotFoundError):
        desk.act(alert_id if is_hidden else "nothing", action, by=DUTY, now=LATER)


def test_an_answer_survives_what_comes_in_afterwards(ringing: Database) -> None:
    desk = SqlAlertDesk(ringing.begin, link=link)
    alert_id = first_alert(ringing)
    action = AlertAction(to_state=AlertState.ACKNOWLEDGED, seq=1)
    desk.act(alert_id, action, by=DUTY, now=LATER)
    more = admitted(report("root-2", event_type="VC_KILLING"), unit_id="unit-2")
    process(ringing, [more])
    (body,) = one(ringing, "SELECT body FROM alerts WHERE alert_id = ?", alert_id)
    assert isinstance(body, bytes)
    assert orjson.loads(body)["owner"] == "duty-1"
