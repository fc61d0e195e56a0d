from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from typing_extensions import override

from ingest.gathering import Gathering
from ingest.spool import Spool
from ingest.spool_entry import Appended, Conflict, Duplicate, SpoolEntry, SpoolVerdict
from schemas.errors import StorageFullError
from tests.ingest.support import NODE, entry


class Counted(Spool):
    """A spool that remembers how many entries each job had."""

    jobs: list[int]

    @override
    def append(self, entries: Sequence[SpoolEntry]) -> Future[list[SpoolVerdict]]:
        self.jobs.append(len(entries))
        return super().append(entries)


def counted(tmp_path: Path) -> Counted:
    spool = Counted(tmp_path / "spool.db", node=NODE)
    spool.jobs = []
    return spool


def test_requests_of_one_pass_share_a_job_and_each_gets_its_own_verdicts(tmp_path: Path) -> None:
    async def send(spool: Spool) -> list[list[SpoolVerdict]]:
        gathering = Gathering(spool)
        requests = (
            [entry("a-1"), entry("a-2")],
            [entry("b-1")],
            [entry("a-2"), entry("b-1", text="z"), entry("c-1")],
        )
        return await asyncio.gather(*map(gathering.append, requests))

    with counted(tmp_path) as spool:
        assert asyncio.run(send(spool)) == [
            [Appended(1), Appended(2)],
            [Appended(3)],
            [Duplicate(2, b"x"), Conflict(3), Appended(4)],
        ]
        assert spool.jobs == [6]


def test_one_alone_is_handed_over_at_once(tmp_path: Path) -> None:
    async def send(spool: Spool) -> list[list[SpoolVerdict]]:
        gathering = Gathering(spool)
        return [await gathering.append([entry(f"a-{n}")]) for n in range(3)]

    with counted(tmp_path) as spool:
        assert asyncio.run(send(spool)) == [[Appended(1)], [Appended(2)], [Appended(3)]]
        assert spool.jobs == [1, 1, 1]


def test_many_are_several_jobs(tmp_path: Path) -> None:
    async def send(spool: Spool) -> list[list[SpoolVerdict]]:
        gathering = Gathering(spool)
        return await asyncio.gather(
            *(gathering.append([entry(f"{n}-{m}") for m in range(100)]) for n in range(5))
        )

    with counted(tmp_path) as spool:
        answers = asyncio.run(send(spool))
        assert [it for answer in answers for it in answer] == list(map(Appended, range(1, 501)))
        assert spool.jobs == [300, 200]


def test_all_are_told_when_nothing_could_be_stored(tmp_path: Path) -> None:
    async def send(spool: Spool) -> list[list[SpoolVerdict] | BaseException]:
        gathering = Gathering(spool)
        return await asyncio.gather(
            *(gathering.append([entry(f"a-{n}")]) for n in range(3)), return_exceptions=True
        )

    with counted(tmp_path) as spool:
        pass
    answers = asyncio.run(send(spool))
    assert [type(it) for it in answers] == [StorageFullError] * 3


def test_one_who_goes_away_does_not_stop_the_others(tmp_path: Path) -> None:
    async def send(spool: Spool) -> list[SpoolVerdict]:
        gathering = Gathering(spool)
        leaving = asyncio.ensure_future(gathering.append([entry("a-1")]))
        staying = asyncio.ensure_future(gathering.append([entry("b-1")]))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await staying

    with counted(tmp_path) as spool:
        assert asyncio.run(send(spool)) == [Appended(2)]
