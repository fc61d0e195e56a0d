"""A correction moves a matter to another county: what people did goes along."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from processing.adapters.sql.alert_desk import SqlAlertDesk
from processing.adapters.sql.state_hash import dump
from schemas.access import Principal, Role
from schemas.alert import Alert, AlertAction, AlertState, Transition, TransitionKind
from schemas.codec import decode
from schemas.delivery import Endpoint
from schemas.report import AdmittedReport
from tests.processing.building import (
    NOON,
    Database,
    add_endpoint,
    admitted,
    ask,
    link,
    process,
    report,
)
from tests.processing.conftest import MakeMission
from tests.processing.world import EAST, STATE, WEST

TOWN_EAST = {"lon": 31.55, "lat": 6.21}
TOWN_WEST = {"lon": 30.2, "lat": 6.4}
DUTY = Principal(user_id="duty", name="Duty officer", roles=(Role.COMMANDER,))


def threat(revision: int, place: dict[str, float], **fields: object) -> AdmittedReport:
    """A threat to a town; each revision may say another one."""
    said = {"event_type": "VC_IMMINENT_THREAT", "revision": revision, "location": place, **fields}
    return admitted(report("root-1", **said), received_at=NOON + timedelta(minutes=revision))


@dataclass
class Desk:
    """The small mission with endpoints for each county and for the whole state."""

    made: Database
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name, areas in (("east", (EAST,)), ("state", (STATE,)), ("west", (WEST,))):
            hook = Endpoint(endpoint_id=name, url=f"https://{name}.example/hook", areas=areas)
            add_endpoint(self.made, hook)

    def say(self, *reports: AdmittedReport) -> None:
        process(self.made, reports, size=1)

    def alert(self, place_key: str) -> Alert:
        (body,) = self._column("SELECT body FROM alerts WHERE place_key = ?", place_key)
        return decode(Alert, body)

    def ledger(self, alert: Alert) -> list[TransitionKind]:
        query = "SELECT body FROM alert_transitions WHERE alert_id = ? ORDER BY seq"
        return [decode(Transition, body).kind for body in self._column(query, alert.alert_id)]

    def act(self, alert: Alert, state: AlertState) -> None:
        action = AlertAction(to_state=state, seq=alert.seq)
        SqlAlertDesk(self.made.begin, link=link).act(alert.alert_id, action, by=DUTY, now=NOON)

    def told(self) -> list[tuple[str, str, str]]:
        """Who was told what since the last question: endpoint, county, kind."""
        query = """
            SELECT d.endpoint_id, a.place_key, t.kind, d.alert_id || d.seq
            FROM deliveries AS d JOIN alerts AS a USING (alert_id)
            JOIN alert_transitions AS t ON t.alert_id = d.alert_id AND t.seq = d.seq
        """
        with self.made.read() as connection:
            found = [tuple(row) for row in ask(connection, query)]
        new = [row[:3] for row in found if f"{row[0]} {row[3]}" not in self.seen]
        self.seen = [f"{row[0]} {row[3]}" for row in found]
        return sorted(new)

    def redirects(self) -> list[tuple[str, str]]:
        query = "SELECT old_id, new_id FROM redirects WHERE entity = 'alert'"
        with self.made.read() as connection:
            return [(row.old_id, row.new_id) for row in ask(connection, query)]

    def _column(self, query: str, value: str) -> list[bytes]:
        with self.made.read() as connection:
            return [row[0] for row in ask(connection, query, value)]


@pytest.fixture
def desk(made: Database) -> Desk:
    return Desk(made)


def test_the_acknowledgement_goes_along_and_the_old_alert_points_on(desk: Desk) -> None:
    desk.say(threat(1, TOWN_EAST))
    desk.act(desk.alert(EAST), AlertState.ACKNOWLEDGED)
    before = desk.alert(EAST)
    desk.say(threat(2, TOWN_WEST))

    old, new = desk.alert(EAST), desk.alert(WEST)
    assert new.flag_ids
    assert (new.state, new.owner) == (AlertState.ACKNOWLEDGED, "duty")
    assert (new.acknowledged_at, new.acknowledged_by) == (NOON, before.acknowledged_by)
    assert (new.ack_due_at, new.replaces) == (before.ack_due_at, old.alert_id)
    assert (old.state, old.replaced_by) == (AlertState.WITHDRAWN, new.alert_id)
    assert desk.ledger(old)[-1] is TransitionKind.REPLACED
    assert desk.redirects() == [(old.alert_id, new.alert_id)]


def test_those_who_know_are_told_once_and_the_new_county_hears_of_it(desk: Desk) -> None:
    desk.say(threat(1, TOWN_EAST))
    assert desk.told() == [("east", EAST, "raised"), ("state", EAST, "raised")]
    desk.say(threat(2, TOWN_WEST))
    assert desk.told() == [
        ("east", EAST, "replaced"),
        ("state", EAST, "replaced"),
        ("west", WEST, "raised"),
    ]


def test_whoever_was_told_hears_how_it_goes_on_and_ends(desk: Desk) -> None:
    desk.say(threat(1, TOWN_EAST), threat(2, TOWN_WEST))
    desk.told()
    desk.act(desk.alert(WEST), AlertState.ACKNOWLEDGED)
    assert desk.told() == [(name, WEST, "acknowledged") for name in ("east", "state", "west")]
    desk.say(threat(3, TOWN_WEST, report_kind="RETRACTION"))
    assert desk.told() == [(name, WEST, "withdrawn") for name in ("east", "state", "west")]


def test_what_is_corrected_back_takes_everything_back(desk: Desk) -> None:
    desk.say(threat(1, TOWN_EAST), threat(2, TOWN_WEST))
    desk.act(desk.alert(WEST), AlertState.ACKNOWLEDGED)
    desk.told()
    desk.say(threat(3, TOWN_EAST))

    old, new = desk.alert(WEST), desk.alert(EAST)
    assert (new.state, new.owner, new.replaced_by) == (AlertState.ACKNOWLEDGED, "duty", None)
    assert old.replaced_by == new.alert_id
    assert desk.redirects() == [(old.alert_id, new.alert_id)]
    assert desk.told() == [(name, WEST, "replaced") for name in ("east", "state", "west")]


def test_what_people_closed_stays_closed_and_rings_nobody_new(desk: Desk) -> None:
    desk.say(threat(1, TOWN_EAST))
    closing = AlertAction(
        to_state=AlertState.RESOLVED, seq=desk.alert(EAST).seq, note="seen to, all is calm"
    )
    SqlAlertDesk(desk.made.begin, link=link).act(
        desk.alert(EAST).alert_id, closing, by=DUTY, now=NOON
    )
    desk.told()
    desk.say(threat(2, TOWN_WEST))
    assert desk.alert(WEST).state is AlertState.RESOLVED
    assert ("west", WEST, "raised") not in desk.told()


def test_what_is_concluded_does_not_know_of_the_way_there(make_mission: MakeMission) -> None:
    moved, direct = Desk(make_mission()), Desk(make_mission())
    moved.say(threat(1, TOWN_EAST))
    moved.act(moved.alert(EAST), AlertState.ACKNOWLEDGED)
    moved.say(threat(2, TOWN_WEST))
    direct.say(threat(2, TOWN_WEST), threat(1, TOWN_EAST))
    assert list(dump(moved.made.read)) == list(dump(direct.made.read))
