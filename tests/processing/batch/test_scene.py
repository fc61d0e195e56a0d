from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processing.batch.account import Account, account
from processing.batch.contents import Contents
from processing.batch.day_scene import DayScene
from processing.batch.intake import Turnover
from processing.batch.rows import ReportRow, counting
from processing.batch.scene import Moves, moves, rows_of, scene
from processing.fuse.columns import Regrouped, Sighting
from tests.processing.building import admitted, report

DAY = 16_000
INCIDENTS = ("i-1", "i-2", "i-3")


@dataclass(frozen=True)
class Told:
    """One report: its content and its row."""

    account: Account
    row: ReportRow


def told(
    root: str, *, revision: int = 1, incident: str | None = "i-1", lon: float = 31.5, day: int = DAY
) -> Told:
    actors = [{"name": f"group-{revision}", "type": "ARMED_GROUP"}]
    one = account(admitted(report(root, revision=revision, actors=actors)))
    row = ReportRow(
        report_id=one.report_id,
        root_id=root,
        revision=revision,
        current=True,
        node="n",
        position=1,
        unit_id="u",
        sha256=one.sha256,
        received_at=0,
        occurred_start=0,
        day=day,
        event_type="AC_CLASH",
        event_class="CLASH",
        record_kind="INCIDENT",
        fusible=True,
        lon=lon,
        lat=6.2,
        radius_m=1_000.0,
        place_from=None,
        cell4=0,
        adm1=None,
        adm2=None,
        adm2_candidates=None,
        level=0,
        exercise=False,
        incident_id=incident,
        body=b"",
    )
    return Told(account=one, row=row)


def contents_of(reports: Iterable[Told]) -> Contents:
    contents = Contents()
    for one in reports:
        contents.add(one.account)
    return contents


def day_of(rows: Iterable[ReportRow]) -> DayScene:
    day = DayScene()
    for row in rows:
        day.put(row)
    return day


Seen = dict[str, tuple[Sighting, str, list[float]]]


def seen(day: DayScene, contents: Contents) -> Seen:
    """What the columns say of each report, having looked that each is where it is said to be."""
    columns = day.columns(contents)
    assert len(columns) == len(columns.incident_id) == columns.numbers.shape[1] == len(day)
    found: Seen = {}
    for place, one in enumerate(columns.sightings):
        assert day.place_of(one.root_id) == place
        incident = columns.incident_id[place]
        assert place in day.places_in(incident)
        found[one.root_id] = one, incident, columns.numbers[:, place].tolist()
    assert sum(len(day.places_in(incident)) for incident in INCIDENTS) == len(day)
    return found


class Step:
    """What may be done to a report of a day."""

    PUT, DROP, JOIN, READ = range(4)


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[int, int, str]]:
    one = st.tuples(
        st.sampled_from((Step.PUT, Step.PUT, Step.DROP, Step.JOIN, Step.READ)),
        st.integers(0, 3),
        st.sampled_from(INCIDENTS),
    )
    return draw(st.lists(one, max_size=40))


class TestDayScene:
    @given(steps())
    def test_is_what_would_be_made_anew(self, done: Sequence[tuple[int, int, str]]) -> None:
        day, held, contents = DayScene(), dict[str, Told](), Contents()
        for number, (step, root, incident) in enumerate(done, 1):
            name = f"r-{root}"
            known = held.get(name)
            if step == Step.PUT:
                if known is not None:
                    day.drop(name)
                fresh = told(name, revision=number, incident=incident, lon=31.0 + number / 100)
                held[name] = fresh
                contents.add(fresh.account)
                day.put(fresh.row)
            elif step == Step.DROP and known is not None:
                del held[name]
                day.drop(name)
            elif step == Step.JOIN and known is not None:
                held[name] = replace(known, row=counting(known.row, incident))
                day.put(held[name].row)
            elif step == Step.READ:
                day.columns(contents)
        anew = day_of(one.row for one in held.values())
        assert dict(day.rows()) == dict(anew.rows())
        assert seen(day, contents) == seen(anew, contents)

    def test_follows_a_report_into_another_incident(self) -> None:
        one = told("r-a")
        day, contents = day_of([one.row]), contents_of([one])
        assert seen(day, contents)["r-a"][1] == "i-1"
        day.put(counting(one.row, "i-2"))
        assert seen(day, contents)["r-a"][1] == "i-2"
        assert day.places_in("i-1") == []

    def test_asks_for_the_contents_of_what_it_has_not_read(self) -> None:
        a, b = told("r-a"), told("r-b")
        day = day_of([a.row])
        assert day.unread() == [a.row]
        day.columns(contents_of([a]))
        day.put(b.row)
        day.put(counting(a.row, "i-2"))
        assert day.unread() == [b.row]


class TestScene:
    KEPT = (
        told("r-a"),
        told("r-b"),
        told("r-c", incident="i-2"),
        told("r-d", day=DAY + 1, incident="i-3"),
    )

    def days(self) -> Mapping[int, DayScene]:
        return {
            day: day_of(one.row for one in self.KEPT if one.row.day == day)
            for day in (DAY, DAY + 1)
        }

    def moved(self, old: Told, new: Told) -> Moves:
        return moves([Turnover(before=old.row, after=new.row)], contents_of([new]))

    def test_holds_what_stands_and_then_what_changed(self) -> None:
        new = told("r-e", incident=None)
        moved = moves([Turnover(before=None, after=new.row)], contents_of([new]))
        found = scene(self.days(), moved, contents_of([*self.KEPT, new]))
        roots = [one.root_id for one in found.columns.sightings]
        assert roots == ["r-a", "r-b", "r-c", "r-d", "r-e"]
        assert list(found.columns.incident_id) == ["i-1", "i-1", "i-2", "i-3", ""]
        assert list(found.changed) == [4]
        assert sorted(found.standing("i-1", DAY)) == [0, 1]
        assert found.standing("i-3", DAY + 1) == [3]
        assert found.standing("i-9", DAY) == found.standing("i-3", DAY + 9) == []

    def test_hides_what_counts_no_more_and_leaves_the_days_as_they_are(self) -> None:
        old = self.KEPT[0]
        new = told("r-a", revision=2, day=DAY + 1, incident=None)
        days, contents = self.days(), contents_of([*self.KEPT, new])
        before = {day: seen(one, contents) for day, one in days.items()}
        moved = self.moved(old, new)
        found = scene(days, moved, contents)
        assert moved.days() == [DAY, DAY + 1]
        assert moved.lost() == {"i-1": DAY}
        assert np.isnan(found.columns.radius_m).tolist() == [True, False, False, False, False]
        assert found.standing("i-1", DAY) == [1]
        assert found.columns.incident_id[4] == "i-1"
        assert {day: seen(one, contents) for day, one in days.items()} == before

    def test_finds_the_row_that_counts_of_each_member(self) -> None:
        new = told("r-a", revision=2, incident=None)
        regrouped = Regrouped(
            groups={"i-1": ("r-a", "r-b"), "i-3": ("r-d",)},
            days={"i-1": DAY, "i-3": DAY + 1},
            gone={},
        )
        found = rows_of(regrouped, self.days(), self.moved(self.KEPT[0], new))
        assert found == {"r-a": new.row, "r-b": self.KEPT[1].row, "r-d": self.KEPT[3].row}
