"""Dead letters: listed without what they say, shown on request, and stored once they can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from deploy.box import Box, open_box
from deploy.cli import build
from deploy.dead_letters import PARTITION, replay
from deploy.demo.show import planned_reports
from deploy.settings import Settings
from deploy.wiring import pipeline_of
from processing.adapters.sql.dead_letters import list_dead_letters, read_dead_letter
from processing.adapters.sql.positions import SqlPositions
from processing.adapters.sql.state_hash import dump
from processing.batch.account import Account, read_account
from processing.engine.batch import Batch, Claim, Decoded, SetAside, Stretch
from schemas.errors import NotFoundError
from schemas.log import Record
from schemas.tables import dead_letters, reports
from tests.support.box import make_box
from tests.support.replaying import admitted, make_desk

NODE = "node-1"
COUNT = 40


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    planned = planned_reports()
    desk = make_desk(tmp_path_factory.mktemp("desk"), start=planned[0].send_at)
    found = admitted(planned[:COUNT], desk.bundle)
    desk.database.engine.dispose()
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_box(tmp_path, receiver_url="http://127.0.0.1:9/hook").settings


def batch(values: list[bytes], claim: Claim, *, bad: frozenset[int]) -> Batch[Account]:
    records = [Record(NODE, claim.position + n, value) for n, value in enumerate(values)]
    return Batch(
        stretches=(
            Stretch(
                partition=NODE,
                epoch=claim.epoch,
                start=claim.position,
                end=claim.position + len(values),
            ),
        ),
        records=tuple(
            Decoded(record, read_account(record.value))
            for n, record in enumerate(records)
            if n not in bad
        ),
        set_aside=tuple(
            SetAside(record, "KeyError: a bad release")
            for n, record in enumerate(records)
            if n in bad
        ),
    )


def store(box: Box, values: list[bytes], *, bad: frozenset[int] = frozenset()) -> None:
    claim = SqlPositions(box.database.begin).claim([NODE])[NODE]
    pipeline_of(box, lambda _name: None)(batch(values, claim, bad=bad))


def test_what_is_replayed_leads_to_what_it_would_have_led_to(
    tmp_path: Path, settings: Settings, values: list[bytes]
) -> None:
    with open_box(settings) as box:
        # A pipeline that was running all the while, with what it keeps in memory.
        running = pipeline_of(box, lambda _name: None)
        claim = SqlPositions(box.database.begin).claim([NODE])[NODE]
        half = len(values) // 2
        running(batch(values[:half], claim, bad=frozenset({3, 7, 8})))
        letters, count = list_dead_letters(box.database.read, limit=2)
        assert (len(letters), count) == (2, 3)
        letters, _ = list_dead_letters(box.database.read, limit=10)
        assert {one.position for one in letters} == {3, 7, 8}
        assert [replay(box, one) for one in letters] == [None, None, None]
        assert list_dead_letters(box.database.read, limit=1) == ([], 0)
        later = Claim(position=claim.position + half, epoch=claim.epoch)
        running(batch(values[half:], later, bad=frozenset()))
        found = set(dump(box.database.read))
        with box.database.read() as connection:
            kept = connection.execute(
                select(reports.c.node, reports.c.position).where(reports.c.position.in_([3, 7, 8]))
            ).all()
        assert {tuple(row) for row in kept} == {(NODE, 3), (NODE, 7), (NODE, 8)}
    other = make_box(tmp_path / "calm", receiver_url="http://127.0.0.1:9/hook").settings
    with open_box(other) as box:
        store(box, values)
        assert set(dump(box.database.read)) == found


def test_one_that_crashed_after_it_was_stored_is_forgotten_by_the_next_try(
    settings: Settings, values: list[bytes]
) -> None:
    with open_box(settings) as box:
        store(box, values[:5], bad=frozenset({2}))
        letter = read_dead_letter(box.database.read, NODE, 2)
        store(box, values[2:3])
        assert replay(box, letter) is None
        with pytest.raises(NotFoundError, match="no dead letter node-1 2"):
            read_dead_letter(box.database.read, NODE, 2)


def test_one_that_still_cannot_be_read_stays_and_says_why(
    settings: Settings, values: list[bytes]
) -> None:
    with open_box(settings) as box:
        store(box, values[:5], bad=frozenset({1, 2}))
        with box.database.begin() as connection:
            connection.execute(
                update(dead_letters).where(dead_letters.c.position == 1).values(value=b"{")
            )
        runner = CliRunner(env={"TOCSIN_DATA_DIR": str(settings.data_dir)})
        replayed = runner.invoke(build(), ["dead-letters", "replay", "--all"])
        assert replayed.exit_code == 1
        assert "1 stored, 1 still dead letters" in replayed.output
        assert "node-1 1: undecodable" in replayed.output
        assert [one.position for one in list_dead_letters(box.database.read, limit=9)[0]] == [1]
        assert SqlPositions(box.database.begin).load([PARTITION])[PARTITION].position == 1


def test_the_list_does_not_show_what_they_say_and_show_does(
    settings: Settings, values: list[bytes]
) -> None:
    with open_box(settings) as box:
        store(box, values[:3], bad=frozenset({0}))
    text = read_account(values[0]).said.text
    assert text
    runner = CliRunner(env={"TOCSIN_DATA_DIR": str(settings.data_dir), "COLUMNS": "200"})
    listed = runner.invoke(build(), ["dead-letters", "list"])
    assert "KeyError: a bad release" in listed.output
    assert text not in listed.output
    shown = runner.invoke(build(), ["dead-letters", "show", NODE, "0"])
    assert text in shown.output
    missing = runner.invoke(build(), ["dead-letters", "show", NODE, "9"])
    assert isinstance(missing.exception, NotFoundError)
    nothing = runner.invoke(build(), ["dead-letters", "replay"])
    assert nothing.exit_code == 2
