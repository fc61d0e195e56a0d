import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from processing.notify.payload import body, webhook_id
from schemas.alert import Alert, AlertState, Transition, TransitionKind
from schemas.codec import decode
from schemas.delivery import WebhookBody
from schemas.flag import Band

AT = datetime(2013, 12, 16, 5, 42, tzinfo=UTC)
LINK = "https://mission.example.org/#/alerts/1"


def alert(**changed: object) -> Alert:
    return Alert(
        alert_id=str(UUID(int=1)),
        number=87,
        seq=2,
        place_key="SS0101",
        place_name="Juba",
        actor_class="ARMED_GROUP",
        day=16_055,
        state=AlertState.ACKNOWLEDGED,
        priority=5,
        band=Band.CRITICAL,
        headline="Forty armed men near the protection site in Juba",
        flag_ids=(str(UUID(int=9)),),
        kinds=("R01", "R09"),
        lon=31.5713,
        lat=4.8517,
        owner="Colonel Somebody",
        raised_at=AT,
        updated_at=AT,
    ).model_copy(update=changed)


def transition(kind: TransitionKind = TransitionKind.RAISED, priority: int = 4) -> Transition:
    return Transition(
        alert_id=str(UUID(int=1)),
        seq=1,
        kind=kind,
        at=AT,
        by="system",
        from_state=None,
        to_state=AlertState.RAISED,
        priority=priority,
        note="the patrol of Lieutenant Anybody",
    )


class TestBody:
    @pytest.mark.parametrize("kind", TransitionKind)
    def test_is_typed_after_the_transition(self, kind: TransitionKind) -> None:
        message = decode(WebhookBody, body(alert(), transition(kind), link=LINK))
        assert message.type == f"alert.{kind}"
        assert message.timestamp == AT

    def test_tells_the_transition_as_it_was_and_not_what_came_later(self) -> None:
        data = decode(WebhookBody, body(alert(), transition(), link=LINK)).data
        assert (data.seq, data.priority, data.state) == (1, 4, "RAISED")
        assert (data.number, data.band, data.kinds) == ("A 87", "CRITICAL", ("R01", "R09"))

    def test_has_no_name_no_place_and_no_words(self) -> None:
        sent = body(alert(), transition(), link=LINK).decode()
        for secret in ("Juba", "SS0101", "Somebody", "Anybody", "Forty", "31.57", "ARMED_GROUP"):
            assert secret not in sent

    def test_has_exactly_the_fields_that_are_promised(self) -> None:
        message = json.loads(body(alert(illustrative=True), transition(), link=LINK))
        assert set(message) == {"type", "timestamp", "data"}
        assert message["data"] == {
            "alert_id": str(UUID(int=1)),
            "number": "A 87",
            "seq": 1,
            "kinds": ["R01", "R09"],
            "priority": 4,
            "band": "CRITICAL",
            "state": "RAISED",
            "exercise": False,
            "illustrative": True,
            "url": LINK,
        }

    def test_is_the_same_bytes_for_the_same_transition(self) -> None:
        assert body(alert(), transition(), link=LINK) == body(alert(), transition(), link=LINK)


class TestWebhookId:
    def test_names_the_alert_and_the_transition(self) -> None:
        assert webhook_id(str(UUID(int=255)), 3) == f"msg_{255:032x}_3"
