from __future__ import annotations

import re
from pathlib import Path

import ingest
from ingest.admission_table import REFUSALS, REMARKS, document
from ingest.credentials import Denial

ROOT = Path(ingest.__file__).parents[1]


def test_the_page_says_what_the_code_says() -> None:
    page = (ROOT / "docs" / "admission.md").read_text("utf-8")
    assert page == document(), "write the page anew from ingest.admission_table.document()"


def test_every_code_that_the_door_gives_is_in_the_table() -> None:
    given = {denial.value for denial in Denial}
    for path in (ROOT / "ingest").rglob("*.py"):
        if path.name != "admission_table.py":
            text = path.read_text("utf-8")
            given |= set(re.findall(r'code="([A-Z0-9_]+)"', text))
            given |= set(re.findall(r'note\(\s*(?:[^"()]|\([^()]*\))*"([A-Z][A-Z0-9_]+)"', text))
    assert given <= set(REFUSALS) | set(REMARKS)
    assert len(given) > 30


def test_only_what_may_work_later_is_retryable() -> None:
    assert {row.code for row in REFUSALS.values() if row.retryable} == {"TOO_SLOW", "CANNOT_STORE"}
    assert {row.status for row in REFUSALS.values()} == {
        400, 401, 403, 404, 408, 409, 413, 415, 422, 503,
    }  # fmt: skip
