from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.support import Station, body, station


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Station]:
    with station(tmp_path) as it:
        yield it


def test_a_clean_report_is_on_disk_when_it_is_answered(at: Station) -> None:
    answer = at.post(body())
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    assert receipt["state"] == "accepted"
    assert receipt["warnings"] == []
    assert receipt["token"] == "door-1:1"
    assert [it.report.root_id for it in at.stored()] == ["bor-2013-0001"]
    again = at.get(receipt["href"])
    assert again.status_code == 200, again.text
    assert again.json() == receipt
