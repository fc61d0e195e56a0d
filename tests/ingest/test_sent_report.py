"""What the strict reading takes, the contract reads the same."""

from __future__ import annotations

import typing

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from ingest import vocabulary
from ingest.repair import PARTS
from ingest.sent_report import SentReport, SentSource, read_exact
from schemas.codes.lists import code_list
from schemas.message import Time
from schemas.report import Report, SourceGrade
from tests.ingest.support import CLEAN, body


def parts_of(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for inner in typing.get_args(annotation) for part in parts_of(inner)]


def test_it_has_the_contracts_fields() -> None:
    assert set(SentReport.model_fields) == set(Report.model_fields)
    assert set(SentSource.model_fields) == set(SourceGrade.model_fields)


def test_every_time_of_the_contract_is_strict_here() -> None:
    times = {
        name
        for name, annotation in typing.get_type_hints(Report, include_extras=True).items()
        if Time in (annotation, *typing.get_args(annotation))
    }
    assert times == set(SentReport.__annotations__) - {"source"}


def test_repair_knows_every_part() -> None:
    found = {
        name: parts[0]
        for name, field in Report.model_fields.items()
        if (parts := parts_of(field.annotation))
    }
    assert found == PARTS


def test_every_list_of_the_vocabulary_exists() -> None:
    names = [
        *vocabulary.TOP.values(),
        *vocabulary.ACTOR.values(),
        *vocabulary.VICTIM.values(),
        *vocabulary.MANY.values(),
        "loc_precision",
        "source_type",
        "who_is_absent",
    ]
    assert all(code_list(name).codes for name in names)
    assert set(vocabulary.TOP) <= set(Report.model_fields)


def test_both_read_the_same() -> None:
    read = read_exact(body())
    assert read.model_dump() == Report.model_validate(CLEAN).model_dump()


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "3"},
        {"severity": True},
        {"exercise": 1},
        {"occurred_start": 1387186200},
        {"occurred_start": "2013-12-16T09:30:00"},
        {"location": {"lon": "31"}},
        {"colour": "red"},
        {"source": {"graded_at": 1387186200}},
        {"source": {"colour": "red"}},
    ],
    ids=str,
)
def test_what_is_nearly_right_is_not(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        read_exact(orjson.dumps({**CLEAN, **change}))
